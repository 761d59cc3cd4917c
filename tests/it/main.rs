//! Integration tests: imports, GraphQL queries in process and over HTTP, and the command line as a process.
//! Every test runs on SQLite and, with `TEST_DATABASE_URL`, on PostgreSQL too.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "tests have no public API")]

mod access;
mod aggregate_cache;
mod aggregation;
mod american_spelling;
mod check;
mod chunked_import;
mod cluster;
mod command;
mod consistency;
mod cost;
mod database_lost;
mod delete;
mod detect;
mod docs;
mod durability;
mod embed;
mod export;
mod export_http;
mod federation;
mod feed;
mod feed_damage;
mod feed_facts;
mod feed_ftm;
mod feed_places;
mod feed_table;
mod feed_update;
mod figure_sums;
mod filter;
mod fixture;
mod golden;
mod golden_queries;
mod graph;
mod graph_memory;
mod graphql_validation;
mod history;
mod hostile_requests;
mod http;
mod import;
mod layers;
mod merge;
mod merge_record;
mod operations;
mod pagination;
mod place;
mod plan;
mod query_plan;
mod record_field_names;
mod replica;
mod replica_failure;
mod response_cache;
mod response_limits;
mod schema;
mod search;
mod selection;
mod server;
mod settings;
mod standing;
mod storage;
mod subscriptions;
mod untrusted_text;
mod websocket;
mod write;
