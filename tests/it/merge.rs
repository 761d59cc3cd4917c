//! Entity resolution: merging entities and unmerging them.

use std::collections::BTreeMap;

use entity::merge::MergeDecision;
use entity::record::RecordKind;
use newsgraph::import::{self, MergeRequest};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::access::create_key;
use crate::fixture::{Fixture, copy_of_story, databases, databases_with_story, records};
use crate::server::Server;

/// Returns the id and the type of a record.
pub async fn id_of(fixture: &Fixture, dataset: &str, key: &str) -> (i64, RecordKind) {
    let db = fixture.db.connection();
    let sql = format!(
        "SELECT record.id AS id, record.kind AS kind FROM record JOIN dataset ON dataset.id = record.dataset_id
         WHERE dataset.key = '{dataset}' AND record.key = '{key}'"
    );
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
    (row.try_get("", "id").unwrap(), row.try_get("", "kind").unwrap())
}

pub async fn merge_entities(fixture: &Fixture, keep: (&str, &str), other: (&str, &str)) -> Result<i64, String> {
    record_decision(fixture, keep, other, MergeDecision::Same, None).await
}

pub async fn record_decision(
    fixture: &Fixture,
    keep: (&str, &str),
    other: (&str, &str),
    decision: MergeDecision,
    reason: Option<&str>,
) -> Result<i64, String> {
    let ((keep, kind), (other, _)) = (id_of(fixture, keep.0, keep.1).await, id_of(fixture, other.0, other.1).await);
    let reason = reason.map(str::to_owned);
    let request = MergeRequest { kind, keep, other, decision, by: "test".into(), reason };
    import::record_merge(&fixture.db, &request).await.map_err(|error| error.to_string())
}

pub async fn unmerge(fixture: &Fixture, dataset: &str, key: &str) {
    let (id, kind) = id_of(fixture, dataset, key).await;
    import::unmerge(&fixture.db, kind, id, "test").await.unwrap();
}

/// Returns all rows except those of the audit log and the counters.
pub async fn rows(fixture: &Fixture) -> BTreeMap<String, Vec<String>> {
    let mut dump = fixture.dump().await;
    dump.retain(|table, _| !["change", "counter"].contains(&table.as_str()));
    dump
}

/// Asserts that the stored data is consistent, that no reference points to a merged entity, and that each event has at most
/// one claim.
pub async fn assert_consistent(fixture: &Fixture) {
    assert_eq!(import::verify(&fixture.db, false).await.unwrap(), [], "{}", fixture.url);
    let db = fixture.db.connection();
    for (table, column) in [
        ("participation", "event_id"),
        ("participation", "actor_id"),
        ("participation", "place_id"),
        ("statement", "speaker_id"),
        ("statement_about", "target_id"),
        ("relation", "subject_id"),
        ("relation", "object_id"),
        ("event", "place_id"),
        ("event", "parent_id"),
        ("place", "parent_id"),
        ("claim", "subject_id"),
        ("stance", "claim_id"),
        ("evidence", "target_id"),
        ("name", "target_id"),
        ("account", "event_id"),
        ("actor", "id"),
        ("place", "id"),
        ("event", "id"),
        ("claim", "id"),
        ("article", "publisher_id"),
        ("actor", "close_to_id"),
    ] {
        let sql = format!(
            "SELECT {table}.{column} FROM {table} JOIN record ON record.id = {table}.{column} WHERE record.same_as_id IS NOT NULL"
        );
        let found = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
        assert!(found.is_empty(), "{table}.{column} refers to a merged entity");
    }
    let sql = "SELECT subject_id FROM claim WHERE subject_kind = 'EVENT' GROUP BY subject_id HAVING COUNT(*) > 1";
    let found = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql.to_owned())).await.unwrap();
    assert!(found.is_empty(), "an event has two claims");
}

