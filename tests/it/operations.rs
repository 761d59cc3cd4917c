//! Operations: metrics, logs, settings, health checks, limits and shutdown.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use newsgraph::db::Db;
use sea_orm::Statement;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::command::{newsgraph, text};
use crate::fixture::databases;
use crate::server::Server;
use crate::websocket::Socket;

/// After SIGTERM, running requests are finished and new connections are refused; no accepted request fails.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn shutdown_finishes_running_requests() {
    for fixture in databases().await {
        let mut server = Server::start(&fixture);
        let query = "{ events(first: 500) { nodes { title participations { nodes { actor { label names { nodes { text } } } } } } } }";
        let whole = server.query(query).await.to_string();
        let answered = Arc::new(AtomicUsize::new(0));
        let clients: Vec<_> = (0..8)
            .map(|_| {
                let (address, whole, answered) = (server.address.clone(), whole.clone(), Arc::clone(&answered));
                tokio::spawn(async move {
                    // A separate client uses a separate connection.
                    let client = reqwest::Client::new();
                    loop {
                        let request = client.post(format!("{address}/graphql")).json(&json!({ "query": query }));
                        match request.send().await {
                            Ok(response) => {
                                assert_eq!(response.status(), 200);
                                assert_eq!(response.json::<Value>().await.unwrap().to_string(), whole);
                                answered.fetch_add(1, Ordering::Relaxed);
                            }
                            Err(error) => return assert!(error.is_connect() || error.is_request(), "{error:?}"),
                        }
                    }
                })
            })
            .collect();
        while answered.load(Ordering::Relaxed) < 40 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        server.terminate();
        let told = Instant::now();
        assert!(server.wait().success());
        assert!(told.elapsed() < Duration::from_secs(20));
        for client in clients {
            timeout(Duration::from_secs(5), client).await.unwrap().unwrap();
        }
        assert!(server.log().contains("stopped"), "{}", server.log());
    }
}

/// When a request is canceled, its statement is canceled in the database too.
#[tokio::test(flavor = "multi_thread")]
async fn canceled_request_cancels_its_statement() {
    for fixture in databases().await {
        let reader = fixture.db.reader().clone();
        let endless =
            "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT COUNT(*) AS all_of FROM n";
        let statement = |sql: &str| Statement::from_string(reader.backend(), sql);
        let (seats, _) = reader.occupancy();
        let all: Vec<_> = (0..seats)
            .map(|_| {
                let (reader, statement) = (reader.clone(), statement(endless));
                tokio::spawn(async move { timeout(Duration::from_millis(300), reader.all(statement)).await.is_err() })
            })
            .collect();
        for one in all {
            assert!(one.await.unwrap(), "the endless statement must run into the time limit");
        }
        let row = timeout(Duration::from_secs(10), reader.all(statement("SELECT 1 AS one"))).await.unwrap().unwrap();
        assert_eq!(row.len(), 1);
        let free = async {
            while reader.occupancy() != (seats, 0) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(10), free).await.expect("all connections are idle again");
    }
}

#[tokio::test]
async fn server_limits_return_503_504_and_429() {
    for fixture in databases().await {
        let query = json!({ "query": "query Count { events { totalCount } }" }).to_string();
        let full = Server::start_with(&fixture, &["--max-requests", "0"]);
        let refused = full.post(query.clone()).await;
        assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"1".parse().unwrap()));
        let late = Server::start_with(&fixture, &["--timeout", "0", "--example"]);
        // A timeout of 0 rejects even fast queries. `replica.rs` tests timeouts of running requests.
        let nested = "{ datasets { nodes { id } } events { nodes { participations { nodes { actor { label } } } } } }";
        let answer = late.post(json!({ "query": nested }).to_string()).await;
        assert_eq!(answer.status(), 504);
        assert_eq!(answer.json::<Value>().await.unwrap()["errors"][0]["extensions"]["code"], "TIMEOUT");
        let slow = Server::start_with(&fixture, &["--rate", "300", "--slow", "0"]);
        let first = slow.post(query.clone()).await;
        assert_eq!(
            (first.status().as_u16(), &first.headers()["ratelimit-policy"]),
            (200, &"\"cost\";q=300;w=60".parse().unwrap())
        );
        slow.post(query.clone()).await;
        let refused = slow.post(query.clone()).await;
        assert_eq!(refused.status(), 429);
        assert!(refused.headers().contains_key("retry-after"));
        assert!(slow.log().contains("slow request") && slow.log().contains("Count"), "{}", slow.log());
        let dear = slow.post(json!({ "query": "{ events(first: 500) { nodes { id } } }" }).to_string()).await;
        let dear: Value = dear.json().await.unwrap();
        assert!(dear["errors"][0]["message"].as_str().unwrap().contains("300 a minute"), "{dear}");
    }
}

#[tokio::test]
async fn metrics_count_requests_for_a_bounded_number_of_operations() {
    for fixture in databases().await {
        let server = Server::start(&fixture);
        let connections = if fixture.url.starts_with("postgres") { 16.0 } else { 8.0 };
        let answer = server.client.post(format!("{}/graphql", server.address)).header("x-request-id", "mine-1");
        let answer = answer.json(&json!({ "query": "query Visits { events { totalCount } }" })).send().await.unwrap();
        assert_eq!(answer.headers()["x-request-id"], "mine-1");
        server.query("query Broken { event { id } }").await;
        server.query("{ nope }").await;
        for (figure, value) in [
            ("newsgraph_requests_total{operation=\"Visits\",outcome=\"ok\"}", 1.0),
            ("newsgraph_requests_total{operation=\"Broken\",outcome=\"errors\"}", 1.0),
            ("newsgraph_request_seconds_count{operation=\"Visits\"}", 1.0),
            ("newsgraph_refusals_total{code=\"GRAPHQL_VALIDATION_FAILED\"}", 1.0),
            ("newsgraph_sql_statements_total", 1.0),
            ("newsgraph_requests_running", 0.0),
            ("newsgraph_database_connections", connections),
        ] {
            assert_eq!(server.metric(figure).await, value, "{figure}");
        }
        // Clients choose operation names, so the number of names in the metrics is limited.
        for name in 0..150 {
            server.query(&format!("query Q{name} {{ __typename }}")).await;
        }
        assert!(server.metric("newsgraph_requests_total{operation=\"other\",outcome=\"ok\"}").await > 40.0);
        let text = server.get("/metrics").await.text().await.unwrap();
        assert!(text.ends_with("# EOF\n"), "the format is OpenMetrics");
    }
}

