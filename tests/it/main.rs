//! The whole program as its users meet it: records in through the importer, questions through the schema and over
//! HTTP, the command line as a process. Every test runs on SQLite and, with `TEST_DATABASE_URL`, on PostgreSQL too.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "nothing is beyond a test")]

mod access;
mod american_spelling;
mod answers;
mod cluster;
mod command;
mod cost;
mod delete;
mod detect;
mod docs;
mod durability;
mod embed;
mod export;
mod export_door;
mod federation;
mod feed;
mod feed_damage;
mod feed_update;
mod fixture;
mod golden;
mod golden_queries;
mod graph;
mod history;
mod http;
mod import;
mod layers;
mod live;
mod merge;
mod merge_record;
mod model;
mod numbers;
mod operations;
mod page;
mod parts;
mod place;
mod plan;
mod recheck;
mod record_names;
mod replica;
mod replica_lost;
mod schema;
mod search;
mod selection;
mod server;
mod settings;
mod socket;
mod standing;
mod storage;
mod untrusted_text;
mod write;
