SELECT e.id, e.title, e.date AS "when", p.id AS "place.id", p.label AS "place.label",
    (
        SELECT json_group_array(json_object(
            'id', n.id, 'role', n.role, 'actor', CASE WHEN a.id IS NOT NULL THEN json_object('id', a.id, 'label', a.label) END
        ))
        FROM (SELECT * FROM participation WHERE event_id = e.id ORDER BY id LIMIT 20) n LEFT JOIN actor a ON a.id = n.actor_id
    ) AS participations,
    (
        SELECT json_group_array(json_object(
            'id', v.id, 'start', v.start, 'end', v."end", 'article', json_object('id', a.id, 'headline', a.headline, 'url', a.url)
        ))
        FROM (SELECT * FROM evidence WHERE target_id = e.id ORDER BY id LIMIT 20) v CROSS JOIN article a ON a.id = v.article_id
    ) AS evidence
FROM event e LEFT JOIN place p ON p.id = e.place_id
WHERE e.id > ?1
ORDER BY e.id LIMIT 50
