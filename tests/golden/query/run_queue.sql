-- Which waits for a CPU were the longest, and who ran on that CPU meanwhile?
WITH queued AS MATERIALIZED (
    SELECT * FROM thread_state WHERE state = 'runnable' ORDER BY dur DESC LIMIT 3
)
SELECT t.name AS waiting, wall(q.ts) AS since, ns(q.dur) AS delay, q.cpu,
       group_concat(DISTINCT other.name) AS ran
FROM queued q
JOIN thread t USING (thread_id)
LEFT JOIN thread_state r ON r.state = 'running' AND r.cpu = q.cpu
                        AND r.ts < q.ts_end AND r.ts_end > q.ts
LEFT JOIN thread other ON other.thread_id = r.thread_id
GROUP BY q.thread_id, q.ts
ORDER BY q.dur DESC, q.ts;
