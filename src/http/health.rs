//! Health checks: `/health/live` (the process runs) and `/health/ready` (the database responds and is migrated).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::http::state::AppState;

/// Handles `/health/live`: always 200.
pub(crate) async fn live() -> &'static str {
    "alive\n"
}

/// Handles `/health/ready`: 200 when requests can be served, else 503 with the reason.
pub(crate) async fn ready(State(app): State<Arc<AppState>>) -> impl IntoResponse {
    let database = app.db.is_ready().await.map_err(str::to_owned);
    match database.and_then(|()| app.db.replica_is_ready()) {
        Ok(None) => (StatusCode::OK, "ready\n".to_owned()),
        Ok(Some(detail)) => (StatusCode::OK, format!("ready, {detail}\n")),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}
