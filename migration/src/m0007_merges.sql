ALTER TABLE record ADD COLUMN same_as_id BIGINT;
CREATE INDEX record_same_as_id ON record (same_as_id) WHERE same_as_id IS NOT NULL;

CREATE TABLE redirect (
    row_id BIGINT NOT NULL REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    reference TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    original_id BIGINT NOT NULL REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (row_id, reference, ordinal, original_id)
);
CREATE INDEX redirect_original ON redirect (original_id);

CREATE INDEX merge_judgement ON merge (judgement, id);
CREATE INDEX merge_kind ON merge (kind, id);

CREATE TABLE merged_actor AS SELECT * FROM actor WHERE 1 = 0;
CREATE UNIQUE INDEX merged_actor_id ON merged_actor (id);
CREATE INDEX merged_actor_slug ON merged_actor (slug) WHERE slug IS NOT NULL;
CREATE TABLE merged_place AS SELECT * FROM place WHERE 1 = 0;
CREATE UNIQUE INDEX merged_place_id ON merged_place (id);
CREATE INDEX merged_place_slug ON merged_place (slug) WHERE slug IS NOT NULL;
CREATE TABLE merged_event AS SELECT * FROM event WHERE 1 = 0;
CREATE UNIQUE INDEX merged_event_id ON merged_event (id);
CREATE INDEX merged_event_slug ON merged_event (slug) WHERE slug IS NOT NULL;
CREATE TABLE merged_claim AS SELECT * FROM claim WHERE 1 = 0;
CREATE UNIQUE INDEX merged_claim_id ON merged_claim (id);

CREATE TABLE change_anew (
    id ID PRIMARY KEY,
    at BIGINT NOT NULL,
    "by" TEXT NOT NULL,
    batch TEXT NOT NULL,
    kind TEXT NOT NULL,
    record_id BIGINT NOT NULL,
    operation TEXT NOT NULL CHECK (operation IN ('CREATE', 'UPDATE', 'DELETE', 'MERGE', 'UNMERGE')),
    before TEXT,
    after TEXT
);
INSERT INTO change_anew (id, at, "by", batch, kind, record_id, operation, before, after)
    SELECT id, at, "by", batch, kind, record_id, operation, before, after FROM change;
DROP TABLE change;
ALTER TABLE change_anew RENAME TO change;
CREATE INDEX change_record ON change (record_id, id);
CREATE INDEX change_kind ON change (kind, id);
CREATE INDEX change_operation ON change (operation, id);
