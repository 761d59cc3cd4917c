//! The migration to American spelling, and the old spellings that imports still accept.

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use sea_orm_migration::MigratorTrait;
use serde_json::{Value, json};

use crate::fixture::{Fixture, databases, empty_databases};

/// The number of migrations before the one under test.
const BEFORE: u32 = 9;

async fn count(database: &DatabaseConnection, table: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) AS rows FROM {table}");
    let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), sql)).await.unwrap();
    row.unwrap().try_get("", "rows").unwrap()
}

/// Two commits of an older version. The first creates the places 2 (current), 3 and 4 (merged into 2), all with the old word.
/// The second replaces the dataset's license, the type of place 3, and the row of place 4.
async fn write_old_graph(old: &DatabaseConnection) {
    let before = json!([{ "kind": "place", "row": { "id": 3, "kind": "NEIGHBOURHOOD", "label": "\"kind\":\"NEIGHBOURHOOD\"" } }]);
    let after =
        json!([{ "kind": "place", "row": { "id": 3, "kind": "DISTRICT", "label": "\"kind\":\"NEIGHBOURHOOD\"" } }]);
    for sql in [
        "INSERT INTO dataset (id, key, licence) VALUES (1, 'old', 'MIT')",
        "INSERT INTO record (id, dataset_id, key, kind, digest) VALUES (2, 1, 'two', 'PLACE', 'x'), (3, 1, 'three', 'PLACE', 'x'), (4, 1, 'four', 'PLACE', 'x')",
        "INSERT INTO place (id, kind, label, label_key) VALUES (2, 'NEIGHBOURHOOD', 'Two', 'two'), (3, 'NEIGHBOURHOOD', 'Three', 'three')",
        "INSERT INTO merged_place (id, kind, label, label_key) VALUES (4, 'NEIGHBOURHOOD', 'Four', 'four')",
        "UPDATE record SET same_as_id = 2 WHERE id = 4",
        "INSERT INTO change (id, at, \"by\", batch, kind, record_id, operation) VALUES (1, 1000, 'me', '1', 'PLACE', 3, 'CREATE')",
        "INSERT INTO moment (version, at, last_id, last_change) VALUES (1, 1000, 4, 1)",
        "UPDATE counter SET value = 4 WHERE name = 'id'",
        "UPDATE counter SET value = 1 WHERE name IN ('change', 'version')",
        "UPDATE dataset SET licence = 'CC0-1.0'",
        "UPDATE place SET kind = 'DISTRICT' WHERE id = 3",
        "UPDATE merged_place SET label = 'Fourth'",
        &format!(
            "INSERT INTO change (id, at, \"by\", batch, kind, record_id, operation, before, after)
             VALUES (2, 2000, 'me', '2', 'PLACE', 3, 'UPDATE', '{before}', '{after}')"
        ),
        "INSERT INTO moment (version, at, last_id, last_change) VALUES (2, 2000, 4, 2)",
        "UPDATE counter SET value = 2 WHERE name IN ('change', 'version')",
    ] {
        old.execute_unprepared(sql).await.unwrap();
    }
}

