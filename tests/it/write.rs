//! Concurrent and repeated writes: expected versions and idempotency keys.

use serde_json::{Value, json};

use crate::access::create_key;
use crate::fixture::databases;
use crate::server::Server;

const WRITE: &str = "mutation($r: [JSON!]!, $v: [ExpectedVersion!]! = [], $k: String) {
    importRecords(dataset: \"api\", records: $r, expectedVersions: $v, idempotencyKey: $k) { written counts { kind created updated } } }";

fn event(title: &str) -> Value {
    json!({ "kind": "event", "key": "e", "type": "VISIT", "title": title, "participations": [{ "thing": "a car", "role": "OBJECT" }] })
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or("written")
}

/// Of two clients that change the same version of a record, the second gets `CONFLICT`.
#[tokio::test]
async fn write_with_an_outdated_version_is_rejected() {
    for fixture in databases().await {
        let key = create_key(&fixture, "one", "write");
        let server = Server::start_with(&fixture, &[]).with_key(&key);
        let write = async |title: &str, version: Value| {
            let versions = json!([{ "key": "e", "version": version }]);
            server.query_with(WRITE, json!({ "r": [event(title)], "v": versions })).await
        };
        let version = async || {
            let query = "{ event(record: { dataset: \"api\", key: \"e\" }) { title record { version } participations { nodes { record { version } } } } }";
            let event = server.query(query).await["data"]["event"].take();
            assert_eq!(
                event["record"], event["participations"]["nodes"][0]["record"],
                "a child record has the version of its parent"
            );
            event["record"]["version"].clone()
        };
        assert_eq!(code(&write("First", json!(null)).await), "written");
        assert_eq!(code(&write("Again", json!(null)).await), "CONFLICT");
        let seen = version().await;
        assert_eq!(code(&write("By one", seen.clone()).await), "written");
        let late = write("By the other", seen.clone()).await;
        assert_eq!(code(&late), "CONFLICT");
        assert!(late["errors"][0]["message"].as_str().unwrap().contains("`e` was changed since you read it"), "{late}");
        let data = server.query("{ events { nodes { title } } }").await;
        assert_eq!(data["data"]["events"]["nodes"], json!([{ "title": "By one" }]));
        assert_ne!(version().await, seen);
        assert_eq!(code(&write("By the other", version().await).await), "written");
        assert_eq!(code(&write("x", json!("nonsense")).await), "BAD_INPUT");
    }
}

/// A client that lost the response can repeat the write: it gets the same response, and nothing is written again.
#[tokio::test]
async fn write_with_a_repeated_idempotency_key_is_done_once() {
    for fixture in databases().await {
        let keys = (create_key(&fixture, "one", "write"), create_key(&fixture, "other", "write"));
        let server = Server::start_with(&fixture, &[]).with_key(&keys.0);
        let write = async |server: &Server, title: &str, key: &str| {
            server.query_with(WRITE, json!({ "r": [event(title)], "k": key })).await
        };
        let first = write(&server, "First", "a").await;
        assert_eq!(first["data"]["importRecords"]["written"], true, "{first}");
        assert_eq!(write(&server, "Second", "b").await["data"]["importRecords"]["written"], true);
        assert_eq!(write(&server, "First", "a").await["data"], first["data"]);
        assert_eq!(code(&write(&server, "Other", "a").await), "CONFLICT");
        assert_eq!(code(&write(&server, "Other", "").await), "BAD_INPUT");
        let data = server.query("{ events { nodes { title } } changes { totalCount } }").await;
        assert_eq!(
            data["data"],
            json!({ "events": { "nodes": [{ "title": "Second" }] }, "changes": { "totalCount": 2 } })
        );
        // Idempotency keys of different API keys are independent.
        let server = server.with_key(&keys.1);
        assert_eq!(code(&write(&server, "Third", "a").await), "written");
    }
}
