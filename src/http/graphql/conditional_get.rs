//! Conditional GET: `ETag` and `If-None-Match` for queries (RFC 9110, section 13.1.2).

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::http::etag;
use crate::http::graphql::execution::RequestContext;
use crate::http::graphql::negotiation::ResponseFormat;
use crate::http::graphql::operation::PreparedOperation;
use crate::http::graphql::response::HttpReply;

/// Runs a query, or replies with 304 when the client already has the response.
pub(crate) async fn run(
    context: &RequestContext,
    operation: PreparedOperation,
    headers: &HeaderMap,
    format: ResponseFormat,
) -> HttpReply {
    let route = match context.route_read(Some(&operation)).await {
        Ok(route) => route,
        Err(error) => return HttpReply::from_error(&context.count_error(error), format),
    };
    let version = tokio::select! {
        version = route.db().version() => version.ok(),
        () = route.replica_lost() => None,
    };
    let Some(version) = version else {
        return HttpReply::from_outcome(context.run_on(&route, operation).await, format);
    };
    let etag = response_etag(context, &operation, headers, format, version);
    let mut reply = if etag::is_known(headers, &etag) {
        HttpReply { status: StatusCode::NOT_MODIFIED, body: Bytes::new(), headers: Vec::new() }
    } else {
        HttpReply::from_outcome(context.run_on(&route, operation).await, format)
    };
    if matches!(reply.status, StatusCode::OK | StatusCode::NOT_MODIFIED) {
        reply.headers.extend(HeaderValue::from_str(&etag).map(|etag| (header::ETAG, etag)));
        let cache_control = if context.client.is_anonymous() { "no-cache" } else { "private, no-cache" };
        reply.headers.push((header::CACHE_CONTROL, HeaderValue::from_static(cache_control)));
    }
    reply
}

/// Returns the entity tag of a response: a digest of everything that the response depends on, including its compression.
fn response_etag(
    context: &RequestContext,
    operation: &PreparedOperation,
    headers: &HeaderMap,
    format: ResponseFormat,
    version: i64,
) -> String {
    let mut digest = Sha256::new();
    digest.update(operation.digest(&context.client));
    let encodings = headers.get(header::ACCEPT_ENCODING).map(HeaderValue::as_bytes).unwrap_or_default();
    let program = env!("CARGO_PKG_VERSION").as_bytes();
    for part in [format.media_type().as_bytes(), encodings, program, &version.to_be_bytes()] {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    format!("\"{}\"", HEXLOWER.encode(&digest.finalize()[..16]))
}
