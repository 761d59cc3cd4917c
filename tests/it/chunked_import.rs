//! Chunked imports (`--commit-every`).

use newsgraph::import::{Options, Report};
use serde_json::{Value, json};

use crate::fixture::{Fixture, databases, records};

fn commit_every(records: u64) -> Options {
    Options { commit_every: Some(records), ..Options::default() }
}

async fn import_lines_with(fixture: &Fixture, lines: &[Value], options: &Options) -> Report {
    fixture.import_with(&records(lines), options).await
}

fn person(number: usize) -> Value {
    json!({ "kind": "person", "key": format!("person/{number}"), "label": format!("Person {number}") })
}

fn visit(number: usize, visitor: usize) -> Value {
    json!({
        "kind": "event", "key": format!("visit/{number}"), "type": "VISIT", "when": "2021",
        "participations": [{ "actor": format!("person/{visitor}"), "role": "VISITOR" }],
    })
}

/// Returns all rows, without the instants of changes and without the counters, which depend on the number of commits.
async fn rows(fixture: &Fixture) -> Value {
    use sea_orm::ConnectionTrait;
    fixture.db.connection().execute_unprepared("UPDATE change SET at = 0").await.unwrap();
    let mut dump = fixture.dump().await;
    dump.remove("counter");
    json!(dump)
}

#[tokio::test]
async fn chunks_write_the_same_rows_as_one_transaction() {
    let backwards: Vec<Value> = (0..40).map(person).chain((0..40).map(|at| visit(at, at))).collect();
    // Visits precede their visitor by a few lines.
    let near: Vec<Value> =
        (0..40).flat_map(|at| [visit(at, at), visit(at + 100, at), visit(at + 200, at), person(at)]).collect();
    // The first visit refers to the last line of the file.
    let far: Vec<Value> = [visit(100, 99)].into_iter().chain(backwards.clone()).chain([person(99)]).collect();
    for lines in [backwards, near, far] {
        for (whole, parted) in databases().await.into_iter().zip(databases().await) {
            let report = import_lines_with(&whole, &lines, &Options::default()).await;
            assert_eq!(report.problems, []);
            let other = import_lines_with(&parted, &lines, &commit_every(7)).await;
            assert!(other.written);
            assert_eq!(other.kinds, report.kinds);
            assert_eq!(rows(&parted).await, rows(&whole).await);
            let again = import_lines_with(&parted, &lines, &commit_every(7)).await;
            assert_eq!(again.total().unchanged, report.total().created);
        }
    }
}

#[tokio::test]
async fn problem_stops_at_its_chunk_and_the_corrected_file_resumes() {
    let mut lines: Vec<Value> = (0..10).map(person).collect();
    lines.push(visit(0, 77));
    for fixture in databases().await {
        let report = import_lines_with(&fixture, &lines, &commit_every(4)).await;
        assert_eq!(report.stopped.as_deref(), Some("records.jsonl:10"));
        assert_eq!((report.problems[0].line, report.problems.len()), (12, 1));
        assert_eq!((report.total().created, report.total().rejected), (9, 1));
        assert_eq!(fixture.query("{ actors { totalCount } }").await["actors"]["totalCount"], 8);
        let mut corrected = lines.clone();
        corrected[10] = visit(0, 7);
        let report = import_lines_with(&fixture, &corrected, &commit_every(4)).await;
        assert_eq!((report.total().created, report.total().unchanged), (3, 9));
        assert_eq!(fixture.dump().await["import_run"], [""; 0]);
        assert_eq!(fixture.dump().await["import_seen"], [""; 0]);
    }
}

#[tokio::test]
async fn duplicate_key_of_an_earlier_chunk_is_reported() {
    let mut lines: Vec<Value> = (0..10).map(person).collect();
    lines.push(json!({ "kind": "person", "key": "person/1", "label": "Somebody else" }));
    for fixture in databases().await {
        let report = import_lines_with(&fixture, &lines, &commit_every(4)).await;
        assert_eq!(report.problems[0].message, "`person/1` is already the key on line 3");
        let report = import_lines_with(&fixture, &lines, &Options { keep_going: true, ..commit_every(4) }).await;
        assert_eq!(report.problems[0].message, "`person/1` is already the key on line 3");
        let data = fixture.query("{ actors(first: 100) { nodes { label } } }").await;
        assert!(data["actors"]["nodes"].as_array().unwrap().iter().all(|node| node["label"] != "Somebody else"));
    }
}

#[tokio::test]
async fn keep_going_rejects_references_to_records_of_earlier_chunks_that_were_rejected() {
    let mut lines: Vec<Value> = (0..10).map(person).collect();
    lines[1]["label"] = json!("");
    lines.push(visit(0, 1));
    lines.push(visit(1, 2));
    for fixture in databases().await {
        let report = import_lines_with(&fixture, &lines, &Options { keep_going: true, ..commit_every(4) }).await;
        let problem_lines: Vec<_> = report.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(problem_lines, [3, 12]);
        assert!(report.problems[1].message.contains("was rejected"), "{}", report.problems[1].message);
        assert_eq!((report.total().created, report.total().rejected), (11, 2));
    }
}

/// Rows are sent to PostgreSQL as text arrays, in which quotes, braces and backslashes have to be escaped.
#[tokio::test]
async fn special_characters_are_stored_unchanged() {
    let texts = [
        "tab\there",
        "line\nbreak",
        "return\r\nbreak",
        "back\\slash",
        "\\N",
        "\\\\",
        "\"quoted\"",
        "it's",
        "NULL",
        "null",
        "{a,b}",
        "{}",
        "a,b;c",
        "$1 ? :name",
        "مقدام",
        "🕊 dove",
        "e\u{301} and \u{e9}",
        "\u{7f}\u{1}",
        "%s|%d",
        "--",
        "/* */",
    ];
    let lines: Vec<Value> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| json!({ "kind": "person", "key": format!("{at}/{text}"), "label": format!("x{text}x"), "description": text }))
        .collect();
    for fixture in databases().await {
        let report = import_lines_with(&fixture, &lines, &Options::default()).await;
        assert_eq!(report.problems, []);
        let data = fixture.query("{ actors(first: 100) { nodes { label description } } }").await;
        let mut found: Vec<(String, String)> = data["actors"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| (node["label"].as_str().unwrap().to_owned(), node["description"].as_str().unwrap().to_owned()))
            .collect();
        let mut expected: Vec<(String, String)> =
            texts.iter().map(|text| (format!("x{text}x"), (*text).to_owned())).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{}", fixture.url);
        let again = import_lines_with(&fixture, &lines, &Options::default()).await;
        // The dataset is a record too.
        assert_eq!(again.total().unchanged as usize, texts.len() + 1);
    }
}
