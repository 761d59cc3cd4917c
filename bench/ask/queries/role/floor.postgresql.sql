-- one
WITH found AS MATERIALIZED (
    SELECT e.id, e.title, e.date, e.place_id, e.place_certainty
    FROM (SELECT DISTINCT event_id FROM participation WHERE actor_id = $3 AND role = $2) n JOIN event e ON e.id = n.event_id
    WHERE e.type = $1 OR EXISTS (SELECT FROM account c WHERE c.event_id = e.id AND c.type = $1)
)
SELECT (SELECT COUNT(*) FROM found) AS "totalCount", (SELECT COALESCE(json_agg(row), '[]') FROM (
    SELECT e.id, e.title, e.date AS "when",
        CASE WHEN p.id IS NOT NULL THEN json_build_object('id', p.id, 'label', p.label) END AS place, e.place_certainty AS "placeCertainty",
        parts.participations, places.evidence
    FROM (SELECT * FROM found ORDER BY id LIMIT 20) e LEFT JOIN place p ON p.id = e.place_id
    CROSS JOIN LATERAL (
        SELECT COALESCE(json_agg(json_build_object(
            'role', n.role, 'actor', CASE WHEN a.id IS NOT NULL THEN json_build_object('label', a.label) END
        ) ORDER BY n.id), '[]') AS participations
        FROM (SELECT * FROM participation WHERE event_id = e.id ORDER BY id LIMIT 20) n LEFT JOIN actor a ON a.id = n.actor_id
    ) parts
    CROSS JOIN LATERAL (
        SELECT COALESCE(json_agg(json_build_object(
            'start', v.start, 'end', v."end", 'quote', v.quote,
            'statement', CASE WHEN s.id IS NOT NULL THEN json_build_object('speaker', CASE WHEN r.id IS NOT NULL THEN json_build_object('label', r.label) END) END,
            'article', json_build_object('headline', a.headline, 'url', a.url)
        ) ORDER BY v.id), '[]') AS evidence
        FROM (SELECT * FROM evidence WHERE target_id = e.id ORDER BY id LIMIT 20) v JOIN article a ON a.id = v.article_id
        LEFT JOIN statement s ON s.id = v.statement_id LEFT JOIN actor r ON r.id = s.speaker_id
    ) places
    ORDER BY e.id
) row) AS nodes
