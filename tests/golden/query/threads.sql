-- Which threads ran most, and what did they do else?
SELECT t.name, t.tid, ns(s.running) AS running, ns(s.runnable) AS runnable, ns(s.blocked) AS blocked
FROM (SELECT thread_id, sum(dur) FILTER (WHERE state = 'running') AS running,
             sum(dur) FILTER (WHERE state = 'runnable') AS runnable,
             sum(dur) FILTER (WHERE state = 'blocked') AS blocked
      FROM thread_state GROUP BY thread_id) s
JOIN thread t USING (thread_id)
ORDER BY s.running DESC
LIMIT 10;
