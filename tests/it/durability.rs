//! What is killed in the middle leaves nothing half-done.

use std::fmt::Write;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use newsgraph::generate::{Generate, generate};
use sea_orm::{ConnectionTrait, Statement};

use crate::fixture::{Fixture, databases};

const RECORDS: usize = 100_000;

fn many() -> String {
    let mut text = String::from("{\"kind\": \"dataset\", \"key\": \"many\"}\n");
    for number in 0..RECORDS {
        writeln!(text, "{{\"kind\": \"event\", \"key\": \"event/{number}\", \"type\": \"VISIT\", \"title\": \"Visit {number}\", \"when\": \"2021\"}}").unwrap();
    }
    text
}

/// Two imports are killed at different points, the third runs through.
#[tokio::test]
async fn a_killed_import_leaves_nothing_and_can_be_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("many.jsonl");
    std::fs::write(&file, many()).unwrap();
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
        // The file is read twice: at 30 % keys are being numbered, at 80 % rows written.
        for point in ["30 %", "80 %"] {
            let mut child = import();
            let told = BufReader::new(child.stderr.take().unwrap()).lines().map(|line| line.unwrap());
            let reached = told.take_while(|line| !line.starts_with(point)).count();
            // SIGKILL: the program gets no chance to tidy up.
            child.kill().unwrap();
            assert!(!child.wait().unwrap().success(), "the import ended before {point}, after {reached} lines");
            assert_eq!(fixture.dump().await, before, "killed at {point} on {}", fixture.url);
        }
        let whole = import().wait_with_output().unwrap();
        assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stderr));
        let data = fixture.ask("{ events { totalCount } }").await;
        assert_eq!(data["events"]["totalCount"], RECORDS);
        stop_an_export(&fixture).await;
    }
}

/// An export that is told to stop leaves the file in whose place it would stand, and nothing beside it.
async fn stop_an_export(fixture: &Fixture) {
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
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(2), "{told} on {}", fixture.url);
    assert!(told.contains("stopped: nothing was written"), "{told} on {}", fixture.url);
    assert_eq!((std::fs::read_to_string(&file).unwrap().as_str(), files()), ("before", 1), "{}", fixture.url);
}

/// Records that refer to each other up and down: a part cannot end just anywhere.
fn mixed(file: &Path) -> usize {
    let mut text = Vec::new();
    generate(Generate { events: 600, seed: 3 }, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let (dataset, records) = text.split_once('\n').unwrap();
    let records: Vec<&str> = records.lines().collect();
    let turned: Vec<&str> = records.chunks(7).flat_map(|some| some.iter().rev().copied()).collect();
    std::fs::write(file, format!("{dataset}\n{}\n", turned.join("\n"))).unwrap();
    turned.len()
}

fn import_in_parts(fixture: &Fixture, file: &Path) -> Child {
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

/// An import in parts is killed again and again, and ends like one that nobody disturbed.
#[tokio::test]
async fn an_import_in_parts_goes_on_where_it_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mixed.jsonl");
    let records = i64::try_from(mixed(&file)).unwrap();
    for (fixture, undisturbed) in databases().await.into_iter().zip(databases().await) {
        let mut before = 0;
        for kill in 0..5 {
            let mut child = import_in_parts(&fixture, &file);
            // Some time after it has come further than the one before.
            while count(&fixture, "record WHERE digest IS NOT NULL").await == before {
                assert!(child.try_wait().unwrap().is_none(), "it ended early");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            tokio::time::sleep(Duration::from_millis(kill * 40)).await;
            child.kill().unwrap();
            child.wait().unwrap();
            let written = count(&fixture, "record WHERE digest IS NOT NULL").await;
            assert!(before < written && written < records, "{before} {written} {records}");
            before = written;
            // Nothing is half there.
            assert_eq!(count(&fixture, "import_seen").await, written);
            assert_eq!(count(&fixture, "change").await, written);
            assert_eq!(count(&fixture, "record WHERE kind = 'EVENT'").await, count(&fixture, "event").await);
            let indexed = count(&fixture, "search").await;
            assert!(indexed >= count(&fixture, "event").await + count(&fixture, "statement").await);
        }
        let last = import_in_parts(&fixture, &file).wait_with_output().unwrap();
        assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stderr));
        let whole = import_in_parts(&undisturbed, &file).wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&last.stdout), String::from_utf8_lossy(&whole.stdout));
        let mut dumps = Vec::new();
        for one in [&fixture, &undisturbed] {
            one.db.connection().execute_unprepared("UPDATE change SET at = 0").await.unwrap();
            dumps.push(one.dump().await);
        }
        assert!(dumps[0] == dumps[1], "{}", fixture.url);
    }
}
