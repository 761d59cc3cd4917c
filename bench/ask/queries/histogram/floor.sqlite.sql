SELECT earliest / (86400 * ?1) - (earliest % (86400 * ?1) < 0) AS bucket, COUNT(*) AS count
FROM event GROUP BY 1 ORDER BY 1
