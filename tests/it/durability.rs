//! What is killed in the middle leaves nothing half-done.

use std::fmt::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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
        let started = Instant::now();
        let import = || {
            Command::new(env!("CARGO_BIN_EXE_newsgraph"))
                .args(["import", "--database-url", &fixture.url])
                .arg(&file)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        };
        // A first run in full, on a dry run, tells how long one takes here.
        let dry = Command::new(env!("CARGO_BIN_EXE_newsgraph"))
            .args(["import", "--dry-run", "--database-url", &fixture.url])
            .arg(&file)
            .output()
            .unwrap();
        assert!(dry.status.success(), "{}", String::from_utf8_lossy(&dry.stderr));
        let whole = started.elapsed();
        for share in [0.3, 0.8] {
            let mut child = import();
            let until = Instant::now() + whole.mul_f64(share);
            while Instant::now() < until && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(5));
            }
            assert!(child.try_wait().unwrap().is_none(), "the import ended before it could be killed");
            // SIGKILL: the program gets no chance to tidy up.
            child.kill().unwrap();
            child.wait().unwrap();
            assert_eq!(fixture.dump().await, before, "killed at {share} on {}", fixture.url);
        }
        assert!(import().wait().unwrap().success());
        let data = fixture.ask("{ events { totalCount } }").await;
        assert_eq!(data["events"]["totalCount"], RECORDS);
    }
}
