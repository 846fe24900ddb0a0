-- How long does fsync take, by file?
SELECT object AS file, count(*) AS calls, ns(percentile(dur, 50)) AS p50,
       ns(percentile(dur, 99)) AS p99, ns(max(dur)) AS longest
FROM syscall
WHERE name = 'fsync'
GROUP BY object
ORDER BY percentile(dur, 99) DESC;
