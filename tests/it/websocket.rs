//! A WebSocket client that speaks `graphql-transport-ws`.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::server::Server;

pub struct Socket(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens a socket without initializing it.
    pub async fn connect(server: &Server) -> Self {
        Self::connect_with(server, &[]).await
    }

    /// Opens a socket with additional headers, without initializing it.
    async fn connect_with(server: &Server, headers: &[(&'static str, &str)]) -> Self {
        let mut request = format!("{}/graphql", server.address.replace("http", "ws")).into_client_request().unwrap();
        for (name, value) in [("sec-websocket-protocol", "graphql-transport-ws")].iter().chain(headers) {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        Self(socket)
    }

    pub async fn open(server: &Server, key: Option<&str>) -> Self {
        Self::connect(server).await.initialized(key).await
    }

    pub async fn open_with_request_id(server: &Server, id: &str) -> Self {
        Self::connect_with(server, &[("x-request-id", id)]).await.initialized(None).await
    }

    async fn initialized(mut self, key: Option<&str>) -> Self {
        let payload = key.map(|key| json!({ "Authorization": format!("Bearer {key}") }));
        self.send(&json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(self.receive().await, json!({ "type": "connection_ack" }));
        self
    }

    pub async fn send(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    pub async fn receive(&mut self) -> Value {
        let message = self.0.next().await.unwrap().unwrap().into_text().unwrap();
        serde_json::from_str(&message).unwrap()
    }

    pub async fn subscribe(&mut self, payload: &Value) {
        self.send(&json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
    }

    /// Returns the response to a query or mutation.
    pub async fn query(&mut self, payload: &Value) -> Value {
        self.subscribe(payload).await;
        let mut next = self.receive().await;
        assert_eq!(self.receive().await, json!({ "id": "1", "type": "complete" }));
        next["payload"].take()
    }
}
