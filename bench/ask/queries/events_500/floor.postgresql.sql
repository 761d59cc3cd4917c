SELECT e.id, e.type, e.title, e.date AS "when", p.id AS "place.id", p.label AS "place.label"
FROM (SELECT * FROM event WHERE id > $1 ORDER BY id LIMIT 500) e LEFT JOIN place p ON p.id = e.place_id
ORDER BY e.id
