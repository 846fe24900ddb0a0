-- Is the trace complete? What was lost, when, and whose events?
SELECT wall(ts) AS since, ns(dur) AS "for", source, t.name AS thread, cpu, count AS events
FROM lost LEFT JOIN thread t USING (tid)
ORDER BY ts;
