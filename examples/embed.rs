//! Mounts newsgraph in an axum program of your own, with the handlers of `async_graphql_axum`.
//!
//! ```console
//! cargo run --example embed -- sqlite://embed.db 127.0.0.1:8001
//! curl http://127.0.0.1:8001/graphql --json '{"query": "{ events(first: 3) { nodes { title } } }"}'
//! ```

use std::error::Error;

use axum::Router;
use axum::routing::{get, post_service};
use newsgraph::embed::async_graphql_axum::{GraphQL, GraphQLSubscription};
use newsgraph::embed::{EmbeddedApi, THREAD_STACK_SIZE};
use tokio::net::TcpListener;

fn main() -> Result<(), Box<dyn Error>> {
    // Deeply nested queries need more stack than the default of 2 MiB when the program is not optimized.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(THREAD_STACK_SIZE).build()?;
    runtime.block_on(serve())
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let database_url = arguments.next().unwrap_or_else(|| "sqlite://embed.db".to_owned());
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8001".to_owned());

    // Opens the database, creating and migrating it as needed, and imports the bundled story.
    let api = EmbeddedApi::open(&database_url).await?;
    api.load_example().await?;

    // Anonymous callers may read. `api.with_caller(..)` mounts the API for a caller with other scopes, for example behind a login.
    let app = Router::new()
        .route("/", get(|| async { "A program of your own. The news graph is at /graphql.\n" }))
        .route("/graphql", post_service(GraphQL::new(api.clone())))
        .route_service("/graphql/subscriptions", GraphQLSubscription::new(api));

    let listener = TcpListener::bind(address).await?;
    println!("GraphQL is at http://{}/graphql", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
