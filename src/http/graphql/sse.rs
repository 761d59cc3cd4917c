//! Server-sent events: the "distinct connections" mode of the GraphQL-over-SSE protocol. Each request has its own stream: one
//! `next` event per response, then `complete`.

use std::convert::Infallible;
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, interval_at};

use crate::http::graphql::error::RequestError;
use crate::http::graphql::execution::RequestContext;
use crate::http::graphql::operation::PreparedOperation;
use crate::http::graphql::response::Outcome;
use crate::http::middleware::request_id::in_request_span;

/// Interval of keep-alive comments: proxies close connections that are silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    // Keeps a proxy from buffering events.
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
];

/// The last event. The empty `data` line is needed: browsers drop events without one.
const COMPLETE: &str = "event: complete\ndata:\n\n";

/// Returns the event with a response, in pieces: the response itself is not copied, and its memory stays reserved until it was sent.
fn next(outcome: Outcome) -> [Bytes; 3] {
    [Bytes::from_static(b"event: next\ndata: "), outcome.body, Bytes::from_static(b"\n\n")]
}

/// Returns an event stream with the errors of an operation that does not fit the schema. The protocol lets a server refuse only
/// documents that cannot be parsed before the stream begins; clients read other errors from the stream.
pub(crate) fn error_stream(error: RequestError) -> Response {
    let events = [next(Outcome::failed(error)).concat(), COMPLETE.into()].concat();
    (HEADERS, events).into_response()
}

/// Runs an operation and returns its responses as an event stream.
pub(crate) fn event_stream(context: RequestContext, operation: PreparedOperation) -> Result<Response, RequestError> {
    let outcomes: BoxStream<'static, Outcome> = if operation.kind == OperationType::Subscription {
        context.subscribe(operation)?.boxed()
    } else {
        let context = context.clone();
        stream::once(async move { context.run(operation).await }).boxed()
    };
    let events = outcomes.flat_map(|outcome| stream::iter(next(outcome)));
    let events = events.chain(stream::once(async { Bytes::from_static(COMPLETE.as_bytes()) }));
    let events = Box::pin(until_must_end(events, context).map(Ok::<_, Infallible>));
    Ok((HEADERS, Body::from_stream(in_request_span(events))).into_response())
}

/// Passes events on until the client is no longer authorized or the server shuts down. The stream then ends without `complete`,
/// so that the client reconnects, to another process if there is one.
fn until_must_end(
    events: impl Stream<Item = Bytes> + Send + 'static,
    context: RequestContext,
) -> impl Stream<Item = Bytes> {
    let must_end = Box::pin(async move { context.stream_must_end().await });
    let keep_alive = interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
    stream::unfold((events.boxed(), must_end, keep_alive), async |(mut events, mut must_end, mut keep_alive)| {
        let event = tokio::select! {
            event = events.next() => event?,
            () = &mut must_end => return None,
            _ = keep_alive.tick() => Bytes::from_static(b":\n\n"),
        };
        Some((event, (events, must_end, keep_alive)))
    })
}
