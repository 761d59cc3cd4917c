//! One request sees one state of the graph, whatever is written meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fixture::{Fixture, databases};
use crate::server::Server;

/// The number of concurrent writers and readers.
const WRITERS: usize = 4;
const READERS: usize = 8;

/// How long writers and readers run against each other: `CONSISTENCY_SECONDS`, else five seconds.
fn duration() -> Duration {
    let seconds = std::env::var("CONSISTENCY_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(5))
}

/// A claim with statements that affirm or deny it. Each write replaces them, and so the standing of the claim.
fn story(writer: usize, version: usize) -> Vec<Value> {
    let stance =
        |at: usize| if (version + at).is_multiple_of(2) && version.is_multiple_of(3) { "DENIES" } else { "ASSERTS" };
    let mut lines = vec![json!({ "record": "event", "key": format!("e{writer}"), "type": "VISIT", "title": "Visit" })];
    lines.push(json!({ "record": "claim", "key": format!("c{writer}"), "text": "It happened", "subject": format!("e{writer}") }));
    for at in 0..3 {
        lines.push(json!({ "record": "person", "key": format!("p{writer}-{at}"), "label": format!("Person {at}") }));
        lines.push(json!({
            "record": "statement", "key": format!("s{writer}-{at}"), "summary": format!("Version {version}"),
            "speaker": format!("p{writer}-{at}"), "attribution": "NAMED_PERSON", "quoteType": "INDIRECT", "medium": "INTERVIEW",
            "stances": [{ "claim": format!("c{writer}"), "stance": stance(at) }],
        }));
    }
    for at in 0..version % 4 {
        lines.push(json!({ "record": "event", "key": format!("x{writer}-{version}-{at}"), "type": "PROTEST" }));
    }
    lines
}

const QUERY: &str = "{
    claims(first: 100) { totalCount nodes { standing stances { totalCount nodes { stance statement { summary } } } } }
    events { totalCount facets(by: [TYPE]) { buckets { count } missing } nodes { id } }
    again: events { totalCount }
    statements { totalCount nodes { summary } facets(by: [ATTRIBUTION]) { buckets { count } } }
}";

/// Returns what contradicts itself in a response.
fn contradictions(data: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for claim in list(&data["claims"]["nodes"]) {
        let stances: Vec<String> =
            list(&claim["stances"]["nodes"]).iter().map(|one| one["stance"].as_str().unwrap().to_owned()).collect();
        let has = |stance: &str| stances.iter().any(|one| one == stance);
        // The rule of standing: somebody asserts it and somebody denies it.
        let is_contested = has("ASSERTS") && has("DENIES");
        if (claim["standing"] == "CONTESTED") != is_contested {
            found.push(format!("standing {} with stances {stances:?}", claim["standing"]));
        }
        let versions: std::collections::BTreeSet<String> =
            list(&claim["stances"]["nodes"]).iter().map(|one| one["statement"]["summary"].to_string()).collect();
        if versions.len() > 1 {
            found.push(format!("statements of several versions: {versions:?}"));
        }
    }
    let count = |facets: &Value| -> i64 {
        let facet = &facets[0];
        list(&facet["buckets"]).iter().map(|bucket| bucket["count"].as_i64().unwrap()).sum::<i64>()
            + facet["missing"].as_i64().unwrap_or(0)
    };
    for name in ["events", "statements"] {
        let (total, facets) = (data[name]["totalCount"].as_i64().unwrap(), count(&data[name]["facets"]));
        if total != facets {
            found.push(format!("{name}: totalCount {total}, facets {facets}"));
        }
    }
    if data["events"]["totalCount"] != data["again"]["totalCount"] {
        found.push("two totals of one list".to_owned());
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_response_shows_one_state_of_the_graph() {
    for fixture in databases().await {
        let initial: Vec<Value> = (0..WRITERS).flat_map(|writer| story(writer, 0)).collect();
        assert_eq!(fixture.import_lines(&initial).await.problems, []);
        // Without the response cache, every response is executed.
        let server = Arc::new(Server::start_with(&fixture, &["--answer-cache", "0"]));
        let fixture = Arc::new(fixture);
        let (stop, written, read) =
            (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut writers = Vec::new();
        for writer in 0..WRITERS {
            let (fixture, stop, written): (Arc<Fixture>, _, _) =
                (Arc::clone(&fixture), Arc::clone(&stop), Arc::clone(&written));
            writers.push(tokio::spawn(async move {
                let mut version = 1;
                while !stop.load(Ordering::Relaxed) {
                    assert_eq!(fixture.import_lines(&story(writer, version)).await.problems, []);
                    written.fetch_add(1, Ordering::Relaxed);
                    version += 1;
                }
            }));
        }
        let mut readers = Vec::new();
        for _ in 0..READERS {
            let (server, stop, read) = (Arc::clone(&server), Arc::clone(&stop), Arc::clone(&read));
            readers.push(tokio::spawn(async move {
                let mut found = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let answer = server.query(QUERY).await;
                    assert!(answer.get("errors").is_none(), "{answer}");
                    found.extend(contradictions(&answer["data"]));
                    read.fetch_add(1, Ordering::Relaxed);
                }
                found
            }));
        }
        let started = Instant::now();
        tokio::time::sleep(duration()).await;
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.unwrap();
        }
        let mut found = Vec::new();
        for reader in readers {
            found.extend(reader.await.unwrap());
        }
        let (written, read) = (written.load(Ordering::Relaxed), read.load(Ordering::Relaxed));
        println!("{}: {written} writes, {read} responses in {:?}", fixture.url, started.elapsed());
        assert!(written > 3 && read > 3, "{written} writes, {read} responses");
        assert_eq!(found, [""; 0], "{} of {read} responses on {}", found.len(), fixture.url);
    }
}
