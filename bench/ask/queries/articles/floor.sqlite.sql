SELECT a.id, a.headline, a.url, a.published, (
    SELECT json_group_array(json_object(
        'id', s.id, 'summary', s.summary, 'speaker', CASE WHEN r.id IS NOT NULL THEN json_object('id', r.id, 'label', r.label) END
    ))
    FROM (SELECT * FROM statement WHERE article_id = a.id ORDER BY id LIMIT 5) s LEFT JOIN actor r ON r.id = s.speaker_id
) AS statements
FROM article a
WHERE a.id > ?1
ORDER BY a.id LIMIT 20
