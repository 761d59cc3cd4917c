//! newsgraph: a GraphQL API over a knowledge graph of news events.
//!
//! A query: [`http`] receives it, checks its size and cost, and runs it on the schema of [`graphql`]. Each root field becomes one
//! keyset query, and related rows are loaded in batches.
//!
//! An import: [`import`] reads records, validates them, and writes their rows in one transaction. It is the only writer. [`export`]
//! writes the graph in formats that other programs read.
//!
//! Below these layers, [`auth`] checks keys and tokens, [`db`] contains the connections and everything that differs between SQLite
//! and PostgreSQL, [`text`] handles dates, names and search terms, [`geo`] handles points and boxes, [`config`] has the settings,
//! and [`error`] has the error type of all.

pub mod auth;
pub mod config;
pub mod db;
pub mod embed;
pub mod error;
pub mod export;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod generate;
pub mod geo;
pub mod graphql;
pub mod http;
pub mod http_client;
pub mod import;
pub mod shutdown;
pub mod telemetry;
pub mod text;
