//! Answers that are given again: never older than what was written before they were asked for, and only to who may have them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::access::make_key;
use crate::fixture::databases;
use crate::server::Server;

const WRITE: &str = "mutation($r: [JSON!]!) { importRecords(dataset: \"api\", records: $r) { written } }";
const READ: &str = "{ events { nodes { title } } }";
const KEPT: &str = "newsgraph_answers_total{found=\"kept\"}";

async fn write(server: &Server, number: u64) {
    let record = json!({ "kind": "event", "key": "e", "type": "VISIT", "title": number.to_string() });
    let answer = server.ask_with(WRITE, json!({ "r": [record] })).await;
    assert_eq!(answer["data"]["importRecords"]["written"], true, "{answer}");
}

async fn read(server: &Server) -> u64 {
    let answer = server.ask(READ).await;
    answer["data"]["events"]["nodes"][0]["title"].as_str().unwrap_or_else(|| panic!("{answer}")).parse().unwrap()
}

/// Two processes write in turns, and both are read all the time. `ANSWERS_SECONDS` makes it longer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_is_older_than_what_was_written_before() {
    let seconds = std::env::var("ANSWERS_SECONDS").map_or(4, |seconds| seconds.parse().unwrap());
    for fixture in databases().await {
        let key = make_key(&fixture, "writer", "read,write");
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
        let mut kept = 0.0;
        for server in &servers {
            kept += server.figure(KEPT).await;
        }
        let (written, reads) = (written.into_inner(), reads.into_inner());
        assert!(kept > reads as f64 / 4.0, "of {reads} answers {kept} were given again");
        println!("{}: {written} writes, {reads} answers besides, {kept} of all given again", fixture.url);
    }
}

#[tokio::test]
async fn an_answer_is_given_again_only_to_who_may_have_it() {
    for fixture in databases().await {
        let key = make_key(&fixture, "chief", "read,write,admin");
        let server = Server::start_with(&fixture, &[]).with_key(&key);
        write(&server, 1).await;
        let query = "{ changes { nodes { by } } }";
        let ask = async || server.ask(query).await;
        let by = |answer: &Value| answer["data"]["changes"]["nodes"][0]["by"].clone();
        for _ in 0..3 {
            assert_eq!(by(&ask().await), "chief");
        }
        assert_eq!(server.figure(KEPT).await, 1.0);
        let server = server.with_key(&make_key(&fixture, "reader", "read"));
        for _ in 0..3 {
            let answer = server.ask(query).await;
            assert_eq!((by(&answer), &answer["errors"][0]["extensions"]["code"]), (json!(null), &json!("FORBIDDEN")));
        }
        // What is wrong in an answer may be right the next time.
        assert_eq!(server.figure(KEPT).await, 1.0);
        for (name, variables) in [("a", json!({ "n": 1 })), ("a", json!({ "n": 2 })), ("b", json!({ "n": 1 }))] {
            let query = format!("query {name}($n: Int!) {{ events(first: $n) {{ nodes {{ {name}: title }} }} }}");
            let answer = server.ask_with(&query, variables).await;
            assert_eq!(answer["data"]["events"]["nodes"][0][name], "1");
        }
        assert_eq!(server.figure(KEPT).await, 1.0, "other questions are none that were asked before");
    }
}

#[tokio::test]
async fn answers_are_kept_only_where_that_is_wanted() {
    for fixture in databases().await {
        let server = Server::start_with(&fixture, &["--example", "--answer-cache", "0"]);
        let first = server.ask(READ).await;
        for _ in 0..3 {
            assert_eq!(server.ask(READ).await, first);
        }
        assert_eq!(server.figure(KEPT).await, 0.0);
        // What does not fit leaves the rest in its place.
        let server = Server::start_with(&fixture, &["--answer-cache", "8000"]);
        for _ in 0..3 {
            assert_eq!(server.ask(READ).await, first, "too large to be kept");
            server.ask("{ events(first: 1) { totalCount } }").await;
        }
        assert_eq!(server.figure(KEPT).await, 1.0);
    }
}
