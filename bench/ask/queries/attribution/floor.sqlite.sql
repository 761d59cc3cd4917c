-- one
SELECT (SELECT COUNT(*) FROM statement WHERE attribution IN (SELECT value FROM json_each(?1))) AS "totalCount", (SELECT json_group_array(json_object(
    'id', s.id, 'summary', s.summary, 'quoteType', s.quote_type, 'medium', s.medium, 'saidAt', s.said,
    'speaker', CASE WHEN r.id IS NOT NULL THEN json_object('id', r.id, 'label', r.label) END,
    'stances', (
        SELECT json_group_array(json_object('stance', t.stance, 'claim', json_object('text', c.text, 'standing', c.standing)))
        FROM (SELECT * FROM stance WHERE statement_id = s.id ORDER BY id LIMIT 20) t CROSS JOIN claim c ON c.id = t.claim_id
    ),
    'article', CASE WHEN a.id IS NOT NULL THEN json_object(
        'headline', a.headline, 'publisher', CASE WHEN p.id IS NOT NULL THEN json_object('label', p.label) END) END
)) FROM (SELECT * FROM statement WHERE attribution IN (SELECT value FROM json_each(?1)) AND id > ?2 ORDER BY id LIMIT 20) s
LEFT JOIN actor r ON r.id = s.speaker_id LEFT JOIN article a ON a.id = s.article_id LEFT JOIN actor p ON p.id = a.publisher_id) AS nodes