#[tokio::test]
async fn migration_respells_rows_and_history() {
    const HISTORIES: [&str; 4] = ["dataset_history", "place_history", "merged_place_history", "change"];
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite://{}?mode=rwc", folder.path().join("graph.db").display());
    for url in empty_databases().await.into_iter().chain([file]) {
        let old = sea_orm::Database::connect(&url).await.unwrap();
        migration::Migrator::up(&old, Some(BEFORE)).await.unwrap();
        write_old_graph(&old).await;
        for (table, rows) in HISTORIES.into_iter().zip([1, 1, 1, 2]) {
            assert_eq!(count(&old, table).await, rows, "{table} on {url}");
        }
        old.close().await.unwrap();

        let fixture = Fixture::at(url.clone()).await;
        let database = fixture.db.connection();
        for (table, rows) in HISTORIES.into_iter().zip([1, 1, 1, 2]) {
            assert_eq!(count(database, table).await, rows, "{table} on {url}");
        }
        for table in ["place", "place_history", "merged_place", "merged_place_history"] {
            assert_eq!(count(database, &format!("{table} WHERE kind = 'NEIGHBOURHOOD'")).await, 0, "{table} on {url}");
            assert_eq!(count(database, &format!("{table} WHERE kind = 'NEIGHBORHOOD'")).await, 1, "{table} on {url}");
        }

        // The graph at 1970-01-01T00:20:00Z is the one of the first commit.
        let data = fixture
            .query(
                "{
                    now: datasets { nodes { license } }
                    then: datasets(asOf: \"1970-01-01T00:20:00Z\") { nodes { license } }
                    placesNow: places { nodes { label kind } }
                    placesThen: places(asOf: \"1970-01-01T00:20:00Z\") { nodes { label kind } }
                    found: places(filter: { kind: { in: [NEIGHBORHOOD] } }) { totalCount }
                    changes(filter: { operation: { in: [UPDATE] } }) { nodes { fields { field before after } } }
                }",
            )
            .await;
        assert_eq!(
            data,
            json!({
                "now": { "nodes": [{ "license": "CC0-1.0" }] },
                "then": { "nodes": [{ "license": "MIT" }] },
                "placesNow": { "nodes": [
                    { "label": "Two", "kind": "NEIGHBORHOOD" },
                    { "label": "Three", "kind": "DISTRICT" },
                ] },
                "placesThen": { "nodes": [
                    { "label": "Two", "kind": "NEIGHBORHOOD" },
                    { "label": "Three", "kind": "NEIGHBORHOOD" },
                ] },
                "found": { "totalCount": 1 },
                "changes": { "nodes": [
                    { "fields": [{ "field": "kind", "before": "NEIGHBORHOOD", "after": "DISTRICT" }] },
                ] },
            }),
            "{url}"
        );
        // A text that looks like the field is left alone.
        assert_eq!(count(database, "change WHERE before LIKE '%NEIGHBOURHOOD%'").await, 1, "{url}");
    }
}

#[tokio::test]
async fn history_triggers_work_after_the_migration() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite://{}?mode=rwc", folder.path().join("graph.db").display());
    for url in empty_databases().await.into_iter().chain([file]) {
        let old = sea_orm::Database::connect(&url).await.unwrap();
        migration::Migrator::up(&old, Some(BEFORE)).await.unwrap();
        write_old_graph(&old).await;
        migration::Migrator::up(&old, None).await.unwrap();
        assert_eq!(count(&old, "counter WHERE name = 'version' AND value = 2").await, 1, "{url}");
        for (sql, table, rows) in [
            ("UPDATE dataset SET license = 'MIT'", "dataset_history WHERE license = 'CC0-1.0' AND replaced = 3", 1),
            ("UPDATE place SET label = 'Too' WHERE id = 2", "place_history WHERE id = 2 AND replaced = 3", 1),
            ("UPDATE place SET label = 'Too' WHERE id = 2", "place_history WHERE id = 2 AND replaced = 3", 1),
            ("DELETE FROM merged_place", "merged_place_history WHERE label = 'Fourth' AND replaced = 3", 1),
            // Unmerging inserts the row again, which leaves a marker: until then there was no such place.
            (
                "INSERT INTO place (id, kind, label, label_key) VALUES (4, 'CITY', 'Four', 'four')",
                "place_history WHERE id = 4 AND label IS NULL AND replaced = 3",
                1,
            ),
        ] {
            old.execute_unprepared(sql).await.unwrap();
            assert_eq!(count(&old, table).await, rows, "{sql} on {url}");
        }
        old.close().await.unwrap();
    }
}

#[tokio::test]
async fn records_may_use_the_old_spelling() {
    let dataset = json!({ "kind": "dataset", "key": "old", "licence": "MIT" });
    let place = json!({ "kind": "place", "key": "karrada", "type": "NEIGHBOURHOOD", "label": "Karrada" });
    for fixture in databases().await {
        let import = async |lines: [&Value; 2]| fixture.import(&lines.map(Value::to_string).join("\n")).await;
        assert_eq!(import([&dataset, &place]).await.problems, []);
        let data = fixture.query("{ datasets { nodes { license } } places { nodes { kind } } }").await;
        assert_eq!(
            data,
            json!({ "datasets": { "nodes": [{ "license": "MIT" }] }, "places": { "nodes": [{ "kind": "NEIGHBORHOOD" }] } })
        );

        // Only the new spelling is stored, so a record with the new one changes nothing.
        let respelled = json!({ "kind": "place", "key": "karrada", "type": "NEIGHBORHOOD", "label": "Karrada" });
        assert_eq!(import([&dataset, &respelled]).await.problems, []);
        assert_eq!(fixture.query("{ changes { totalCount } }").await["changes"]["totalCount"], 1);

        // The JSON Schema, which describes the problems of invalid records, accepts the old word as well.
        let mut nameless = place.clone();
        nameless.as_object_mut().unwrap().remove("label");
        let problems = import([&dataset, &nameless]).await.problems;
        let pointers: Vec<&str> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(pointers, ["/label"], "{problems:?}");
    }
}
