//! `newsgraph check`: what does not hold any more is found, and derived anew.

use sea_orm::{ConnectionTrait, DatabaseBackend};
use serde_json::json;

use crate::command::{newsgraph, text};
use crate::fixture::{Fixture, stories};

async fn run(fixture: &Fixture, sql: &str) {
    let done = fixture.db.connection().execute_unprepared(sql).await.unwrap();
    assert!(done.rows_affected() > 0, "{sql} on {}", fixture.url);
}

fn check(fixture: &Fixture, flags: &[&str]) -> (Option<i32>, String) {
    let output = newsgraph(fixture, &[&["check"], flags].concat(), "");
    assert_eq!(text(&output.stderr), "", "{}", fixture.url);
    (output.status.code(), text(&output.stdout))
}

#[tokio::test]
async fn what_does_not_hold_is_told_and_derived_anew() {
    for fixture in stories().await {
        let article = json!({ "kind": "article", "key": "article", "publisher": "herald", "headline": "Ann", "text": "Ann came. She left." });
        let ann = json!({ "kind": "person", "key": "ann", "label": "Ann", "evidence": [{ "article": "article", "start": 0, "end": 3, "quote": "Ann" }] });
        let herald =
            json!({ "kind": "organization", "key": "herald", "label": "Herald", "names": [{ "text": "Herald" }] });
        let dataset = json!({ "kind": "dataset", "key": "more" });
        assert_eq!(fixture.import_lines(&[dataset, herald, article, ann]).await.problems, []);
        let whole = fixture.dump().await;
        assert_eq!(check(&fixture, &[]), (Some(0), "all holds\n".into()), "{}", fixture.url);
        assert_eq!(fixture.dump().await, whole, "{}", fixture.url);

        let id = |key: &str| format!("(SELECT id FROM record WHERE key = '{key}')");
        let is_postgres = fixture.db.connection().get_database_backend() == DatabaseBackend::Postgres;
        for sql in [
            "UPDATE claim SET standing = 'DENIED', implied = FALSE WHERE implied".to_owned(),
            format!("UPDATE statement SET voice_id = NULL WHERE id = {}", id("statement/killed")),
            format!("DELETE FROM name_key WHERE name_id IN (SELECT id FROM name WHERE target_id = {})", id("herald")),
            format!("DELETE FROM search WHERE {} = {}", if is_postgres { "id" } else { "rowid" }, id("abduction")),
            format!("UPDATE evidence SET start = 4, \"end\" = 7 WHERE target_id = {}", id("ann")),
        ] {
            run(&fixture, &sql).await;
        }
        let damaged = fixture.dump().await;
        let (code, told) = check(&fixture, &[]);
        assert_eq!(code, Some(1), "{told}");
        assert_eq!(fixture.dump().await, damaged, "{}", fixture.url);
        for line in [
            "places of quotes: 1 row\n  ann#/evidence/0 of more was moved to 0..3, where its quote stands\n",
            "statement.voice_id: 1 row\n  statement/killed of mikdam\n",
            "claim.standing: ",
            "claim.implied: ",
            "names by key: 1 row\n  herald#/names/0 of more\n",
            "search: 1 row\n  abduction of mikdam\n",
            "\nnothing was written: --repair writes what was derived anew\n",
        ] {
            assert!(told.contains(line), "{line} is missing on {}:\n{told}", fixture.url);
        }

        // What nobody can derive has to be corrected.
        let within = |parent: &str| format!("UPDATE place SET parent_id = {parent} WHERE id = {}", id("iraq"));
        run(&fixture, &within(&id("baghdad"))).await;
        let (code, told) = check(&fixture, &["--repair"]);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.starts_with("records: "), "{told}");
        assert!(told.contains("\n  baghdad of mikdam, /parent: makes a cycle: "), "{told}");
        assert!(told.ends_with("derived anew and written\n"), "{told}");
        let (code, told) = check(&fixture, &[]);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.ends_with("correct the records and import them again\n"), "{told}");
        run(&fixture, &within("NULL")).await;
        assert_eq!(check(&fixture, &[]), (Some(0), "all holds\n".into()), "{}", fixture.url);
        let (mut again, mut whole) = (fixture.dump().await, whole);
        // The version has grown.
        assert_ne!(again.remove("counter"), whole.remove("counter"), "{}", fixture.url);
        assert_eq!(again, whole, "{}", fixture.url);
    }
}
