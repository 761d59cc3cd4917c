//! Judgements that two things are one, and taking them back.

use std::collections::BTreeMap;

use entity::merge::MergeDecision;
use entity::record::RecordKind;
use newsgraph::import::{self, MergeRequest};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::access::make_key;
use crate::fixture::{Fixture, copy_of_story, databases, records, stories};
use crate::server::Server;

/// The number and the noun of a record.
pub async fn id_of(fixture: &Fixture, dataset: &str, key: &str) -> (i64, RecordKind) {
    let db = fixture.db.connection();
    let sql = format!(
        "SELECT record.id AS id, record.kind AS kind FROM record JOIN dataset ON dataset.id = record.dataset_id
         WHERE dataset.key = '{dataset}' AND record.key = '{key}'"
    );
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
    (row.try_get("", "id").unwrap(), row.try_get("", "kind").unwrap())
}

pub async fn judge(fixture: &Fixture, keep: (&str, &str), other: (&str, &str)) -> Result<i64, String> {
    judge_so(fixture, keep, other, MergeDecision::Same, None).await
}

pub async fn judge_so(
    fixture: &Fixture,
    keep: (&str, &str),
    other: (&str, &str),
    judgement: MergeDecision,
    reason: Option<&str>,
) -> Result<i64, String> {
    let ((keep, kind), (other, _)) = (id_of(fixture, keep.0, keep.1).await, id_of(fixture, other.0, other.1).await);
    let reason = reason.map(str::to_owned);
    let request = MergeRequest { kind, keep, other, decision: judgement, by: "test".into(), reason };
    import::record_merge(&fixture.db, &request).await.map_err(|error| error.to_string())
}

pub async fn unmerge(fixture: &Fixture, dataset: &str, key: &str) {
    let (id, kind) = id_of(fixture, dataset, key).await;
    import::unmerge(&fixture.db, kind, id, "test").await.unwrap();
}

/// All rows but the log and the counters.
pub async fn rows(fixture: &Fixture) -> BTreeMap<String, Vec<String>> {
    let mut dump = fixture.dump().await;
    dump.retain(|table, _| !["change", "counter"].contains(&table.as_str()));
    dump
}

/// All holds; no column but those of what was put aside refers to a thing that is another, and each event has one claim at most.
pub async fn assert_whole(fixture: &Fixture) {
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
        assert!(found.is_empty(), "{table}.{column} refers to what is another");
    }
    let sql = "SELECT subject_id FROM claim WHERE subject_kind = 'EVENT' GROUP BY subject_id HAVING COUNT(*) > 1";
    let found = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql.to_owned())).await.unwrap();
    assert!(found.is_empty(), "an event has two claims");
}

