SELECT c.id, c.text, c.standing, (
    SELECT json_group_array(json_object('stance', t.stance, 'statement', json_object(
        'id', s.id, 'summary', s.summary, 'voice', CASE WHEN v.id IS NOT NULL THEN json_object('label', v.label) END
    )))
    FROM stance t CROSS JOIN statement s ON s.id = t.statement_id LEFT JOIN actor v ON v.id = s.voice_id
    WHERE t.claim_id = c.id AND t.current AND t.stance IN ('ASSERTS', 'DENIES')
) AS stances
FROM claim c
WHERE c.id > ?1
ORDER BY c.id LIMIT 20
