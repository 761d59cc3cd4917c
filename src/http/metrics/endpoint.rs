//! `/metrics`: the metrics in the OpenMetrics text format.

use std::time::Duration;

use axum::extract::Extension;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use crate::auth::Scope;
use crate::http::graphql::error::RequestError;
use crate::http::graphql::execution::RequestContext;
use crate::http::graphql::negotiation::ResponseFormat;
use crate::http::graphql::response::error_response;

/// Maximum wait for the data version of the primary.
const VERSION_TIMEOUT: Duration = Duration::from_secs(1);

/// Handles `/metrics`. Requires the scope `read`.
pub(crate) async fn get(Extension(RequestContext { app, client, .. }): Extension<RequestContext>) -> Response {
    if let Err(error) = client.caller.require(Scope::Read) {
        return error_response(&RequestError::from(error), ResponseFormat::Json);
    }
    let (total, busy) = app.db.reader().occupancy();
    app.metrics.set_connections(total, busy);
    app.metrics.set_response_memory(app.response_pool.used());
    if let Some(replica) = app.db.replica_stats() {
        // While the primary does not respond, the lag is unknown and keeps its last value.
        let current = match replica.version {
            Some(_) => timeout(VERSION_TIMEOUT, app.db.version()).await.ok().and_then(Result::ok),
            None => None,
        };
        app.metrics.set_replica(replica, current);
    }
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], app.metrics.to_text())
        .into_response()
}
