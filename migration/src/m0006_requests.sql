CREATE TABLE request (
    "by" TEXT NOT NULL,
    key TEXT NOT NULL,
    at BIGINT NOT NULL,
    digest TEXT NOT NULL,
    report TEXT NOT NULL,
    PRIMARY KEY ("by", key)
);
CREATE INDEX request_at ON request (at);
