-- How long do the program's own regions take, and what was the slowest one made of?
SELECT name, count(*) AS times, ns(percentile(dur, 50)) AS p50, ns(percentile(dur, 99)) AS p99,
       ns(max(dur)) AS longest
FROM region
GROUP BY name
ORDER BY max(dur) DESC;

SELECT s.state, s.reason, ns(sum(min(s.ts_end, r.ts + r.dur) - max(s.ts, r.ts))) AS time
FROM (SELECT * FROM region WHERE name = 'request' ORDER BY dur DESC LIMIT 1) r
JOIN thread_state s ON s.thread_id = r.thread_id AND s.ts < r.ts + r.dur AND s.ts_end > r.ts
GROUP BY s.state, s.reason
ORDER BY sum(min(s.ts_end, r.ts + r.dur) - max(s.ts, r.ts)) DESC;
