//! What is written, followed while it is written.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::access::make_key;
use crate::command::newsgraph;
use crate::fixture::{databases, records};
use crate::server::Server;
use crate::socket::Socket;

const FOLLOW: &str = "subscription($after: String, $filter: ChangeFilter) {
    changes(after: $after, filter: $filter) { cursor node { kind operation node { ... on Event { title } ... on Person { label } } } } }";

/// A stream of events being read.
pub struct Events {
    response: reqwest::Response,
    rest: String,
}

impl Events {
    pub async fn open(server: &Server, key: Option<&str>, variables: Value) -> Self {
        let request = server.client.post(format!("{}/graphql", server.address)).header(ACCEPT, "text/event-stream");
        let request = if let Some(key) = key { request.bearer_auth(key) } else { request };
        let body = json!({ "query": FOLLOW, "variables": variables }).to_string();
        let response = request.header(CONTENT_TYPE, "application/json").body(body).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.headers()[CONTENT_TYPE].to_str().unwrap().starts_with("text/event-stream"));
        Self { response, rest: String::new() }
    }

    /// The next event's name and data; none when the stream has ended.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.rest.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.rest = rest;
                let field =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
                if !event.starts_with(':') {
                    let data = serde_json::from_str(field("data:")).unwrap_or_default();
                    return Some((field("event:").to_owned(), data));
                }
            } else {
                let chunk =
                    timeout(Duration::from_secs(20), self.response.chunk()).await.expect("an event comes in time");
                self.rest.push_str(std::str::from_utf8(&chunk.ok()??).unwrap());
            }
        }
    }

    pub async fn change(&mut self) -> Value {
        let (event, mut data) = self.next().await.expect("the stream goes on");
        assert_eq!(event, "next", "{data}");
        data["data"]["changes"].take()
    }
}

fn event(key: usize) -> Value {
    json!({ "kind": "event", "key": format!("event-{key}"), "type": "OTHER", "title": format!("Event {key}") })
}

/// Each change comes once and in the order of commits, from whichever process, and a client goes on where it was cut off.
#[tokio::test(flavor = "multi_thread")]
async fn changes_come_once_in_order_and_go_on_by_cursor() {
    for fixture in databases().await {
        let (one, other) = (Server::start_with(&fixture, &[]), Server::start_with(&fixture, &[]));
        let mut follower = Events::open(&one, None, json!({})).await;
        let mut filtered = Events::open(&other, None, json!({ "filter": { "kind": { "eq": "ACTOR" } } })).await;
        // Both have to stand before anything is written.
        tokio::time::sleep(Duration::from_millis(500)).await;
        for key in 0..5 {
            let lines: Vec<Value> = (key * 60..key * 60 + 60).map(event).collect();
            assert_eq!(fixture.import_lines(&lines).await.problems, []);
        }
        let person = json!({ "kind": "person", "key": "ann", "label": "Ann" });
        assert_eq!(fixture.import_lines(&[person]).await.problems, []);
        let mut cursors = Vec::new();
        for key in 0..150 {
            let change = follower.change().await;
            assert_eq!(change["node"]["node"]["title"], format!("Event {key}"));
            cursors.push(change["cursor"].as_str().unwrap().to_owned());
        }
        drop(follower);
        let mut resumed = Events::open(&other, None, json!({ "after": cursors[99] })).await;
        for (key, cursor) in cursors.iter().enumerate().skip(100) {
            let change = resumed.change().await;
            assert_eq!(
                (&change["cursor"], &change["node"]["node"]["title"]),
                (&json!(cursor), &json!(format!("Event {key}")))
            );
        }
        for key in 150..300 {
            assert_eq!(resumed.change().await["node"]["node"]["title"], format!("Event {key}"));
        }
        assert_eq!(resumed.change().await["node"]["node"]["label"], "Ann");
        assert_eq!(
            filtered.change().await["node"],
            json!({ "kind": "ACTOR", "operation": "CREATE", "node": { "label": "Ann" } })
        );
        // The list has the same cursors.
        let page = "query($after: String) { changes(first: 2, after: $after) { edges { cursor } } }";
        let list = one.ask_with(page, json!({ "after": cursors[40] })).await;
        let list: Vec<&Value> =
            list["data"]["changes"]["edges"].as_array().unwrap().iter().map(|edge| &edge["cursor"]).collect();
        assert_eq!(list, [&cursors[41], &cursors[42]]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_cursor_is_refused_and_the_stream_ends() {
    for fixture in databases().await {
        let server = Server::start(&fixture);
        let mut events = Events::open(&server, None, json!({ "after": "nonsense" })).await;
        let (name, data) = events.next().await.unwrap();
        assert_eq!(name, "next");
        assert_eq!(data["errors"][0]["extensions"]["code"], "BAD_INPUT", "{data}");
        assert_eq!(events.next().await.unwrap().0, "complete");
        assert_eq!(events.next().await, None);
        // Who asks without taking events is told how to.
        let answer = server.post(json!({ "query": FOLLOW }).to_string()).await;
        assert_eq!(answer.status(), 406);
    }
}

/// A key that is taken back ends what it opened, be it events or a socket.
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_ends_its_streams() {
    for fixture in databases().await {
        let key = make_key(&fixture, "follower", "read");
        let server = Server::start_with(&fixture, &["--read-with-key"]);
        let mut events = Events::open(&server, Some(&key), json!({})).await;
        let mut socket = Socket::open(&server, Some(&key)).await;
        socket.subscribe(&json!({ "query": FOLLOW })).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(fixture.import(&records(&[event(1)])).await.problems, []);
        assert_eq!(events.change().await["node"]["node"]["title"], "Event 1");
        let next = socket.hear().await;
        assert!(next.to_string().contains("Event 1"), "{next}");
        assert_eq!(newsgraph(&fixture, &["key", "revoke", "follower"], "").status.code(), Some(0));
        assert_eq!(events.next().await, None);
        let close = timeout(Duration::from_secs(20), socket.0.next()).await.unwrap().unwrap().unwrap();
        let Message::Close(Some(frame)) = close else { panic!("{close}") };
        assert_eq!(u16::from(frame.code), 4403);
    }
}

/// Who stops reading is cut off, and nothing breaks in the server.
#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_is_cut_off_quietly() {
    for fixture in databases().await {
        let lines: Vec<Value> = (0..300).map(event).collect();
        assert_eq!(fixture.import_lines(&lines).await.problems, []);
        let server = Server::start_with(&fixture, &["--write-timeout", "1"]);
        let first = server.ask("{ changes(first: 1) { edges { cursor } } }").await;
        let mut socket = Socket::open(&server, None).await;
        // Long names make long answers: more than the buffers on the way hold.
        let long: String = (0..150).map(|at| format!("a{at:0>400}: kind ")).collect();
        let query = format!("subscription($after: String) {{ changes(after: $after) {{ node {{ {long} }} }} }}");
        let variables = json!({ "after": first["data"]["changes"]["edges"][0]["cursor"] });
        socket.subscribe(&json!({ "query": query, "variables": variables })).await;
        let cut_off = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            while server.figure("newsgraph_sockets").await > 0.0 {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        timeout(Duration::from_secs(30), cut_off).await.expect("the server gives the socket up");
        assert!(!server.log().contains("panicked"), "{}", server.log());
    }
}
