//! A web socket to a server, greeted.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::server::Server;

pub struct Socket(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub async fn open(server: &Server, key: Option<&str>) -> Self {
        let mut request = format!("{}/graphql", server.address.replace("http", "ws")).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let mut socket = Self(socket);
        let payload = key.map(|key| json!({ "Authorization": format!("Bearer {key}") }));
        socket.say(&json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.hear().await, json!({ "type": "connection_ack" }));
        socket
    }

    pub async fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    pub async fn hear(&mut self) -> Value {
        let message = self.0.next().await.unwrap().unwrap().into_text().unwrap();
        serde_json::from_str(&message).unwrap()
    }

    pub async fn subscribe(&mut self, payload: &Value) {
        self.say(&json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
    }

    /// The answer to what is no subscription.
    pub async fn ask(&mut self, payload: &Value) -> Value {
        self.subscribe(payload).await;
        let mut next = self.hear().await;
        assert_eq!(self.hear().await, json!({ "id": "1", "type": "complete" }));
        next["payload"].take()
    }
}
