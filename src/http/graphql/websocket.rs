//! Answers over a web socket: the protocol `graphql-transport-ws`, with all its close codes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_graphql::ServerError;
use async_graphql::parser::types::OperationType;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use axum::http::StatusCode;
use futures_util::stream::{self, BoxStream, SplitSink};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::AbortHandle;
use tokio::time::{Instant, interval_at, sleep_until};

use crate::http::graphql::error::RequestError;
use crate::http::graphql::execution::{CHECK, Outcome, RequestContext};
use crate::http::graphql::operation::{Parameters, PreparedOperation};
use crate::http::graphql::response::json as text;
use crate::http::middleware::authentication::credential;

/// What this server speaks.
pub(crate) const PROTOCOL: &str = "graphql-transport-ws";

/// In what time a client has to say who it is.
const INIT: Duration = Duration::from_secs(5);

/// How often a silent client is asked whether it is there; it is taken for gone when it did not answer the time before.
const PING: Duration = Duration::from_secs(25);

/// Messages that wait for the client to read: those that make them wait too.
const WAITING: usize = 8;

/// Why a socket is closed: a code of RFC 6455 or of the protocol, and words of at most 123 bytes.
type SharedError = (u16, Cow<'static, str>);

const UNREADABLE: SharedError = (4400, Cow::Borrowed("Invalid message"));
const NOT_INITIALISED: SharedError = (4401, Cow::Borrowed("Unauthorized"));
const FORBIDDEN: SharedError = (4403, Cow::Borrowed("Forbidden"));
const NO_PROTOCOL: SharedError = (4406, Cow::Borrowed("Subprotocol not acceptable"));
const INIT_TIMEOUT: SharedError = (4408, Cow::Borrowed("Connection initialisation timeout"));
const INIT_TWICE: SharedError = (4429, Cow::Borrowed("Too many initialisation requests"));
const TOO_BIG: SharedError = (1009, Cow::Borrowed("Message too big"));
const GOING_AWAY: SharedError = (1001, Cow::Borrowed("The server stops: connect again"));

/// A message of the client.
#[derive(Deserialize)]
struct Said<'m> {
    #[serde(rename = "type")]
    kind: Cow<'m, str>,
    id: Option<String>,
    #[serde(borrow)]
    payload: Option<&'m RawValue>,
}

/// The operations that run, by the ids that the client gave.
type Running = Arc<Mutex<HashMap<String, AbortHandle>>>;

/// A connection to a client.
struct Connection {
    context: RequestContext,
    sender: Sender<Message>,
    running: Running,
    initialised: bool,
}

/// Serves a socket until either side ends it.
pub(crate) async fn serve(socket: WebSocket, context: RequestContext) {
    let protocol = socket.protocol().is_some_and(|protocol| protocol.as_bytes() == PROTOCOL.as_bytes());
    let (sink, mut stream) = socket.split();
    let (sender, receiver) = channel(WAITING);
    let mut writer = tokio::spawn(write(sink, receiver));
    let _counted = context.app.metrics.socket();
    let mut connection = Connection { context, sender, running: Running::default(), initialised: false };
    let mut heard = Instant::now();
    let mut ping = interval_at(heard + PING, PING);
    let deadline = heard + INIT;
    let app = connection.context.app.clone();
    let mut stops = std::pin::pin!(app.stops());
    let mut check = interval_at(heard + CHECK, CHECK);
    let fault = if !protocol {
        Some(NO_PROTOCOL)
    } else {
        loop {
            let message = tokio::select! {
                message = stream.next() => message,
                // A client that does not read is cut off by its connection, which breaks.
                _ = &mut writer => break None,
                () = sleep_until(deadline), if !connection.initialised => break Some(INIT_TIMEOUT),
                () = &mut stops => break Some(GOING_AWAY),
                _ = check.tick(), if connection.initialised => match connection.context.may_go_on().await {
                    true => continue,
                    false => break Some(FORBIDDEN),
                },
                _ = ping.tick() => {
                    if heard.elapsed() > PING * 2 || connection.sender.send(Message::Ping(Vec::new().into())).await.is_err() {
                        break None;
                    }
                    continue;
                }
            };
            heard = Instant::now();
            let said = match message {
                Some(Ok(Message::Text(said))) => connection.hear(&said).await,
                Some(Ok(Message::Binary(_))) => Err(UNREADABLE),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
                Some(Ok(Message::Close(_))) | None => break None,
                Some(Err(error)) => break too_big(&error).then_some(TOO_BIG),
            };
            if let Err(fault) = said {
                break Some(fault);
            }
        }
    };
    for (_, operation) in all(&connection.running).drain() {
        operation.abort();
    }
    if let Some((code, reason)) = fault {
        connection.context.app.metrics.closed(code);
        let frame = CloseFrame { code, reason: Utf8Bytes::from(reason.as_ref()) };
        // Who is gone needs no word.
        let _ = connection.sender.send(Message::Close(Some(frame))).await;
    }
    drop(connection);
    // Ends when all was sent, or at the latest when the connection breaks because nobody reads. One that has ended may not be
    // waited for again.
    if !writer.is_finished() {
        let _ = writer.await;
    }
}

fn too_big(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.to_string().contains("too long") || error.to_string().contains("too large") {
            return true;
        }
        cause = error.source();
    }
    false
}

async fn write(mut sink: SplitSink<WebSocket, Message>, mut receiver: Receiver<Message>) {
    while let Some(message) = receiver.recv().await {
        let last = matches!(message, Message::Close(_));
        if sink.send(message).await.is_err() || last {
            break;
        }
    }
    let _ = sink.close().await;
}

