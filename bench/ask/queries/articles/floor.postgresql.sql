SELECT a.id, a.headline, a.url, a.published, (
    SELECT COALESCE(json_agg(json_build_object(
        'id', s.id, 'summary', s.summary,
        'speaker', (SELECT json_build_object('id', r.id, 'label', r.label) FROM actor r WHERE r.id = s.speaker_id)
    )), '[]')
    FROM (SELECT * FROM statement WHERE article_id = a.id ORDER BY id LIMIT 5) s
) AS statements
FROM article a
WHERE a.id > $1
ORDER BY a.id LIMIT 20
