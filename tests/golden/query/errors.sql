-- Which system calls fail, with what error, on what?
SELECT name, -ret AS errno, object, count(*) AS failed,
       (SELECT count(*) FROM syscall o WHERE o.name = s.name) AS calls
FROM syscall s
WHERE ret < 0
GROUP BY name, ret, object
ORDER BY failed DESC;
