//! The handlers of `/graphql`: POST with JSON, GET for queries, an upgrade to WebSocket, and server-sent events for clients that
//! accept them.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Query, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use tracing::Instrument;

use crate::http::graphql::error::RequestError;
use crate::http::graphql::execution::RequestContext;
use crate::http::graphql::negotiation::ResponseFormat;
use crate::http::graphql::operation::{Parameters, PreparedOperation};
use crate::http::graphql::request::{QueryString, RequestBody};
use crate::http::graphql::response::{GraphQlResponse, HttpReply, error_response};
use crate::http::graphql::{conditional_get, consistency, negotiation, sse, websocket};
use crate::http::middleware::csrf;

/// Handles `POST /graphql`.
pub(crate) async fn post(Extension(context): Extension<RequestContext>, request: Request) -> Response {
    let as_events = negotiation::accepts_event_stream(request.headers());
    let Some(format) = response_format(request.headers(), as_events) else { return not_acceptable() };
    let reply = match RequestBody::read(&context.app.settings, request).await {
        Err(error) => HttpReply::from_error(&context.count_error(error), format),
        Ok(RequestBody::Single(parameters)) => match context.prepare(*parameters) {
            Err(error) if as_events && error.is_validation_error() => return sse::error_stream(error),
            Err(error) => HttpReply::from_error(&error, format),
            Ok(operation) if as_events => return event_stream(context, operation),
            Ok(operation) => HttpReply::from_outcome(context.run(operation).await, format),
        },
        Ok(RequestBody::Batch(list)) => Box::pin(run_batch(&context, list)).await,
    };
    reply.into_response(format)
}

/// Handles `GET /graphql`: a query, or the upgrade to a WebSocket.
pub(crate) async fn get(
    Extension(context): Extension<RequestContext>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    query: Result<Query<QueryString>, QueryRejection>,
    request: Request,
) -> Response {
    let headers = request.headers();
    if headers.contains_key(header::UPGRADE)
        && let Ok(upgrade) = upgrade
    {
        return upgrade_to_websocket(upgrade, context, headers);
    }
    if !csrf::allows_get(headers, &context.app.settings.cors_origin) {
        let message = "GET needs an `Accept` header that names JSON, as protection against cross-site requests: send `Accept: application/json`, or use POST";
        let error = context.count_error(RequestError::bad_request(message));
        return error_response(&error, ResponseFormat::Json);
    }
    let as_events = negotiation::accepts_event_stream(headers);
    let Some(format) = response_format(headers, as_events) else { return not_acceptable() };
    let parameters = query
        .map_err(|rejection| RequestError::bad_request(format!("The query string cannot be read: {rejection}")))
        .and_then(|Query(query)| query.into_parameters())
        .map_err(|error| context.count_error(error));
    let operation =
        parameters.and_then(|parameters| context.prepare(parameters)).and_then(PreparedOperation::require_query);
    match operation {
        Err(error) if as_events && error.is_validation_error() => return sse::error_stream(error),
        Err(error) => HttpReply::from_error(&error, format),
        Ok(operation) if as_events => return event_stream(context, operation),
        Ok(operation) => conditional_get::run(&context, operation, headers, format).await,
    }
    .into_response(format)
}

/// Handles all other methods of `/graphql` with 405.
pub(crate) async fn method_not_allowed() -> Response {
    let error = RequestError::method_not_allowed("GET, POST", "Only GET and POST are supported here");
    error_response(&error, ResponseFormat::Json)
}

/// Returns the format of responses and errors. A client that accepts only events gets errors of the request in the newer format.
fn response_format(headers: &HeaderMap, as_events: bool) -> Option<ResponseFormat> {
    ResponseFormat::negotiate(headers).or(as_events.then_some(ResponseFormat::GraphQlResponse))
}

fn not_acceptable() -> Response {
    let message = "Responses are JSON: send `Accept: application/graphql-response+json` or `application/json`";
    let error = RequestError::new(StatusCode::NOT_ACCEPTABLE, "BAD_INPUT", message);
    error_response(&error, ResponseFormat::Json)
}

fn event_stream(context: RequestContext, operation: PreparedOperation) -> Response {
    sse::event_stream(context, operation)
        .unwrap_or_else(|error| error_response(&error, ResponseFormat::GraphQlResponse))
}

/// Upgrades to a WebSocket. Browsers let any page open one to any server, so other origins are rejected here.
fn upgrade_to_websocket(upgrade: WebSocketUpgrade, context: RequestContext, headers: &HeaderMap) -> Response {
    let reject = |error| error_response(&context.count_error(error), ResponseFormat::Json);
    if !csrf::allows_origin(headers, &context.app.settings.cors_origin) {
        return reject(csrf::origin_error());
    }
    let Ok(permit) = Arc::clone(&context.app.sockets).try_acquire_owned() else {
        let message = "Too many open WebSockets; retry after 10 seconds";
        return reject(RequestError::new(StatusCode::SERVICE_UNAVAILABLE, "LIMIT", message).retry_after(10));
    };
    let max_size = context.app.settings.limits.max_body;
    // The socket is served by a task of its own.
    let span = tracing::Span::current();
    upgrade
        .protocols([websocket::PROTOCOL])
        .max_message_size(max_size)
        .max_frame_size(max_size)
        .write_buffer_size(0)
        .on_upgrade(move |socket| {
            let serve = async move {
                websocket::serve(socket, context).await;
                drop(permit);
            };
            serve.instrument(span)
        })
}

/// The body of a batch, and the responses that it was copied from.
struct Batch {
    body: Vec<u8>,
    _responses: Vec<Bytes>,
}

impl AsRef<[u8]> for Batch {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

/// Runs the requests of a batch one after the other, so that a batch takes no more of the server at once than a single request.
async fn run_batch(context: &RequestContext, list: Vec<Parameters>) -> HttpReply {
    let (mut body, mut version, mut responses) = (vec![b'['], None, Vec::new());
    for parameters in list {
        if body.len() > 1 {
            body.push(b',');
        }
        match context.prepare(parameters) {
            Err(error) => body.extend(GraphQlResponse::from_error(&error).take_json()),
            Ok(operation) => {
                let outcome = context.run(operation).await;
                body.extend_from_slice(&outcome.body);
                responses.push(outcome.body);
                // The last write has the newest version.
                version = outcome.headers.into_iter().find(|(name, _)| *name == consistency::HEADER).or(version);
            }
        }
    }
    body.push(b']');
    // The responses keep their memory reserved until the batch was sent.
    let body = Bytes::from_owner(Batch { body, _responses: responses });
    HttpReply { status: StatusCode::OK, body, headers: version.into_iter().collect() }
}
