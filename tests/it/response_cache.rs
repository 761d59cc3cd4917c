//! The response cache: cached responses are never outdated, and are served only to callers with the same scopes.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::access::create_key;
use crate::fixture::databases;
use crate::server::Server;

const WRITE: &str = "mutation($r: [JSON!]!) { importRecords(dataset: \"api\", records: $r) { written } }";
const READ: &str = "{ events { nodes { title } } }";
const CACHED: &str = "newsgraph_answers_total{found=\"kept\"}";

async fn write(server: &Server, number: u64) {
    let record = json!({ "kind": "event", "key": "e", "type": "VISIT", "title": number.to_string() });
    let answer = server.query_with(WRITE, json!({ "r": [record] })).await;
    assert_eq!(answer["data"]["importRecords"]["written"], true, "{answer}");
}

async fn read(server: &Server) -> u64 {
    let answer = server.query(READ).await;
    answer["data"]["events"]["nodes"][0]["title"].as_str().unwrap_or_else(|| panic!("{answer}")).parse().unwrap()
}

/// Two servers write alternately while both are read concurrently. `ANSWERS_SECONDS` sets the duration (default 4).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cached_responses_are_never_older_than_the_last_write() {
    let seconds = std::env::var("ANSWERS_SECONDS").map_or(4, |seconds| seconds.parse().unwrap());
    for fixture in databases().await {
        let key = create_key(&fixture, "writer", "read,write");
        let servers = [(); 2].map(|()| Server::start_with(&fixture, &[]).with_key(&key));
        write(&servers[0], 1).await;
        let (written, done, reads) = (AtomicU64::new(1), AtomicBool::new(false), AtomicU64::new(0));
        let writer = async {
            let start = Instant::now();
            for number in 2.. {
                write(&servers[usize::from(number % 2 == 0)], number).await;
                written.store(number, Ordering::SeqCst);
                for server in servers.iter().chain(&servers).chain(&servers) {
                    assert_eq!(read(server).await, number);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
                if start.elapsed() > Duration::from_secs(seconds) {
                    break;
                }
            }
            done.store(true, Ordering::SeqCst);
        };
        let readers = servers.iter().cycle().take(6).map(|server| async {
            while !done.load(Ordering::SeqCst) {
                let before = written.load(Ordering::SeqCst);
                let seen = read(server).await;
                assert!(seen >= before, "{seen} was read when {before} was written");
                reads.fetch_add(1, Ordering::SeqCst);
            }
        });
        tokio::join!(writer, futures_util::future::join_all(readers));
        let mut cached = 0.0;
        for server in &servers {
            cached += server.metric(CACHED).await;
        }
        let (written, reads) = (written.into_inner(), reads.into_inner());
        assert!(cached > reads as f64 / 4.0, "only {cached} of {reads} responses came from the cache");
        println!("{}: {written} writes, {reads} concurrent reads, {cached} responses from the cache", fixture.url);
    }
}

#[tokio::test]
async fn cached_response_is_not_served_to_other_scopes_or_requests() {
    for fixture in databases().await {
        let key = create_key(&fixture, "chief", "read,write,admin");
        let server = Server::start_with(&fixture, &[]).with_key(&key);
        write(&server, 1).await;
        let query = "{ changes { nodes { by } } }";
        let execute = async || server.query(query).await;
        let by = |answer: &Value| answer["data"]["changes"]["nodes"][0]["by"].clone();
        for _ in 0..3 {
            assert_eq!(by(&execute().await), "chief");
        }
        assert_eq!(server.metric(CACHED).await, 1.0);
        let server = server.with_key(&create_key(&fixture, "reader", "read"));
        for _ in 0..3 {
            let answer = server.query(query).await;
            assert_eq!((by(&answer), &answer["errors"][0]["extensions"]["code"]), (json!(null), &json!("FORBIDDEN")));
        }
        // Responses with errors are not cached, because the same request may succeed later.
        assert_eq!(server.metric(CACHED).await, 1.0);
        for (name, variables) in [("a", json!({ "n": 1 })), ("a", json!({ "n": 2 })), ("b", json!({ "n": 1 }))] {
            let query = format!("query {name}($n: Int!) {{ events(first: $n) {{ nodes {{ {name}: title }} }} }}");
            let answer = server.query_with(&query, variables).await;
            assert_eq!(answer["data"]["events"]["nodes"][0][name], "1");
        }
        assert_eq!(
            server.metric(CACHED).await,
            1.0,
            "requests with another name or other variables must not hit the cache"
        );
    }
}

#[tokio::test]
async fn cache_can_be_disabled_and_skips_oversized_responses() {
    for fixture in databases().await {
        let server = Server::start_with(&fixture, &["--example", "--answer-cache", "0"]);
        let first = server.query(READ).await;
        for _ in 0..3 {
            assert_eq!(server.query(READ).await, first);
        }
        assert_eq!(server.metric(CACHED).await, 0.0);
        // A response that is larger than the cache evicts nothing.
        let server = Server::start_with(&fixture, &["--answer-cache", "8000"]);
        for _ in 0..3 {
            assert_eq!(server.query(READ).await, first, "too large for the cache");
            server.query("{ events(first: 1) { totalCount } }").await;
        }
        assert_eq!(server.metric(CACHED).await, 1.0);
    }
}
