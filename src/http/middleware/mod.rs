//! Middleware: request ids, allowed hosts, authentication, cross-origin rules, CSRF protection, rate limits and compression.

pub(crate) mod allowed_hosts;
pub(crate) mod authentication;
pub(crate) mod client;
pub(crate) mod cors;
pub(crate) mod csrf;
pub(crate) mod rate_limit;
pub(crate) mod request_id;

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use tower::util::option_layer;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::CompressionLevel;
use tower_http::compression::Compression;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tracing::Instrument;

use crate::http::graphql::error::RequestError;
use crate::http::graphql::execution::RequestContext;
use crate::http::graphql::negotiation::ResponseFormat;
use crate::http::graphql::response::error_response;
use crate::http::middleware::request_id::RequestId;
use crate::http::state::AppState;

/// Pages may load resources from this server only. GraphiQL's editor sets styles on elements, hence `unsafe-inline` for styles.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The headers that all responses have.
const FIXED_HEADERS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Smaller responses, in bytes, are not compressed: they fit into one packet anyway.
const MIN_COMPRESSED_SIZE: u64 = 1024;

/// Runs the middleware and the handler of a request. If the routes need authentication, the handler finds a [`RequestContext`] among
/// the extensions of the request. One function instead of a stack of layers: axum clones each layer for each request, and each one
/// copies the response.
pub(crate) async fn handle(
    State((app, needs_authentication)): State<(Arc<AppState>, bool)>,
    request: Request,
    next: Next,
) -> Response {
    let id = RequestId::from_request(&request);
    let span = request_id::request_span(&id, request.headers());
    let respond =
        |request| respond(&app, request, needs_authentication.then_some(&id), next.clone()).map(Ok::<_, Infallible>);
    let respond = option_layer(app.cors.as_ref()).layer(service_fn(respond));
    let Ok(mut response) = respond.oneshot(request).instrument(span).await;
    let headers = response.headers_mut();
    for (name, value) in FIXED_HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        headers.insert(request_id::HEADER, value);
    }
    response
}

/// Checks the request, runs its handler and compresses the response. `id` is `None` if the handler needs no authentication.
async fn respond(app: &Arc<AppState>, request: Request, id: Option<&RequestId>, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let accepted = parts.headers.get_all(header::ACCEPT_ENCODING).iter().cloned().collect();
    let response = match check(app, &mut parts, id).await {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(error) => {
            app.metrics.count_refusal(error.code);
            let format = ResponseFormat::negotiate(&parts.headers).unwrap_or(ResponseFormat::Json);
            let mut response = error_response(&error, format);
            if !body.is_end_stream() && parts.version < Version::HTTP_2 {
                // The body is not read, so the connection cannot be used again.
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            response
        }
    };
    compress(response, accepted).await
}

async fn check(app: &Arc<AppState>, request: &mut Parts, id: Option<&RequestId>) -> Result<(), RequestError> {
    app.allowed_hosts.check(request)?;
    if let Some(id) = id {
        let client = authentication::identify(app, request, id).await?;
        request.extensions.insert(RequestContext { app: Arc::clone(app), client, id: id.clone() });
    }
    Ok(())
}

/// Compresses a response with one of the accepted encodings. The library decides about responses that are worth it, and about weights,
/// which may refuse every encoding (406). It does not get the others: it would copy each one, with room for the state of an encoder.
async fn compress(response: Response, accepted: Vec<HeaderValue>) -> Response {
    // Excludes small responses, images, and event streams, which compression would buffer.
    let is_compressible =
        SizeAbove::new(MIN_COMPRESSED_SIZE).and(NotForContentType::IMAGES).and(NotForContentType::SSE);
    let has_weights = accepted.iter().any(|value| value.as_bytes().contains(&b';'));
    if !has_weights && !is_compressible.should_compress(&response) {
        return response;
    }
    let mut request = Request::new(response);
    request.headers_mut().extend(accepted.into_iter().map(|value| (header::ACCEPT_ENCODING, value)));
    let respond = service_fn(|request: Request<Response>| ready(Ok::<_, Infallible>(request.into_body())));
    let compression = Compression::new(respond).quality(CompressionLevel::Fastest).compress_when(is_compressible);
    let Ok(response) = compression.oneshot(request).await;
    response.map(Body::new)
}
