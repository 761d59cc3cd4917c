-- one
SELECT (SELECT COUNT(*) FROM article) AS "totalCount", (SELECT COALESCE(json_agg(json_build_object(
    'id', a.id, 'headline', a.headline, 'url', a.url, 'published', a.published, 'statements', json_build_object(
        'totalCount', (SELECT COUNT(*) FROM statement WHERE article_id = a.id),
        'nodes', (
            SELECT COALESCE(json_agg(json_build_object(
                'id', s.id, 'summary', s.summary,
                'speaker', (SELECT json_build_object('id', r.id, 'label', r.label) FROM actor r WHERE r.id = s.speaker_id)
            )), '[]')
            FROM (SELECT * FROM statement WHERE article_id = a.id ORDER BY id LIMIT 5) s
        )
    )
)), '[]') FROM (SELECT * FROM article WHERE id > $1 ORDER BY id LIMIT 20) a) AS nodes
