CREATE TABLE merge (
    id ID PRIMARY KEY,
    left_id BIGINT NOT NULL REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    right_id BIGINT NOT NULL REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    kind TEXT NOT NULL CHECK (kind IN ('ACTOR', 'PLACE', 'EVENT')),
    judgement TEXT NOT NULL CHECK (judgement IN ('SAME', 'NOT_SAME', 'UNSURE')),
    judged_by TEXT NOT NULL,
    judged_at BIGINT NOT NULL,
    reason TEXT,
    CHECK (left_id <> right_id)
);
CREATE UNIQUE INDEX merge_pair ON merge (left_id, right_id);
CREATE INDEX merge_right ON merge (right_id);

CREATE TABLE change (
    sequence ID PRIMARY KEY,
    at BIGINT NOT NULL,
    "by" TEXT NOT NULL,
    batch TEXT NOT NULL,
    kind TEXT NOT NULL,
    record_id BIGINT NOT NULL,
    operation TEXT NOT NULL CHECK (operation IN ('CREATE', 'UPDATE', 'DELETE')),
    before TEXT,
    after TEXT
);
CREATE INDEX change_record ON change (record_id, sequence);

CREATE TABLE api_key (
    id ID PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);
