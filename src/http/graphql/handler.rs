//! GraphQL over HTTP: POST with JSON, GET for queries; over a web socket where a client asks to change to one, in events where
//! it takes them.

use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use futures_util::StreamExt;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::http::graphql::error::RequestError;
use crate::http::graphql::execution::{Outcome, RequestContext};
use crate::http::graphql::negotiation;
use crate::http::graphql::negotiation::ResponseFormat;
use crate::http::graphql::operation::{Parameters, PreparedOperation};
use crate::http::graphql::response::GraphQlResponse;
use crate::http::graphql::{consistency, sse, websocket};
use crate::http::middleware::authentication::Client;
use crate::http::middleware::cors;
use crate::http::middleware::request_id::RequestId;
use crate::http::state::AppState;

/// An answer with its status and what its headers say.
pub(crate) struct HttpReply {
    status: StatusCode,
    body: Bytes,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl HttpReply {
    pub(crate) fn refused(refusal: &RequestError, media: ResponseFormat) -> Self {
        Self {
            status: refusal.status(media),
            body: GraphQlResponse::refused(refusal).json().into(),
            headers: refusal.headers(),
        }
    }

    fn of(outcome: Outcome, media: ResponseFormat) -> Self {
        let mut headers = outcome.headers;
        let status = match &outcome.refusal {
            None => StatusCode::OK,
            Some(refusal) => {
                headers.extend(refusal.headers());
                refusal.status(media)
            }
        };
        Self { status, body: outcome.body, headers }
    }

    pub(crate) fn into_response(self, media: ResponseFormat) -> Response {
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media.name()));
        headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding, Authorization, Origin"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        response
    }
}

/// What a body holds.
enum RequestBody {
    Single(Box<Parameters>),
    Batch(Vec<Parameters>),
}

pub(crate) async fn post(
    State(app): State<Arc<AppState>>,
    Extension(client): Extension<Client>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let context = RequestContext { app, client, id };
    let in_events = negotiation::takes_events(&headers);
    let Some(media) = ResponseFormat::accepted(&headers).or(in_events.then_some(ResponseFormat::Response)) else {
        return not_acceptable();
    };
    let sent = match whole(body, context.app.settings.limits.max_body).await {
        Ok(body) => read_body(&context.app, &headers, &body),
        Err(refusal) => Err(refusal),
    };
    let reply = match sent {
        Err(refusal) => HttpReply::refused(&context.counted(refusal), media),
        Ok(RequestBody::Single(parameters)) => match context.prepare(*parameters) {
            Err(refusal) => HttpReply::refused(&refusal, media),
            Ok(operation) if in_events => return in_events_or_refused(context, operation),
            Ok(operation) => HttpReply::of(context.run(operation).await, media),
        },
        Ok(RequestBody::Batch(list)) => Box::pin(ask_all(&context, list)).await,
    };
    reply.into_response(media)
}

pub(crate) async fn get(
    State(app): State<Arc<AppState>>,
    Extension(client): Extension<Client>,
    Extension(id): Extension<RequestId>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    headers: HeaderMap,
    query: Result<Query<Address>, QueryRejection>,
) -> Response {
    let context = RequestContext { app, client, id };
    if headers.contains_key(header::UPGRADE)
        && let Ok(upgrade) = upgrade
    {
        return change_over(upgrade, context, &headers);
    }
    if !cors::may_get(&headers, &context.app.settings.cors_origin) {
        let message = "A GET says what it takes, so that no page can send it by a link: send `Accept: application/json`, or a POST";
        let refusal = context.counted(RequestError::unreadable(message));
        return HttpReply::refused(&refusal, ResponseFormat::Json).into_response(ResponseFormat::Json);
    }
    let in_events = negotiation::takes_events(&headers);
    let Some(media) = ResponseFormat::accepted(&headers).or(in_events.then_some(ResponseFormat::Response)) else {
        return not_acceptable();
    };
    let parameters = query
        .map_err(|rejection| RequestError::unreadable(format!("The address cannot be read: {rejection}")))
        .and_then(|Query(address)| address.parameters())
        .map_err(|refusal| context.counted(refusal));
    let operation =
        parameters.and_then(|parameters| context.prepare(parameters)).and_then(PreparedOperation::only_reads);
    match operation {
        Err(refusal) => HttpReply::refused(&refusal, media),
        Ok(operation) if in_events => return in_events_or_refused(context, operation),
        Ok(operation) => look_up(&context, operation, &headers, media).await,
    }
    .into_response(media)
}

