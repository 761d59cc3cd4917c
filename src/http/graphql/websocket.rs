//! GraphQL over WebSocket: the protocol `graphql-transport-ws`, with all its close codes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_graphql::ServerError;
use async_graphql::parser::types::OperationType;
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use axum::http::{HeaderValue, StatusCode};
use futures_util::stream::{self, BoxStream, SplitSink};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::{Instant, interval_at, sleep_until};
use tracing::Instrument;

use crate::http::graphql::error::RequestError;
use crate::http::graphql::execution::{AUTH_CHECK_INTERVAL, RequestContext};
use crate::http::graphql::operation::{Parameters, PreparedOperation};
use crate::http::graphql::response::{Outcome, to_json};
use crate::http::middleware::authentication::bearer_token;
use crate::http::middleware::request_id::operation_span;

/// The WebSocket subprotocol.
pub(crate) const PROTOCOL: &str = "graphql-transport-ws";

/// Time that a client has for `connection_init`.
const INIT_TIMEOUT: Duration = Duration::from_secs(5);

/// Interval of pings. A client that sent nothing for two intervals is disconnected.
const PING_INTERVAL: Duration = Duration::from_secs(25);

/// Capacity of the queue of outgoing messages. When it is full, the operations wait (backpressure).
const QUEUE_CAPACITY: usize = 8;

/// The reason for closing a socket: a close code of RFC 6455 or of the protocol, and a text of at most 123 bytes.
type CloseReason = (u16, Cow<'static, str>);

const INVALID_MESSAGE: CloseReason = (4400, Cow::Borrowed("Invalid message"));
const NOT_INITIALIZED: CloseReason = (4401, Cow::Borrowed("Unauthorized"));
const FORBIDDEN: CloseReason = (4403, Cow::Borrowed("Forbidden"));
const WRONG_PROTOCOL: CloseReason = (4406, Cow::Borrowed("Subprotocol not acceptable"));
const INIT_TOO_LATE: CloseReason = (4408, Cow::Borrowed("Connection initialization timeout"));
const INIT_TWICE: CloseReason = (4429, Cow::Borrowed("Too many initialization requests"));
const TOO_BIG: CloseReason = (1009, Cow::Borrowed("Message too big"));
const GOING_AWAY: CloseReason = (1001, Cow::Borrowed("The server is shutting down: reconnect"));

/// A message from the client.
#[derive(Deserialize)]
struct ClientMessage<'m> {
    #[serde(rename = "type")]
    kind: Cow<'m, str>,
    id: Option<String>,
    #[serde(borrow)]
    payload: Option<&'m RawValue>,
}

/// An order to the task that writes to the socket.
enum Outgoing {
    /// Send a message.
    Message {
        message: Message,
        /// The response that the message was copied from: its memory stays reserved until the message was sent.
        _response: Option<Bytes>,
    },
    /// Send everything up to here, then drop the sender.
    Flush(oneshot::Sender<()>),
}

impl From<Message> for Outgoing {
    fn from(message: Message) -> Self {
        Self::Message { message, _response: None }
    }
}

/// The running operations, by the ids that the client chose.
type RunningOperations = Arc<Mutex<HashMap<String, AbortHandle>>>;

/// The state of one socket.
struct Connection {
    context: RequestContext,
    sender: Sender<Outgoing>,
    running: RunningOperations,
    is_initialized: bool,
}

