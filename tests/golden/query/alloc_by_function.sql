-- Which functions allocated most between 5 and 15 ms, and what was never freed?
SELECT site(stack_id, 'alloc') AS function, bytes(sum(size * weight)) AS allocated,
       round(sum(weight)) AS times,
       bytes(sum(size * weight) FILTER (WHERE free_ts IS NULL)) AS not_freed
FROM alloc
WHERE ts BETWEEN 5e6 AND 15e6
GROUP BY function
ORDER BY sum(size * weight) DESC
LIMIT 10;
