WITH near AS MATERIALIZED (
    SELECT other.actor_id AS actor, COUNT(DISTINCT one.event_id) AS ties
    FROM participation one JOIN event e ON e.id = one.event_id AND e.occurrence <> 'SERIES'
    JOIN participation other ON other.event_id = one.event_id AND other.actor_id <> one.actor_id
    WHERE one.actor_id = $1
    GROUP BY other.actor_id ORDER BY 2 DESC, 1 LIMIT 2001
), passed AS MATERIALIZED (
    -- One that is tied to more than 10,000 events is not gone through.
    SELECT actor FROM near WHERE (SELECT COUNT(*) FROM near) <= 2000
    AND (SELECT COUNT(*) FROM (SELECT FROM participation WHERE actor_id = near.actor LIMIT 10001) few) <= 10000
), far AS (
    SELECT other.actor_id AS actor, COUNT(DISTINCT one.event_id) AS ties
    FROM passed JOIN participation one ON one.actor_id = passed.actor JOIN event e ON e.id = one.event_id AND e.occurrence <> 'SERIES'
    JOIN participation other ON other.event_id = one.event_id
    WHERE other.actor_id <> $1 AND other.actor_id NOT IN (SELECT actor FROM near)
    GROUP BY other.actor_id ORDER BY 2 DESC, 1 LIMIT 200
)
SELECT distance, ties, a.id AS "actor.id", a.label AS "actor.label"
FROM (SELECT * FROM (SELECT 1 AS distance, actor, ties FROM near UNION ALL SELECT 2, actor, ties FROM far) either ORDER BY distance, ties DESC, actor LIMIT 200) found
JOIN actor a ON a.id = found.actor ORDER BY distance, ties DESC, found.actor
