//! Subscriptions: changes over server-sent events and WebSockets.

use std::time::Duration;

use futures_util::StreamExt;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::access::create_key;
use crate::command::newsgraph;
use crate::fixture::{databases, records};
use crate::server::Server;
use crate::websocket::Socket;

const SUBSCRIPTION: &str = "subscription($after: String, $filter: ChangeFilter) {
    changes(after: $after, filter: $filter) { cursor node { kind operation node { ... on Event { title } ... on Person { label } } } } }";

/// An open stream of server-sent events.
pub struct EventStream {
    response: reqwest::Response,
    rest: String,
}

impl EventStream {
    pub async fn open(server: &Server, key: Option<&str>, variables: Value) -> Self {
        let request = server.client.post(format!("{}/graphql", server.address)).header(ACCEPT, "text/event-stream");
        let request = if let Some(key) = key { request.bearer_auth(key) } else { request };
        let body = json!({ "query": SUBSCRIPTION, "variables": variables }).to_string();
        let response = request.header(CONTENT_TYPE, "application/json").body(body).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.headers()[CONTENT_TYPE].to_str().unwrap().starts_with("text/event-stream"));
        Self { response, rest: String::new() }
    }

    /// Returns name and data of the next event, or `None` when the stream has ended.
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
                    timeout(Duration::from_secs(20), self.response.chunk()).await.expect("an event within 20 seconds");
                self.rest.push_str(std::str::from_utf8(&chunk.ok()??).unwrap());
            }
        }
    }

    pub async fn next_change(&mut self) -> Value {
        let (event, mut data) = self.next().await.expect("the stream has not ended");
        assert_eq!(event, "next", "{data}");
        data["data"]["changes"].take()
    }
}

fn event(key: usize) -> Value {
    json!({ "kind": "event", "key": format!("event-{key}"), "type": "OTHER", "title": format!("Event {key}") })
}

/// Each change arrives once and in commit order, whichever process wrote it. A disconnected client resumes with `after`.
#[tokio::test(flavor = "multi_thread")]
async fn changes_arrive_once_in_order_and_resume_by_cursor() {
    for fixture in databases().await {
        let (one, other) = (Server::start_with(&fixture, &[]), Server::start_with(&fixture, &[]));
        let mut follower = EventStream::open(&one, None, json!({})).await;
        let mut filtered = EventStream::open(&other, None, json!({ "filter": { "kind": { "eq": "ACTOR" } } })).await;
        // Both streams have to be open before anything is written.
        tokio::time::sleep(Duration::from_millis(500)).await;
        for key in 0..5 {
            let lines: Vec<Value> = (key * 60..key * 60 + 60).map(event).collect();
            assert_eq!(fixture.import_lines(&lines).await.problems, []);
        }
        let person = json!({ "kind": "person", "key": "ann", "label": "Ann" });
        assert_eq!(fixture.import_lines(&[person]).await.problems, []);
        let mut cursors = Vec::new();
        for key in 0..150 {
            let change = follower.next_change().await;
            assert_eq!(change["node"]["node"]["title"], format!("Event {key}"));
            cursors.push(change["cursor"].as_str().unwrap().to_owned());
        }
        drop(follower);
        let mut resumed = EventStream::open(&other, None, json!({ "after": cursors[99] })).await;
        for (key, cursor) in cursors.iter().enumerate().skip(100) {
            let change = resumed.next_change().await;
            assert_eq!(
                (&change["cursor"], &change["node"]["node"]["title"]),
                (&json!(cursor), &json!(format!("Event {key}")))
            );
        }
        for key in 150..300 {
            assert_eq!(resumed.next_change().await["node"]["node"]["title"], format!("Event {key}"));
        }
        assert_eq!(resumed.next_change().await["node"]["node"]["label"], "Ann");
        assert_eq!(
            filtered.next_change().await["node"],
            json!({ "kind": "ACTOR", "operation": "CREATE", "node": { "label": "Ann" } })
        );
        // The list of changes has the same cursors.
        let page = "query($after: String) { changes(first: 2, after: $after) { edges { cursor } } }";
        let list = one.query_with(page, json!({ "after": cursors[40] })).await;
        let list: Vec<&Value> =
            list["data"]["changes"]["edges"].as_array().unwrap().iter().map(|edge| &edge["cursor"]).collect();
        assert_eq!(list, [&cursors[41], &cursors[42]]);
    }
}

/// A random filter of changes, nested at most this deep.
fn random_filter(random: &mut ChaCha8Rng, depth: usize) -> Value {
    let some = |random: &mut ChaCha8Rng, names: &[&str]| -> Vec<String> {
        names.iter().filter(|_| random.random_bool(0.4)).map(|name| (*name).to_owned()).collect()
    };
    let mut filter = serde_json::Map::new();
    for (field, names) in [("operation", ["CREATE", "UPDATE", "DELETE"]), ("kind", ["EVENT", "ACTOR", "PLACE"])] {
        let test = match random.random_range(0..8) {
            0 => json!({ "eq": names[0] }),
            1 => json!({ "in": some(random, &names) }),
            2 => json!({ "notIn": some(random, &names), "isNull": false }),
            3 => json!({ "isNull": true }),
            4 => json!({}),
            _ => continue,
        };
        filter.insert(field.to_owned(), test);
    }
    if depth > 0 {
        let list = |random: &mut ChaCha8Rng| -> Vec<Value> {
            (0..random.random_range(0..3)).map(|_| random_filter(random, depth - 1)).collect()
        };
        for field in ["and", "or"] {
            if random.random_bool(0.4) {
                filter.insert(field.to_owned(), json!(list(random)));
            }
        }
        if random.random_bool(0.4) {
            filter.insert("not".to_owned(), random_filter(random, depth - 1));
        }
    }
    Value::Object(filter)
}

