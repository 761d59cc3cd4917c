//! A PostgreSQL server that hangs, stops and comes back: requests fail at once with a code, and succeed again by themselves.

use std::time::{Duration, Instant};

use reqwest::Response;
use serde_json::{Value, json};

use crate::access::create_key;
use crate::replica::{COUNT, Replicated, event_count, wait_until};
use crate::server::Server;

/// Sends a request and asserts that it is refused because the database is unavailable; returns the message.
async fn refused(sent: impl Future<Output = Response>, limit: Duration) -> String {
    let started = Instant::now();
    let response = sent.await;
    assert!(started.elapsed() < limit, "it took {:?}", started.elapsed());
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    let body: Value = response.json().await.unwrap();
    assert_eq!((&body["errors"][0]["extensions"]["code"], body.get("data")), (&json!("UNAVAILABLE"), None), "{body}");
    body["errors"][0]["message"].as_str().unwrap().to_owned()
}

async fn all_are_refused(server: &Server, key: &str, limit: Duration) {
    let count = || json!({ "query": COUNT }).to_string();
    let message = refused(server.post(count()), limit).await;
    assert!(message.contains("try again in a few seconds"), "{message}");
    // Known from now on.
    let limit = limit.min(Duration::from_secs(5));
    refused(server.other_client().with_key(key).post(count()), limit).await;
    refused(server.get("/export/event.jsonl"), limit).await;
    assert_eq!(server.get("/health/ready").await.status(), 503);
    assert_eq!(server.get("/health/live").await.status(), 200);
}

async fn wait_until_answered(server: &Server) {
    wait_until("queries are answered", async || server.query(COUNT).await.get("errors").is_none()).await;
    assert_eq!(server.get("/health/ready").await.status(), 200);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn requests_fail_at_once_while_the_database_is_gone() {
    let Some(replicated) = Replicated::start().await else { return };
    let primary = &replicated.cluster.primary;
    let key = create_key(&replicated.fixture, "feeds", "read,write");
    // It does not read from the replica.
    let server = Server::start(&replicated.fixture);
    let writer = server.other_client().with_key(&key);
    let before = event_count(&server.query(COUNT).await);
    assert_eq!(event_count(&writer.query(COUNT).await), before);

    // It hangs with open connections.
    primary.freeze(true);
    all_are_refused(&server, &key, Duration::from_secs(12)).await;
    primary.freeze(false);
    wait_until_answered(&server).await;
    wait_until("keys are valid", async || writer.query(COUNT).await.get("errors").is_none()).await;

    // It stops, also for writers. A replica still serves reads.
    let reader = replicated.serve();
    tokio::task::block_in_place(|| primary.kill());
    assert_eq!(event_count(&reader.query(COUNT).await), before);
    all_are_refused(&server, &key, Duration::from_secs(5)).await;
    tokio::task::block_in_place(|| primary.start());
    wait_until_answered(&server).await;

    // A mutation that has begun may have been done.
    let write = json!({
        "query": "mutation($records: [JSON!]!) { importRecords(dataset: \"api\", records: $records) { written } }",
        "variables": { "records": [{ "kind": "event", "key": "one", "type": "OTHER", "title": "One" }] },
    });
    wait_until("keys are valid", async || writer.query(COUNT).await.get("errors").is_none()).await;
    primary.freeze(true);
    let message = refused(writer.post(write.to_string()), Duration::from_secs(12)).await;
    assert!(message.contains("may have been done: repeat it"), "{message}");
    primary.freeze(false);
    wait_until("the repeated mutation is done", async || {
        let answer: Value = writer.post(write.to_string()).await.json().await.unwrap();
        answer.get("errors").is_none()
    })
    .await;
    assert_eq!(event_count(&writer.query(COUNT).await), before + 1);
    assert!(!server.log().contains("ERROR a query failed"), "{}", server.log());
}
