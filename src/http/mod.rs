//! The HTTP layer: listeners, routes, middleware, GraphQL over HTTP, exports, metrics and GraphiQL.

mod export;
mod graphiql;
mod graphql;
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
