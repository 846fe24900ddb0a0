-- How long from being woken to running, by who woke whom?
SELECT waker.name AS waker, wakee.name AS wakee, count(*) AS wakeups,
       ns(percentile(s.dur, 50)) AS p50, ns(percentile(s.dur, 99)) AS p99, ns(max(s.dur)) AS longest
FROM thread_state s
JOIN thread wakee USING (thread_id)
JOIN thread waker ON waker.thread_id = thread_at(s.waker_tid, s.ts)
WHERE s.state = 'runnable'
GROUP BY waker.thread_id, wakee.thread_id
ORDER BY max(s.dur) DESC;
