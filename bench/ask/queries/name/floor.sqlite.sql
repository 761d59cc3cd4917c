SELECT a.id, a.label FROM actor a WHERE a.id IN (SELECT target_id FROM name WHERE id IN (
    SELECT id FROM name WHERE text = ?1
    UNION ALL SELECT one.name_id FROM name_key one CROSS JOIN name_key other ON other.name_id = one.name_id
        WHERE one.rule IN ('FOLDED', 'TRANSLITERATED') AND one.key = ?2 AND other.rule IN ('FOLDED', 'TRANSLITERATED') AND other.key = ?3
    UNION ALL SELECT name_id FROM name_key WHERE rule IN ('FOLDED', 'TRANSLITERATED') AND key = ?4
    UNION ALL SELECT one.name_id FROM name_key one CROSS JOIN name_key other ON other.name_id = one.name_id
        WHERE one.rule = 'PHONETIC' AND one.key = ?5 AND other.rule = 'PHONETIC' AND other.key = ?6
    UNION ALL SELECT name_id FROM name_key WHERE rule = 'PHONETIC' AND key = ?7
))
ORDER BY a.id LIMIT 20
