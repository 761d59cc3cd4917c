-- one
SELECT (SELECT COUNT(*) FROM article) AS "totalCount", (SELECT COALESCE(json_agg(row), '[]') FROM (
    SELECT a.id, a.headline, a.url, a.published, json_build_object(
        'totalCount', (SELECT COUNT(*) FROM statement WHERE article_id = a.id), 'nodes', list.nodes
    ) AS statements
    FROM article a CROSS JOIN LATERAL (
        SELECT COALESCE(json_agg(json_build_object(
            'id', s.id, 'summary', s.summary, 'speaker', CASE WHEN r.id IS NOT NULL THEN json_build_object('id', r.id, 'label', r.label) END
        ) ORDER BY s.id), '[]') AS nodes
        FROM (SELECT * FROM statement WHERE article_id = a.id ORDER BY id LIMIT 5) s LEFT JOIN actor r ON r.id = s.speaker_id
    ) list
    WHERE a.id > $1
    ORDER BY a.id LIMIT 20
) row) AS nodes
