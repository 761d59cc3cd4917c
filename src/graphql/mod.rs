//! The GraphQL API: types and root fields, plans of queries, filtering, sorting and pagination of lists, batch loading of rows,
//! and JSON encoding.

pub mod connection;
pub mod executor;
pub mod federation;
pub mod filter;
pub mod graph;
mod list_lengths;
pub mod loading;
pub mod mutations;
pub(crate) mod plan;
pub mod root_fields;
mod schema;
pub mod search;
pub mod types;
pub(crate) mod validation;

pub(crate) use connection::has_many::has_many;
pub use connection::page_args::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE};
pub(crate) use executor::budget::{Reservation, ResponseBudget, ResponsePool, Stopped, within_budget};
pub(crate) use executor::json::write_json;
pub use graph::{AdjacencyCache, Update};
pub(crate) use list_lengths::greatest_length;
pub use loading::session::Session;
pub(crate) use plan::{Operation, PlanCache};
pub(crate) use schema::api_of;
#[cfg(test)]
pub(crate) use schema::builder;
pub use schema::{Api, FederatedQuery, Mutation, Query, Subscription, api, json, sdl};
pub(crate) use types::change::Position;
