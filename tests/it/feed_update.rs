//! Feeds that repeat, change or withdraw rows: the last row counts, and replaced or skipped rows leave nothing behind.

use newsgraph::import::feed::Format;
use serde_json::json;

use crate::feed::{events, feed_path, feed_text, import, import_as, write_file};
use crate::fixture::{Fixture, databases};

async fn counts(fixture: &Fixture) -> serde_json::Value {
    fixture
        .query(
            "{ events { totalCount } actors { totalCount } places { totalCount } articles { nodes { url headline } } }",
        )
        .await
}

/// Returns the text with one of its lines appended again, in which `from` is replaced by `to`.
fn with_changed_copy(text: &str, line: usize, from: &str, to: &str) -> String {
    let row = text.lines().nth(line).unwrap();
    assert!(row.contains(from), "{row}");
    format!("{text}{}\n", row.replacen(from, to, 1))
}

#[tokio::test]
async fn article_with_only_skipped_mentions_is_not_stored() {
    for fixture in databases().await {
        // One mention refers to an event that is not stored.
        let report = import(&fixture, &["gdelt.mentions.CSV", "gdelt.export.CSV"]).await;
        assert_eq!(report.skipped["of an event or place that is not stored"], 1);
        let articles = counts(&fixture).await["articles"]["nodes"].to_string();
        assert!(articles.contains("news.example/three") && !articles.contains("news.example/four"), "{articles}");
        // The GDELT knowledge graph (GKG) describes articles themselves, so its articles are stored.
        let folder = tempfile::tempdir().unwrap();
        let gkg = feed_text("gdelt.gkg.csv").replace("news.example/one\t", "news.example/four\t");
        let gkg = write_file(&folder, "gkg.csv", gkg.as_bytes());
        import_as(&fixture, Format::Auto, &[feed_path("gdelt.mentions.CSV"), gkg]).await;
        assert!(counts(&fixture).await["articles"]["nodes"].to_string().contains("news.example/four"));
    }
}

#[tokio::test]
async fn gdelt_mentions_without_events_store_nothing() {
    for fixture in databases().await {
        for _ in 0..2 {
            let report = import(&fixture, &["gdelt.mentions.CSV"]).await;
            assert_eq!(report.problems, []);
            assert_eq!(report.skipped["of an event or place that is not stored"], 3);
        }
        assert_eq!(counts(&fixture).await["articles"]["nodes"], json!([]));
    }
}