/// Everything in two copies of the story is judged to be one and, in another order, two again: all rows are as before.
#[tokio::test]
async fn what_is_merged_and_unmerged_is_as_before() {
    for fixture in stories().await {
        fixture.import(&copy_of_story(1)).await;
        let (before, out) = (rows(&fixture).await, fixture.records().await);
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
            judge(&fixture, (keep, key), (other, key)).await.unwrap();
            assert_whole(&fixture).await;
        }
        let visits = fixture
            .ask("{ events(filter: { type: { within: [VISIT] }, participations: { some: { role: { in: [VISITED] }, actor: { name: { matches: \"Mikdam\" } } } } }) {
                nodes { title } }
                claims(filter: { subject: { event: { slug: { eq: \"abduction-of-mikdam\" } } } }) { nodes { standing sides { asserts { statements { id } } } } } }")
            .await;
        let judged = fixture.records().await;
        let (records, merges): (Vec<&str>, Vec<&str>) =
            judged.lines().partition(|line| !line.starts_with(r#"{"record":"merge""#));
        assert_eq!(records, out.lines().collect::<Vec<_>>(), "records are as they were written, whatever was judged");
        assert_eq!(merges.len(), keys.len());
        // Both copies of one visit are one, the other is in each copy.
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
            assert_whole(&fixture).await;
        }
        for (table, after) in rows(&fixture).await {
            assert_eq!(after, before[&table], "{table} is not as before");
        }
        assert_eq!(fixture.records().await, out);
    }
}

/// Of three that are one the middle one can leave with those that were judged to be it.
#[tokio::test]
async fn chains_are_parted_where_they_were_joined() {
    for fixture in stories().await {
        fixture.import(&copy_of_story(1)).await;
        fixture.import(&copy_of_story(2)).await;
        let before = rows(&fixture).await;
        for key in ["abduction", "mikdam", "baghdad"] {
            judge(&fixture, ("copy-1", key), ("copy-2", key)).await.unwrap();
            judge(&fixture, ("mikdam", key), ("copy-1", key)).await.unwrap();
            assert_whole(&fixture).await;
            // The innermost first, while its neighbor is still another.
            unmerge(&fixture, "copy-2", key).await;
            assert_whole(&fixture).await;
            judge(&fixture, ("mikdam", key), ("copy-2", key)).await.unwrap();
            unmerge(&fixture, "copy-1", key).await;
            assert_whole(&fixture).await;
            unmerge(&fixture, "copy-2", key).await;
        }
        for (table, after) in rows(&fixture).await {
            assert_eq!(after, before[&table], "{table} is not as before");
        }
    }
}

/// What is imported while two are one is written as its records say: parted, both are as if nobody had judged.
#[tokio::test]
async fn an_import_goes_on_through_a_judgement() {
    let (undisturbed, merged) = (stories().await, stories().await);
    for (alone, fixture) in undisturbed.iter().zip(&merged) {
        let copy = copy_of_story(1);
        let changed = copy
            .replace("Abduction of", "Kidnapping of")
            .replace(
                r#""record": "person", "key": "mikdam""#,
                r#""record": "person", "key": "mikdam", "country": "IR""#,
            )
            .replace(r#""role": "VISITED""#, r#""role": "RECIPIENT""#);
        assert_ne!(copy, changed);
        for one in [alone, fixture] {
            assert_eq!(one.import(&copy).await.problems, []);
        }
        for key in ["mikdam", "abduction", "hospital", "baghdad"] {
            judge(fixture, ("mikdam", key), ("copy-1", key)).await.unwrap();
        }
        let again = fixture.import(&copy).await.total();
        assert_eq!((again.created, again.updated), (0, 0), "nothing is new");
        let (report, apart) = (fixture.import(&changed).await, alone.import(&changed).await);
        assert_eq!(report.problems, []);
        assert_eq!(report.updates, apart.updates, "the same is found to have changed");
        assert_whole(fixture).await;
        for key in ["hospital", "mikdam", "baghdad", "abduction"] {
            unmerge(fixture, "copy-1", key).await;
        }
        let expected = rows(alone).await;
        for (table, after) in rows(fixture).await {
            assert_eq!(after, expected[&table], "{table} is not as it would be");
        }
    }
}

const MERGE: &str = "mutation($keep: ID!, $other: ID!, $decision: MergeDecision! = SAME, $reason: String) {
    mergeActors(keep: $keep, other: $other, decision: $decision, reason: $reason) { id decision reason keptId otherId kept { id } other { id } } }";

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or("done")
}

/// What is one with another is not deleted, nor what either was written to refer to.
#[tokio::test]
async fn what_is_one_with_another_is_not_deleted() {
    for fixture in databases().await {
        let lines = [
            json!({ "kind": "place", "key": "p", "type": "CITY", "label": "P" }),
            json!({ "kind": "organization", "key": "a", "label": "A" }),
            json!({ "kind": "organization", "key": "b", "label": "B", "place": "p" }),
        ];
        assert_eq!(fixture.import(&records(&lines)).await.problems, []);
        judge(&fixture, ("test", "a"), ("test", "b")).await.unwrap();
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
        let place = fixture.ask("{ organizations { nodes { label place { label } } } }").await;
        assert_eq!(place["organizations"]["nodes"][1], json!({ "label": "B", "place": { "label": "P" } }));
    }
}

/// What was judged to be another ties as before.
#[tokio::test]
async fn what_is_tied_through_another_is_not_one() {
    for fixture in databases().await {
        let lines = [
            json!({ "kind": "dataset", "key": "more" }),
            json!({ "kind": "place", "key": "city", "label": "City", "type": "CITY" }),
            json!({ "kind": "place", "key": "town", "label": "Town", "type": "CITY" }),
            json!({ "kind": "place", "key": "quarter", "label": "Quarter", "type": "DISTRICT", "parent": "town" }),
        ];
        assert_eq!(fixture.import_lines(&lines).await.problems, []);
        let is_one = async |keep, other| judge(&fixture, ("more", keep), ("more", other)).await;
        is_one("city", "quarter").await.unwrap();
        for (keep, other) in [("city", "town"), ("town", "city")] {
            let refused = is_one(keep, other).await.unwrap_err();
            assert!(
                refused.starts_with("`quarter` links the two entities to each other"),
                "{refused} on {}",
                fixture.url
            );
        }
        assert_whole(&fixture).await;
    }
}

/// As a client does it: what may be one, judged, asked for by its old names, and taken back.
#[tokio::test]
async fn old_ids_and_slugs_name_the_one_that_is_kept() {
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
        let server = Server::start_with(&fixture, &[]).with_key(&make_key(&fixture, "judge", "write,admin"));
        let ids = server.ask("{ people { nodes { id label } } }").await;
        let id = |at: usize| ids["data"]["people"]["nodes"][at]["id"].clone();
        let (a, b, c, d) = (id(0), id(1), id(2), id(3));
        let candidates = "query($of: ID!) { mergeCandidates(of: $of) { node { ... on Person { label } } reasons { __typename ... on SimilarName { rule otherName } ... on SharedEvents { count } ... on SharedExternalId { value } } } }";
        let found = server.ask_with(candidates, json!({ "of": b })).await;
        assert_eq!(
            found["data"]["mergeCandidates"],
            json!([
                { "node": { "label": "Ali al-Mikdam" }, "reasons": [{ "__typename": "SharedExternalId", "value": "Q1" }, { "__typename": "SimilarName", "rule": "PHONETIC", "otherName": "Ali al-Mikdam" }] },
                { "node": { "label": "Ali Miqdam" }, "reasons": [{ "__typename": "SimilarName", "rule": "PHONETIC", "otherName": "Ali Miqdam" }, { "__typename": "SharedEvents", "count": 1 }] },
            ]),
            "{found:#}"
        );
        let not_same = json!({ "keep": b, "other": c, "decision": "NOT_SAME", "reason": "c visited b" });
        assert_eq!(code(&server.ask_with(MERGE, not_same).await), "done");
        let found = server.ask_with(candidates, json!({ "of": b })).await;
        assert_eq!(
            found["data"]["mergeCandidates"].as_array().unwrap().len(),
            1,
            "not the same is remembered: {found}"
        );
        let refused = server.ask_with(MERGE, json!({ "keep": c, "other": b })).await;
        assert_eq!(code(&refused), "CONFLICT", "{refused}");
        let tied = server.ask_with(MERGE, json!({ "keep": a, "other": d })).await;
        assert_eq!(code(&tied), "BAD_INPUT");
        assert!(tied["errors"][0]["message"].as_str().unwrap().starts_with("`r` links the two"), "{tied}");

        let merged = server.ask_with(MERGE, json!({ "keep": a, "other": b, "reason": "one Wikidata id" })).await;
        let merge = &merged["data"]["mergeActors"];
        assert_eq!(merge["kept"]["id"], a, "{merged}");
        assert_eq!((&merge["other"], &merge["otherId"]), (&Value::Null, &b));
        // Judged of the other, it holds of the kept one.
        assert_eq!(code(&server.ask_with(MERGE, json!({ "keep": a, "other": c })).await), "CONFLICT");
        let asked = "query($a: ID!, $b: ID!) {
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
        let answer = server.ask_with(asked, json!({ "a": a, "b": b })).await;
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

        let back = server.ask_with("mutation($id: ID!) { unmerge(id: $id) { id } }", json!({ "id": b })).await;
        assert_eq!(back["data"]["unmerge"]["id"], b, "{back}");
        let answer = server
            .ask_with(
                "query($b: ID!) { actor(id: $b) { id names { nodes { text } } } people { totalCount } }",
                json!({ "b": b }),
            )
            .await;
        assert_eq!(
            answer["data"],
            json!({ "actor": { "id": b, "names": { "nodes": [{ "text": "علي المقدام" }] } }, "people": { "totalCount": 4 } })
        );
        let again = server.ask_with("mutation($id: ID!) { unmerge(id: $id) { id } }", json!({ "id": b })).await;
        assert_eq!(code(&again), "BAD_INPUT", "{again}");
    }
}
