-- one
SELECT (SELECT COUNT(*) FROM statement WHERE attribution = ANY($1)) AS "totalCount", (SELECT COALESCE(json_agg(json_build_object(
    'id', s.id, 'summary', s.summary, 'quoteType', s.quote_type, 'medium', s.medium, 'saidAt', s.said,
    'speaker', (SELECT json_build_object('id', r.id, 'label', r.label) FROM actor r WHERE r.id = s.speaker_id),
    'stances', (
        SELECT COALESCE(json_agg(json_build_object(
            'stance', t.stance, 'claim', (SELECT json_build_object('text', c.text, 'standing', c.standing) FROM claim c WHERE c.id = t.claim_id)
        )), '[]')
        FROM (SELECT * FROM stance WHERE statement_id = s.id ORDER BY id LIMIT 20) t
    ),
    'article', (
        SELECT json_build_object('headline', a.headline, 'publisher', (SELECT json_build_object('label', p.label) FROM actor p WHERE p.id = a.publisher_id))
        FROM article a WHERE a.id = s.article_id
    )
)), '[]') FROM (SELECT * FROM statement WHERE attribution = ANY($1) AND id > $2 ORDER BY id LIMIT 20) s) AS nodes
