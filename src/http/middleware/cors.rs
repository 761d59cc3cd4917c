//! CORS: tells browsers which other origins may read responses.

use std::time::Duration;

use axum::http::{HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::error::{Error, Result};
use crate::http::graphql::consistency;
use crate::http::middleware::request_id;

/// The value of `--cors-origin` that allows every origin.
pub(crate) const ANY_ORIGIN: &str = "*";

/// The time for which a browser may cache the response to a preflight request.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Creates the CORS layer; `None` when no other origin is allowed. Error: `BAD_INPUT` for an invalid origin.
pub(crate) fn layer(origins: &[String]) -> Result<Option<CorsLayer>> {
    if origins.is_empty() {
        return Ok(None);
    }
    let allowed = if origins.iter().any(|origin| origin == ANY_ORIGIN) {
        AllowOrigin::any()
    } else {
        let invalid =
            |origin: &String| Error::BadInput(format!("--cors-origin {origin}: not an origin; write https://HOST"));
        let values = origins.iter().map(|origin| HeaderValue::from_str(origin).map_err(|_| invalid(origin)));
        AllowOrigin::list(values.collect::<Result<Vec<_>>>()?)
    };
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::CONTENT_TYPE,
            header::AUTHORIZATION,
            header::IF_NONE_MATCH,
            request_id::HEADER,
            consistency::HEADER,
        ])
        .expose_headers([header::ETAG, header::RETRY_AFTER, request_id::HEADER, consistency::HEADER])
        .max_age(PREFLIGHT_MAX_AGE);
    Ok(Some(layer))
}
