//! Which pages of other sites may ask from a browser.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::error::{Error, Result};
use crate::http::graphql::{consistency, negotiation};
use crate::http::middleware::request_id;

/// Stands for all origins.
const ANY: &str = "*";

/// For how long a browser need not ask again.
const KNOWN: Duration = Duration::from_secs(24 * 60 * 60);

/// Tells browsers which origins may ask; nothing when none may.
pub(crate) fn layer(origins: &[String]) -> Result<Option<CorsLayer>> {
    if origins.is_empty() {
        return Ok(None);
    }
    let allowed = if origins.iter().any(|origin| origin == ANY) {
        AllowOrigin::any()
    } else {
        let bad = |origin: &String| Error::BadInput(format!("`{origin}` is no origin: write https://HOST"));
        let values = origins.iter().map(|origin| HeaderValue::from_str(origin).map_err(|_| bad(origin)));
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
        .max_age(KNOWN);
    Ok(Some(layer))
}

/// Whether a GET may be answered. Pages of other sites can make a browser send one without asking first, and learn from the time
/// it takes: browsers say where a request comes from, and links and pictures neither name a form of an answer nor are they sent by
/// a script.
pub(crate) fn may_get(headers: &HeaderMap, origins: &[String]) -> bool {
    let crossed = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    let by_script = headers.get("sec-fetch-mode").is_some_and(|mode| mode == "cors");
    (negotiation::names_answers(headers) || by_script)
        && (!crossed || (headers.contains_key(header::ORIGIN) && may_ask(headers, origins)))
}

/// Whether a file may be given out: also to who follows a link of this server or writes the address, but to no page of another site.
pub(crate) fn may_download(headers: &HeaderMap, origins: &[String]) -> bool {
    let crossed = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    may_ask(headers, origins) && (!crossed || headers.contains_key(header::ORIGIN))
}

/// Whether what asks may: a page of this server, of an origin that is named, or what is no page at all. For what browsers send
/// without asking first.
pub(crate) fn may_ask(headers: &HeaderMap, origins: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = origin.split_once("://").map(|(_, host)| host);
    (own.is_some() && own == host) || origins.iter().any(|known| known == ANY || known == origin)
}
