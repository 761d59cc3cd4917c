-- one
WITH found AS MATERIALIZED (
    SELECT e.id, e.title, e.date, e.place_id, e.place_certainty
    FROM (SELECT DISTINCT event_id FROM participation WHERE actor_id = ?3 AND role = ?2) n CROSS JOIN event e ON e.id = n.event_id
    WHERE e.type = ?1 OR EXISTS (SELECT 1 FROM account c WHERE c.event_id = e.id AND c.type = ?1)
)
SELECT (SELECT COUNT(*) FROM found) AS "totalCount", (SELECT json_group_array(json_object(
    'id', e.id, 'title', e.title, 'when', e.date,
    'place', CASE WHEN p.id IS NOT NULL THEN json_object('id', p.id, 'label', p.label) END, 'placeCertainty', e.place_certainty,
    'participations', (
        SELECT json_group_array(json_object('role', n.role, 'actor', CASE WHEN a.id IS NOT NULL THEN json_object('label', a.label) END))
        FROM (SELECT * FROM participation WHERE event_id = e.id ORDER BY id LIMIT 20) n LEFT JOIN actor a ON a.id = n.actor_id
    ),
    'evidence', (
        SELECT json_group_array(json_object(
            'start', v.start, 'end', v."end", 'quote', v.quote,
            'statement', CASE WHEN s.id IS NOT NULL THEN json_object('speaker', CASE WHEN r.id IS NOT NULL THEN json_object('label', r.label) END) END,
            'article', json_object('headline', a.headline, 'url', a.url)
        ))
        FROM (SELECT * FROM evidence WHERE target_id = e.id ORDER BY id LIMIT 20) v CROSS JOIN article a ON a.id = v.article_id
        LEFT JOIN statement s ON s.id = v.statement_id LEFT JOIN actor r ON r.id = s.speaker_id
    )
)) FROM (SELECT * FROM found ORDER BY id LIMIT 20) e LEFT JOIN place p ON p.id = e.place_id) AS nodes
