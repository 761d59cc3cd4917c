SELECT e.id, e.title, e.date AS "when", (SELECT json_build_object('id', p.id, 'label', p.label) FROM place p WHERE p.id = e.place_id) AS place,
    (
        SELECT COALESCE(json_agg(json_build_object(
            'id', n.id, 'role', n.role,
            'actor', (SELECT json_build_object('id', a.id, 'label', a.label) FROM actor a WHERE a.id = n.actor_id)
        )), '[]')
        FROM (SELECT * FROM participation WHERE event_id = e.id ORDER BY id LIMIT 20) n
    ) AS participations,
    (
        SELECT COALESCE(json_agg(json_build_object(
            'id', v.id, 'start', v.start, 'end', v."end",
            'article', (SELECT json_build_object('id', a.id, 'headline', a.headline, 'url', a.url) FROM article a WHERE a.id = v.article_id)
        )), '[]')
        FROM (SELECT * FROM evidence WHERE target_id = e.id ORDER BY id LIMIT 20) v
    ) AS evidence
FROM event e
WHERE e.id > $1
ORDER BY e.id LIMIT 50
