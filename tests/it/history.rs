//! As-of queries (point in time) and the audit log.

use entity::merge::MergeDecision;
use entity::record::RecordKind;
use newsgraph::import::{self, MergeRequest, Options};
use newsgraph::text::date::format_instant;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::fixture::{Fixture, STORY, copy_of_story, databases};

/// Queries over every node type, relation and kind of filter. `AS` is replaced by an `asOf` argument or by nothing.
const QUERIES: &[&str] = &[
    "{ events(AS first: 100) { totalCount nodes { slug type title standing when { edtf } place { label parent { label } } record { key version }
        participations { nodes { role standing actor { label names { nodes { text } } } thing } } accounts { nodes { label standing } }
        claim { text standing } evidence { totalCount nodes { start statement { summary } } } links { nodes { kind to { title } } } } } }",
    "{ statements(AS first: 100) { totalCount nodes { summary speaker { label } addressee { label } aboutActors { nodes { label } } aboutEvents { nodes { title } } aboutPlaces { nodes { label } }
        stances { nodes { stance claim { text standing } } } } } }",
    "{ actors(AS first: 100) { totalCount nodes { label country relations { nodes { kind title } } participations { totalCount } statements { totalCount } } } }",
    "{ places(AS first: 100) { totalCount nodes { label kind children { totalCount } events { totalCount } externalIds { nodes { value } } } } }",
    "{ articles(AS first: 100) { nodes { headline publisher { label } authors { nodes { label } } evidence { totalCount } } } }",
    "{ claims(AS first: 100, orderBy: [{ field: RECORDED }]) { nodes { text standing sides { asserts { statements { summary } } denies { voices { label } } } } facets(by: [STANDING]) { buckets { value count } } } }",
    "{ events(AS filter: { type: { within: [VISIT] }, place: { kind: { in: [HOSPITAL] } },
        participations: { some: { role: { in: [VISITED] }, actor: { name: { matches: \"Mikdam\" } } } } }) { totalCount nodes { title } } }",
    "{ events(AS orderBy: [{ field: WHEN }], first: 5, filter: { record: { dataset: { eq: \"mikdam\" } } }) { pageInfo { hasNextPage } nodes { title } histogram(interval: MONTH) { buckets { from count } } } }",
    "{ event(AS record: { dataset: \"mikdam\", key: \"abduction\" }) { title standing record { version } figures { nodes { value } } } }",
    "{ actor(AS slug: \"copy-1-ali-al-mikdam\") { label names { nodes { text } } timeline(first: 5) { nodes { __typename } } } }",
    "{ figures(AS) { totalCount nodes { value counted } } relations(AS) { totalCount } evidence(AS) { totalCount } changes(AS) { totalCount } merges(AS) { totalCount } }",
];

async fn responses_at(fixture: &Fixture, at: Option<i64>) -> Vec<Value> {
    let mut answers = Vec::new();
    for query in QUERIES {
        let as_of = at.map(|at| format!("asOf: \"{}\", ", format_instant(at))).unwrap_or_default();
        let empty = if as_of.is_empty() { "" } else { as_of.trim_end_matches(", ") };
        let query = query.replace("(AS)", &format!("({empty})")).replace("()", "").replace("AS ", &as_of);
        answers.push(fixture.query(&query).await);
    }
    answers
}

/// Returns the current version of the graph. Each commit increases it.
async fn version(fixture: &Fixture) -> i64 {
    let db = fixture.db.connection();
    let sql = "SELECT MAX(version) AS version FROM moment";
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
    row.try_get("", "version").unwrap()
}

async fn person(fixture: &Fixture, slug: &str) -> i64 {
    let db = fixture.db.connection();
    let sql =
        format!("SELECT id FROM actor WHERE slug = '{slug}' UNION SELECT id FROM merged_actor WHERE slug = '{slug}'");
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
    row.try_get("", "id").unwrap()
}

#[tokio::test]
async fn as_of_queries_return_earlier_responses() {
    for fixture in databases().await {
        let mut seen = vec![(version(&fixture).await, responses_at(&fixture, None).await)];
        let changed = STORY
            .replace("Abduction of", "Kidnapping of")
            .replace(r#""role": "VISITED""#, r#""role": "RECIPIENT""#)
            .replace(r#""stance": "DENIES""#, r#""stance": "QUESTIONS""#)
            .replace("Ali al-Mikdam\"", "Ali the Mikdam\"");
        assert_ne!(changed, STORY);
        let without = STORY.lines().map(|line| {
            let mut record: Value = serde_json::from_str(line).unwrap();
            for part in ["names", "about", "links", "evidence", "authors"] {
                record.as_object_mut().unwrap().remove(part);
            }
            format!("{record}\n")
        });
        let without: String = without.collect();
        let delete = Options { dataset: Some("mikdam".into()), ..Options::default() };
        for step in 0..9 {
            match step {
                0 => assert_eq!(fixture.import(STORY).await.problems, []),
                1 => assert_eq!(fixture.import(&copy_of_story(1)).await.problems, []),
                2 => assert_eq!(fixture.import(&changed).await.problems, []),
                3 => {
                    let (left, right) =
                        (person(&fixture, "ali-al-mikdam").await, person(&fixture, "copy-1-ali-al-mikdam").await);
                    let request = MergeRequest {
                        kind: RecordKind::Actor,
                        keep: left,
                        other: right,
                        decision: MergeDecision::Same,
                        by: "test".into(),
                        reason: None,
                    };
                    import::record_merge(&fixture.db, &request).await.unwrap();
                }
                4 => {
                    let keys = ["statement/source-denies-fabrication", "hospitalization"].map(str::to_owned);
                    assert!(import::delete(&fixture.db, &keys, &delete).await.unwrap().written);
                }
                5 => assert_eq!(fixture.import(&without).await.problems, []),
                6 => {
                    let id = person(&fixture, "copy-1-ali-al-mikdam").await;
                    import::unmerge(&fixture.db, RecordKind::Actor, id, "test").await.unwrap();
                }
                7 => assert_eq!(fixture.import(&changed).await.problems, []),
                _ => assert_eq!(fixture.import(STORY).await.problems, []),
            }
            // Rebuilding keys and index must not appear in the history.
            if step == 5 {
                import::rebuild(&fixture.db).await.unwrap();
            }
            seen.push((version(&fixture).await, responses_at(&fixture, None).await));
        }
        // All commits happened within about a second. Spread their instants so that each can be queried.
        fixture.db.connection().execute_unprepared("UPDATE moment SET at = version * 100").await.unwrap();
        for (step, (version, answers)) in seen.iter().enumerate() {
            for (at, (then, now)) in
                responses_at(&fixture, Some(version * 100 + 50)).await.iter().zip(answers).enumerate()
            {
                let (then, now) = (format!("{then:#}"), format!("{now:#}"));
                let differs = then.lines().zip(now.lines()).position(|(then, now)| then != now);
                let around = |text: &str| {
                    text.lines().skip(differs.unwrap_or(0).saturating_sub(12)).take(20).collect::<Vec<_>>().join("\n")
                };
                assert!(then == now, "step {step}, query {at}:\n{}\n\nis not\n\n{}", around(&then), around(&now));
            }
        }
        let nothing = responses_at(&fixture, Some(-1)).await;
        assert_eq!(nothing[0]["events"]["totalCount"], json!(0));
        let (code, message) = fixture
            .query_error(
                "{ events(asOf: \"2021-01-01T00:00:00Z\", filter: { search: \"kidnap\" }) { totalCount } }",
                json!({}),
            )
            .await;
        assert_eq!(code, "BAD_INPUT", "{message}");
        // Two fields of one request may have different `asOf` instants.
        let both = fixture
            .query("{ then: events(asOf: \"1969-01-01T00:00:00Z\") { totalCount } now: events { totalCount nodes { place { label } } } }")
            .await;
        assert_eq!(both["then"]["totalCount"], 0);
        assert_ne!(both["now"]["totalCount"], 0);
    }
}

/// The history of an entity lists the changed fields, and remains after the entity is deleted.
#[tokio::test]
async fn history_lists_changed_fields_and_survives_deletion() {
    for fixture in databases().await {
        let person = json!({ "kind": "person", "key": "p", "label": "P" });
        let event = json!({ "kind": "event", "key": "e", "type": "VISIT", "title": "First", "place": "a",
            "participations": [{ "key": "part", "actor": "p", "role": "VISITOR" }, { "key": "other", "actor": "p", "role": "WITNESS" }] });
        let place = |key: &str| json!({ "kind": "place", "key": key, "label": key, "type": "CITY" });
        assert_eq!(fixture.import_lines(&[person.clone(), place("a"), place("b"), event.clone()]).await.problems, []);
        let mut changed = event;
        changed["title"] = json!("Second");
        changed["type"] = json!("MEETING");
        changed["place"] = json!("b");
        changed["participations"][0]["role"] = json!("VISITED");
        changed["participations"].as_array_mut().unwrap().pop();
        assert_eq!(fixture.import_lines(&[changed]).await.problems, []);
        let data = fixture
            .query("{ events { nodes { id history { totalCount nodes { operation nodeId fields { recordKind field before after } } } } } places { nodes { id } } }")
            .await;
        let (history, places) = (&data["events"]["nodes"][0]["history"], &data["places"]["nodes"]);
        assert_eq!(history["totalCount"], 2);
        assert_eq!(
            history["nodes"][0],
            json!({ "operation": "CREATE", "nodeId": data["events"]["nodes"][0]["id"], "fields": [] })
        );
        let mut fields = history["nodes"][1]["fields"].as_array().unwrap().clone();
        fields.sort_by_key(|field| format!("{}{}", field["recordKind"], field["field"]));
        assert_eq!(
            Value::from(fields),
            json!([
                { "recordKind": "event", "field": "place", "before": places[0]["id"], "after": places[1]["id"] },
                { "recordKind": "event", "field": "title", "before": "First", "after": "Second" },
                { "recordKind": "event", "field": "type", "before": "VISIT", "after": "MEETING" },
                { "recordKind": "participation", "field": "role", "before": "VISITOR", "after": "VISITED" },
                { "recordKind": "participation", "field": null, "before": "other", "after": null },
            ])
        );
        let options = Options { dataset: Some("test".into()), ..Options::default() };
        assert!(import::delete(&fixture.db, &["e".to_owned()], &options).await.unwrap().written);
        let gone = fixture
            .query("{ changes(last: 1) { nodes { operation nodeId node { id } fields { field before after } } } }")
            .await;
        let change = &gone["changes"]["nodes"][0];
        assert_eq!((&change["operation"], &change["node"]), (&json!("DELETE"), &Value::Null));
        assert_eq!(change["nodeId"], data["events"]["nodes"][0]["id"]);
        assert!(
            change["fields"]
                .as_array()
                .unwrap()
                .contains(&json!({ "field": "title", "before": "Second", "after": null })),
            "{change:#}"
        );
    }
}