/// Serves a socket until either side closes it.
pub(crate) async fn serve(socket: WebSocket, context: RequestContext) {
    let has_protocol = socket.protocol().is_some_and(|protocol| protocol.as_bytes() == PROTOCOL.as_bytes());
    let (sink, mut stream) = socket.split();
    let (sender, receiver) = channel(QUEUE_CAPACITY);
    let mut writer = tokio::spawn(write(sink, receiver));
    let _gauge = context.app.metrics.socket_open();
    let mut connection = Connection { context, sender, running: RunningOperations::default(), is_initialized: false };
    let mut last_received = Instant::now();
    let mut ping = interval_at(last_received + PING_INTERVAL, PING_INTERVAL);
    let init_deadline = last_received + INIT_TIMEOUT;
    let app = connection.context.app.clone();
    let mut shutdown = std::pin::pin!(app.shutdown_started());
    let mut auth_check = interval_at(last_received + AUTH_CHECK_INTERVAL, AUTH_CHECK_INTERVAL);
    let close_reason = if !has_protocol {
        Some(WRONG_PROTOCOL)
    } else {
        loop {
            let message = tokio::select! {
                message = stream.next() => message,
                // The write timeout of the connection ends the writer when the client does not read.
                _ = &mut writer => break None,
                () = sleep_until(init_deadline), if !connection.is_initialized => break Some(INIT_TOO_LATE),
                () = &mut shutdown => break Some(GOING_AWAY),
                _ = auth_check.tick(), if connection.is_initialized => {
                    match connection.context.is_still_authorized().await {
                        true => continue,
                        false => break Some(FORBIDDEN),
                    }
                },
                _ = ping.tick() => {
                    let message = Message::Ping(Vec::new().into());
                    if last_received.elapsed() > PING_INTERVAL * 2 || connection.sender.send(message.into()).await.is_err() {
                        break None;
                    }
                    continue;
                }
            };
            last_received = Instant::now();
            let handled = match message {
                Some(Ok(Message::Text(text))) => connection.handle(&text).await,
                Some(Ok(Message::Binary(_))) => Err(INVALID_MESSAGE),
                Some(Ok(Message::Ping(_))) => connection.flush().await,
                Some(Ok(Message::Pong(_))) => Ok(()),
                Some(Ok(Message::Close(_))) | None => break None,
                Some(Err(error)) => break is_too_big(&error).then_some(TOO_BIG),
            };
            if let Err(reason) = handled {
                break Some(reason);
            }
        }
    };
    for (_, operation) in lock(&connection.running).drain() {
        operation.abort();
    }
    if let Some((code, reason)) = close_reason {
        connection.context.app.metrics.count_closed_socket(code);
        let frame = CloseFrame { code, reason: Utf8Bytes::from(reason.as_ref()) };
        // Sending fails when the client has already left.
        let _ = connection.sender.send(Message::Close(Some(frame)).into()).await;
    }
    drop(connection);
    // The writer ends when everything is sent, at the latest with the write timeout. A finished task must not be awaited again.
    if !writer.is_finished() {
        let _ = writer.await;
    }
}

