//! Limits on the size of responses: counted in bytes while a response is made, and for all responses together.

use std::time::{Duration, Instant};

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::fixture::{Fixture, databases};
use crate::server::Server;
use crate::websocket::Socket;

/// Memory of a process in bytes.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// A graph of articles with texts of 20 kB, each with one event as evidence.
async fn articles(fixture: &Fixture, number: usize) {
    let text = "Nobody was hurt. ".repeat(1200);
    let mut lines: Vec<Value> = (0..number)
        .map(|at| json!({ "record": "article", "key": format!("a{at}"), "language": "en", "headline": "Nobody", "text": text }))
        .collect();
    lines.push(json!({ "record": "event", "key": "e", "type": "VISIT", "title": "Visit",
                       "evidence": (0..40).map(|at| json!({ "article": "a0", "start": at, "end": at + 1 })).collect::<Vec<_>>() }));
    assert_eq!(fixture.import_lines(&lines).await.problems, []);
}

fn aliases(field: &str, number: usize) -> String {
    (0..number).map(|at| format!("a{at}: {field} ")).collect()
}

#[tokio::test]
async fn responses_are_limited_in_bytes() {
    for fixture in databases().await {
        articles(&fixture, 300).await;
        let server = Server::start_with(&fixture, &["--max-response", "3000000"]);
        let refused = [
            format!("{{ articles(first: 300) {{ nodes {{ {} }} }} }}", aliases("text", 40)),
            format!(
                "{{ articles(first: 300) {{ nodes {{ id ... @include(if: true) {{ {} }} }} }} }}",
                aliases("text", 40)
            ),
            "{ articles(first: 300) { nodes { text } } }".to_owned(),
            format!(
                "{{ search(text: \"nobody\", first: 300) {{ hits {{ node {{ ... on Article {{ {} }} }} }} }} }}",
                aliases("text", 40)
            ),
            "{ search(text: \"nobody\", first: 300) { hits { highlights { text } } } }".to_owned(),
            format!(
                "{{ events {{ nodes {{ evidence(first: 40) {{ nodes {{ article {{ {} }} }} }} }} }} }}",
                aliases("text", 10)
            ),
            // Objects that are selected twice are merged, which is another way of making a response.
            format!(
                "{{ articles(first: 300) {{ nodes {{ x: publisher {{ id }} x: publisher {{ label }} {} }} }} }}",
                aliases("text", 40)
            ),
        ];
        // Connections and their caches are not what is measured: each of the queries runs once before.
        for query in &refused {
            server.query(query).await;
        }
        let before = memory(server.process());
        for query in refused.iter().chain(&refused) {
            let started = Instant::now();
            let answer = server.query(query).await;
            let error = &answer["errors"][0];
            assert_eq!(error["extensions"]["code"], "LIMIT", "{query}: {answer}");
            assert!(error["message"].as_str().unwrap().contains("request smaller pages (`first`)"), "{answer}");
            assert!(started.elapsed() < Duration::from_secs(10), "{query}: {:?}", started.elapsed());
        }
        let grown = memory(server.process()).saturating_sub(before);
        // Without the limit, one of these responses takes several times as much.
        assert!(grown < 160 << 20, "memory grew by {grown} bytes on {}", fixture.url);
        let answer = server.query("{ articles(first: 100) { nodes { text } } }").await;
        assert!(answer.get("errors").is_none(), "{}", answer["errors"]);
    }
}

#[tokio::test]
async fn texts_of_unread_responses_are_limited_together() {
    for fixture in databases().await {
        articles(&fixture, 300).await;
        let server = Server::start_with(&fixture, &["--response-memory", "10000000", "--max-response", "8000000"]);
        let query = json!({ "query": "{ articles(first: 100) { nodes { text } } }" }).to_string();
        // Responses that nobody reads.
        let mut unread = Vec::new();
        for _ in 0..4 {
            unread.push(server.post(query.clone()).await);
        }
        let statuses: Vec<u16> = unread.iter().map(|response| response.status().as_u16()).collect();
        assert_eq!(statuses[0], 200);
        assert!(statuses.contains(&503), "{statuses:?}");
        let busy = unread.pop().unwrap();
        assert_eq!(busy.headers()["retry-after"], "1");
        // Small responses are made meanwhile.
        let answer = server.query("{ articles(first: 2) { nodes { id } } }").await;
        assert!(answer.get("errors").is_none(), "{answer}");
        drop(unread);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(server.post(query).await.status(), 200, "the memory was given back");
    }
}

#[tokio::test]
async fn errors_of_a_response_are_limited() {
    for fixture in databases().await {
        articles(&fixture, 300).await;
        let server = Server::start(&fixture);
        let query = format!(
            "{{ articles(first: 300) {{ nodes {{ {} }} }} }}",
            (0..10)
                .map(|at| format!("a{at}: evidence(first: -1) {{ totalCount nodes {{ id }} }} "))
                .collect::<String>()
        );
        let answer = server.query(&query).await;
        let errors = answer["errors"].as_array().unwrap();
        assert!(errors.len() <= 1100, "{} errors", errors.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unread_pings_take_no_memory() {
    for fixture in databases().await {
        let server = Server::start(&fixture);
        let before = memory(server.process());
        let mut flooding = Vec::new();
        for greeted in [true, true, false] {
            let mut socket = if greeted { Socket::open(&server, None).await } else { Socket::connect(&server).await };
            flooding.push(tokio::spawn(async move {
                let ping = Message::Ping(vec![7; 125].into());
                let flood = async { while socket.0.feed(ping.clone()).await.is_ok() {} };
                let _ = tokio::time::timeout(Duration::from_secs(4), flood).await;
                socket
            }));
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        let answer = server.query("{ events(first: 1) { totalCount } }").await;
        assert!(answer.get("errors").is_none(), "{answer}");
        let grown = memory(server.process()).saturating_sub(before);
        assert!(grown < 96 << 20, "memory grew by {grown} bytes on {}", fixture.url);
        for flood in flooding {
            flood.await.unwrap();
        }
    }
}

#[tokio::test]
async fn subscriptions_are_limited_in_memory() {
    let fixture = databases().await.swap_remove(0);
    let server = Server::start_with(&fixture, &["--subscription-memory", "4000000"]);
    let mut socket = Socket::open(&server, None).await;
    let parts = "{ operation: { eq: UPDATE }, kind: { in: [EVENT, ACTOR] } }, ".repeat(150);
    let query = format!("subscription {{ changes(filter: {{ or: [{parts}] }}) {{ cursor }} }}");
    let mut refused = None;
    for at in 0..40 {
        socket.send(&json!({ "id": format!("s{at}"), "type": "subscribe", "payload": { "query": query } })).await;
    }
    socket.send(&json!({ "id": "q", "type": "subscribe", "payload": { "query": "{ __typename }" } })).await;
    loop {
        let message = socket.receive().await;
        if message["type"] == "error" {
            refused = Some(message["payload"][0].clone());
        }
        if message["id"] == "q" && message["type"] == "complete" {
            break;
        }
    }
    let error = refused.expect("some subscriptions are refused");
    assert_eq!(error["extensions"]["code"], "LIMIT", "{error}");
    assert!(error["message"].as_str().unwrap().contains("--subscription-memory"), "{error}");
}
