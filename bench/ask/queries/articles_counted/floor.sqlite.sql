-- one
SELECT (SELECT COUNT(*) FROM article) AS "totalCount", (SELECT json_group_array(json_object(
    'id', a.id, 'headline', a.headline, 'url', a.url, 'published', a.published, 'statements', json_object(
        'totalCount', (SELECT COUNT(*) FROM statement WHERE article_id = a.id),
        'nodes', (
            SELECT json_group_array(json_object(
                'id', s.id, 'summary', s.summary, 'speaker', CASE WHEN r.id IS NOT NULL THEN json_object('id', r.id, 'label', r.label) END
            ))
            FROM (SELECT * FROM statement WHERE article_id = a.id ORDER BY id LIMIT 5) s LEFT JOIN actor r ON r.id = s.speaker_id
        )
    )
)) FROM (SELECT * FROM article WHERE id > ?1 ORDER BY id LIMIT 20) a) AS nodes
