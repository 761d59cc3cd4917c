//! Health checks: `/health/live` (the process runs) and `/health/ready` (the database answers and is migrated).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::http::state::AppState;

/// Answers `/health/live`.
pub(crate) async fn live() -> &'static str {
    "alive\n"
}

/// Answers `/health/ready`: 200 when requests can be served, else 503 with the reason.
pub(crate) async fn ready(State(app): State<Arc<AppState>>) -> impl IntoResponse {
    let storage = app.db.is_ready().await.map_err(str::to_owned);
    match storage.and_then(|()| app.db.replica_is_ready()) {
        Ok(None) => (StatusCode::OK, "ready\n".to_owned()),
        Ok(Some(how)) => (StatusCode::OK, format!("ready, {how}\n")),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}
