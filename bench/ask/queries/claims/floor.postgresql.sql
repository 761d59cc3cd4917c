SELECT c.id, c.text, c.standing, sides.stances
FROM claim c CROSS JOIN LATERAL (
    SELECT COALESCE(json_agg(json_build_object('stance', t.stance, 'statement', json_build_object(
        'id', s.id, 'summary', s.summary, 'voice', CASE WHEN v.id IS NOT NULL THEN json_build_object('label', v.label) END
    )) ORDER BY s.id), '[]') AS stances
    FROM stance t JOIN statement s ON s.id = t.statement_id LEFT JOIN actor v ON v.id = s.voice_id
    WHERE t.claim_id = c.id AND t.current AND t.stance IN ('ASSERTS', 'DENIES')
) sides
WHERE c.id > $1
ORDER BY c.id LIMIT 20
