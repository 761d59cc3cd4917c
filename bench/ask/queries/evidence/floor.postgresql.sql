SELECT e.id, e.title, e.date AS "when", p.id AS "place.id", p.label AS "place.label", parts.participations, places.evidence
FROM event e LEFT JOIN place p ON p.id = e.place_id
CROSS JOIN LATERAL (
    SELECT COALESCE(json_agg(json_build_object(
        'id', n.id, 'role', n.role, 'actor', CASE WHEN a.id IS NOT NULL THEN json_build_object('id', a.id, 'label', a.label) END
    ) ORDER BY n.id), '[]') AS participations
    FROM (SELECT * FROM participation WHERE event_id = e.id ORDER BY id LIMIT 20) n LEFT JOIN actor a ON a.id = n.actor_id
) parts
CROSS JOIN LATERAL (
    SELECT COALESCE(json_agg(json_build_object(
        'id', v.id, 'start', v.start, 'end', v."end", 'article', json_build_object('id', a.id, 'headline', a.headline, 'url', a.url)
    ) ORDER BY v.id), '[]') AS evidence
    FROM (SELECT * FROM evidence WHERE target_id = e.id ORDER BY id LIMIT 20) v JOIN article a ON a.id = v.article_id
) places
WHERE e.id > $1
ORDER BY e.id LIMIT 50