fn in_events_or_refused(context: RequestContext, operation: PreparedOperation) -> Response {
    sse::answer(context, operation).unwrap_or_else(|refusal| {
        HttpReply::refused(&refusal, ResponseFormat::Response).into_response(ResponseFormat::Response)
    })
}

/// Goes over to a web socket. A browser lets any page open one to any server, so pages of other origins are refused here.
fn change_over(upgrade: WebSocketUpgrade, context: RequestContext, headers: &HeaderMap) -> Response {
    let refuse = |refusal| {
        HttpReply::refused(&context.counted(refusal), ResponseFormat::Json).into_response(ResponseFormat::Json)
    };
    if !cors::may_ask(headers, &context.app.settings.cors_origin) {
        let message = "Pages of this origin may not ask here: name it in the setting --cors-origin";
        return refuse(RequestError::new(StatusCode::FORBIDDEN, "FORBIDDEN", message));
    }
    let Ok(permit) = Arc::clone(&context.app.sockets).try_acquire_owned() else {
        let message = "The server keeps as many web sockets as it can: come again later";
        return refuse(RequestError::new(StatusCode::SERVICE_UNAVAILABLE, "LIMIT", message).retry_after(10));
    };
    let most = context.app.settings.limits.max_body;
    upgrade
        .protocols([websocket::PROTOCOL])
        .max_message_size(most)
        .max_frame_size(most)
        .write_buffer_size(0)
        .on_upgrade(async move |socket| {
            websocket::serve(socket, context).await;
            drop(permit);
        })
}

pub(crate) async fn other_method() -> Response {
    let refusal = RequestError::new(StatusCode::METHOD_NOT_ALLOWED, "BAD_INPUT", "Only GET and POST are answered here");
    let mut reply = HttpReply::refused(&refusal, ResponseFormat::Json);
    reply.headers = vec![(header::ALLOW, HeaderValue::from_static("GET, POST"))];
    reply.into_response(ResponseFormat::Json)
}

fn not_acceptable() -> Response {
    let message = "Answers are JSON: send `Accept: application/graphql-response+json` or `application/json`";
    let refusal = RequestError::new(StatusCode::NOT_ACCEPTABLE, "BAD_INPUT", message);
    HttpReply::refused(&refusal, ResponseFormat::Json).into_response(ResponseFormat::Json)
}

/// The parameters of a request in its address; maps are JSON text there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Address {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

impl Address {
    fn parameters(self) -> Result<Parameters, RequestError> {
        Ok(Parameters {
            query: self.query,
            document_id: self.document_id,
            operation_name: self.operation_name,
            variables: read(self.variables, "variables")?,
            extensions: read(self.extensions, "extensions")?,
        })
    }
}

fn read<T: DeserializeOwned>(text: Option<String>, name: &str) -> Result<Option<T>, RequestError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    serde_json::from_str(&text)
        .map_err(|error| RequestError::unreadable(format!("`{name}` is no JSON object: {error}")))
}

/// How many times the largest body is read and thrown away, so that a client that sends more gets to read why it was refused:
/// it may not listen before all was sent.
const THROWN_AWAY: usize = 8;

/// A body, if it is no larger than `most` bytes.
async fn whole(body: Body, most: usize) -> Result<Vec<u8>, RequestError> {
    let (mut stream, mut bytes, mut length) = (body.into_data_stream(), Vec::new(), 0_usize);
    while let Some(part) = stream.next().await {
        let part = part.map_err(|_| {
            let message = "The body was cut off: send it whole, and without long pauses";
            RequestError::new(StatusCode::REQUEST_TIMEOUT, "BAD_INPUT", message)
        })?;
        length = length.saturating_add(part.len());
        if length <= most {
            bytes.extend_from_slice(&part);
        } else if length > most.saturating_mul(THROWN_AWAY) {
            break;
        }
    }
    if length > most {
        let message = format!("The body is larger than {most} bytes: send a shorter one");
        return Err(RequestError::new(StatusCode::PAYLOAD_TOO_LARGE, "LIMIT", message));
    }
    Ok(bytes)
}

