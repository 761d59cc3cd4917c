//! The HTTP layer: listener, routes, middleware, GraphQL over HTTP, exports, metrics, health checks and GraphiQL.

mod activity;
mod etag;
mod export;
mod graphiql;
pub(crate) mod graphql;
mod health;
mod listener;
mod metrics;
mod middleware;
mod router;
mod server;
mod state;
#[cfg(test)]
mod tests;

pub use server::{load_example, serve};
