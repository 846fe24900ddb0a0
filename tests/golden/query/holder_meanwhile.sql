-- What were the holders doing while others waited for their locks?
SELECT holder.name AS holder, s.state, s.reason,
       ns(sum(min(s.ts_end, w.ts + w.dur) - max(s.ts, w.ts))) AS time
FROM lock_wait w
JOIN thread holder ON holder.thread_id = thread_at(w.holder_tid, w.ts)
JOIN thread_state s ON s.thread_id = holder.thread_id
                   AND s.ts < w.ts + w.dur AND s.ts_end > w.ts
GROUP BY holder.thread_id, s.state, s.reason
ORDER BY sum(min(s.ts_end, w.ts + w.dur) - max(s.ts, w.ts)) DESC;