impl Connection {
    async fn hear(&mut self, said: &str) -> Result<(), SharedError> {
        let Ok(said) = serde_json::from_str::<Said<'_>>(said) else { return Err(UNREADABLE) };
        match said.kind.as_ref() {
            "connection_init" => self.initialise(said.payload).await,
            "ping" => {
                let mut pong = json!({ "type": "pong" });
                if let Some(payload) = object(said.payload)? {
                    pong["payload"] = payload.into();
                }
                self.say(&pong).await
            }
            "pong" => object(said.payload).map(|_| ()),
            "subscribe" if !self.initialised => Err(NOT_INITIALISED),
            "subscribe" => self.subscribe(said).await,
            "complete" => {
                let id = said.id.ok_or(UNREADABLE)?;
                // It may have ended by itself meanwhile.
                if let Some(operation) = all(&self.running).remove(&id) {
                    operation.abort();
                }
                Ok(())
            }
            _ => Err(UNREADABLE),
        }
    }

    async fn initialise(&mut self, payload: Option<&RawValue>) -> Result<(), SharedError> {
        if self.initialised {
            return Err(INIT_TWICE);
        }
        // A browser cannot set headers of a socket, so a key may come here.
        let payload = object(payload)?;
        let given = payload.iter().flatten().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        if let Some((_, given)) = given {
            let given = given.as_str().and_then(credential).ok_or(FORBIDDEN)?;
            self.context.client.credential = Some(given.into());
        }
        let client = &mut self.context.client;
        client.caller = self.context.app.auth.caller(client.credential.as_deref()).await.map_err(|_| {
            self.context.app.metrics.refused("UNAUTHENTICATED");
            FORBIDDEN
        })?;
        if client.caller.scopes.is_empty() {
            return Err(FORBIDDEN);
        }
        self.initialised = true;
        self.say(&json!({ "type": "connection_ack" })).await
    }

    async fn subscribe(&mut self, said: Said<'_>) -> Result<(), SharedError> {
        let (Some(id), Some(payload)) = (said.id.filter(|id| !id.is_empty()), said.payload) else {
            return Err(UNREADABLE);
        };
        let parameters: Parameters = serde_json::from_str(payload.get()).map_err(|_| UNREADABLE)?;
        if !parameters.are_well_formed() {
            return Err(UNREADABLE);
        }
        let most = self.context.app.settings.max_operations;
        let many = {
            let running = all(&self.running);
            if running.contains_key(&id) {
                let shown: String = id.chars().take(20).collect();
                return Err((4409, format!("Subscriber for {shown} already exists").into()));
            }
            running.len() >= most
        };
        let operation = if many {
            let message = format!("A socket runs at most {most} operations at once: complete one first");
            Err(RequestError::new(StatusCode::TOO_MANY_REQUESTS, "LIMIT", message))
        } else {
            self.context.prepare(parameters)
        };
        match operation {
            Err(refusal) => self.say(&failed(&id, &[refusal.error()])).await,
            Ok(operation) => {
                let run = SocketOperation {
                    context: self.context.clone(),
                    id: id.clone(),
                    sender: self.sender.clone(),
                    running: Arc::clone(&self.running),
                };
                // Held until the operation is listed: it may end at once, and takes itself off the list.
                let mut running = all(&self.running);
                running.insert(id, tokio::spawn(run.run(operation)).abort_handle());
                Ok(())
            }
        }
    }

    async fn say(&self, message: &Value) -> Result<(), SharedError> {
        // A writer that is gone is noticed by the loop that listens.
        let _ = self.sender.send(Message::Text(message.to_string().into())).await;
        Ok(())
    }
}

/// An operation that a client asked for.
struct SocketOperation {
    context: RequestContext,
    id: String,
    sender: Sender<Message>,
    running: Running,
}

impl SocketOperation {
    async fn run(self, operation: PreparedOperation) {
        let mut outcomes: BoxStream<'_, Outcome> = if operation.kind == OperationType::Subscription {
            match self.context.follow(operation) {
                Ok(outcomes) => outcomes.boxed(),
                Err(refusal) => return self.end(failed(&self.id, &[refusal.error()]).to_string()).await,
            }
        } else {
            stream::once(self.context.run(operation)).boxed()
        };
        while let Some(outcome) = outcomes.next().await {
            if outcome.refusal.is_some() {
                return self.end(failed(&self.id, &outcome.errors).to_string()).await;
            }
            let answer = String::from_utf8_lossy(&outcome.body);
            let next = format!(r#"{{"id":{},"type":"next","payload":{answer}}}"#, text(&self.id));
            if self.sender.send(Message::Text(next.into())).await.is_err() {
                return;
            }
        }
        self.end(json!({ "id": self.id, "type": "complete" }).to_string()).await;
    }

    /// Says the last word; the id is free for another operation before the client reads it.
    async fn end(&self, message: String) {
        all(&self.running).remove(&self.id);
        let _ = self.sender.send(Message::Text(message.into())).await;
    }
}

fn all(running: &Running) -> MutexGuard<'_, HashMap<String, AbortHandle>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(id: &str, errors: &[ServerError]) -> Value {
    json!({ "id": id, "type": "error", "payload": errors })
}

fn object(payload: Option<&RawValue>) -> Result<Option<Map<String, Value>>, SharedError> {
    payload.map(|payload| serde_json::from_str(payload.get())).transpose().map_err(|_| UNREADABLE)
}
