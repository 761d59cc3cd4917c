//! Requests and connections that try to take the server's memory, connections or secrets.

use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::command::{newsgraph, text};
use crate::fixture::{Fixture, databases, databases_with_story};
use crate::server::Server;

/// A document of many short fields, which has the largest syntax tree for its length.
fn document(fields: usize, salt: usize) -> String {
    format!("{{ events(first: 1) {{ nodes {{ {} x{salt}: nothing }} }} }}", "id ".repeat(fields))
}

/// Memory of a process in bytes.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn refused_documents_take_no_memory_and_cost_something() {
    let fixture = databases().await.swap_remove(0);
    let server = Server::start(&fixture);
    for salt in 0..20 {
        server.query(&document(4500, salt)).await;
    }
    let before = memory(server.process());
    for salt in 20..150 {
        let answer = server.query(&document(1900, salt)).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{answer}");
    }
    let grown = memory(server.process()).saturating_sub(before);
    assert!(grown < 64 << 20, "memory grew by {grown} bytes");
    let server = Server::start_with(&fixture, &["--rate", "2000"]);
    let mut messages = Vec::new();
    for salt in 0..20 {
        let answer = server.query(&document(1900, salt)).await;
        messages.push(answer["errors"][0]["message"].as_str().unwrap().to_owned());
    }
    assert!(messages.iter().any(|message| message.starts_with("Rate limit exceeded")), "{messages:?}");
}

#[tokio::test]
async fn nothing_is_parsed_for_clients_without_scopes() {
    let fixture = databases().await.swap_remove(0);
    let server = Server::start_with(&fixture, &["--read-with-key"]);
    for query in ["{ events { totalCount } }", "this is not GraphQL", "mutation { nothing }"] {
        let response = server.post(json!({ "query": query }).to_string()).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{query}");
    }
}

/// Creates an API key with these scopes.
fn key(fixture: &Fixture, name: &str, scopes: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_newsgraph"))
        .args(["key", "create", name, "--scope", scopes, "--database-url", &fixture.url])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().split_whitespace().next().unwrap().to_owned()
}

#[tokio::test]
async fn keys_without_the_scope_read_see_only_ids_in_results_of_mutations() {
    for fixture in databases_with_story().await {
        let people = fixture.query("{ people(first: 2) { nodes { id } } }").await;
        let id = |at: usize| people["people"]["nodes"][at]["id"].clone();
        let server = Server::start_with(&fixture, &["--read-with-key"]);
        let merge = |fields: &str| {
            let mutation = format!(
                "mutation($a: ID!, $b: ID!) {{ mergeActors(keep: $a, other: $b, decision: UNSURE) {{ {fields} }} }}"
            );
            let fragment = if fields.contains("...F") { "fragment F on Actor { label }" } else { "" };
            json!({ "query": mutation + fragment, "variables": { "a": id(0), "b": id(1) } }).to_string()
        };
        let writer = server.other_client().with_key(&key(&fixture, "writer", "write"));
        for fields in [
            "kept { ... on Actor { statements { totalCount } } }",
            "kept { ... on Person { label } }",
            "kept { id ...F }",
            "kept { __typename id ... on Node { ... on Actor { names { nodes { text } } } } }",
        ] {
            let response = writer.post(merge(fields)).await;
            let status = response.status();
            let answer: Value = response.json().await.unwrap();
            assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{fields}: {answer}");
            assert_eq!(status, StatusCode::FORBIDDEN);
            assert!(answer["errors"][0]["locations"][0]["line"].is_number(), "{answer}");
        }
        let answer: Value = writer.post(merge("id decision kept { id __typename }")).await.json().await.unwrap();
        assert_eq!(answer["data"]["mergeActors"]["decision"], "UNSURE", "{answer}");
        let reader = server.other_client().with_key(&key(&fixture, "both", "read,write"));
        let answer: Value = reader.post(merge("kept { ... on Actor { label } }")).await.json().await.unwrap();
        assert!(answer.get("errors").is_none(), "{answer}");
    }
}

