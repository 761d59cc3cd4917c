//! Imports and exports that are killed leave no incomplete data.

use std::fmt::Write;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use newsgraph::generate::{Generate, generate};
use sea_orm::{ConnectionTrait, Statement};

use crate::fixture::{Fixture, databases};

const RECORDS: usize = 100_000;

fn many_events() -> String {
    let mut text = String::from("{\"kind\": \"dataset\", \"key\": \"many\"}\n");
    for number in 0..RECORDS {
        writeln!(text, "{{\"kind\": \"event\", \"key\": \"event/{number}\", \"type\": \"VISIT\", \"title\": \"Visit {number}\", \"when\": \"2021\"}}").unwrap();
    }
    text
}

/// Two imports are killed at different points; the third completes.
#[tokio::test]
async fn killed_import_leaves_no_trace_and_can_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("many.jsonl");
    std::fs::write(&file, many_events()).unwrap();
    for fixture in databases().await {
        let before = fixture.dump().await;
        let import = || {
            Command::new(env!("CARGO_BIN_EXE_newsgraph"))
                .args(["import", "--database-url", &fixture.url])
                .arg(&file)
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        };
        // The file is read twice. At 30 % the import assigns ids to keys, at 80 % it writes rows.
        for point in ["30 %", "80 %"] {
            let mut child = import();
            let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(|line| line.unwrap());
            let reached = lines.take_while(|line| !line.starts_with(point)).count();
            // SIGKILL: the program cannot clean up.
            child.kill().unwrap();
            assert!(!child.wait().unwrap().success(), "the import ended before {point}, after {reached} lines");
            assert_eq!(fixture.dump().await, before, "killed at {point} on {}", fixture.url);
        }
        let whole = import().wait_with_output().unwrap();
        assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stderr));
        let data = fixture.query("{ events { totalCount } }").await;
        assert_eq!(data["events"]["totalCount"], RECORDS);
        terminate_an_export(&fixture).await;
    }
}

/// An export that gets SIGTERM does not change the existing output file and leaves no temporary file.
async fn terminate_an_export(fixture: &Fixture) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("graph.jsonl");
    std::fs::write(&file, "before").unwrap();
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    let mut child = Command::new(env!("CARGO_BIN_EXE_newsgraph"))
        .args(["export", "--database-url", &fixture.url, "--output"])
        .arg(&file)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while files() < 2 && child.try_wait().unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Command::new("kill").arg(child.id().to_string()).status().unwrap();
    let ended = child.wait_with_output().unwrap();
    let output = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(2), "{output} on {}", fixture.url);
    assert!(output.contains("stopped: nothing was written"), "{output} on {}", fixture.url);
    assert_eq!((std::fs::read_to_string(&file).unwrap().as_str(), files()), ("before", 1), "{}", fixture.url);
}

/// Writes records that refer to earlier and to later lines, so that a chunk cannot end after every record. Returns
/// the number of records.
fn write_mixed_records(file: &Path) -> usize {
    let mut text = Vec::new();
    generate(Generate { events: 600, seed: 3 }, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let (dataset, records) = text.split_once('\n').unwrap();
    let records: Vec<&str> = records.lines().collect();
    let turned: Vec<&str> = records.chunks(7).flat_map(|some| some.iter().rev().copied()).collect();
    std::fs::write(file, format!("{dataset}\n{}\n", turned.join("\n"))).unwrap();
    turned.len()
}

fn import_in_chunks(fixture: &Fixture, file: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_newsgraph"))
        .args(["import", "--commit-every", "100", "--database-url", &fixture.url])
        .arg(file)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

async fn count(fixture: &Fixture, sql: &str) -> i64 {
    let database = fixture.db.connection();
    let statement =
        Statement::from_string(database.get_database_backend(), format!("SELECT COUNT(*) AS count FROM {sql}"));
    database.query_one_raw(statement).await.unwrap().unwrap().try_get("", "count").unwrap()
}

/// A chunked import that is killed five times has the same result as an uninterrupted one.
#[tokio::test]
async fn killed_chunked_import_resumes_to_the_same_result() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mixed.jsonl");
    let records = i64::try_from(write_mixed_records(&file)).unwrap();
    for (fixture, uninterrupted) in databases().await.into_iter().zip(databases().await) {
        let mut before = 0;
        for kill in 0..5 {
            let mut child = import_in_chunks(&fixture, &file);
            // Kill it at some point after it has committed more than the run before.
            while count(&fixture, "record WHERE digest IS NOT NULL").await == before {
                assert!(child.try_wait().unwrap().is_none(), "the import ended before it was killed");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            tokio::time::sleep(Duration::from_millis(kill * 40)).await;
            child.kill().unwrap();
            child.wait().unwrap();
            let written = count(&fixture, "record WHERE digest IS NOT NULL").await;
            assert!(before < written && written < records, "{before} {written} {records}");
            before = written;
            // Only complete chunks are there.
            assert_eq!(count(&fixture, "import_seen").await, written);
            assert_eq!(count(&fixture, "change").await, written);
            assert_eq!(count(&fixture, "record WHERE kind = 'EVENT'").await, count(&fixture, "event").await);
            let indexed = count(&fixture, "search").await;
            assert!(indexed >= count(&fixture, "event").await + count(&fixture, "statement").await);
        }
        let last = import_in_chunks(&fixture, &file).wait_with_output().unwrap();
        assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stderr));
        let whole = import_in_chunks(&uninterrupted, &file).wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&last.stdout), String::from_utf8_lossy(&whole.stdout));
        let mut dumps = Vec::new();
        for one in [&fixture, &uninterrupted] {
            one.db.connection().execute_unprepared("UPDATE change SET at = 0").await.unwrap();
            dumps.push(one.dump().await);
        }
        assert!(dumps[0] == dumps[1], "{}", fixture.url);
    }
}
