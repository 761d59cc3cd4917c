//! Exports as downloads: `/export/event.csv`, `/export/graph.jsonl`.
//!
//! Exports are streamed. When one fails midway, the connection is aborted, so that a truncated file is never taken for a
//! complete one.

use std::time::{Duration, Instant};

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;

use crate::auth::Scope;
use crate::db::Db;
use crate::error::Error;
use crate::export::{Chunk, Export, Format, Request, export, parse_node_type};
use crate::http::graphql::error::{Headers, RequestError};
use crate::http::graphql::execution::RequestContext;
use crate::http::graphql::limits;
use crate::http::graphql::negotiation::ResponseFormat;
use crate::http::graphql::response::error_response;
use crate::http::middleware::csrf;
use crate::http::middleware::request_id::{RequestId, in_request_span};

/// The cost of one exported row in the rate limit: about as much as its fields cost in a query.
const ROW_COST: usize = 5;

/// The file name, without extension, of an export of the whole graph.
const WHOLE_GRAPH: &str = "graph";

/// The query string of a download.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryString {
    /// A filter of the node type as JSON, as the GraphQL API has it.
    filter: Option<String>,
    /// The key of a dataset.
    dataset: Option<String>,
}

/// Handles `GET /export/{file}`. Requires the scope `read`.
pub(crate) async fn get(
    Extension(context): Extension<RequestContext>,
    Path(file): Path<String>,
    headers: HeaderMap,
    query: Result<Query<QueryString>, QueryRejection>,
) -> Response {
    match start(&context, &file, &headers, query).await {
        Ok(response) => response,
        Err(error) => error_response(&context.count_error(error), ResponseFormat::Json),
    }
}

async fn start(
    context: &RequestContext,
    file: &str,
    headers: &HeaderMap,
    query: Result<Query<QueryString>, QueryRejection>,
) -> Result<Response, RequestError> {
    let to_request_error = |error: Error| request_error(error, &context.id);
    if !csrf::allows_download(headers, &context.app.settings.cors_origin) {
        return Err(csrf::origin_error());
    }
    context.client.caller.require(Scope::Read)?;
    let Query(query) = query
        .map_err(|rejection| RequestError::bad_request(format!("The query string cannot be read: {rejection}")))?;
    let request = parse_request(file, query, context).map_err(to_request_error)?;
    let rate_headers = context.app.rate_limiter.take(&context.client, ROW_COST)?;
    let route = context.route_read(None).await?;
    // The first chunk is read before the response starts, so that early failures get a status and a message.
    let begin = async |db: &Db| -> Result<_, Error> {
        let mut running = export(db, &request).await?;
        let first = running.next().await?;
        Ok((running, first))
    };
    let begun = Box::pin(async {
        let begun = tokio::select! {
            begun = begin(route.db()) => Some(begun),
            () = route.replica_lost() => None,
        };
        match begun {
            Some(begun) if !route.failed_on_replica() => begun,
            _ => {
                context.app.metrics.count_replica_fallback();
                begin(&context.app.db).await
            }
        }
    });
    let limit = Duration::from_secs(context.app.settings.timeout);
    let (running, first) = match tokio::time::timeout(limit, route.db().while_available(begun)).await {
        Ok(begun) => begun.and_then(|begun| begun).map_err(to_request_error)?,
        Err(_) => {
            let message =
                format!("The export found no row within {} seconds: use a more selective filter", limit.as_secs());
            return Err(RequestError::new(StatusCode::GATEWAY_TIMEOUT, "TIMEOUT", message));
        }
    };
    Ok(download(context.clone(), file, request.format, rate_headers, running, first))
}

fn parse_request(file: &str, query: QueryString, context: &RequestContext) -> Result<Request, Error> {
    let (name, extension) = file.rsplit_once('.').unwrap_or((file, ""));
    let format = Format::from_extension(extension)?;
    let kind = if name == WHOLE_GRAPH { None } else { Some(parse_node_type(name)?) };
    let filter = match &query.filter {
        None => None,
        Some(text) => {
            limits::check_variables(text, &context.app.settings.limits)?;
            let invalid = |error| Error::BadInput(format!("`filter` is not JSON: {error}"));
            Some(serde_json::from_str(text).map_err(invalid)?)
        }
    };
    let include_deciders = context.client.caller.require(Scope::Admin).is_ok();
    let has_hints = !context.app.settings.hide_schema;
    Ok(Request { format, kind, filter, dataset: query.dataset, has_hints, include_deciders })
}

/// Converts an error. There is no GraphQL document that could be at fault, so the status reports every error.
fn request_error(error: Error, id: &RequestId) -> RequestError {
    let status = match error.code() {
        "UNAVAILABLE" => return error.into(),
        _ if matches!(error, Error::Busy(_)) => {
            return RequestError::new(StatusCode::SERVICE_UNAVAILABLE, "LIMIT", error.public_message()).retry_after(10);
        }
        "BAD_INPUT" | "LIMIT" => StatusCode::BAD_REQUEST,
        "NOT_FOUND" => StatusCode::NOT_FOUND,
        _ => {
            tracing::error!(%error, "an export failed before its first row");
            return RequestError::internal(id);
        }
    };
    RequestError::new(status, error.code(), error.public_message())
}

fn download(
    context: RequestContext,
    file: &str,
    format: Format,
    rate_headers: Headers,
    running: Export,
    first: Option<Chunk>,
) -> Response {
    let body = Body::from_stream(in_request_span(Box::pin(chunks(context, running, first))));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Keeps a proxy from buffering the download.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    // The name needs no escaping: it was parsed as a node type and a format.
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{file}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    for (name, value) in rate_headers {
        headers.insert(name, value);
    }
    response
}

/// Returns the chunks of an export as a stream. It ends with an error when the client is no longer authorized or the server shuts
/// down.
fn chunks(
    context: RequestContext,
    running: Export,
    first: Option<Chunk>,
) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
    let must_end = Box::pin({
        let context = context.clone();
        async move { context.download_must_end().await }
    });
    let state = Some((running, first, must_end, context, Instant::now(), 0_usize));
    let chunks = stream::unfold(state, async |state| {
        let (mut running, mut first, mut must_end, context, started, rows) = state?;
        let next = async {
            let chunk = match first.take() {
                Some(chunk) => Some(chunk),
                None => running.next().await?,
            };
            if let Some(Chunk { rows, .. }) = &chunk {
                // A client over its rate limit gets the rest more slowly.
                context.app.rate_limiter.wait(&context.client, rows * ROW_COST).await;
            }
            Ok(chunk)
        };
        let next = tokio::select! {
            next = next => next,
            () = &mut must_end => {
                Err(Error::Internal("the client is no longer authorized, or the server is shutting down".into()))
            }
        };
        match next {
            Ok(Some(Chunk { bytes, rows: more })) => {
                let state = (running, first, must_end, context, started, rows + more);
                Some((Ok(bytes.into()), Some(state)))
            }
            Ok(None) => {
                tracing::debug!(rows, elapsed = ?started.elapsed(), "export finished");
                None
            }
            Err(error) => {
                tracing::error!(%error, rows, "an export was aborted");
                Some((Err(error), None))
            }
        }
    });
    // Fused because the compression layer polls once more after the end.
    chunks.fuse()
}
