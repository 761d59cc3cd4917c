-- ON DELETE CASCADE: the row is part of the referenced row. ON DELETE SET NULL: the row exists without the referenced row.
-- Foreign keys are checked at commit, because records refer to each other in any order. For the same reason the import, and
-- not an index, ensures that a subject has at most one claim, and a statement at most one stance on a claim.
-- The number of a deleted row is never used again.
CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counter (name, value) VALUES ('id', 0), ('change', 0);

CREATE TABLE dataset (
    id ID PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    title TEXT,
    licence TEXT,
    url TEXT
);

CREATE TABLE record (
    id ID PRIMARY KEY,
    dataset_id BIGINT NOT NULL REFERENCES dataset (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    owner_id BIGINT REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    digest TEXT,
    UNIQUE (dataset_id, key)
);
CREATE INDEX record_owner_id ON record (owner_id) WHERE owner_id IS NOT NULL;

CREATE TABLE article (
    id ID PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    slug TEXT,
    publisher_id BIGINT REFERENCES actor (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    headline TEXT,
    url TEXT,
    published TEXT,
    published_earliest BIGINT,
    published_latest BIGINT,
    time_zone TEXT,
    dateline_place_id BIGINT REFERENCES place (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    language TEXT,
    text TEXT,
    text_sha256 TEXT,
    text_length INTEGER CHECK (text_length >= 0),
    CHECK (published_earliest < published_latest)
);
CREATE UNIQUE INDEX article_slug ON article (slug) WHERE slug IS NOT NULL;
CREATE INDEX article_publisher_id ON article (publisher_id) WHERE publisher_id IS NOT NULL;
CREATE INDEX article_dateline_place_id ON article (dateline_place_id) WHERE dateline_place_id IS NOT NULL;
CREATE INDEX article_url ON article (url) WHERE url IS NOT NULL;
CREATE INDEX article_language ON article (language);
CREATE INDEX article_published_ascending ON article (COALESCE(published_earliest, 9223372036854775807), id);
CREATE INDEX article_published_descending ON article (COALESCE(published_earliest, -9223372036854775808), id);

CREATE TABLE article_author (
    article_id BIGINT NOT NULL REFERENCES article (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    ordinal INTEGER NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES actor (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (article_id, ordinal)
);
CREATE INDEX article_author_actor ON article_author (actor_id);

CREATE TABLE actor (
    id ID PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    kind TEXT NOT NULL CHECK (kind IN ('PERSON', 'ORGANIZATION', 'GROUP', 'ANONYMOUS_SOURCE')),
    slug TEXT,
    label TEXT NOT NULL,
    label_key TEXT NOT NULL,
    description TEXT,
    country TEXT,
    sector TEXT,
    occupation TEXT,
    born TEXT,
    died TEXT,
    organization_kind TEXT,
    place_id BIGINT REFERENCES place (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    descriptor TEXT,
    condition TEXT,
    reason TEXT,
    close_to_id BIGINT REFERENCES actor (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    article_id BIGINT REFERENCES article (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    CHECK ((kind = 'ANONYMOUS_SOURCE') = (descriptor IS NOT NULL)),
    CHECK ((kind = 'ANONYMOUS_SOURCE') = (article_id IS NOT NULL)),
    CHECK (organization_kind IS NULL OR kind = 'ORGANIZATION')
);
CREATE UNIQUE INDEX actor_slug ON actor (slug) WHERE slug IS NOT NULL;
CREATE INDEX actor_label ON actor (label_key, id);
CREATE INDEX actor_kind_label ON actor (kind, label_key, id);
CREATE INDEX actor_kind ON actor (kind, id);
CREATE INDEX actor_country ON actor (country) WHERE country IS NOT NULL;
CREATE INDEX actor_sector ON actor (sector) WHERE sector IS NOT NULL;
CREATE INDEX actor_organization_kind ON actor (organization_kind) WHERE organization_kind IS NOT NULL;
CREATE INDEX actor_place_id ON actor (place_id) WHERE place_id IS NOT NULL;
CREATE INDEX actor_close_to_id ON actor (close_to_id) WHERE close_to_id IS NOT NULL;
CREATE INDEX actor_article_id ON actor (article_id) WHERE article_id IS NOT NULL;

CREATE TABLE place (
    id ID PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    slug TEXT,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    label_key TEXT NOT NULL,
    description TEXT,
    parent_id BIGINT REFERENCES place (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    latitude DOUBLE PRECISION CHECK (latitude BETWEEN -90 AND 90),
    longitude DOUBLE PRECISION CHECK (longitude BETWEEN -180 AND 180),
    country TEXT,
    capital_of_id BIGINT REFERENCES place (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    article_id BIGINT REFERENCES article (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    CHECK ((latitude IS NULL) = (longitude IS NULL)),
    CHECK (parent_id <> id)
);
CREATE UNIQUE INDEX place_slug ON place (slug) WHERE slug IS NOT NULL;
CREATE INDEX place_label ON place (label_key, id);
CREATE INDEX place_kind ON place (kind, id);
CREATE INDEX place_parent_id ON place (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX place_country ON place (country) WHERE country IS NOT NULL;
CREATE INDEX place_capital_of_id ON place (capital_of_id) WHERE capital_of_id IS NOT NULL;
CREATE INDEX place_article_id ON place (article_id) WHERE article_id IS NOT NULL;

CREATE TABLE name (
    id ID PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    target_id BIGINT NOT NULL REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    text TEXT NOT NULL,
    language TEXT,
    script TEXT,
    kind TEXT NOT NULL
);
CREATE INDEX name_target ON name (target_id, id);
CREATE INDEX name_text ON name (text);

-- Found by rule and key, so the primary key leads with them.
CREATE TABLE name_key (
    name_id BIGINT NOT NULL REFERENCES name (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    rule TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (rule, key, name_id)
);
CREATE INDEX name_key_name ON name_key (name_id);

CREATE TABLE relation (
    id ID PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    kind TEXT NOT NULL,
    subject_id BIGINT NOT NULL REFERENCES actor (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    object_id BIGINT REFERENCES actor (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    place_id BIGINT REFERENCES place (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    title TEXT,
    note TEXT,
    since TEXT,
    since_earliest BIGINT,
    until TEXT,
    until_latest BIGINT,
    attested TEXT,
    held_earliest BIGINT,
    held_latest BIGINT,
    certainty TEXT NOT NULL,
    CHECK (object_id IS NOT NULL OR place_id IS NOT NULL),
    CHECK (since_earliest < until_latest)
);
CREATE INDEX relation_subject ON relation (subject_id, kind);
CREATE INDEX relation_object_id ON relation (object_id) WHERE object_id IS NOT NULL;
CREATE INDEX relation_place_id ON relation (place_id) WHERE place_id IS NOT NULL;
CREATE INDEX relation_kind ON relation (kind, id);
CREATE INDEX relation_held ON relation (held_earliest, held_latest);
CREATE INDEX relation_since_ascending ON relation (COALESCE(since_earliest, 9223372036854775807), id);
CREATE INDEX relation_since_descending ON relation (COALESCE(since_earliest, -9223372036854775808), id);

CREATE TABLE event (
    id ID PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    slug TEXT,
    type TEXT NOT NULL,
    source_type TEXT,
    title TEXT,
    summary TEXT,
    date TEXT,
    date_raw TEXT,
    earliest BIGINT,
    latest BIGINT,
    place_id BIGINT REFERENCES place (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    place_note TEXT,
    place_certainty TEXT,
    place_certainty_note TEXT,
    place_precision TEXT,
    occurrence TEXT NOT NULL,
    parent_id BIGINT REFERENCES event (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    standing TEXT,
    CHECK (earliest < latest),
    CHECK (parent_id <> id)
);
CREATE UNIQUE INDEX event_slug ON event (slug) WHERE slug IS NOT NULL;
CREATE INDEX event_type ON event (type, id);
CREATE INDEX event_type_when ON event (type, COALESCE(earliest, 9223372036854775807), id);
CREATE INDEX event_earliest ON event (earliest);
CREATE INDEX event_latest ON event (latest);
CREATE INDEX event_place ON event (place_id, id) WHERE place_id IS NOT NULL;
CREATE INDEX event_parent_id ON event (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX event_standing ON event (standing, id) WHERE standing IS NOT NULL;
CREATE INDEX event_occurrence ON event (occurrence, id) WHERE occurrence <> 'HAPPENED';
CREATE INDEX event_when_ascending ON event (COALESCE(earliest, 9223372036854775807), id);
CREATE INDEX event_when_descending ON event (COALESCE(earliest, -9223372036854775808), id);

CREATE TABLE participation (
    id ID PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    event_id BIGINT NOT NULL REFERENCES event (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    account_id BIGINT REFERENCES account (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    actor_id BIGINT REFERENCES actor (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    article_id BIGINT REFERENCES article (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    thing TEXT,
    role TEXT NOT NULL,
    side TEXT,
    place_id BIGINT REFERENCES place (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    note TEXT,
    certainty TEXT NOT NULL,
    standing TEXT,
    CHECK ((actor_id IS NOT NULL AND article_id IS NULL AND thing IS NULL) OR (actor_id IS NULL AND article_id IS NOT NULL AND thing IS NULL) OR (actor_id IS NULL AND article_id IS NULL AND thing IS NOT NULL))
);
CREATE INDEX participation_event ON participation (event_id, id);
CREATE INDEX participation_actor ON participation (actor_id, role, event_id) WHERE actor_id IS NOT NULL;
CREATE INDEX participation_account_id ON participation (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX participation_article_id ON participation (article_id) WHERE article_id IS NOT NULL;
CREATE INDEX participation_place_id ON participation (place_id) WHERE place_id IS NOT NULL;
CREATE INDEX participation_role ON participation (role, id);
CREATE INDEX participation_standing ON participation (standing) WHERE standing IS NOT NULL;

CREATE TABLE event_link (
    id ID PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    kind TEXT NOT NULL,
    from_id BIGINT NOT NULL REFERENCES event (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    to_id BIGINT NOT NULL REFERENCES event (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    CHECK (from_id <> to_id)
);
CREATE INDEX event_link_from ON event_link (from_id, id);
CREATE INDEX event_link_to ON event_link (to_id, id);
CREATE INDEX event_link_kind ON event_link (kind, id);

CREATE TABLE account (
    id ID PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    event_id BIGINT NOT NULL REFERENCES event (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    label TEXT NOT NULL,
    type TEXT,
    date TEXT,
    date_raw TEXT,
    earliest BIGINT,
    latest BIGINT,
    place_id BIGINT REFERENCES place (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    place_note TEXT,
    standing TEXT,
    implied BOOLEAN NOT NULL,
    CHECK (earliest < latest)
);
CREATE INDEX account_event ON account (event_id, id);
CREATE INDEX account_place_id ON account (place_id) WHERE place_id IS NOT NULL;
CREATE INDEX account_type ON account (type) WHERE type IS NOT NULL;
CREATE INDEX account_earliest ON account (earliest) WHERE earliest IS NOT NULL;
CREATE INDEX account_standing ON account (standing) WHERE standing IS NOT NULL;

CREATE TABLE statement (
    id ID PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    summary TEXT NOT NULL,
    text TEXT,
    speaker_id BIGINT REFERENCES actor (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    speaker_text TEXT,
    cue TEXT,
    attribution TEXT NOT NULL,
    quote_type TEXT NOT NULL,
    medium TEXT NOT NULL,
    platform TEXT,
    act TEXT,
    language TEXT,
    said TEXT,
    said_raw TEXT,
    earliest BIGINT,
    latest BIGINT,
    place_id BIGINT REFERENCES place (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    addressee_id BIGINT REFERENCES actor (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    article_id BIGINT REFERENCES article (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    relays_id BIGINT REFERENCES statement (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    position INTEGER,
    voice TEXT,
    voice_id BIGINT REFERENCES actor (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    CHECK (earliest < latest),
    CHECK ((attribution IN ('UNATTRIBUTED', 'NARRATION', 'NOT_RECORDED')) = (speaker_id IS NULL)),
    CHECK (relays_id <> id)
);
CREATE INDEX statement_speaker ON statement (speaker_id, id) WHERE speaker_id IS NOT NULL;
CREATE INDEX statement_attribution ON statement (attribution, id);
CREATE INDEX statement_medium ON statement (medium, id);
CREATE INDEX statement_quote_type ON statement (quote_type, id);
CREATE INDEX statement_act ON statement (act) WHERE act IS NOT NULL;
CREATE INDEX statement_article ON statement (article_id, id) WHERE article_id IS NOT NULL;
CREATE INDEX statement_place_id ON statement (place_id) WHERE place_id IS NOT NULL;
CREATE INDEX statement_addressee_id ON statement (addressee_id) WHERE addressee_id IS NOT NULL;
CREATE INDEX statement_relays_id ON statement (relays_id) WHERE relays_id IS NOT NULL;
CREATE INDEX statement_voice_id ON statement (voice_id) WHERE voice_id IS NOT NULL;
CREATE INDEX statement_earliest ON statement (earliest);
CREATE INDEX statement_latest ON statement (latest);
CREATE INDEX statement_said_ascending ON statement (COALESCE(earliest, 9223372036854775807), id);
CREATE INDEX statement_said_descending ON statement (COALESCE(earliest, -9223372036854775808), id);

CREATE TABLE statement_about (
    statement_id BIGINT NOT NULL REFERENCES statement (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    target_id BIGINT NOT NULL REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    target_kind TEXT NOT NULL,
    PRIMARY KEY (statement_id, target_id)
);
CREATE INDEX statement_about_target ON statement_about (target_id, statement_id);

CREATE TABLE claim (
    id ID PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    text TEXT NOT NULL,
    subject_id BIGINT REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    subject_kind TEXT,
    standing TEXT NOT NULL,
    implied BOOLEAN NOT NULL,
    CHECK ((subject_id IS NULL) = (subject_kind IS NULL))
);
CREATE INDEX claim_subject ON claim (subject_id, id) WHERE subject_id IS NOT NULL;
CREATE INDEX claim_standing ON claim (standing, id);
CREATE INDEX claim_subject_kind ON claim (subject_kind, id) WHERE subject_kind IS NOT NULL;

CREATE TABLE stance (
    id ID PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    statement_id BIGINT NOT NULL REFERENCES statement (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    claim_id BIGINT NOT NULL REFERENCES claim (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    stance TEXT NOT NULL,
    current BOOLEAN NOT NULL
);
CREATE INDEX stance_statement ON stance (statement_id, claim_id);
CREATE INDEX stance_claim ON stance (claim_id, id);
CREATE INDEX stance_kind ON stance (stance, id);

CREATE TABLE figure (
    id ID PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    target_id BIGINT NOT NULL REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    target_kind TEXT NOT NULL CHECK (target_kind IN ('STATEMENT', 'EVENT', 'ACCOUNT', 'ARTICLE')),
    counted TEXT NOT NULL,
    counted_type TEXT,
    value DOUBLE PRECISION,
    lower DOUBLE PRECISION,
    upper DOUBLE PRECISION,
    unit TEXT,
    qualifier TEXT NOT NULL,
    period TEXT,
    period_raw TEXT,
    earliest BIGINT,
    latest BIGINT,
    place_id BIGINT REFERENCES place (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    part_of_id BIGINT REFERENCES figure (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    CHECK (value IS NOT NULL OR lower IS NOT NULL OR upper IS NOT NULL),
    CHECK (lower <= upper),
    CHECK (earliest < latest),
    CHECK (part_of_id <> id)
);
CREATE INDEX figure_target ON figure (target_id, id);
CREATE INDEX figure_value_ascending ON figure (COALESCE(value, 1e308), id);
CREATE INDEX figure_value_descending ON figure (COALESCE(value, -1e308), id);
CREATE INDEX figure_value ON figure (value, id);
CREATE INDEX figure_counted_type ON figure (counted_type) WHERE counted_type IS NOT NULL;
CREATE INDEX figure_unit ON figure (unit, id);
CREATE INDEX figure_place_id ON figure (place_id) WHERE place_id IS NOT NULL;
CREATE INDEX figure_part_of_id ON figure (part_of_id) WHERE part_of_id IS NOT NULL;
CREATE INDEX figure_earliest ON figure (earliest);
CREATE INDEX figure_latest ON figure (latest);

CREATE TABLE evidence (
    id ID PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    article_id BIGINT NOT NULL REFERENCES article (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    target_id BIGINT NOT NULL REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    target_kind TEXT NOT NULL,
    start INTEGER CHECK (start >= 0),
    "end" INTEGER,
    quote TEXT,
    quote_sha256 TEXT,
    prefix TEXT,
    suffix TEXT,
    part TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    statement_id BIGINT REFERENCES statement (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    confidence DOUBLE PRECISION CHECK (confidence BETWEEN 0 AND 1),
    certainty TEXT NOT NULL,
    note TEXT,
    CHECK ((start IS NULL) = ("end" IS NULL)),
    CHECK (start < "end")
);
CREATE INDEX evidence_target ON evidence (target_id, id);
CREATE INDEX evidence_article_start ON evidence (article_id, COALESCE(start, 9223372036854775807), id);
CREATE INDEX evidence_statement ON evidence (statement_id, id) WHERE statement_id IS NOT NULL;

CREATE TABLE mention (
    id ID PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    article_id BIGINT NOT NULL REFERENCES article (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    text TEXT NOT NULL,
    kind TEXT NOT NULL,
    start INTEGER CHECK (start >= 0),
    target_id BIGINT REFERENCES record (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    target_kind TEXT
);
CREATE INDEX mention_article ON mention (article_id, id);
CREATE INDEX mention_target_id ON mention (target_id) WHERE target_id IS NOT NULL;
CREATE INDEX mention_text ON mention (text);

CREATE TABLE external_id (
    id ID PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    target_id BIGINT NOT NULL REFERENCES record (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    target_kind TEXT NOT NULL,
    scheme TEXT NOT NULL,
    value TEXT NOT NULL
);
CREATE INDEX external_id_value ON external_id (scheme, value, target_id);
CREATE INDEX external_id_target ON external_id (target_id, id);
