-- One row per commit: the data version, the time, and the last numbers of rows and changes that the commit contains.
CREATE TABLE moment (
    version ID PRIMARY KEY,
    at BIGINT NOT NULL,
    last_id BIGINT NOT NULL,
    last_change BIGINT NOT NULL
);
CREATE INDEX moment_at ON moment (at, version);
INSERT INTO moment (version, at, last_id, last_change)
    SELECT value, COALESCE((SELECT MIN(at) FROM change), 0),
        (SELECT value FROM counter WHERE name = 'id'), (SELECT value FROM counter WHERE name = 'change')
    FROM counter WHERE name = 'version';
