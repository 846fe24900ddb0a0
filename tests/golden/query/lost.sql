-- Is the trace complete? What was lost, when, and whose events?
SELECT wall(ts) AS since, ns(dur) AS "for", source, t.name AS thread, cpu, count AS events
FROM lost LEFT JOIN thread t ON t.thread_id = thread_at(lost.tid, lost.ts)
ORDER BY ts;
