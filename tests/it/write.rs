//! Writes by the API: two clients at once, and one that asks twice.

use serde_json::{Value, json};

use crate::access::make_key;
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

/// Of two clients that change what both have read, one wins and the other is told.
#[tokio::test]
async fn a_write_on_top_of_an_old_version_is_refused() {
    for fixture in databases().await {
        let key = make_key(&fixture, "one", "write");
        let server = Server::start_with(&fixture, &[]).with_key(&key);
        let write = async |title: &str, version: Value| {
            let versions = json!([{ "key": "e", "version": version }]);
            server.ask_with(WRITE, json!({ "r": [event(title)], "v": versions })).await
        };
        let version = async || {
            let query = "{ event(record: { dataset: \"api\", key: \"e\" }) { title record { version } participations { nodes { record { version } } } } }";
            let event = server.ask(query).await["data"]["event"].take();
            assert_eq!(
                event["record"], event["participations"]["nodes"][0]["record"],
                "a part has the version of its whole"
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
        let data = server.ask("{ events { nodes { title } } }").await;
        assert_eq!(data["data"]["events"]["nodes"], json!([{ "title": "By one" }]));
        assert_ne!(version().await, seen);
        assert_eq!(code(&write("By the other", version().await).await), "written");
        assert_eq!(code(&write("x", json!("nonsense")).await), "BAD_INPUT");
    }
}

/// A write whose answer was lost can be asked for again: it is answered again, and not done again.
#[tokio::test]
async fn a_repeated_write_is_done_once() {
    for fixture in databases().await {
        let keys = (make_key(&fixture, "one", "write"), make_key(&fixture, "other", "write"));
        let server = Server::start_with(&fixture, &[]).with_key(&keys.0);
        let write = async |server: &Server, title: &str, key: &str| {
            server.ask_with(WRITE, json!({ "r": [event(title)], "k": key })).await
        };
        let first = write(&server, "First", "a").await;
        assert_eq!(first["data"]["importRecords"]["written"], true, "{first}");
        assert_eq!(write(&server, "Second", "b").await["data"]["importRecords"]["written"], true);
        assert_eq!(write(&server, "First", "a").await["data"], first["data"]);
        assert_eq!(code(&write(&server, "Other", "a").await), "CONFLICT");
        assert_eq!(code(&write(&server, "Other", "").await), "BAD_INPUT");
        let data = server.ask("{ events { nodes { title } } changes { totalCount } }").await;
        assert_eq!(
            data["data"],
            json!({ "events": { "nodes": [{ "title": "Second" }] }, "changes": { "totalCount": 2 } })
        );
        // What another writer calls its writes is its own concern.
        let server = server.with_key(&keys.1);
        assert_eq!(code(&write(&server, "Third", "a").await), "written");
    }
}
