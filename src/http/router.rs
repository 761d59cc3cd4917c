//! The routes of the server.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::get;

use crate::http::graphql::handler;
use crate::http::metrics::endpoint;
use crate::http::middleware::handle;
use crate::http::state::AppState;
use crate::http::{export, graphiql, health};

/// Builds the router.
pub(crate) fn router(app: Arc<AppState>) -> Router {
    let middleware = |needs_authentication| from_fn_with_state((Arc::clone(&app), needs_authentication), handle);
    let data = Router::new()
        .route("/graphql", get(handler::get).post(handler::post).fallback(handler::method_not_allowed))
        .route("/export/{file}", get(export::get))
        .route("/metrics", get(endpoint::get))
        .layer(middleware(true));
    let pages = Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .merge(graphiql::routes(app.settings.hide_schema))
        .fallback(|| async {
            (StatusCode::NOT_FOUND, "Not found. GraphiQL is at /, the API at /graphql, exports are below /export/\n")
        })
        .layer(middleware(false));
    data.merge(pages).with_state(app)
}
