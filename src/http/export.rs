//! Exports as files: `/export/event.csv`, `/export/graph.jsonl`. They are streamed; one that fails on its way is broken off, so
//! that no part of it looks whole.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;

use crate::auth::Scope;
use crate::db::Db;
use crate::error::Error;
use crate::export::{Chunk, Export, Format, Request, export, noun};
use crate::http::graphql::error::RequestError;
use crate::http::graphql::execution::RequestContext;
use crate::http::graphql::handler::HttpReply;
use crate::http::graphql::limits;
use crate::http::graphql::negotiation::ResponseFormat;
use crate::http::middleware::authentication::Client;
use crate::http::middleware::cors;
use crate::http::middleware::rate_limit::Headers;
use crate::http::middleware::request_id::RequestId;
use crate::http::state::AppState;

/// What a row costs: about as much as its fields asked for in a query.
const ROW: usize = 5;

/// What all of the graph is called in an address.
const GRAPH: &str = "graph";

/// What an address may say besides.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Narrowed {
    filter: Option<String>,
    dataset: Option<String>,
}

pub(crate) async fn get(
    State(app): State<Arc<AppState>>,
    Extension(client): Extension<Client>,
    Extension(id): Extension<RequestId>,
    Path(file): Path<String>,
    headers: HeaderMap,
    query: Result<Query<Narrowed>, QueryRejection>,
) -> Response {
    let context = RequestContext { app, client, id };
    match begin(&context, &file, &headers, query).await {
        Ok(response) => response,
        Err(refusal) => {
            HttpReply::refused(&context.counted(refusal), ResponseFormat::Json).into_response(ResponseFormat::Json)
        }
    }
}

async fn begin(
    context: &RequestContext,
    file: &str,
    headers: &HeaderMap,
    query: Result<Query<Narrowed>, QueryRejection>,
) -> Result<Response, RequestError> {
    let refused = |error: Error| refusal(error, &context.id);
    if !cors::may_download(headers, &context.app.settings.cors_origin) {
        let message = "Pages of this origin may not ask here: name it in the setting --cors-origin";
        return Err(RequestError::new(StatusCode::FORBIDDEN, "FORBIDDEN", message));
    }
    context.client.caller.needs(Scope::Read)?;
    let Query(narrowed) =
        query.map_err(|rejection| RequestError::unreadable(format!("The address cannot be read: {rejection}")))?;
    let request = read(file, narrowed, context).map_err(refused)?;
    let told = context.app.rates.take(&context.client, ROW)?;
    let reading = context.reading(None).await?;
    let begin = async |db: &Db| -> Result<_, Error> {
        let mut running = export(db, &request).await?;
        // What fails at once is told in words.
        let first = running.next().await?;
        Ok((running, first))
    };
    let begun = async {
        let begun = tokio::select! {
            begun = begin(reading.db()) => Some(begun),
            () = reading.lost() => None,
        };
        match begun {
            Some(begun) if !reading.was_let_down() => begun,
            _ => {
                context.app.metrics.asked_again();
                begin(&context.app.db).await
            }
        }
    };
    let limit = Duration::from_secs(context.app.settings.timeout);
    let (running, first) = match tokio::time::timeout(limit, begun).await {
        Ok(begun) => begun.map_err(refused)?,
        Err(_) => {
            let message = format!("Nothing was found within {} seconds: ask with another filter", limit.as_secs());
            return Err(RequestError::new(StatusCode::GATEWAY_TIMEOUT, "TIMEOUT", message));
        }
    };
    Ok(answer(context.clone(), file, request.format, told, running, first))
}

fn read(file: &str, narrowed: Narrowed, context: &RequestContext) -> Result<Request, Error> {
    let (name, extension) = file.rsplit_once('.').unwrap_or((file, ""));
    let format = Format::of_extension(extension)?;
    let kind = if name == GRAPH { None } else { Some(noun(name)?) };
    let filter = match &narrowed.filter {
        None => None,
        Some(text) => {
            limits::judge_variables(text, &context.app.settings.limits)?;
            let unreadable = |error| Error::BadInput(format!("`filter` is no JSON: {error}"));
            Some(serde_json::from_str(text).map_err(unreadable)?)
        }
    };
    let tells_judges = context.client.caller.needs(Scope::Admin).is_ok();
    Ok(Request { format, kind, filter, dataset: narrowed.dataset, tells_judges })
}

/// Without GraphQL there is no document that could be at fault: the status says it all.
fn refusal(error: Error, id: &RequestId) -> RequestError {
    let status = match error.code() {
        _ if matches!(error, Error::Busy(_)) => {
            return RequestError::new(StatusCode::SERVICE_UNAVAILABLE, "LIMIT", error.public()).retry_after(10);
        }
        "BAD_INPUT" | "LIMIT" => StatusCode::BAD_REQUEST,
        "NOT_FOUND" => StatusCode::NOT_FOUND,
        _ => {
            tracing::error!(%error, "an export failed");
            return RequestError::internal(id);
        }
    };
    RequestError::new(status, error.code(), error.public())
}

fn answer(
    context: RequestContext,
    file: &str,
    format: Format,
    told: Headers,
    running: Export,
    first: Option<Chunk>,
) -> Response {
    let body = Body::from_stream(pieces(context, running, first));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    // The name holds letters, hyphens and a point: it was read as a noun and a format.
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{file}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    for (name, value) in told {
        headers.insert(name, value);
    }
    response
}

/// The pieces until the end, or until the client may no longer have them.
fn pieces(
    context: RequestContext,
    running: Export,
    first: Option<Chunk>,
) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
    let ended = Box::pin({
        let context = context.clone();
        async move { context.cut_off().await }
    });
    let state = Some((running, first, ended, context, Instant::now(), 0_usize));
    let pieces = stream::unfold(state, async |state| {
        let (mut running, mut first, mut ended, context, started, rows) = state?;
        let next = async {
            let chunk = match first.take() {
                Some(chunk) => Some(chunk),
                None => running.next().await?,
            };
            if let Some(Chunk { rows, .. }) = &chunk {
                // Who may ask for little is given it little by little.
                context.app.rates.wait(&context.client, rows * ROW).await;
            }
            Ok(chunk)
        };
        let next = tokio::select! {
            next = next => next,
            () = &mut ended => Err(Error::Broken("the client may no longer read, or the server stops".into())),
        };
        match next {
            Ok(Some(Chunk { bytes, rows: more })) => {
                let state = (running, first, ended, context, started, rows + more);
                Some((Ok(bytes.into()), Some(state)))
            }
            Ok(None) => {
                tracing::debug!(rows, elapsed = ?started.elapsed(), "exported");
                None
            }
            Err(error) => {
                tracing::error!(%error, rows, "an export was broken off");
                Some((Err(error), None))
            }
        }
    });
    // The layer that compresses asks once more behind the end.
    pieces.fuse()
}
