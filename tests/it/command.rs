//! The command line as a process: output, exit codes, and files.

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
    // Writing fails if the program ends without reading its input.
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
        let data = fixture.query("{ datasets { nodes { key } } }").await;
        assert_eq!(data["datasets"]["nodes"], serde_json::json!([{ "key": "mikdam" }, { "key": "mine" }]));

        let done =
            newsgraph(&fixture, &["import", "-"], &records(&[serde_json::json!({ "kind": "person", "key": "bob" })]));
        assert_eq!(done.status.code(), Some(1));
        assert!(text(&done.stderr).contains("-:2 (bob) /label: is missing"), "{}", text(&done.stderr));
        assert!(text(&done.stdout).contains("nothing was written"));
    }
}

/// Commands that read or change a database do not create it, because a misspelled name would look like an empty graph.
#[tokio::test]
async fn commands_do_not_create_a_missing_database_file() {
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
async fn usage_errors_exit_with_2_and_database_errors_with_3() {
    for fixture in databases().await {
        assert_eq!(newsgraph(&fixture, &["import", "no-such-file"], "").status.code(), Some(2));
        assert_eq!(newsgraph(&fixture, &["import"], "").status.code(), Some(2));
        let record = r#"{"record": "dataset", "key": "test"}"#;
        let unknown = newsgraph(&fixture, &["import", "--database-url", "mysql://nowhere", "-"], record);
        assert_eq!(unknown.status.code(), Some(2));
        let unreachable =
            newsgraph(&fixture, &["import", "--database-url", "postgres://127.0.0.1:1/nothing", "-"], record);
        assert_eq!(unreachable.status.code(), Some(3));
        assert!(text(&unreachable.stderr).contains("refused"), "{}", text(&unreachable.stderr));
    }
}

#[tokio::test]
async fn migrate_status_reports_and_migrate_up_applies() {
    for fixture in databases().await {
        let status = newsgraph(&fixture, &["migrate", "status"], "");
        assert_eq!(status.status.code(), Some(0));
        assert!(text(&status.stdout).contains("applied m0001_graph"), "{}", text(&status.stdout));
    }
    // An empty file is a database without migrations.
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
fn record_json_schema_accepts_the_story_and_describes_every_field() {
    let done = Command::new(env!("CARGO_BIN_EXE_newsgraph")).args(["schema", "--records"]).output().unwrap();
    let schema: Value = serde_json::from_slice(&done.stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for line in crate::fixture::STORY.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        assert!(validator.is_valid(&record), "{line}");
    }
    assert!(
        !validator.is_valid(&serde_json::json!({ "kind": "person", "label": "Ann" })),
        "a record that is not nested needs a key"
    );
    let undescribed: Vec<String> = schema["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|line| line["properties"].as_object().unwrap())
        .filter(|(_, field)| field.get("description").is_none())
        .map(|(name, _)| name.clone())
        .collect();
    assert_eq!(undescribed, Vec::<String>::new());
}

/// Generated records are valid, equal for the same seed, and skewed: a few actors take part in most events.
#[tokio::test]
async fn generated_records_are_deterministic_and_importable() {
    for fixture in databases().await {
        let generate =
            |seed: &str| text(&newsgraph(&fixture, &["generate", "--events", "400", "--seed", seed], "").stdout);
        let records = generate("7");
        assert_eq!(records, generate("7"));
        assert_ne!(records, generate("8"));
        let done = newsgraph(&fixture, &["import", "-"], &records);
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        let data = fixture
            .query("{ events { totalCount facets(by: [ACTOR], first: 1) { distinct buckets { count } } } contested: events(filter: { standing: { eq: CONTESTED } }) { totalCount } }")
            .await;
        assert_eq!(data["events"]["totalCount"], 400);
        let facet = &data["events"]["facets"][0];
        assert!(facet["distinct"].as_i64() > Some(50) && facet["buckets"][0]["count"].as_i64() > Some(40), "{facet}");
        assert!(data["contested"]["totalCount"].as_i64() > Some(0), "{data}");
    }
}
