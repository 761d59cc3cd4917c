//! Entity tags (RFC 9110, section 8.8.3).

use axum::http::HeaderMap;
use headers::{ETag, HeaderMapExt, IfNoneMatch};

/// Returns whether `If-None-Match` lists this entity tag: the client already has the response, and 304 is enough.
pub(crate) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let Ok(etag) = etag.parse::<ETag>() else { return false };
    headers.typed_get::<IfNoneMatch>().is_some_and(|condition| !condition.precondition_passes(&etag))
}
