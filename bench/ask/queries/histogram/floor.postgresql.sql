SELECT earliest / (86400 * $1) - CASE WHEN earliest % (86400 * $1) < 0 THEN 1 ELSE 0 END AS bucket, COUNT(*) AS count
FROM event GROUP BY 1 ORDER BY 1
