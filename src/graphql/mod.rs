//! The GraphQL API: its schema, declared as data; plans of operations; filtering, sorting and pagination of lists.

mod aggregate_cache;
mod change_stream;
pub mod connection;
pub mod federation;
pub mod filter;
pub mod graph;
mod list_lengths;
mod long_texts;
pub mod mutations;
pub(crate) mod plan;
mod response_budget;
pub mod schema;
pub mod search;
pub mod session;
pub mod types;
pub(crate) mod validation;
mod version_stamp;

pub use aggregate_cache::AggregateCache;
pub(crate) use change_stream::{Position, responses};
pub use connection::page_args::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE};
pub use graph::{AdjacencyCache, Update};
pub(crate) use list_lengths::greatest_length;
pub(crate) use plan::{Operation, OwnedOperation, Plan, PlanCache};
pub(crate) use response_budget::{Reservation, ResponseBudget, ResponsePool, Stopped, within_budget};
pub(crate) use schema::api_of;
pub use schema::{Api, Mutation, Query, SubgraphQuery, Subscription, api, json, sdl};
pub use session::Session;
