//! Exports over HTTP: scopes, rate limits, and exports that end early.

use std::io::Read;

use newsgraph::export::Format;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::access::create_key;
use crate::command::{newsgraph, text};
use crate::export::table;
use crate::fixture::{databases, databases_with_story};
use crate::server::Server;

#[tokio::test]
async fn export_endpoint_serves_files_and_rejects_invalid_requests() {
    for fixture in databases_with_story().await {
        let server = Server::start(&fixture);
        let graph = server.get("/export/graph.jsonl").await;
        assert_eq!(graph.status(), 200);
        assert_eq!(graph.headers()["content-type"], "application/x-ndjson");
        assert_eq!(graph.headers()["content-disposition"], "attachment; filename=\"graph.jsonl\"");
        assert_eq!(graph.text().await.unwrap(), fixture.export_records().await);
        let packed =
            server.client.get(format!("{}/export/graph.jsonl", server.address)).header("accept-encoding", "gzip");
        let packed = packed.send().await.unwrap();
        assert_eq!(packed.headers()["content-encoding"], "gzip");
        let mut whole = String::new();
        flate2::read::GzDecoder::new(&packed.bytes().await.unwrap()[..]).read_to_string(&mut whole).unwrap();
        assert_eq!(whole, fixture.export_records().await);
        let visits = server.get(r#"/export/event.csv?filter={"type":{"eq":"VISIT"}}"#).await;
        assert!(table(&visits.text().await.unwrap()).iter().all(|row| row["type"] == "VISIT"));
        for (path, status, code) in [
            ("/export/event.doc", 400, "BAD_INPUT"),
            ("/export/events.csv", 400, "BAD_INPUT"),
            ("/export/event", 400, "BAD_INPUT"),
            ("/export/graph.csv", 400, "BAD_INPUT"),
            ("/export/event.csv?filter={", 400, "BAD_INPUT"),
            (r#"/export/event.csv?filter={"typ":{}}"#, 400, "BAD_INPUT"),
            ("/export/event.csv?filtre={}", 400, "BAD_INPUT"),
            (r#"/export/event.csv?filter={"slug":{"eq":"nothing"}}"#, 404, "NOT_FOUND"),
            ("/export/graph.jsonl?dataset=nothing", 404, "NOT_FOUND"),
        ] {
            let refused = server.get(path).await;
            assert_eq!(refused.status(), status, "{path}");
            let body: Value = serde_json::from_str(&refused.text().await.unwrap()).unwrap();
            assert_eq!(body["errors"][0]["extensions"]["code"], code, "{path}: {body}");
            assert!(body.get("data").is_none());
        }
        let deep = format!("/export/event.csv?filter={}1{}", "{\"not\":".repeat(40), "}".repeat(40));
        let refused: Value = serde_json::from_str(&server.get(&deep).await.text().await.unwrap()).unwrap();
        assert_eq!(refused["errors"][0]["extensions"]["code"], "LIMIT", "{refused}");
    }
}

#[tokio::test]
async fn export_requires_the_read_scope() {
    for fixture in databases_with_story().await {
        let (reader, writer) = (create_key(&fixture, "page", "read"), create_key(&fixture, "feeds", "write"));
        let server = Server::start_with(&fixture, &["--read-with-key"]);
        assert_eq!(server.get("/export/graph.jsonl").await.status(), 401);
        let server = server.with_key(&writer);
        assert_eq!(server.get("/export/graph.jsonl").await.status(), 403);
        let server = server.with_key(&reader);
        assert_eq!(server.get("/export/graph.jsonl").await.text().await.unwrap(), fixture.export_records().await);
    }
}

/// A client that disconnects during an export releases the database connection.
#[tokio::test]
async fn export_stops_when_the_client_disconnects() {
    for fixture in databases().await {
        let generated = text(&newsgraph(&fixture, &["generate", "--events", "3000", "--seed", "5"], "").stdout);
        assert_eq!(fixture.import(&generated).await.problems, []);
        let server = Server::start(&fixture);
        for _ in 0..12 {
            let mut response = server.get("/export/graph.jsonl").await;
            let mut tries = 0;
            while response.status() == 503 && tries < 100 {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                response = server.get("/export/graph.jsonl").await;
                tries += 1;
            }
            assert_eq!(response.status(), 200, "exports of disconnected clients still hold their connections");
            assert!(response.chunk().await.unwrap().is_some());
        }
        assert_eq!(server.get("/health/ready").await.status(), 200);
    }
}

/// A failing export aborts the connection, so that the client cannot mistake a partial file for a complete one.
#[tokio::test]
async fn failed_export_aborts_the_connection() {
    for fixture in databases().await {
        let people: Vec<Value> =
            (0..1200).map(|at| json!({ "kind": "person", "key": format!("p{at}"), "label": "Ann" })).collect();
        assert_eq!(fixture.import_lines(&people).await.problems, []);
        // A row that newsgraph would never write. It comes after the first batch, so the response has already started.
        let broken = "UPDATE record SET kind = 'NO SUCH KIND' WHERE key = 'p1100'";
        fixture.db.connection().execute_unprepared(broken).await.unwrap();
        let server = Server::start(&fixture);
        // The connection may be aborted before the response headers are sent.
        if let Ok(broken) = server.client.get(format!("{}/export/graph.jsonl", server.address)).send().await {
            assert_eq!(broken.status(), 200);
            assert!(broken.bytes().await.is_err(), "the truncated export looks complete");
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("graph.jsonl");
        let done = newsgraph(&fixture, &["export", "--output", file.to_str().unwrap()], "");
        assert_ne!(done.status.code(), Some(0));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

/// With a low rate limit the export is throttled, but complete.
#[tokio::test]
async fn rate_limit_slows_an_export_without_truncating_it() {
    for fixture in databases_with_story().await {
        let whole = fixture.export_text(Format::Csv, Some("name"), None).await;
        let rows = table(&whole).len();
        let rate = (rows * 5).to_string();
        let server = Server::start_with(&fixture, &["--rate", &rate]);
        let started = std::time::Instant::now();
        assert_eq!(server.get("/export/name.csv").await.text().await.unwrap(), whole);
        let waited = started.elapsed();
        assert!(waited.as_millis() > 200, "{waited:?}");
        let refused = server.get("/export/name.csv").await;
        assert_eq!(refused.status(), 429);
    }
}

/// An export that is throttled for hours ends as soon as its key is revoked or the server stops.
#[tokio::test(flavor = "multi_thread")]
async fn throttled_export_ends_when_its_key_is_revoked_or_the_server_stops() {
    let limit = std::time::Duration::from_secs(60);
    for fixture in databases_with_story().await {
        for ends_with_key in [true, false] {
            let name = format!("reader-{ends_with_key}");
            let reader = create_key(&fixture, &name, "read");
            let flags = ["--read-with-key", "--rate", "5", "--grace", "2"];
            let mut server = Server::start_with(&fixture, &flags);
            let request = server.client.get(format!("{}/export/name.csv", server.address)).bearer_auth(&reader);
            let whole = tokio::spawn(async move { request.send().await?.bytes().await });
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            assert!(!whole.is_finished(), "the export is not throttled");
            if ends_with_key {
                assert_eq!(newsgraph(&fixture, &["key", "revoke", &name], "").status.code(), Some(0));
            } else {
                server.terminate();
            }
            let ended = tokio::time::timeout(limit, whole).await.expect("the export does not end").unwrap();
            assert!(ended.is_err(), "the truncated export looks complete");
            if !ends_with_key {
                assert_eq!(server.wait().code(), Some(0));
            }
        }
    }
}
