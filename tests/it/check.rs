//! `newsgraph check`: finds inconsistent data, and with `--repair` recomputes derived data.

use newsgraph::import::{self, Options};
use sea_orm::{ConnectionTrait, DatabaseBackend};
use serde_json::json;

use crate::command::{newsgraph, text};
use crate::fixture::{Fixture, databases, databases_with_story};

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
async fn inconsistent_data_is_reported_and_repaired() {
    for fixture in databases_with_story().await {
        let article = json!({ "kind": "article", "key": "article", "publisher": "herald", "headline": "Ann", "text": "Ann came home. She left." });
        let ann = json!({ "kind": "person", "key": "ann", "label": "Ann", "evidence": [{ "article": "article", "start": 0, "end": 13, "quote": "Ann came home" }] });
        let herald =
            json!({ "kind": "organization", "key": "herald", "label": "Herald", "names": [{ "text": "Herald" }] });
        let relaying = json!({ "kind": "statement", "key": "relaying", "summary": "Ann says so.", "speaker": "ann", "attribution": "NAMED_PERSON",
            "quoteType": "INDIRECT", "article": "article", "relays": "relayed" });
        let relayed = json!({ "kind": "statement", "key": "relayed", "summary": "The Herald said so.", "speaker": "herald",
            "attribution": "NAMED_ORGANIZATION", "quoteType": "INDIRECT", "article": "article" });
        let event = json!({ "kind": "event", "key": "event", "type": "VISIT", "accounts": [{ "key": "unclaimed", "label": "told so" }] });
        let dataset = json!({ "kind": "dataset", "key": "more" });
        let more = [dataset, herald, article, ann, relayed, relaying, event];
        assert_eq!(fixture.import_lines(&more).await.problems, []);
        let whole = fixture.dump().await;
        assert_eq!(check(&fixture, &[]), (Some(0), "no violations found\n".into()), "{}", fixture.url);
        assert_eq!(fixture.dump().await, whole, "{}", fixture.url);

        let id = |key: &str| format!("(SELECT id FROM record WHERE key = '{key}')");
        let is_postgres = fixture.db.connection().get_database_backend() == DatabaseBackend::Postgres;
        for sql in [
            "UPDATE claim SET standing = 'DENIED', implied = FALSE WHERE implied".to_owned(),
            format!(
                "UPDATE statement SET voice_id = NULL WHERE id IN ({}, {})",
                id("statement/killed"),
                id("relaying")
            ),
            format!("UPDATE account SET implied = TRUE WHERE id = {}", id("unclaimed")),
            format!("DELETE FROM name_key WHERE name_id IN (SELECT id FROM name WHERE target_id = {})", id("herald")),
            format!("DELETE FROM search WHERE {} = {}", if is_postgres { "id" } else { "rowid" }, id("abduction")),
        ] {
            run(&fixture, &sql).await;
        }
        let damaged = fixture.dump().await;
        let (code, output) = check(&fixture, &[]);
        assert_eq!(code, Some(1), "{output}");
        assert_eq!(fixture.dump().await, damaged, "{}", fixture.url);
        for line in [
            "statement.voice_id: 2 rows\n  statement/killed of mikdam\n  relaying of more\n",
            "claim.standing: 1 row\n  claim/let-go-by-kidnappers of mikdam\n",
            "claim.implied: 1 row\n  claim/let-go-by-kidnappers of mikdam\n",
            "account.implied: 1 row\n  unclaimed of more\n",
            "name keys: 1 row\n  herald#/names/0 of more\n",
            "search index: 1 row\n  abduction of mikdam\n",
            "\nnothing was written: run with --repair to write the recomputed data\n",
        ] {
            assert!(output.contains(line), "{line} is missing on {}:\n{output}", fixture.url);
        }

        // While records are invalid, derived data cannot be recomputed, so it is not checked.
        let within = |parent: &str| format!("UPDATE place SET parent_id = {parent} WHERE id = {}", id("iraq"));
        run(&fixture, &within(&id("baghdad"))).await;
        run(&fixture, &format!("UPDATE evidence SET start = 4, \"end\" = 17 WHERE target_id = {}", id("ann"))).await;
        let damaged = fixture.dump().await;
        let (code, output) = check(&fixture, &["--repair"]);
        assert_eq!(code, Some(1), "{output}");
        for line in [
            "records: 7 rows\n",
            "\n  baghdad of mikdam, /parent: creates a cycle: ",
            "\nquote positions: 1 row\n  ann#/evidence/0 of more: moved to 0..13, the position of its quote\n",
            "\ncorrect these records and import them again; ",
        ] {
            assert!(output.contains(line), "{line} is missing on {}:\n{output}", fixture.url);
        }
        assert!(!output.contains("claim"), "{output}");
        assert_eq!(fixture.dump().await, damaged, "{}", fixture.url);

        run(&fixture, &within("NULL")).await;
        run(&fixture, &format!("UPDATE evidence SET start = 0, \"end\" = 13 WHERE target_id = {}", id("ann"))).await;
        let (code, output) = check(&fixture, &["--repair"]);
        assert_eq!(code, Some(0), "{output}");
        assert!(output.ends_with("repaired: the recomputed data was written\n"), "{output}");
        assert_eq!(check(&fixture, &[]), (Some(0), "no violations found\n".into()), "{}", fixture.url);
        let (mut again, mut whole) = (fixture.dump().await, whole);
        // The repair was a write, so the version has increased.
        assert_ne!(again.remove("counter"), whole.remove("counter"), "{}", fixture.url);
        assert_eq!(again, whole, "{}", fixture.url);
    }
}

