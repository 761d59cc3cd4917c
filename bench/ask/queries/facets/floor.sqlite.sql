WITH counted AS (
    SELECT 'TYPE' AS by, NULL AS number, type AS value, COUNT(*) AS count FROM event GROUP BY type
    UNION ALL SELECT 'PLACE', place_id, NULL, COUNT(*) FROM event WHERE place_id IS NOT NULL GROUP BY place_id
    UNION ALL SELECT 'STANDING', NULL, standing, COUNT(*) FROM event WHERE standing IS NOT NULL GROUP BY standing
    UNION ALL SELECT 'OCCURRENCE', NULL, occurrence, COUNT(*) FROM event GROUP BY occurrence
), ranked AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY by ORDER BY count DESC, number, value) AS rank FROM counted)
SELECT by, json_group_array(json_object('value', COALESCE(value, number), 'count', count)) AS buckets FROM ranked WHERE rank <= ?1 GROUP BY by
