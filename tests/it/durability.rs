//! What is killed in the middle leaves nothing half-done.

use std::fmt::Write;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::fixture::databases;

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
    }
}