/// A subscription delivers exactly the changes that the list of the same filter has.
#[tokio::test(flavor = "multi_thread")]
async fn filters_select_the_same_changes_as_in_the_list() {
    for fixture in databases().await {
        let server = Server::start(&fixture);
        let place = |label: &str| json!({ "kind": "place", "key": "here", "label": label, "type": "CITY" });
        fixture.import_lines(&[event(0), event(1), place("Here")]).await;
        fixture.import_lines(&[json!({ "kind": "person", "key": "ann", "label": "Ann" }), place("There")]).await;
        let removed = newsgraph(&fixture, &["delete", "--dataset", "test", "event-1"], "");
        assert!(removed.status.success(), "{removed:?}");
        let list =
            "query($filter: ChangeFilter) { changes(first: 500, filter: $filter) { nodes { id } edges { cursor } } }";
        let first = server.query_with("{ changes(first: 1) { edges { cursor } } }", json!({})).await;
        let first = &first["data"]["changes"]["edges"][0]["cursor"];
        let mut random = ChaCha8Rng::seed_from_u64(21);
        let mut lengths = std::collections::BTreeSet::new();
        for _ in 0..60 {
            let filter = random_filter(&mut random, 2);
            let expected = server.query_with(list, json!({ "filter": filter })).await;
            let expected =
                expected["data"]["changes"]["edges"].as_array().unwrap_or_else(|| panic!("{filter} {expected}"));
            let expected: Vec<&Value> =
                expected.iter().map(|edge| &edge["cursor"]).filter(|cursor| *cursor != first).collect();
            let mut stream = EventStream::open(&server, None, json!({ "filter": filter, "after": first })).await;
            for cursor in &expected {
                assert_eq!(&&stream.next_change().await["cursor"], cursor, "{filter}");
            }
            let more = timeout(Duration::from_millis(50), stream.next_change()).await;
            assert!(more.is_err(), "{filter}: {more:?}");
            lengths.insert(expected.len());
        }
        assert!(lengths.len() >= 4, "the filters match different numbers of changes: {lengths:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_cursor_is_rejected_and_ends_the_stream() {
    for fixture in databases().await {
        let server = Server::start(&fixture);
        let mut events = EventStream::open(&server, None, json!({ "after": "nonsense" })).await;
        let (name, data) = events.next().await.unwrap();
        assert_eq!(name, "next");
        assert_eq!(data["errors"][0]["extensions"]["code"], "BAD_INPUT", "{data}");
        assert_eq!(events.next().await.unwrap().0, "complete");
        assert_eq!(events.next().await, None);
        // Without `Accept: text/event-stream` a subscription is rejected.
        let answer = server.post(json!({ "query": SUBSCRIPTION }).to_string()).await;
        assert_eq!(answer.status(), 406);
    }
}

/// Revoking a key ends its event streams and WebSockets.
#[tokio::test(flavor = "multi_thread")]
async fn revoked_key_ends_its_streams() {
    for fixture in databases().await {
        let key = create_key(&fixture, "follower", "read");
        let server = Server::start_with(&fixture, &["--read-with-key"]);
        let mut events = EventStream::open(&server, Some(&key), json!({})).await;
        let mut socket = Socket::open(&server, Some(&key)).await;
        socket.subscribe(&json!({ "query": SUBSCRIPTION })).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(fixture.import(&records(&[event(1)])).await.problems, []);
        assert_eq!(events.next_change().await["node"]["node"]["title"], "Event 1");
        let next = socket.receive().await;
        assert!(next.to_string().contains("Event 1"), "{next}");
        assert_eq!(newsgraph(&fixture, &["key", "revoke", "follower"], "").status.code(), Some(0));
        assert_eq!(events.next().await, None);
        let close = timeout(Duration::from_secs(20), socket.0.next()).await.unwrap().unwrap().unwrap();
        let Message::Close(Some(frame)) = close else { panic!("{close}") };
        assert_eq!(u16::from(frame.code), 4403);
    }
}

/// The server disconnects a client that stops reading, without a panic.
#[tokio::test(flavor = "multi_thread")]
async fn client_that_stops_reading_is_disconnected_without_a_panic() {
    for fixture in databases().await {
        let lines: Vec<Value> = (0..300).map(event).collect();
        assert_eq!(fixture.import_lines(&lines).await.problems, []);
        let server = Server::start_with(&fixture, &["--write-timeout", "1"]);
        let first = server.query("{ changes(first: 1) { edges { cursor } } }").await;
        let mut socket = Socket::open(&server, None).await;
        // Long aliases make large responses, so that the network buffers fill up.
        let long: String = (0..150).map(|at| format!("a{at:0>400}: kind ")).collect();
        let query = format!("subscription($after: String) {{ changes(after: $after) {{ node {{ {long} }} }} }}");
        let variables = json!({ "after": first["data"]["changes"]["edges"][0]["cursor"] });
        socket.subscribe(&json!({ "query": query, "variables": variables })).await;
        let cut_off = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            while server.metric("newsgraph_sockets").await > 0.0 {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        timeout(Duration::from_secs(30), cut_off).await.expect("the server closes the socket");
        assert!(!server.log().contains("panicked"), "{}", server.log());
    }
}
