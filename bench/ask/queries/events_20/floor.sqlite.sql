SELECT e.id, e.type, e.title, e.date AS "when", p.id AS "place.id", p.label AS "place.label"
FROM event e LEFT JOIN place p ON p.id = e.place_id
WHERE e.id > ?1
ORDER BY e.id LIMIT 20
