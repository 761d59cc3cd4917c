//! The API inside another axum program: `examples/embed.rs` over real HTTP and a real WebSocket.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use async_graphql::Request;
use futures_util::{SinkExt, StreamExt};
use newsgraph::embed::EmbeddedApi;
use newsgraph::graphql::{self, Session};
use reqwest::Client;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::fixture::{Fixture, databases, records};

struct Example {
    child: Child,
    address: String,
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Example {
    fn start(fixture: &Fixture) -> Self {
        // `cargo test` builds the example, but `cargo test --test it` does not.
        let built = Command::new(env!("CARGO")).args(["build", "--quiet", "--example", "embed"]).status().unwrap();
        assert!(built.success());
        let folder = std::path::Path::new(env!("CARGO_BIN_EXE_newsgraph")).parent().unwrap();
        let mut child = Command::new(folder.join("examples/embed"))
            .args([&fixture.url, "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("GraphQL is at ").unwrap().to_owned();
        newsgraph::http_client::choose_cryptography();
        Self { child, address }
    }

    async fn query(&self, body: Value) -> Value {
        let response = Client::new().post(&self.address).json(&body).send().await.unwrap();
        response.json().await.unwrap()
    }
}

#[tokio::test]
async fn embed_example_serves_queries_and_subscriptions() {
    for fixture in databases().await {
        let example = Example::start(&fixture);
        let home = example.address.replace("/graphql", "/");
        let text = Client::new().get(home).send().await.unwrap().text().await.unwrap();
        assert!(text.starts_with("A program of your own."), "{text}");

        // The responses equal those of the API.
        let query =
            "{ events(first: 3) { totalCount nodes { title place { label } participations { nodes { role } } } } }";
        let expected = fixture.api.execute(Request::new(query).data(Session::new(fixture.db.clone()))).await;
        let expected: Value = serde_json::from_str(&graphql::json(&expected.data)).unwrap();
        assert_eq!(example.query(json!({ "query": query })).await["data"], expected);
        assert_eq!(expected["events"]["totalCount"], 28);

        // An anonymous caller may not write, and the server's limits and suggestions apply.
        let code = |answer: &Value| answer["errors"][0]["extensions"]["code"].as_str().unwrap_or("none").to_owned();
        let write = json!({ "query": "mutation { deleteRecords(dataset: \"mikdam\", keys: [\"x\"]) { written } }" });
        assert_eq!(code(&example.query(write).await), "UNAUTHENTICATED");
        let nested = "{ events(first: 500) { nodes { participations(first: 500) { nodes { event { participations(first: 500) { nodes { id } } } } } } } }";
        assert_eq!(code(&example.query(json!({ "query": nested })).await), "LIMIT");
        let wrong = example.query(json!({ "query": "{ events(where: {}) { totalCount } }" })).await;
        assert_eq!(
            wrong["errors"][0]["message"], "`Query.events` has no argument `where`: did you mean `filter`?",
            "{wrong}"
        );
        let variables =
            json!({ "query": "query($n: Int!) { events(first: $n) { totalCount } }", "variables": { "n": 1 } });
        assert_eq!(example.query(variables).await["data"]["events"]["totalCount"], 28);

        // A subscription over a WebSocket receives changes that another process writes.
        let address = format!("{}/subscriptions", example.address.replace("http", "ws"));
        let mut request = address.into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let send = |message: Value| Message::text(message.to_string());
        socket.send(send(json!({ "type": "connection_init" }))).await.unwrap();
        let mut next = async || loop {
            let text = socket.next().await.unwrap().unwrap().into_text().unwrap();
            let message: Value = serde_json::from_str(&text).unwrap();
            if message["type"] != "ping" {
                return message;
            }
        };
        assert_eq!(next().await["type"], "connection_ack");
        let subscription = "subscription { changes { node { operation } } }";
        let payload = json!({ "id": "1", "type": "subscribe", "payload": { "query": subscription } });
        socket.send(send(payload)).await.unwrap();
        // The subscription delivers changes after its start only, so write until one arrives.
        let change = async {
            loop {
                if let Some(Ok(message)) = socket.next().await {
                    let message: Value = serde_json::from_str(&message.into_text().unwrap()).unwrap();
                    if message["type"] == "next" {
                        return message;
                    }
                }
            }
        };
        let write = async {
            for at in 0.. {
                let line = json!({ "kind": "person", "key": format!("p{at}"), "label": "P" });
                assert_eq!(fixture.import(&records(&[line])).await.problems, []);
                tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            }
        };
        let message = tokio::select! { message = change => message, () = write => unreachable!() };
        assert_eq!(message["payload"]["data"]["changes"]["node"]["operation"], "CREATE", "{message}");
    }
}

#[tokio::test]
async fn embedded_caller_with_write_scope_may_write() {
    use async_graphql::Executor;
    use newsgraph::auth::{Caller, Scope};
    for fixture in databases().await {
        let caller = Caller { name: Some("desk".into()), scopes: [Scope::Read, Scope::Write].into() };
        let api = EmbeddedApi::open(&fixture.url).await.unwrap().with_caller(caller);
        let mutation =
            "mutation($records: [JSON!]!) { importRecords(dataset: \"desk\", records: $records) { written } }";
        let variables = json!({ "records": [{ "kind": "person", "key": "ann", "label": "Ann" }] });
        let request = Request::new(mutation).variables(async_graphql::Variables::from_json(variables));
        let response = api.execute(request).await;
        assert_eq!(response.errors, [], "{}", fixture.url);
        assert_eq!(response.data.into_json().unwrap(), json!({ "importRecords": { "written": true } }));
        let people = api.execute(Request::new("{ people { nodes { label } } }")).await;
        assert_eq!(people.data.into_json().unwrap(), json!({ "people": { "nodes": [{ "label": "Ann" }] } }));
    }
}
