//! The command line as a process: what it prints, how it ends.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::fixture::{Fixture, databases, records};

pub fn newsgraph(fixture: &Fixture, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_newsgraph"))
        .args(arguments)
        .env("NEWSGRAPH_DATABASE_URL", &fixture.url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The program may end without reading.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn import_reads_files_and_standard_input() {
    for fixture in databases().await {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report.json");
        let story = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/mikdam/records.jsonl");
        let done = newsgraph(&fixture, &["import", "--report", report.to_str().unwrap(), story], "");
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        assert!(text(&done.stdout).contains("written"));
        let report: Value = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
        assert_eq!(report["kinds"]["statement"]["created"], 18);

        let person = serde_json::json!({ "kind": "person", "key": "ann", "label": "Ann" });
        let done = newsgraph(&fixture, &["import", "--dataset", "mine", "-"], &person.to_string());
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        let data = fixture.ask("{ datasets { nodes { key } } }").await;
        assert_eq!(data["datasets"]["nodes"], serde_json::json!([{ "key": "mikdam" }, { "key": "mine" }]));

        let done =
            newsgraph(&fixture, &["import", "-"], &records(&[serde_json::json!({ "kind": "person", "key": "bob" })]));
        assert_eq!(done.status.code(), Some(1));
        assert!(text(&done.stderr).contains("-:2 (bob) /label: is missing"), "{}", text(&done.stderr));
        assert!(text(&done.stdout).contains("nothing was written"));
    }
}

/// What is only read, or changed, is not made: a misspelt name would look like an empty graph.
#[tokio::test]
async fn a_misspelt_file_is_not_made() {
    let fixture = databases().await.swap_remove(0);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("grpah.db");
    for command in [
        &["export"][..],
        &["delete", "--dataset", "mikdam", "visit-un"],
        &["index"],
        &["key", "list"],
        &["key", "revoke", "feeds"],
        &["migrate", "status"],
    ] {
        let url = format!("sqlite://{}", file.display());
        let done = newsgraph(&fixture, &[command, &["--database-url", &url]].concat(), "");
        assert_eq!(done.status.code(), Some(2), "{command:?}");
        assert!(text(&done.stderr).contains("There is no database"), "{command:?}: {}", text(&done.stderr));
        assert!(done.stdout.is_empty() && !file.exists(), "{command:?}");
    }
}

#[tokio::test]
async fn exit_codes_tell_usage_from_the_database() {
    for fixture in databases().await {
        assert_eq!(newsgraph(&fixture, &["import", "no-such-file"], "").status.code(), Some(2));
        assert_eq!(newsgraph(&fixture, &["import"], "").status.code(), Some(2));
        let record = r#"{"record": "dataset", "key": "test"}"#;
        let unknown = newsgraph(&fixture, &["import", "--database-url", "mysql://nowhere", "-"], record);
        assert_eq!(unknown.status.code(), Some(2));
        let nobody = newsgraph(&fixture, &["import", "--database-url", "postgres://127.0.0.1:1/nothing", "-"], record);
        assert_eq!(nobody.status.code(), Some(3));
        assert!(text(&nobody.stderr).contains("refused"), "{}", text(&nobody.stderr));
    }
}

#[tokio::test]
async fn migrate_tells_and_does() {
    for fixture in databases().await {
        let status = newsgraph(&fixture, &["migrate", "status"], "");
        assert_eq!(status.status.code(), Some(0));
        assert!(text(&status.stdout).contains("applied m0001_graph"), "{}", text(&status.stdout));
    }
    // An empty file lacks all changes.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty.db");
    std::fs::File::create(&file).unwrap();
    let url = format!("sqlite://{}", file.display());
    for (action, code) in [("status", 1), ("up", 0), ("status", 0)] {
        let done = Command::new(env!("CARGO_BIN_EXE_newsgraph"))
            .args(["migrate", action, "--database-url", &url])
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(code), "{action}: {}", text(&done.stderr));
    }
}

#[test]
fn the_json_schema_accepts_the_story_and_explains_itself() {
    let done = Command::new(env!("CARGO_BIN_EXE_newsgraph")).args(["schema", "--records"]).output().unwrap();
    let schema: Value = serde_json::from_slice(&done.stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for line in crate::fixture::STORY.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        assert!(validator.is_valid(&record), "{line}");
    }
    assert!(
        !validator.is_valid(&serde_json::json!({ "kind": "person", "label": "Ann" })),
        "a line of its own needs a key"
    );
    let bare: Vec<String> = schema["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|line| line["properties"].as_object().unwrap())
        .filter(|(_, field)| field.get("description").is_none())
        .map(|(name, _)| name.clone())
        .collect();
    assert_eq!(bare, Vec::<String>::new());
}

/// Generated records are valid, the same for the same seed, and skewed: a few actors are in most of what happens.
#[tokio::test]
async fn generated_records_can_be_imported() {
    for fixture in databases().await {
        let made = |seed: &str| text(&newsgraph(&fixture, &["generate", "--events", "400", "--seed", seed], "").stdout);
        let records = made("7");
        assert_eq!(records, made("7"));
        assert_ne!(records, made("8"));
        let done = newsgraph(&fixture, &["import", "-"], &records);
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        let data = fixture
            .ask("{ events { totalCount facets(by: [ACTOR], first: 1) { distinct buckets { count } } } contested: events(filter: { standing: { eq: CONTESTED } }) { totalCount } }")
            .await;
        assert_eq!(data["events"]["totalCount"], 400);
        let facet = &data["events"]["facets"][0];
        assert!(facet["distinct"].as_i64() > Some(50) && facet["buckets"][0]["count"].as_i64() > Some(40), "{facet}");
        assert!(data["contested"]["totalCount"].as_i64() > Some(0), "{data}");
    }
}