/// After each write, derived data is as if all records had been imported at once.
#[tokio::test]
async fn updates_and_deletes_keep_derived_data_consistent() {
    let dataset = json!({ "kind": "dataset", "key": "more" });
    let article = |key: &str, published: &str| json!({ "kind": "article", "key": key, "published": published });
    let says = |key: &str, article: &str, stance: &str| {
        json!({ "kind": "statement", "key": key, "summary": key, "speaker": "ann", "attribution": "NAMED_PERSON", "quoteType": "INDIRECT",
            "article": article, "stances": [{ "claim": "claim", "stance": stance }] })
    };
    let name = |target: &str| json!({ "kind": "name", "key": "name", "target": target, "text": "Hannah" });
    let evidence = |target: &str| json!({ "kind": "evidence", "key": "where", "target": target, "article": "first", "start": 5, "end": 9 });
    for fixture in databases().await {
        let write = async |lines: &[serde_json::Value]| {
            let lines = [std::slice::from_ref(&dataset), lines].concat();
            assert_eq!(fixture.import_lines(&lines).await.problems, []);
            assert_eq!(check(&fixture, &[]), (Some(0), "no violations found\n".into()), "{}", fixture.url);
            let query = "{ claims { nodes { standing } } search(text: \"Hannah\") { totalCount } }";
            let found = fixture.query(query).await;
            (found["claims"]["nodes"][0]["standing"].clone(), found["search"]["totalCount"].clone())
        };
        let all = [
            article("first", "2021-07-01"),
            article("second", "2021-07-02"),
            json!({ "kind": "person", "key": "ann", "label": "Ann" }),
            json!({ "kind": "person", "key": "bob", "label": "Bob" }),
            json!({ "kind": "event", "key": "visit", "type": "VISIT", "title": "a visit" }),
            json!({ "kind": "claim", "key": "claim", "text": "It was.", "subject": "visit" }),
            says("says", "first", "ASSERTS"),
            says("denies", "second", "DENIES"),
            name("ann"),
            evidence("says"),
        ];
        assert_eq!(write(&all).await, (json!("DENIED"), json!(1)));
        // A statement in an article has the date of the article.
        assert_eq!(write(&[article("second", "2021-06-01")]).await, (json!("UNCONTESTED"), json!(1)));
        assert_eq!(write(&[name("bob")]).await, (json!("UNCONTESTED"), json!(1)));
        assert_eq!(write(&[evidence("denies")]).await, (json!("UNCONTESTED"), json!(1)));
        let options = Options { dataset: Some("more".into()), ..Options::default() };
        let keys = ["name", "where"].map(str::to_owned);
        assert_eq!(import::delete(&fixture.db, &keys, &options).await.unwrap().problems, []);
        assert_eq!(write(&[]).await, (json!("UNCONTESTED"), json!(0)));
    }
}
