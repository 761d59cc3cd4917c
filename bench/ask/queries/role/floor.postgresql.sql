-- one
WITH found AS MATERIALIZED (
    SELECT e.id, e.title, e.date, e.place_id, e.place_certainty
    FROM (SELECT DISTINCT event_id FROM participation WHERE actor_id = $3 AND role = $2) n JOIN event e ON e.id = n.event_id
    WHERE e.type = $1 OR EXISTS (SELECT FROM account c WHERE c.event_id = e.id AND c.type = $1)
)
SELECT (SELECT COUNT(*) FROM found) AS "totalCount", (SELECT COALESCE(json_agg(json_build_object(
    'id', e.id, 'title', e.title, 'when', e.date,
    'place', (SELECT json_build_object('id', p.id, 'label', p.label) FROM place p WHERE p.id = e.place_id), 'placeCertainty', e.place_certainty,
    'participations', (
        SELECT COALESCE(json_agg(json_build_object(
            'role', n.role, 'actor', (SELECT json_build_object('label', a.label) FROM actor a WHERE a.id = n.actor_id)
        )), '[]')
        FROM (SELECT * FROM participation WHERE event_id = e.id ORDER BY id LIMIT 20) n
    ),
    'evidence', (
        SELECT COALESCE(json_agg(json_build_object(
            'start', v.start, 'end', v."end", 'quote', v.quote,
            'statement', (
                SELECT json_build_object('speaker', (SELECT json_build_object('label', r.label) FROM actor r WHERE r.id = s.speaker_id))
                FROM statement s WHERE s.id = v.statement_id
            ),
            'article', (SELECT json_build_object('headline', a.headline, 'url', a.url) FROM article a WHERE a.id = v.article_id)
        )), '[]')
        FROM (SELECT * FROM evidence WHERE target_id = e.id ORDER BY id LIMIT 20) v
    )
)), '[]') FROM (SELECT * FROM found ORDER BY id LIMIT 20) e) AS nodes
