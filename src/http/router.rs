//! The routes of the server and the middleware around them.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tower::ServiceBuilder;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::error::Result;
use crate::http::graphql::handler;
use crate::http::metrics::endpoint;
use crate::http::middleware::{allowed_hosts, authentication, cors, request_id};
use crate::http::state::AppState;
use crate::http::{export, graphiql, health};

/// Pages may load resources from this server only. GraphiQL's editor sets styles on elements, hence `unsafe-inline` for styles.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Responses of at most this many bytes are not compressed: they fit into one packet anyway.
const MIN_COMPRESSED_SIZE: u64 = 1024;

/// Builds the router. Error: `BAD_INPUT` for an invalid `--cors-origin`.
pub(crate) fn router(app: Arc<AppState>) -> Result<Router> {
    let fixed = |name, value| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    // One layer: axum clones each layer of a router, with everything below it, for each request.
    let layers = ServiceBuilder::new()
        .layer(from_fn(request_id::assign))
        .layer(fixed(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "no-referrer"))
        .layer(fixed(header::X_FRAME_OPTIONS, "DENY"))
        .option_layer(cors::layer(&app.settings.cors_origin)?)
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(is_compressible()))
        .layer(from_fn_with_state(Arc::clone(&app), allowed_hosts::check));
    Ok(Router::new()
        .route("/graphql", get(handler::get).post(handler::post).fallback(handler::method_not_allowed))
        .route("/export/{file}", get(export::get))
        .route("/metrics", get(endpoint::get))
        .layer(from_fn_with_state(Arc::clone(&app), authentication::authenticate))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .merge(graphiql::routes(app.settings.hide_schema))
        .fallback(|| async {
            (StatusCode::NOT_FOUND, "Not found. GraphiQL is at /, the API at /graphql, exports are below /export/\n")
        })
        .layer(layers)
        .with_state(app))
}

/// Excludes small responses, images, and event streams, which compression would buffer.
fn is_compressible() -> impl Predicate {
    SizeAbove::new(MIN_COMPRESSED_SIZE).and(NotForContentType::IMAGES).and(NotForContentType::SSE)
}
