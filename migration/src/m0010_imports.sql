CREATE TABLE import_run (
    id ID PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    at BIGINT NOT NULL,
    state TEXT NOT NULL
);

CREATE TABLE import_seen (
    run_id BIGINT NOT NULL,
    record_id BIGINT NOT NULL,
    file BIGINT NOT NULL,
    line BIGINT NOT NULL,
    PRIMARY KEY (run_id, record_id)
);
