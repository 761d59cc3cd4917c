SELECT a.id, a.label FROM actor a WHERE a.id IN (SELECT target_id FROM name WHERE text = ?1)
ORDER BY a.id LIMIT 20