#[tokio::test]
async fn settings_are_read_from_the_file_and_overridden_by_flags() {
    for fixture in databases().await {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("newsgraph.toml");
        let set = |text: &str| std::fs::write(&file, text).unwrap();
        let path = file.to_str().unwrap();
        set(
            "max-batch = 3\nexample = true\ncors-origin = [\"https://a.example\", \"https://b.example\"]\nlog-format = \"json\"\n",
        );
        let server = Server::start_with(&fixture, &["--config", path]);
        let list = server.post(r#"[{"query":"{ events { totalCount } }"}]"#).await;
        assert_eq!(list.json::<Value>().await.unwrap()[0]["data"]["events"]["totalCount"], 28);
        assert!(server.log().lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{}", server.log());
        let flag = Server::start_with(&fixture, &["--config", path, "--max-batch", "0"]);
        assert_eq!(flag.post(r#"[{"query":"{ events { totalCount } }"}]"#).await.status(), 400);
        for (text_of_file, words) in [
            ("max-batsh = 3", "did you mean \"max-batch\""),
            ("max-batch = 1.5", "a whole number"),
            ("max-batch = \"many\"", "invalid value"),
            ("max-batch", "not valid TOML"),
        ] {
            set(text_of_file);
            let ended = newsgraph(&fixture, &["serve", "--config", path], "");
            assert_eq!(ended.status.code(), Some(2), "{text_of_file}");
            assert!(text(&ended.stderr).contains(words), "{}", text(&ended.stderr));
        }
    }
}

/// Streams are read after their handlers have returned, and operations on a socket run in tasks of their own.
#[tokio::test(flavor = "multi_thread")]
async fn log_lines_of_streams_sockets_and_exports_have_the_request_id() {
    for fixture in databases().await {
        let server = Server::start_with(&fixture, &["--example", "--slow", "0", "--log", "newsgraph=debug"]);
        let operation = |name: &str| json!({ "query": format!("query {name} {{ events {{ totalCount }} }}") });
        let request = server.client.post(format!("{}/graphql", server.address)).header("accept", "text/event-stream");
        let request = request.header("x-request-id", "stream-1").json(&operation("Streamed"));
        assert!(request.send().await.unwrap().text().await.unwrap().contains("event: complete"));
        let mut socket = Socket::open_with_request_id(&server, "socket-1").await;
        for name in ["First", "Second"] {
            assert!(socket.query(&operation(name)).await["data"]["events"]["totalCount"].is_number());
        }
        let export = server.client.get(format!("{}/export/event.csv", server.address));
        let export = export.header("x-request-id", "export-1").send().await.unwrap();
        assert!(export.text().await.unwrap().lines().count() > 1);
        let expected = [
            ("slow request", "Streamed", "stream-1"),
            ("slow request", "First", "socket-1"),
            ("slow request", "Second", "socket-1"),
            ("export finished", "rows", "export-1"),
        ];
        for (message, word, id) in expected {
            let line = async {
                loop {
                    let log = server.log();
                    let of_operation = |line: &&str| line.contains(message) && line.contains(word);
                    match log.lines().find(of_operation) {
                        Some(line) => return line.to_owned(),
                        None => tokio::time::sleep(Duration::from_millis(20)).await,
                    }
                }
            };
            let line = timeout(Duration::from_secs(20), line).await.unwrap_or_else(|_| panic!("{}", server.log()));
            assert!(line.contains(id), "{line}");
            // Values of earlier operations on a socket are not repeated.
            assert!(word != "Second" || !line.contains("First"), "{line}");
        }
    }
}

/// `/health/ready` checks the database, `/health/live` does not.
#[tokio::test]
async fn readiness_reports_missing_migrations() {
    for fixture in databases().await {
        let server = Server::start_with(&fixture, &[]);
        let undo = "DELETE FROM seaql_migrations WHERE version LIKE 'm0005%'";
        sea_orm::ConnectionTrait::execute_unprepared(fixture.db.connection(), undo).await.unwrap();
        let ready = server.get("/health/ready").await;
        assert_eq!(ready.status(), 503);
        assert!(ready.text().await.unwrap().contains("migrate up"));
        assert_eq!(server.get("/health/live").await.status(), 200);
    }
}

#[tokio::test]
async fn port_in_use_is_reported_with_the_flag_to_change() {
    for fixture in databases().await {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let ended = newsgraph(&fixture, &["serve", "--listen", &address], "");
        assert_eq!(ended.status.code(), Some(2));
        let expected =
            format!("cannot listen on {address}: address already in use. Choose another address with --listen");
        assert!(text(&ended.stderr).contains(&expected), "{}", text(&ended.stderr));
    }
}

#[tokio::test]
async fn invalid_database_url_is_rejected_with_a_message() {
    for (url, words) in [("mysql://x", "write sqlite://FILE or postgres://"), ("sqlite::memory:", "name a file")] {
        let error = Db::connect(url).await.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
