-- one
SELECT (SELECT COUNT(*) FROM statement WHERE attribution = ANY($1)) AS "totalCount", (SELECT COALESCE(json_agg(row), '[]') FROM (
    SELECT s.id, s.summary, s.quote_type AS "quoteType", s.medium, s.said AS "saidAt",
        CASE WHEN r.id IS NOT NULL THEN json_build_object('id', r.id, 'label', r.label) END AS speaker, sides.stances,
        CASE WHEN a.id IS NOT NULL THEN json_build_object(
            'headline', a.headline, 'publisher', CASE WHEN p.id IS NOT NULL THEN json_build_object('label', p.label) END) END AS article
    FROM (SELECT * FROM statement WHERE attribution = ANY($1) AND id > $2 ORDER BY id LIMIT 20) s
    LEFT JOIN actor r ON r.id = s.speaker_id LEFT JOIN article a ON a.id = s.article_id LEFT JOIN actor p ON p.id = a.publisher_id
    CROSS JOIN LATERAL (
        SELECT COALESCE(json_agg(json_build_object('stance', t.stance, 'claim', json_build_object('text', c.text, 'standing', c.standing)) ORDER BY t.id), '[]') AS stances
        FROM (SELECT * FROM stance WHERE statement_id = s.id ORDER BY id LIMIT 20) t JOIN claim c ON c.id = t.claim_id
    ) sides
    ORDER BY s.id
) row) AS nodes