#[tokio::test]
async fn last_row_with_an_id_replaces_earlier_rows() {
    let cases = [
        ("gdelt.export.CSV", 3, "https://news.example/two", "https://news.example/five"),
        ("ucdp.csv", 4, "Ninawa governorate,,Ninawa", "Erbil governorate,,Erbil"),
        ("acled-api.csv", 2, "Somebody was taken.", "Somebody was taken away."),
        ("polecat.tsv", 3, "2021-07-10", "2021-07-09"),
        ("entities.ftm.json", 4, "100000", "100001"),
        ("geonames.txt", 1, "36.19", "36.2"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, line, from, to) in cases {
        let text = feed_text(name);
        let twice = with_changed_copy(&text, line, from, to);
        // The expected result: the file with the last version of the row only.
        let mut last: Vec<&str> = text.lines().collect();
        last.remove(line);
        let last = format!("{}\n{}\n", last.join("\n"), twice.lines().last().unwrap());
        let twice = write_file(&folder, &format!("twice-{name}"), twice.as_bytes());
        let last = write_file(&folder, name, last.as_bytes());
        for (fixture, other) in databases().await.iter().zip(databases().await) {
            let report = import_as(fixture, Format::Auto, std::slice::from_ref(&twice)).await;
            assert_eq!(report.problems, [], "{name}");
            assert_eq!(report.skipped["rows replaced by a later row with the same id"], 1, "{name}: {report}");
            import_as(&other, Format::Auto, std::slice::from_ref(&last)).await;
            let (dump, alone) = (fixture.dump().await, other.dump().await);
            for (table, rows) in &dump {
                assert_eq!(rows.len(), alone[table].len(), "{name} {table}: {rows:#?}");
            }
            let total = import_as(fixture, Format::Auto, std::slice::from_ref(&last)).await.total();
            assert_eq!((total.created, total.updated), (0, 0), "{name}");
            // A later file updates the row, both in the same import and in another one.
            let report = import_as(fixture, Format::Auto, &[feed_path(name)]).await;
            assert!(report.total().updated > 0, "{name}: {report}");
            let report = import_as(fixture, Format::Auto, &[feed_path(name), last.clone()]).await;
            assert_eq!(report.skipped["rows replaced by a later row with the same id"], 1, "{name}: {report}");
            assert!(report.total().updated > 0, "{name}: {report}");
        }
    }
}

#[tokio::test]
async fn last_row_decides_whether_an_event_is_a_mirrored_duplicate() {
    let text = feed_text("gdelt.export.CSV");
    let rows: Vec<&str> = text.lines().collect();
    let folder = tempfile::tempdir().unwrap();
    // On another day, the mirror of the first event is a separate event.
    let own = rows[1].replace("\t20210711\t", "\t20210710\t");
    let parted = write_file(&folder, "parted.CSV", format!("{}\n{}\n{own}\n", rows[0], rows[1]).as_bytes());
    let joined = write_file(&folder, "joined.CSV", format!("{}\n{own}\n{}\n", rows[0], rows[1]).as_bytes());
    for (file, count) in [(parted, 2), (joined, 1)] {
        for fixture in databases().await {
            let report = import_as(&fixture, Format::Auto, std::slice::from_ref(&file)).await;
            assert_eq!(
                (report.problems.len(), report.skipped["rows replaced by a later row with the same id"]),
                (0, 1)
            );
            let all = events(&fixture).await;
            assert_eq!(all.len(), count, "{all:#?}");
            let ids: Vec<_> = all.iter().flat_map(|event| event["externalIds"]["nodes"].as_array().unwrap()).collect();
            assert_eq!(ids.len(), 2, "{ids:?}");
        }
    }
}

#[tokio::test]
async fn older_acled_version_does_not_replace_a_newer_one() {
    let folder = tempfile::tempdir().unwrap();
    let newer = with_changed_copy(&feed_text("acled-api.csv"), 2, "1600000000", "1700000000")
        .replace("taken.,0,,17", "taken away.,0,,17");
    let older = with_changed_copy(&newer, 2, "1600000000", "1500000000");
    let older = write_file(&folder, "acled.csv", older.as_bytes());
    for fixture in databases().await {
        let report = import_as(&fixture, Format::Auto, std::slice::from_ref(&older)).await;
        assert_eq!(report.skipped["older versions of an event, by timestamp"], 1, "{report}");
        let all = events(&fixture).await;
        assert!(all.iter().any(|event| event["summary"] == "Somebody was taken away."), "{all:#?}");
    }
}

#[tokio::test]
async fn delta_can_delete_entities_that_it_added() {
    let folder = tempfile::tempdir().unwrap();
    let line = |op: &str, id: &str| json!({ "op": op, "entity": { "id": id, "schema": "Person", "properties": { "name": [format!("{op} {id}")] } } });
    let lines = [line("ADD", "a"), line("ADD", "b"), line("MOD", "b"), line("DEL", "a"), line("DEL", "c")];
    let delta: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let delta = write_file(&folder, "delta.json", delta.as_bytes());
    for fixture in databases().await {
        let report = import_as(&fixture, Format::Auto, std::slice::from_ref(&delta)).await;
        assert_eq!(report.problems, []);
        assert_eq!(report.skipped["deletions (an import deletes nothing that is stored)"], 2);
        assert_eq!(report.skipped["rows replaced by a later row with the same id"], 2);
        let data = fixture.query("{ actors { nodes { label } } }").await;
        assert_eq!(data["actors"]["nodes"], json!([{ "label": "MOD b" }]));
    }
}

#[tokio::test]
async fn only_authors_that_are_actors_are_imported() {
    let folder = tempfile::tempdir().unwrap();
    let entity = |id: &str, schema: &str, properties: serde_json::Value| json!({ "id": id, "schema": schema, "properties": properties });
    let lines = [
        entity("a1", "Article", json!({ "title": ["One"], "author": ["p1", "Jane Doe", "e1"] })),
        entity("a2", "Article", json!({ "title": ["Two"], "author": ["John Doe"] })),
        entity("p1", "Person", json!({ "name": ["Jane Example"] })),
        entity("e1", "Event", json!({ "name": ["An event"] })),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let file = write_file(&folder, "articles.ftm.json", text.as_bytes());
    for fixture in databases().await {
        let report = import_as(&fixture, Format::Auto, std::slice::from_ref(&file)).await;
        assert_eq!(report.problems, []);
        assert_eq!(report.unmapped["authors of articles that are names and not ids of actors"], 3, "{report}");
        let data = fixture.query("{ articles { nodes { headline authors { nodes { label } } } } }").await;
        let articles = data["articles"]["nodes"].as_array().unwrap();
        let one = articles.iter().find(|article| article["headline"] == "One").unwrap();
        assert_eq!(one["authors"]["nodes"], json!([{ "label": "Jane Example" }]));
        let total = import_as(&fixture, Format::Auto, std::slice::from_ref(&file)).await.total();
        assert_eq!((total.created, total.updated), (0, 0));
    }
}

#[tokio::test]
async fn alternate_place_names_have_no_phonetic_keys() {
    let folder = tempfile::tempdir().unwrap();
    let text = "1\tKarkuk\tKarkuk\tKirkuk\t35.46\t44.39\tP\tPPLA\tIQ\t\t\t\t\t\t0\t\t\tAsia/Baghdad\t2023-01-12\n";
    let place = write_file(&folder, "places.txt", text.as_bytes());
    for fixture in databases().await {
        import_as(&fixture, Format::Geonames, std::slice::from_ref(&place)).await;
        let sql =
            "SELECT name.text || ' ' || name_key.rule AS said FROM name_key JOIN name ON name.id = name_key.name_id
                   WHERE name.text LIKE 'K%' ORDER BY 1";
        let keys = fixture.text_column(sql).await;
        assert!(keys.contains(&"Karkuk PHONETIC".to_owned()) && keys.contains(&"Kirkuk FOLDED".to_owned()), "{keys:?}");
        assert!(!keys.contains(&"Kirkuk PHONETIC".to_owned()), "{keys:?}");
        // Rebuilding the index gives the same keys.
        newsgraph::import::rebuild(&fixture.db).await.unwrap();
        assert_eq!(fixture.text_column(sql).await, keys);
    }
}