/// An event stream over HTTP/1 is one request that stays open: no timeout between requests may end it.
#[tokio::test]
async fn open_event_streams_outlive_the_idle_timeout() {
    let fixture = databases().await.swap_remove(0);
    let server = Server::start_with(&fixture, &["--header-timeout", "1"]);
    let request = server.client.post(format!("{}/graphql", server.address)).header("content-type", "application/json");
    let body = json!({ "query": "subscription { changes { cursor } }" }).to_string();
    let mut stream = request.header("accept", "text/event-stream").body(body).send().await.unwrap();
    // The idle timeout of a connection is six times the header timeout, and is checked every five seconds.
    tokio::time::sleep(Duration::from_secs(14)).await;
    let event = json!({ "record": "event", "key": "e", "type": "VISIT" });
    assert_eq!(fixture.import_lines(&[event]).await.problems, []);
    let received = tokio::time::timeout(Duration::from_secs(10), async {
        let mut text = String::new();
        while !text.contains("event: next") {
            let chunk = stream.chunk().await.unwrap().expect("the stream is still open");
            text.push_str(&String::from_utf8_lossy(&chunk));
        }
    });
    received.await.expect("the change arrives");
}

/// A connection over HTTP/2 without requests is closed.
#[tokio::test(flavor = "multi_thread")]
async fn idle_http2_connections_are_closed() {
    let fixture = databases().await.swap_remove(0);
    let server = Server::start_with(&fixture, &["--header-timeout", "1", "--write-timeout", "4"]);
    let address = server.address.trim_start_matches("http://").to_owned();
    let stream = TcpStream::connect(&address).await.unwrap();
    let (mut sender, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = hyper::Request::get(format!("http://{address}/health/live")).body(()).unwrap();
    let (response, _) = sender.send_request(request, true).unwrap();
    assert_eq!(response.await.unwrap().status(), StatusCode::OK);
    let closed = tokio::time::timeout(Duration::from_secs(15), connection).await;
    assert!(closed.is_ok(), "the idle connection is still open");
    drop(sender);
}

#[tokio::test]
async fn silent_connections_are_closed() {
    let fixture = databases().await.swap_remove(0);
    let server = Server::start_with(&fixture, &["--max-connections", "10", "--header-timeout", "2"]);
    let address = server.address.trim_start_matches("http://").to_owned();
    let mut silent = Vec::new();
    for at in 0..10 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let beginnings: [&[u8]; 4] = [b"", b"PRI * HTTP/2.0\r\n", b"G", b"GET / HTTP/1.1\r\nHost: x\r\n"];
        stream.write_all(beginnings[at % 4]).await.unwrap();
        silent.push(stream);
    }
    let started = Instant::now();
    let live = tokio::time::timeout(Duration::from_secs(10), server.get("/health/live")).await;
    assert_eq!(live.expect("silent connections are closed").status(), StatusCode::OK);
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    for mut stream in silent {
        let mut rest = Vec::new();
        // The server may answer with 408 first.
        let _ = stream.read_to_end(&mut rest).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_responses_with_a_window_of_zero_are_dropped() {
    for fixture in databases_with_story().await {
        let server = Server::start_with(&fixture, &["--example", "--write-timeout", "2"]);
        let address = server.address.trim_start_matches("http://").to_owned();
        // Four exports are the most that run at once.
        let mut held = Vec::new();
        for _ in 0..4 {
            let stream = TcpStream::connect(&address).await.unwrap();
            let (mut sender, connection) = h2::client::Builder::new()
                .initial_window_size(0)
                .handshake::<_, hyper::body::Bytes>(stream)
                .await
                .unwrap();
            tokio::spawn(connection);
            let uri = format!("http://{address}/export/graph.jsonl");
            let request = hyper::Request::get(uri).header("accept", "*/*").body(()).unwrap();
            let (response, _) = sender.send_request(request, true).unwrap();
            held.push((response.await.unwrap(), sender));
        }
        let statuses: Vec<u16> = held.iter().map(|(response, _)| response.status().as_u16()).collect();
        assert_eq!(statuses, [200; 4]);
        tokio::time::sleep(Duration::from_secs(5)).await;
        let export = server.get("/export/place.csv").await;
        assert_eq!(export.status(), StatusCode::OK, "the exports that are not received were ended on {}", fixture.url);
        drop(held);
    }
}

#[tokio::test]
async fn metrics_do_not_grow_with_the_names_of_operations() {
    let fixture = databases().await.swap_remove(0);
    let server = Server::start(&fixture);
    for at in 0..5 {
        let name = format!("n{at}{}", "x".repeat(90_000));
        let answer = server.query(&format!("query {name} {{ __typename }}")).await;
        assert!(answer.get("errors").is_none(), "{answer}");
    }
    let metrics = server.get("/metrics").await.text().await.unwrap();
    assert!(metrics.len() < 100_000, "{} bytes", metrics.len());
    assert!(metrics.contains("newsgraph_response_memory_bytes"), "{metrics}");
}

#[test]
fn messages_do_not_repeat_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("c.toml");
    std::fs::write(&config, "log = \"info\"\ndatabase-url = \"postgres://u:SECRET@h/n\n").unwrap();
    let valid = folder.path().join("valid.toml");
    std::fs::write(&valid, "database-url = \"postgres://u:SECRET@h/n\"\n").unwrap();
    let (config, valid) = (config.to_str().unwrap(), valid.to_str().unwrap());
    for (arguments, advice) in [
        (vec!["check", "--database-url", "mysql://u:SECRET@h/n"], "sqlite://FILE"),
        (vec!["check", "--database-url", "SECRET"], "sqlite://FILE"),
        (vec!["--config", config, "check"], "line 2"),
        (vec!["--config", valid, "serve", "--help"], "--database-url"),
        (
            vec![
                "serve",
                "--jwks",
                "https://u:SECRET@127.0.0.1:1/keys",
                "--jwt-audience",
                "a",
                "--listen",
                "127.0.0.1:0",
                "--database-url",
                "sqlite::memory:SECRET",
            ],
            "",
        ),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_newsgraph")).args(&arguments).output().unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!text.contains("SECRET"), "{arguments:?}: {text}");
        assert!(text.contains(advice), "{arguments:?}: {text}");
    }
}

#[tokio::test]
async fn request_bodies_are_refused_for_the_right_reason() {
    let fixture = databases().await.swap_remove(0);
    let server = Server::start(&fixture);
    let post = |name: &'static str, value: &'static str, body: &'static str| {
        let request =
            server.client.post(format!("{}/graphql", server.address)).header("content-type", "application/json");
        request.header(name, value).body(body).send()
    };
    let query = r#"{"query":"{ __typename }"}"#;
    let response = post("content-encoding", "gzip", "\u{1f}\u{8b}").await.unwrap();
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(response.text().await.unwrap().contains("Content-Encoding"));
    let request = server.client.post(format!("{}/graphql", server.address)).body(query);
    let response = request.header("content-type", "application/json; charset=utf8").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    // A body that is not read makes the connection useless, and the client is told so.
    let response = post("authorization", "Bearer nonsense", query).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers()["connection"], "close");
}

