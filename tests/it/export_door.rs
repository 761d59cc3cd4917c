//! What goes out over HTTP: to whom, how fast, and what becomes of it when either side ends.

use std::io::Read;

use newsgraph::export::Format;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::access::make_key;
use crate::command::{newsgraph, text};
use crate::export::table;
use crate::fixture::{databases, stories};
use crate::server::Server;

#[tokio::test]
async fn the_door_gives_files_by_its_own_rules() {
    for fixture in stories().await {
        let server = Server::start(&fixture);
        let graph = server.get("/export/graph.jsonl").await;
        assert_eq!(graph.status(), 200);
        assert_eq!(graph.headers()["content-type"], "application/x-ndjson");
        assert_eq!(graph.headers()["content-disposition"], "attachment; filename=\"graph.jsonl\"");
        assert_eq!(graph.text().await.unwrap(), fixture.records().await);
        let packed =
            server.client.get(format!("{}/export/graph.jsonl", server.address)).header("accept-encoding", "gzip");
        let packed = packed.send().await.unwrap();
        assert_eq!(packed.headers()["content-encoding"], "gzip");
        let mut whole = String::new();
        flate2::read::GzDecoder::new(&packed.bytes().await.unwrap()[..]).read_to_string(&mut whole).unwrap();
        assert_eq!(whole, fixture.records().await);
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
async fn reading_out_takes_the_right_to_read() {
    for fixture in stories().await {
        let (reader, writer) = (make_key(&fixture, "page", "read"), make_key(&fixture, "feeds", "write"));
        let server = Server::start_with(&fixture, &["--read-with-key"]);
        assert_eq!(server.get("/export/graph.jsonl").await.status(), 401);
        let server = server.with_key(&writer);
        assert_eq!(server.get("/export/graph.jsonl").await.status(), 403);
        let server = server.with_key(&reader);
        assert_eq!(server.get("/export/graph.jsonl").await.text().await.unwrap(), fixture.records().await);
    }
}

/// A client that goes away in the midst frees what its export held.
#[tokio::test]
async fn who_goes_away_ends_the_export() {
    for fixture in databases().await {
        let made = text(&newsgraph(&fixture, &["generate", "--events", "3000", "--seed", "5"], "").stdout);
        assert_eq!(fixture.import(&made).await.problems, []);
        let server = Server::start(&fixture);
        for _ in 0..12 {
            let mut left = server.get("/export/graph.jsonl").await;
            let mut tries = 0;
            while left.status() == 503 && tries < 100 {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                left = server.get("/export/graph.jsonl").await;
                tries += 1;
            }
            assert_eq!(left.status(), 200, "no export became free");
            assert!(left.chunk().await.unwrap().is_some());
        }
        assert_eq!(server.get("/health/ready").await.status(), 200);
    }
}

/// An export that fails on its way is broken off: what came of it cannot be taken for all.
#[tokio::test]
async fn what_fails_on_its_way_is_broken_off() {
    for fixture in databases().await {
        let people: Vec<Value> =
            (0..1200).map(|at| json!({ "kind": "person", "key": format!("p{at}"), "label": "Ann" })).collect();
        assert_eq!(fixture.import_lines(&people).await.problems, []);
        // A row that no program of ours would write, behind the first batch.
        let broken = "UPDATE record SET kind = 'NO SUCH KIND' WHERE key = 'p1100'";
        fixture.db.connection().execute_unprepared(broken).await.unwrap();
        let server = Server::start(&fixture);
        // It may break off before the head of the answer was sent.
        if let Ok(broken) = server.client.get(format!("{}/export/graph.jsonl", server.address)).send().await {
            assert_eq!(broken.status(), 200);
            assert!(broken.bytes().await.is_err(), "it looks whole");
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("graph.jsonl");
        let done = newsgraph(&fixture, &["export", "--output", file.to_str().unwrap()], "");
        assert_ne!(done.status.code(), Some(0));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

/// Who may ask for little is given it little by little, and all of it.
#[tokio::test]
async fn a_rate_slows_an_export_and_does_not_cut_it() {
    for fixture in stories().await {
        let whole = fixture.out(Format::Csv, Some("name"), None).await;
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

/// Who waits for the rest at a rate that would take hours is ended at once with the key, and with the server.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_waits_ends_with_its_key_and_with_the_server() {
    let limit = std::time::Duration::from_secs(60);
    for fixture in stories().await {
        for ends_with_key in [true, false] {
            let name = format!("reader-{ends_with_key}");
            let reader = make_key(&fixture, &name, "read");
            let flags = ["--read-with-key", "--rate", "5", "--grace", "2"];
            let mut server = Server::start_with(&fixture, &flags);
            let request = server.client.get(format!("{}/export/name.csv", server.address)).bearer_auth(&reader);
            let whole = tokio::spawn(async move { request.send().await?.bytes().await });
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            assert!(!whole.is_finished(), "it does not wait");
            if ends_with_key {
                assert_eq!(newsgraph(&fixture, &["key", "revoke", &name], "").status.code(), Some(0));
            } else {
                server.terminate();
            }
            let ended = tokio::time::timeout(limit, whole).await.expect("it waits on").unwrap();
            assert!(ended.is_err(), "it looks whole");
            if !ends_with_key {
                assert_eq!(server.wait().code(), Some(0));
            }
        }
    }
}
