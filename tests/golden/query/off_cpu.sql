-- Where do threads wait, by call stack?
SELECT t.name AS thread, b.reason, ns(b.time) AS time, b.waits, stack(b.stack_id) AS stack
FROM (SELECT thread_id, reason, stack_id, sum(dur) AS time, count(*) AS waits
      FROM thread_state WHERE state = 'blocked'
      GROUP BY thread_id, reason, stack_id) b
JOIN thread t USING (thread_id)
ORDER BY b.time DESC
LIMIT 10;