fn read_body(app: &AppState, headers: &HeaderMap, body: &[u8]) -> Result<RequestBody, RequestError> {
    // A page of another site can make a browser send simple content types without asking: this is none.
    if !negotiation::sends_json(headers) {
        let message = "The body has to be JSON: send `Content-Type: application/json`";
        return Err(RequestError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_INPUT", message));
    }
    let unreadable = |error| {
        let want = "Send {\"query\": \"...\", \"variables\": {...}}";
        RequestError::unreadable(format!("The body is not the JSON of a request: {error}. {want}"))
    };
    if body.trim_ascii_start().first() != Some(&b'[') {
        return serde_json::from_slice(body).map(|one| RequestBody::Single(Box::new(one))).map_err(unreadable);
    }
    let most = app.settings.max_batch;
    if most == 0 {
        return Err(RequestError::unreadable("This server takes one request at a time, not a list of them"));
    }
    let list: Vec<&RawValue> = serde_json::from_slice(body).map_err(unreadable)?;
    if list.is_empty() || list.len() > most {
        let message = format!("A list has 1 to {most} requests, and this has {}: send several lists", list.len());
        return Err(RequestError::new(StatusCode::BAD_REQUEST, "LIMIT", message));
    }
    let list = list.into_iter().map(|one| serde_json::from_str(one.get()));
    let list = list.collect::<Result<_, _>>().map_err(unreadable)?;
    Ok(RequestBody::Batch(list))
}

/// One after the other: a list costs its client no more than its requests, and the others no more than one.
async fn ask_all(context: &RequestContext, list: Vec<Parameters>) -> HttpReply {
    let (mut body, mut version) = (vec![b'['], None);
    for parameters in list {
        if body.len() > 1 {
            body.push(b',');
        }
        match context.prepare(parameters) {
            Err(refusal) => body.extend(GraphQlResponse::refused(&refusal).json()),
            Ok(operation) => {
                let outcome = context.run(operation).await;
                body.extend(outcome.body);
                // Of all writes the last has the newest version.
                version = outcome.headers.into_iter().find(|(name, _)| *name == consistency::HEADER).or(version);
            }
        }
    }
    body.push(b']');
    HttpReply { status: StatusCode::OK, body: body.into(), headers: version.into_iter().collect() }
}

/// Answers a question that a client may have the answer of.
async fn look_up(
    context: &RequestContext,
    operation: PreparedOperation,
    headers: &HeaderMap,
    media: ResponseFormat,
) -> HttpReply {
    let reading = match context.reading(Some(&operation)).await {
        Ok(reading) => reading,
        Err(refusal) => return HttpReply::refused(&context.counted(refusal), media),
    };
    let version = tokio::select! {
        version = reading.db().version() => version.ok(),
        () = reading.lost() => None,
    };
    let Some(version) = version else { return HttpReply::of(context.run_there(&reading, operation).await, media) };
    let etag = etag(context, &operation, headers, media, version);
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = known.flat_map(|value| value.split(',')).map(str::trim);
    let mut reply = if known.any(|one| one == "*" || one.trim_start_matches("W/") == etag) {
        HttpReply { status: StatusCode::NOT_MODIFIED, body: Bytes::new(), headers: Vec::new() }
    } else {
        HttpReply::of(context.run_there(&reading, operation).await, media)
    };
    if matches!(reply.status, StatusCode::OK | StatusCode::NOT_MODIFIED) {
        reply.headers.extend(HeaderValue::from_str(&etag).map(|etag| (header::ETAG, etag)));
        let keep = if context.client.is_anonymous() { "no-cache" } else { "private, no-cache" };
        reply.headers.push((header::CACHE_CONTROL, HeaderValue::from_static(keep)));
    }
    reply
}

/// Says which answer it is: it changes with everything the answer depends on, down to its compression.
fn etag(
    context: &RequestContext,
    operation: &PreparedOperation,
    headers: &HeaderMap,
    media: ResponseFormat,
    version: i64,
) -> String {
    let mut digest = Sha256::new();
    digest.update(operation.digest(&context.client));
    let encodings = headers.get(header::ACCEPT_ENCODING).map(HeaderValue::as_bytes).unwrap_or_default();
    for part in [media.name().as_bytes(), encodings, env!("CARGO_PKG_VERSION").as_bytes(), &version.to_be_bytes()] {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    format!("\"{}\"", HEXLOWER.encode(&digest.finalize()[..16]))
}
