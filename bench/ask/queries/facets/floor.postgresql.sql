WITH each AS MATERIALIZED (SELECT type, place_id, standing, occurrence, COUNT(*) AS count FROM event GROUP BY 1, 2, 3, 4),
counted AS (
    SELECT 'TYPE' AS by, NULL::bigint AS number, type AS value, SUM(count)::bigint AS count FROM each WHERE type IS NOT NULL GROUP BY type
    UNION ALL SELECT 'PLACE', place_id, NULL::text, SUM(count)::bigint FROM each WHERE place_id IS NOT NULL GROUP BY place_id
    UNION ALL SELECT 'STANDING', NULL::bigint, standing, SUM(count)::bigint FROM each WHERE standing IS NOT NULL GROUP BY standing
    UNION ALL SELECT 'OCCURRENCE', NULL::bigint, occurrence, SUM(count)::bigint FROM each WHERE occurrence IS NOT NULL GROUP BY occurrence
), ranked AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY by ORDER BY count DESC, number, value) AS rank FROM counted)
SELECT by, json_agg(json_build_object('value', COALESCE(value, number::text), 'count', count)) AS buckets FROM ranked WHERE rank <= $1 GROUP BY by
