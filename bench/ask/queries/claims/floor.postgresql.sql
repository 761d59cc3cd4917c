SELECT c.id, c.text, c.standing, (
    SELECT COALESCE(json_agg(json_build_object('stance', t.stance, 'statement', (
        SELECT json_build_object(
            'id', s.id, 'summary', s.summary, 'voice', (SELECT json_build_object('label', v.label) FROM actor v WHERE v.id = s.voice_id)
        )
        FROM statement s WHERE s.id = t.statement_id
    ))), '[]')
    FROM stance t WHERE t.claim_id = c.id AND t.current AND t.stance IN ('ASSERTS', 'DENIES')
) AS stances
FROM claim c
WHERE c.id > $1
ORDER BY c.id LIMIT 20
