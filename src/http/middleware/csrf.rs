//! CSRF protection: rejects requests that browsers send for pages of other sites without a CORS preflight: simple GETs,
//! WebSockets and downloads.

use axum::http::{HeaderMap, StatusCode, header};

use crate::http::graphql::error::RequestError;
use crate::http::graphql::negotiation;
use crate::http::middleware::cors::ANY_ORIGIN;

/// Returns whether a GET may run a query. Pages of other sites can make a browser send a GET without a preflight and learn from
/// how long it takes. Browsers report where a request comes from (`Sec-Fetch-Site`). Links and images neither name a media type of
/// GraphQL in `Accept` nor are they sent by a script (`Sec-Fetch-Mode: cors`).
pub(crate) fn allows_get(headers: &HeaderMap, origins: &[String]) -> bool {
    let by_script = headers.get("sec-fetch-mode").is_some_and(|mode| mode == "cors");
    (negotiation::accepts_graphql_explicitly(headers) || by_script)
        && (!is_cross_site(headers) || (headers.contains_key(header::ORIGIN) && allows_origin(headers, origins)))
}

/// Returns whether a download may start. Links on our own pages and addresses typed by the user are allowed; pages of other
/// sites are not, unless their origin is.
pub(crate) fn allows_download(headers: &HeaderMap, origins: &[String]) -> bool {
    allows_origin(headers, origins) && (!is_cross_site(headers) || headers.contains_key(header::ORIGIN))
}

/// Returns whether the origin of a request is allowed: this server, an origin of `--cors-origin`, or a client without an origin,
/// which is not a web page.
pub(crate) fn allows_origin(headers: &HeaderMap, origins: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin_host = origin.split_once("://").map(|(_, host)| host);
    (origin_host.is_some() && origin_host == host)
        || origins.iter().any(|allowed| allowed == ANY_ORIGIN || allowed == origin)
}

/// Creates the error for an origin that is not allowed (403).
pub(crate) fn origin_error() -> RequestError {
    let message = "Requests from web pages of this origin are not allowed: add the origin to `--cors-origin`";
    RequestError::new(StatusCode::FORBIDDEN, "FORBIDDEN", message)
}

fn is_cross_site(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site")
}