/// Returns whether an error means that a message or frame is over the size limit. The library has no error type for that which
/// passes through axum, so its text is searched.
fn is_too_big(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.to_string().contains("too long") || error.to_string().contains("too large") {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Sends queued messages until the queue is closed, a close frame was sent, or the connection fails.
async fn write(mut sink: SplitSink<WebSocket, Message>, mut receiver: Receiver<Outgoing>) {
    while let Some(outgoing) = receiver.recv().await {
        let (sent, is_last) = match outgoing {
            Outgoing::Message { message, _response } => {
                let is_last = matches!(message, Message::Close(_));
                (sink.send(message).await, is_last)
            }
            Outgoing::Flush(_flushed) => (sink.flush().await, false),
        };
        if sent.is_err() || is_last {
            break;
        }
    }
    let _ = sink.close().await;
}

impl Connection {
    /// Handles a text message. An error closes the socket.
    async fn handle(&mut self, text: &str) -> Result<(), CloseReason> {
        let Ok(message) = serde_json::from_str::<ClientMessage<'_>>(text) else { return Err(INVALID_MESSAGE) };
        match message.kind.as_ref() {
            "connection_init" => self.initialize(message.payload).await,
            "ping" => {
                let mut pong = json!({ "type": "pong" });
                if let Some(payload) = parse_object(message.payload)? {
                    pong["payload"] = payload.into();
                }
                self.send(&pong).await
            }
            "pong" => parse_object(message.payload).map(|_| ()),
            "subscribe" if !self.is_initialized => Err(NOT_INITIALIZED),
            "subscribe" => self.subscribe(message).await,
            "complete" => {
                let id = message.id.ok_or(INVALID_MESSAGE)?;
                // The operation may have completed by itself in the meantime.
                if let Some(operation) = lock(&self.running).remove(&id) {
                    operation.abort();
                }
                Ok(())
            }
            _ => Err(INVALID_MESSAGE),
        }
    }

    async fn initialize(&mut self, payload: Option<&RawValue>) -> Result<(), CloseReason> {
        if self.is_initialized {
            return Err(INIT_TWICE);
        }
        // Browsers cannot set headers of a WebSocket, so the payload may hold the `Authorization` header.
        let payload = parse_object(payload)?;
        let given = payload.iter().flatten().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        if let Some((_, given)) = given {
            let value = given.as_str().and_then(|text| HeaderValue::from_str(text.trim()).ok());
            let token = value.as_ref().and_then(bearer_token).ok_or(FORBIDDEN)?;
            self.context.client.credential = Some(token.into());
        }
        let client = &mut self.context.client;
        client.caller = self.context.app.auth.authenticate(client.credential.as_deref()).await.map_err(|_| {
            self.context.app.metrics.count_refusal("UNAUTHENTICATED");
            FORBIDDEN
        })?;
        if client.caller.scopes.is_empty() {
            return Err(FORBIDDEN);
        }
        self.is_initialized = true;
        self.send(&json!({ "type": "connection_ack" })).await
    }

    async fn subscribe(&mut self, message: ClientMessage<'_>) -> Result<(), CloseReason> {
        let (Some(id), Some(payload)) = (message.id.filter(|id| !id.is_empty()), message.payload) else {
            return Err(INVALID_MESSAGE);
        };
        let parameters: Parameters = serde_json::from_str(payload.get()).map_err(|_| INVALID_MESSAGE)?;
        if !parameters.are_well_formed() {
            return Err(INVALID_MESSAGE);
        }
        let max = self.context.app.settings.max_operations;
        let is_full = {
            let running = lock(&self.running);
            if running.contains_key(&id) {
                let shown: String = id.chars().take(20).collect();
                return Err((4409, format!("Subscriber for {shown} already exists").into()));
            }
            running.len() >= max
        };
        let operation = if is_full {
            let message = format!("Too many operations on this WebSocket (limit {max}): complete one first");
            Err(RequestError::new(StatusCode::TOO_MANY_REQUESTS, "LIMIT", message))
        } else {
            self.context.prepare(parameters)
        };
        match operation {
            Err(error) => self.send(&error_message(&id, &error.to_server_errors())).await,
            Ok(operation) => {
                let run = SocketOperation {
                    context: self.context.clone(),
                    id: id.clone(),
                    sender: self.sender.clone(),
                    running: Arc::clone(&self.running),
                };
                // Locked until the operation is listed: it may finish at once, and removes itself from the list then.
                let mut running = lock(&self.running);
                let run = run.run(operation).instrument(operation_span());
                running.insert(id, tokio::spawn(run).abort_handle());
                Ok(())
            }
        }
    }

    async fn send(&self, message: &Value) -> Result<(), CloseReason> {
        // The receive loop notices when the writer has ended.
        let _ = self.sender.send(Message::Text(message.to_string().into()).into()).await;
        Ok(())
    }

    /// Waits until everything was sent, also the answer to a ping, which the library puts into its buffer when it reads the ping.
    /// Without waiting, a client that pings and reads nothing could fill the memory.
    async fn flush(&self) -> Result<(), CloseReason> {
        let (sender, flushed) = oneshot::channel();
        if self.sender.send(Outgoing::Flush(sender)).await.is_ok() {
            // It never has a value: the sender was dropped, after sending or because the connection failed.
            let _ = flushed.await;
        }
        Ok(())
    }
}

/// One operation on a socket.
struct SocketOperation {
    context: RequestContext,
    id: String,
    sender: Sender<Outgoing>,
    running: RunningOperations,
}

impl SocketOperation {
    async fn run(self, operation: PreparedOperation) {
        let mut outcomes: BoxStream<'_, Outcome> = if operation.kind == OperationType::Subscription {
            match self.context.subscribe(operation) {
                Ok(outcomes) => outcomes.boxed(),
                Err(error) => {
                    let message = error_message(&self.id, &error.to_server_errors());
                    return self.finish(message.to_string()).await;
                }
            }
        } else {
            stream::once(self.context.run(operation)).boxed()
        };
        while let Some(outcome) = outcomes.next().await {
            if outcome.failure.is_some() {
                return self.finish(error_message(&self.id, &outcome.errors).to_string()).await;
            }
            let response = String::from_utf8_lossy(&outcome.body);
            let next = format!(r#"{{"id":{},"type":"next","payload":{response}}}"#, to_json(&self.id));
            drop(response);
            let next = Outgoing::Message { message: Message::Text(next.into()), _response: Some(outcome.body) };
            if self.sender.send(next).await.is_err() {
                return;
            }
        }
        self.finish(json!({ "id": self.id, "type": "complete" }).to_string()).await;
    }

    /// Sends the last message of the operation. The id is free again before the client receives it.
    async fn finish(&self, message: String) {
        lock(&self.running).remove(&self.id);
        let _ = self.sender.send(Message::Text(message.into()).into()).await;
    }
}

fn lock(running: &RunningOperations) -> MutexGuard<'_, HashMap<String, AbortHandle>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

fn error_message(id: &str, errors: &[ServerError]) -> Value {
    json!({ "id": id, "type": "error", "payload": errors })
}

fn parse_object(payload: Option<&RawValue>) -> Result<Option<Map<String, Value>>, CloseReason> {
    payload.map(|payload| serde_json::from_str(payload.get())).transpose().map_err(|_| INVALID_MESSAGE)
}
