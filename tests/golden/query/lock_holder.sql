-- Who held the locks that worker-2 waited for, where, and for how long?
SELECT holder.name AS holder, site(w.holder_stack_id) AS held_in, site(w.stack_id) AS waited_in,
       coalesce(l.name, hexaddr(w.lock)) AS lock, count(*) AS waits,
       ns(sum(w.dur)) AS total, ns(max(w.dur)) AS longest
FROM thread t
JOIN lock_wait w USING (thread_id)
LEFT JOIN thread holder ON holder.thread_id = thread_at(w.holder_tid, w.ts)
LEFT JOIN lock l ON l.lock = w.lock AND l.pid = t.pid
WHERE t.name = 'worker-2'
GROUP BY w.lock, w.holder_tid, w.stack_id, w.holder_stack_id
ORDER BY sum(w.dur) DESC
LIMIT 10;
