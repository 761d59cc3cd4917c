//! newsgraph: a GraphQL API over a knowledge graph of news events.
//!
//! How a question flows: [`http`] receives it, judges its size and hands it to the schema of [`graphql`], whose root
//! fields become one keyset query each; what belongs to the rows is loaded for whole batches. How data comes in:
//! [`import`] reads records, checks them and writes rows in one transaction. [`export`] writes
//! it out again in formats that others read. [`db`] is the one file that knows which
//! database it is; [`auth`] knows who may do what; [`text`] knows dates and names, [`geo`] the globe; [`error`] is how all
//! of it fails.

pub mod auth;
pub mod config;
pub mod db;
pub mod error;
pub mod export;
pub mod generate;
pub mod geo;
pub mod graphql;
pub mod http;
pub mod http_client;
pub mod import;
pub mod shutdown;
pub mod telemetry;
pub mod text;