/// A page of another site may let its own name resolve to this machine (DNS rebinding). Its requests name that host.
#[tokio::test]
async fn only_allowed_hosts_are_served() {
    let fixture = databases().await.swap_remove(0);
    let status = async |server: &Server, host: &str, path: &str| {
        let request = server.client.get(format!("{}{path}", server.address)).header("host", host).send();
        let response = request.await.unwrap();
        let status = response.status().as_u16();
        if status == 421 {
            let body: Value = response.json().await.unwrap();
            assert_eq!(body["errors"][0]["extensions"]["code"], "FORBIDDEN");
            assert!(body["errors"][0]["message"].as_str().unwrap().contains("--allowed-host"), "{body}");
        }
        status
    };
    let local = Server::start(&fixture);
    let named = Server::start_with(&fixture, &["--allowed-host", "news.example.org,api.example.org"]);
    let behind_a_proxy = Server::start_with(&fixture, &["--address-header", "X-Forwarded-For"]);
    for (host, statuses) in [
        ("localhost", [200, 200, 200]),
        ("app.localhost:8000", [200, 200, 200]),
        ("127.0.0.1:1", [200, 200, 200]),
        ("[::1]:8000", [200, 200, 200]),
        ("evil.example", [421, 421, 200]),
        ("localhost.evil.example:8000", [421, 421, 200]),
        ("127.0.0.1.evil.example", [421, 421, 200]),
        ("NEWS.example.org.", [421, 200, 200]),
        ("api.example.org:443", [421, 200, 200]),
    ] {
        for (server, expected) in [&local, &named, &behind_a_proxy].into_iter().zip(statuses) {
            for path in ["/", "/health/live", "/export/event.jsonl", "/schema.graphql"] {
                assert_eq!(status(server, host, path).await, expected, "{host} {path}");
            }
        }
    }
    let refused = newsgraph(&fixture, &["serve", "--allowed-host", "https://x"], "");
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(text(&refused.stderr).contains("write a host name without a port"), "{refused:?}");
}
