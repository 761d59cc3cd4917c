//! The GraphQL API: its types, how lists are filtered, ordered and paged, and how rows are loaded and encoded.

pub mod connection;
pub mod executor;
pub mod federation;
pub mod filter;
pub mod graph;
pub mod loading;
pub mod mutations;
pub mod root_fields;
mod schema;
pub mod search;
pub mod types;

pub(crate) use connection::has_many;
pub use connection::page_args::{DEFAULT_PAGE, LONGEST_PAGE};
pub(crate) use executor::json::write;
pub use loading::session::Session;
pub(crate) use schema::api_of;
#[cfg(test)]
pub(crate) use schema::builder;
pub use schema::{Api, FederatedQuery, Mutation, Query, Subscription, api, json, sdl};
pub(crate) use types::change::Position;
