//! Answers as server-sent events: the "distinct connections" mode of GraphQL over SSE. One request has one stream of events:
//! `next` with each answer, then `complete`.

use std::convert::Infallible;
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, interval_at};

use crate::http::graphql::error::RequestError;
use crate::http::graphql::execution::{Outcome, RequestContext};
use crate::http::graphql::operation::PreparedOperation;

/// How often a silent stream says that it is alive: proxies close what is silent for a minute.
const ALIVE: Duration = Duration::from_secs(15);

const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    // The proxy in front is not to gather events before it passes them on.
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
];

pub(crate) fn answer(context: RequestContext, operation: PreparedOperation) -> Result<Response, RequestError> {
    let outcomes: BoxStream<'static, Outcome> = if operation.kind == OperationType::Subscription {
        context.follow(operation)?.boxed()
    } else {
        let context = context.clone();
        stream::once(async move { context.run(operation).await }).boxed()
    };
    let events = outcomes
        .map(|outcome| format!("event: next\ndata: {}\n\n", String::from_utf8_lossy(&outcome.body)))
        // Browsers pass on no event that has no data at all.
        .chain(stream::once(async { "event: complete\ndata:\n\n".to_owned() }));
    let events = until_ended(events, context).map(Ok::<_, Infallible>);
    Ok((HEADERS, Body::from_stream(events)).into_response())
}

/// The events until their client may no longer read them, or the server stops: then the stream ends without `complete`, and its
/// client goes on elsewhere.
fn until_ended(
    events: impl Stream<Item = String> + Send + 'static,
    context: RequestContext,
) -> impl Stream<Item = String> {
    let ended = Box::pin(async move { context.ended().await });
    let alive = interval_at(Instant::now() + ALIVE, ALIVE);
    stream::unfold((events.boxed(), ended, alive), async |(mut events, mut ended, mut alive)| {
        let event = tokio::select! {
            event = events.next() => event?,
            () = &mut ended => return None,
            _ = alive.tick() => ":\n\n".to_owned(),
        };
        Some((event, (events, ended, alive)))
    })
}
