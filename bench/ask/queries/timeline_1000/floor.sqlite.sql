SELECT e.id, e.type, e.title, e.date AS "when"
FROM event e
WHERE COALESCE(e.earliest, 9223372036854775807) >= ?3 AND (COALESCE(e.earliest, 9223372036854775807), e.id) > (?3, ?4) AND EXISTS (
    SELECT 1 FROM participation n CROSS JOIN actor a ON a.id = n.actor_id
    WHERE n.event_id = e.id AND n.role IN (SELECT value FROM json_each(?1)) AND a.country IN (SELECT value FROM json_each(?2))
)
ORDER BY COALESCE(e.earliest, 9223372036854775807), e.id LIMIT 20
