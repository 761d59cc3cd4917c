SELECT a.id, a.headline, a.url, a.published, list.statements
FROM article a CROSS JOIN LATERAL (
    SELECT COALESCE(json_agg(json_build_object(
        'id', s.id, 'summary', s.summary, 'speaker', CASE WHEN r.id IS NOT NULL THEN json_build_object('id', r.id, 'label', r.label) END
    ) ORDER BY s.id), '[]') AS statements
    FROM (SELECT * FROM statement WHERE article_id = a.id ORDER BY id LIMIT 5) s LEFT JOIN actor r ON r.id = s.speaker_id
) list
WHERE a.id > $1
ORDER BY a.id LIMIT 20