/// Entities of two copies of the story are merged and, in another order, unmerged: all rows are as before.
#[tokio::test]
async fn merge_and_unmerge_restore_all_rows() {
    for fixture in databases_with_story().await {
        fixture.import(&copy_of_story(1)).await;
        let (before, out) = (rows(&fixture).await, fixture.export_records().await);
        let keys = [
            "mikdam",
            "hospital",
            "abduction",
            "baghdad",
            "end-of-captivity",
            "al-kadhimi",
            "iraq",
            "torture",
            "source",
            "visit-pm",
            "rudaw",
            "kidnappers",
            "militia-channels",
            "demonstrations-july-18",
            "demonstrations-july-18/inside",
            "killings",
        ];
        for (at, key) in keys.iter().enumerate() {
            let (keep, other) = if at % 2 == 0 { ("mikdam", "copy-1") } else { ("copy-1", "mikdam") };
            merge_entities(&fixture, (keep, key), (other, key)).await.unwrap();
            assert_consistent(&fixture).await;
        }
        let visits = fixture
            .query("{ events(filter: { type: { within: [VISIT] }, participations: { some: { role: { in: [VISITED] }, actor: { name: { matches: \"Mikdam\" } } } } }) {
                nodes { title } }
                claims(filter: { subject: { event: { slug: { eq: \"abduction-of-mikdam\" } } } }) { nodes { standing sides { asserts { statements { id } } } } } }")
            .await;
        let exported = fixture.export_records().await;
        let (records, merges): (Vec<&str>, Vec<&str>) =
            exported.lines().partition(|line| !line.starts_with(r#"{"record":"merge""#));
        assert_eq!(records, out.lines().collect::<Vec<_>>(), "merges must not change exported records");
        assert_eq!(merges.len(), keys.len());
        // Two visits in two copies: one pair is merged, so three remain.
        assert_eq!(visits["events"]["nodes"].as_array().unwrap().len(), 3, "{visits}");
        let sides = &visits["claims"]["nodes"];
        assert_eq!(sides.as_array().unwrap().len(), 1);
        for (at, key) in keys
            .iter()
            .enumerate()
            .filter(|(at, _)| at % 3 != 1)
            .chain(keys.iter().enumerate().filter(|(at, _)| at % 3 == 1))
        {
            unmerge(&fixture, if at % 2 == 0 { "copy-1" } else { "mikdam" }, key).await;
            assert_consistent(&fixture).await;
        }
        for (table, after) in rows(&fixture).await {
            assert_eq!(after, before[&table], "{table} is not as before");
        }
        assert_eq!(fixture.export_records().await, out);
    }
}

/// Unmerges entities of a chain (a third merged into a second, and that into a first) one by one.
#[tokio::test]
async fn chained_merges_can_be_unmerged_one_by_one() {
    for fixture in databases_with_story().await {
        fixture.import(&copy_of_story(1)).await;
        fixture.import(&copy_of_story(2)).await;
        let before = rows(&fixture).await;
        for key in ["abduction", "mikdam", "baghdad"] {
            merge_entities(&fixture, ("copy-1", key), ("copy-2", key)).await.unwrap();
            merge_entities(&fixture, ("mikdam", key), ("copy-1", key)).await.unwrap();
            assert_consistent(&fixture).await;
            // The end of the chain first, while the middle one is still merged.
            unmerge(&fixture, "copy-2", key).await;
            assert_consistent(&fixture).await;
            merge_entities(&fixture, ("mikdam", key), ("copy-2", key)).await.unwrap();
            unmerge(&fixture, "copy-1", key).await;
            assert_consistent(&fixture).await;
            unmerge(&fixture, "copy-2", key).await;
        }
        for (table, after) in rows(&fixture).await {
            assert_eq!(after, before[&table], "{table} is not as before");
        }
    }
}

/// Imports into merged entities: after the unmerge, both are as if they had never been merged.
#[tokio::test]
async fn import_updates_records_while_they_are_merged() {
    let (never_merged, merged) = (databases_with_story().await, databases_with_story().await);
    for (alone, fixture) in never_merged.iter().zip(&merged) {
        let copy = copy_of_story(1);
        let changed = copy
            .replace("Abduction of", "Kidnapping of")
            .replace("activist and journalist", "journalist")
            .replace(r#""role": "VISITED""#, r#""role": "RECIPIENT""#);
        assert_ne!(copy, changed);
        for one in [alone, fixture] {
            assert_eq!(one.import(&copy).await.problems, []);
        }
        for key in ["mikdam", "abduction", "hospital", "baghdad"] {
            merge_entities(fixture, ("mikdam", key), ("copy-1", key)).await.unwrap();
        }
        let again = fixture.import(&copy).await.total();
        assert_eq!((again.created, again.updated), (0, 0), "importing the same records changes nothing");
        let (report, apart) = (fixture.import(&changed).await, alone.import(&changed).await);
        assert_eq!(report.problems, []);
        assert_eq!(report.updates, apart.updates, "the reported updates must not depend on merges");
        assert_consistent(fixture).await;
        for key in ["hospital", "mikdam", "baghdad", "abduction"] {
            unmerge(fixture, "copy-1", key).await;
        }
        let expected = rows(alone).await;
        for (table, after) in rows(fixture).await {
            assert_eq!(after, expected[&table], "{table} differs from the graph without merges");
        }
    }
}

const MERGE: &str = "mutation($keep: ID!, $other: ID!, $decision: MergeDecision! = SAME, $reason: String) {
    mergeActors(keep: $keep, other: $other, decision: $decision, reason: $reason) { id decision reason keptId otherId kept { id } other { id } } }";

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or("done")
}

/// Neither merged entity can be deleted, nor an entity that one of them refers to.
#[tokio::test]
async fn merged_entity_cannot_be_deleted() {
    for fixture in databases().await {
        let lines = [
            json!({ "kind": "place", "key": "p", "type": "CITY", "label": "P" }),
            json!({ "kind": "organization", "key": "a", "label": "A" }),
            json!({ "kind": "organization", "key": "b", "label": "B", "place": "p" }),
        ];
        assert_eq!(fixture.import(&records(&lines)).await.problems, []);
        merge_entities(&fixture, ("test", "a"), ("test", "b")).await.unwrap();
        let before = fixture.dump().await;
        for (key, by) in [("a", "a merge"), ("b", "a merge"), ("p", "`b` (as its place)")] {
            let options = import::Options { dataset: Some("test".into()), ..import::Options::default() };
            let report = import::delete(&fixture.db, &[key.to_owned()], &options).await.unwrap();
            assert!(!report.written);
            let message = &report.problems[0].message;
            assert!(message.starts_with(&format!("is referenced by {by}")), "{key}: {message}");
        }
        assert_eq!(fixture.dump().await, before);
        unmerge(&fixture, "test", "b").await;
        let place = fixture.query("{ organizations { nodes { label place { label } } } }").await;
        assert_eq!(place["organizations"]["nodes"][1], json!({ "label": "B", "place": { "label": "P" } }));
    }
}

/// References of a merged entity still count when another merge is checked.
#[tokio::test]
async fn entities_linked_through_a_merged_one_cannot_be_merged() {
    for fixture in databases().await {
        let lines = [
            json!({ "kind": "dataset", "key": "more" }),
            json!({ "kind": "place", "key": "city", "label": "City", "type": "CITY" }),
            json!({ "kind": "place", "key": "town", "label": "Town", "type": "CITY" }),
            json!({ "kind": "place", "key": "quarter", "label": "Quarter", "type": "DISTRICT", "parent": "town" }),
        ];
        assert_eq!(fixture.import_lines(&lines).await.problems, []);
        let merge = async |keep, other| merge_entities(&fixture, ("more", keep), ("more", other)).await;
        merge("city", "quarter").await.unwrap();
        for (keep, other) in [("city", "town"), ("town", "city")] {
            let refused = merge(keep, other).await.unwrap_err();
            assert!(
                refused.starts_with("`quarter` links the two entities to each other"),
                "{refused} on {}",
                fixture.url
            );
        }
        assert_consistent(&fixture).await;
    }
}

/// Merge candidates, a merge, lookups by the old id, slug and key, and the unmerge, all through the API.
#[tokio::test]
async fn old_ids_and_slugs_resolve_to_the_kept_entity() {
    for fixture in databases().await {
        let lines = [
            json!({ "kind": "person", "key": "a", "label": "Ali al-Mikdam", "slug": "a", "names": [{ "text": "Ali al-Mikdam" }], "externalIds": [{ "scheme": "wikidata", "value": "Q1" }] }),
            json!({ "kind": "person", "key": "b", "label": "علي المقدام", "slug": "b", "names": [{ "text": "علي المقدام" }], "externalIds": [{ "scheme": "wikidata", "value": "Q1" }] }),
            json!({ "kind": "person", "key": "c", "label": "Ali Miqdam", "names": [{ "text": "Ali Miqdam" }] }),
            json!({ "kind": "person", "key": "d", "label": "Sura Ali", "names": [{ "text": "Sura Ali" }] }),
            json!({ "kind": "event", "key": "e", "type": "VISIT", "participations": [{ "actor": "b", "role": "VISITED" }, { "actor": "c", "role": "VISITOR" }] }),
            json!({ "kind": "relation", "key": "r", "type": "FAMILY_OTHER", "subject": "a", "object": "d" }),
        ];
        let report = fixture.import(&records(&lines)).await;
        assert_eq!(report.problems, []);
        let server = Server::start_with(&fixture, &[]).with_key(&create_key(&fixture, "judge", "write,admin"));
        let ids = server.query("{ people { nodes { id label } } }").await;
        let id = |at: usize| ids["data"]["people"]["nodes"][at]["id"].clone();
        let (a, b, c, d) = (id(0), id(1), id(2), id(3));
        let candidates = "query($of: ID!) { mergeCandidates(of: $of) { node { ... on Person { label } } reasons { __typename ... on SimilarName { rule otherName } ... on SharedEvents { count } ... on SharedExternalId { value } } } }";
        let found = server.query_with(candidates, json!({ "of": b })).await;
        assert_eq!(
            found["data"]["mergeCandidates"],
            json!([
                { "node": { "label": "Ali al-Mikdam" }, "reasons": [{ "__typename": "SharedExternalId", "value": "Q1" }, { "__typename": "SimilarName", "rule": "PHONETIC", "otherName": "Ali al-Mikdam" }] },
                { "node": { "label": "Ali Miqdam" }, "reasons": [{ "__typename": "SimilarName", "rule": "PHONETIC", "otherName": "Ali Miqdam" }, { "__typename": "SharedEvents", "count": 1 }] },
            ]),
            "{found:#}"
        );
        let not_same = json!({ "keep": b, "other": c, "decision": "NOT_SAME", "reason": "c visited b" });
        assert_eq!(code(&server.query_with(MERGE, not_same).await), "done");
        let found = server.query_with(candidates, json!({ "of": b })).await;
        assert_eq!(
            found["data"]["mergeCandidates"].as_array().unwrap().len(),
            1,
            "a pair that was decided to be different must not be a candidate: {found}"
        );
        let refused = server.query_with(MERGE, json!({ "keep": c, "other": b })).await;
        assert_eq!(code(&refused), "CONFLICT", "{refused}");
        let tied = server.query_with(MERGE, json!({ "keep": a, "other": d })).await;
        assert_eq!(code(&tied), "BAD_INPUT");
        assert!(tied["errors"][0]["message"].as_str().unwrap().starts_with("`r` links the two"), "{tied}");

        let merged = server.query_with(MERGE, json!({ "keep": a, "other": b, "reason": "one Wikidata id" })).await;
        let merge = &merged["data"]["mergeActors"];
        assert_eq!(merge["kept"]["id"], a, "{merged}");
        assert_eq!((&merge["other"], &merge["otherId"]), (&Value::Null, &b));
        // The decision on the merged entity also applies to the kept one.
        assert_eq!(code(&server.query_with(MERGE, json!({ "keep": a, "other": c })).await), "CONFLICT");
        let query = "query($a: ID!, $b: ID!) {
            node(id: $b) { id } nodes(ids: [$b, $a]) { id } byId: actor(id: $b) { id } bySlug: actor(slug: \"b\") { id }
            byRecord: actor(record: { dataset: \"test\", key: \"b\" }) { id } byExternalId: actor(externalId: { scheme: \"wikidata\", value: \"Q1\" }) { id }
            people { totalCount } found: actors(filter: { id: { eq: $b } }) { nodes { id names { nodes { text } } } }
            slug: actors(filter: { slug: { in: [\"b\"] } }) { nodes { id } }
            record: actors(filter: { record: { key: { eq: \"b\" } } }) { nodes { id } }
            events(filter: { participations: { some: { actor: { id: { in: [$b] } } } } }) { nodes { participations(role: [VISITED]) { nodes { actor { id } } } } }
            search(text: \"المقدام\", kinds: [ACTOR], modes: []) { hits { node { id } } }
            changes(last: 2) { nodes { operation node { id } } }
            merges { nodes { decision by reason } }
        }";
        let answer = server.query_with(query, json!({ "a": a, "b": b })).await;
        let data = &answer["data"];
        for path in [
            "/node/id",
            "/nodes/0/id",
            "/nodes/1/id",
            "/byId/id",
            "/bySlug/id",
            "/byRecord/id",
            "/byExternalId/id",
            "/found/nodes/0/id",
            "/slug/nodes/0/id",
            "/record/nodes/0/id",
            "/events/nodes/0/participations/nodes/0/actor/id",
            "/search/hits/0/node/id",
        ] {
            assert_eq!(data.pointer(path), Some(&a), "{path} in {answer:#}");
        }
        assert_eq!(data["people"]["totalCount"], 3);
        assert_eq!(
            data["found"]["nodes"][0]["names"]["nodes"],
            json!([{ "text": "Ali al-Mikdam" }, { "text": "علي المقدام" }])
        );
        assert_eq!(
            data["merges"]["nodes"][1],
            json!({ "decision": "SAME", "by": "judge", "reason": "one Wikidata id" })
        );
        assert_eq!(data["changes"]["nodes"][1]["operation"], "MERGE");

        let back = server.query_with("mutation($id: ID!) { unmerge(id: $id) { id } }", json!({ "id": b })).await;
        assert_eq!(back["data"]["unmerge"]["id"], b, "{back}");
        let answer = server
            .query_with(
                "query($b: ID!) { actor(id: $b) { id names { nodes { text } } } people { totalCount } }",
                json!({ "b": b }),
            )
            .await;
        assert_eq!(
            answer["data"],
            json!({ "actor": { "id": b, "names": { "nodes": [{ "text": "علي المقدام" }] } }, "people": { "totalCount": 4 } })
        );
        let again = server.query_with("mutation($id: ID!) { unmerge(id: $id) { id } }", json!({ "id": b })).await;
        assert_eq!(code(&again), "BAD_INPUT", "{again}");
    }
}
