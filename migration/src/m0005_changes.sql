ALTER TABLE change RENAME COLUMN sequence TO id;
CREATE INDEX change_kind ON change (kind, id);
CREATE INDEX change_operation ON change (operation, id);
INSERT INTO counter (name, value) VALUES ('version', 0);
