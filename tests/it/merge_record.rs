//! `merge` records: they are exported after the records that they refer to, and can be imported again.

use entity::merge::MergeDecision;
use newsgraph::export::Format;
use newsgraph::import::{Options, Report};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::access::create_key;
use crate::fixture::{Fixture, copy_of_story, databases, databases_with_story, records};
use crate::merge::{assert_consistent, merge_entities, record_decision, rows, unmerge};
use crate::server::Server;

/// Records decisions on three copies of the story: chains from both ends, entities merged twice, `NOT_SAME` and `UNSURE`.
async fn record_decisions(fixture: &Fixture) {
    for (keep, other, keys) in [
        ("copy-1", "copy-2", &["abduction", "mikdam", "baghdad"] as &[&str]),
        ("mikdam", "copy-1", &["abduction", "mikdam", "hospital", "visit-pm", "killings"]),
        ("copy-2", "copy-1", &["al-kadhimi", "source", "demonstrations-july-18"]),
        ("copy-2", "mikdam", &["al-kadhimi", "iraq", "torture"]),
    ] {
        for key in keys {
            merge_entities(fixture, (keep, key), (other, key)).await.unwrap();
        }
    }
    let pair = (("mikdam", "rudaw"), ("copy-1", "rudaw"));
    record_decision(fixture, pair.0, pair.1, MergeDecision::NotSame, Some("two \"offices\"\n")).await.unwrap();
    record_decision(fixture, ("copy-1", "kidnappers"), ("copy-2", "kidnappers"), MergeDecision::Unsure, None)
        .await
        .unwrap();
    // Each decision has a different instant, which is the same on both databases.
    fixture.db.connection().execute_unprepared("UPDATE merge SET judged_at = 1600000000 + id").await.unwrap();
}

#[tokio::test]
async fn graph_with_merges_round_trips() {
    let mut first: Option<String> = None;
    for ((made, fixture), (other, parted)) in databases_with_story()
        .await
        .into_iter()
        .zip(databases().await)
        .zip(databases().await.into_iter().zip(databases().await))
    {
        made.import(&copy_of_story(1)).await;
        made.import(&copy_of_story(2)).await;
        // Imports exported lines, so that digests are equal in all databases.
        assert_eq!(fixture.import(&made.export_records().await).await.problems, []);
        let apart = rows(&fixture).await;
        record_decisions(&fixture).await;
        let (out, merged) = (fixture.export_records().await, rows(&fixture).await);
        assert_eq!(*first.get_or_insert_with(|| out.clone()), out, "the databases differ");
        let merges: Vec<Value> = out
            .lines()
            .skip_while(|line| !line.starts_with(r#"{"record":"merge""#))
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(merges.len(), 16);
        let schema = jsonschema::validator_for(&newsgraph::import::json_schema::RECORDS).unwrap();
        assert!(merges.iter().all(|merge| schema.is_valid(merge)));
        assert!(merges.iter().all(|merge| merge["record"] == "merge"), "merges come last");
        assert_eq!(merges[0]["keep"], json!({ "dataset": "copy-1", "key": "abduction" }));
        assert_eq!((merges[0]["other"].as_str(), merges[0]["by"].as_str()), (Some("abduction"), Some("test")));
        assert_eq!(merges[14]["reason"], "two \"offices\"\n");

        let again = fixture.import(&out).await;
        assert_eq!((again.problems.as_slice(), again.total().updated, again.total().created), (&[] as &[_], 0, 0));
        assert_eq!(again.kinds["merge"].unchanged, 16);
        let by = Options { by: "importer".into(), ..Options::default() };
        let in_parts = Options { commit_every: Some(25), ..by.clone() };
        for (other, options) in [(&other, by), (&parted, in_parts)] {
            let report = other.import_with(&out, &options).await;
            assert_eq!(report.problems, []);
            assert_eq!(report.kinds["merge"].created, 16);
            assert_consistent(other).await;
            for (table, after) in rows(other).await {
                assert_eq!(after, merged[&table], "{table} differs from the exported graph");
            }
            assert_eq!(other.export_records().await, out);
            let sql = "SELECT \"by\" || ' ' || operation AS said FROM change WHERE operation = 'MERGE'";
            assert_eq!(other.text_column(sql).await, ["importer MERGE"; 14]);
        }
        for merge in merges.iter().filter(|merge| merge["decision"] == "SAME") {
            let (dataset, key) = match &merge["other"] {
                Value::String(key) => ("copy-2", key.as_str()),
                other => (other["dataset"].as_str().unwrap(), other["key"].as_str().unwrap()),
            };
            unmerge(&other, dataset, key).await;
        }
        for (table, after) in rows(&other).await.into_iter().filter(|(table, _)| table != "merge") {
            assert_eq!(after, apart[&table], "{table} is not as before");
        }
    }
}

fn people() -> Vec<Value> {
    let person = |key: &str| json!({ "kind": "person", "key": key, "label": format!("Person {key}") });
    let mut lines: Vec<Value> = ["a", "b", "c", "d"].map(person).into();
    lines.push(json!({ "kind": "place", "key": "p", "type": "CITY", "label": "P" }));
    lines.push(json!({ "kind": "article", "key": "t", "headline": "T" }));
    lines.push(
        json!({ "kind": "anonymousSource", "key": "n", "label": "a source", "descriptor": "a source", "article": "t" }),
    );
    lines.push(json!({ "kind": "relation", "key": "r", "type": "FAMILY_OTHER", "subject": "c", "object": "d" }));
    lines
}

fn merge(keep: &str, other: &str, decision: &str) -> Value {
    json!({ "kind": "merge", "keep": keep, "other": other, "judgement": decision })
}

/// Returns line, pointer and message of each problem.
fn problems(report: &Report) -> Vec<(u64, &str, &str)> {
    report.problems.iter().map(|one| (one.line, one.pointer.as_str(), one.message.as_str())).collect()
}

#[tokio::test]
async fn invalid_merge_records_are_reported_and_skipped() {
    for fixture in databases().await {
        let mut lines = people();
        let extra = |merge: &Value, field: &str, value: Value| {
            let mut merge = merge.clone();
            merge[field] = value;
            merge
        };
        let good = merge("a", "b", "SAME");
        lines.extend([
            good.clone(),
            merge("a", "p", "SAME"),
            merge("a", "a", "SAME"),
            merge("a", "x", "UNSURE"),
            merge("c", "d", "SAME"),
            merge("b", "c", "SAME"),
            merge("b", "a", "NOT_SAME"),
            merge("a", "n", "SAME"),
            merge("a", "t", "SAME"),
            merge("a", "c", "NOT_SAME"),
            extra(&merge("a", "d", "UNSURE"), "at", json!("yesterday")),
            extra(&merge("a", "d", "UNSURE"), "why", json!("no field")),
            extra(&merge("a", "d", "UNSURE"), "reason", json!("x".repeat(2001))),
            merge("a", "d", "MAYBE"),
        ]);
        let wanted = [
            (11, "/other", "is of type place, but `keep` is of type actor"),
            (12, "/other", "is the same record as `keep`"),
            (13, "/other", "`x` is neither in the file nor stored"),
            (
                14,
                "",
                "`r` links the two entities to each other, so they are different: correct or delete that record first",
            ),
            (15, "/keep", "`b` is merged into `a`"),
            (16, "", "decides on the same pair as line 10 of records.jsonl"),
            (
                17,
                "",
                "An anonymous source can only be merged with another anonymous source: its statements would be attributed to a named actor",
            ),
            (18, "/other", "`t` is of type article; allowed here: actor, place, event"),
            (
                20,
                "/at",
                "`yesterday` is not an instant; write 2021-07-11T09:30:00Z, with `Z` or an offset such as +03:00, or a day, 2021-07-11",
            ),
            (21, "/why", "is not a field of this record"),
            (22, "/reason", "is longer than 2000 code points"),
            (23, "/judgement", "\"MAYBE\" is not an allowed value"),
        ];
        let before = fixture.dump().await;
        let report = fixture.import_lines(&lines).await;
        assert!(!report.written);
        assert_eq!(problems(&report), wanted, "all problems are reported at once");
        assert_eq!(fixture.dump().await, before);
        let going_on = Options { keep_going: true, ..Options::default() };
        let report = fixture.import_with(&records(&lines), &going_on).await;
        assert_eq!(problems(&report), wanted);
        assert_eq!((report.kinds["merge"].created, report.kinds["merge"].rejected), (2, 10));
        let merged = fixture.query("{ merges { nodes { decision } } people { totalCount } }").await;
        assert_eq!(
            merged,
            json!({ "merges": { "nodes": [{ "decision": "SAME" }, { "decision": "NOT_SAME" }] }, "people": { "totalCount": 3 } })
        );
        // A stored decision conflicts with a later one that contradicts it.
        let report = fixture.import_lines(&[merge("a", "c", "SAME")]).await;
        assert_eq!(report.problems[0].pointer, "/judgement");
        assert!(report.problems[0].message.contains("were decided to be NOT_SAME by"), "{report:?}");
        // Merged entities cannot be linked to each other afterwards either.
        let tie = json!({ "kind": "relation", "key": "s", "type": "FAMILY_OTHER", "subject": "a", "object": "b" });
        let report = fixture.import_lines(&[tie]).await;
        assert_eq!(problems(&report), [(2, "/object", "links two entities that were merged with each other")]);
    }
}

#[tokio::test]
async fn merge_record_is_identified_by_its_pair() {
    for fixture in databases().await {
        let file = |merges: &[Value]| records(&people().into_iter().chain(merges.iter().cloned()).collect::<Vec<_>>());
        let options = Options { by: "importer".into(), ..Options::default() };
        let import = async |merges: &[Value]| {
            let report = fixture.import_with(&file(merges), &options).await;
            assert_eq!(report.problems, []);
            let counts = report.kinds["merge"];
            let updates = report.updates.iter().map(|one| format!("{}: {}", one.key, one.fields.join(" ")));
            ((counts.created, counts.updated, counts.unchanged), updates.collect::<Vec<_>>().join("; "))
        };
        let dry = Options { dry_run: true, ..options.clone() };
        let both = [merge("a", "b", "SAME"), merge("a", "c", "UNSURE")];
        let before = fixture.dump().await;
        let report = fixture.import_with(&file(&both), &dry).await;
        assert_eq!((report.kinds["merge"].created, report.written), (2, false));
        assert_eq!(fixture.dump().await, before);

        let result = import(&both).await;
        assert_eq!(result, ((2, 0, 0), String::new()));
        let result = import(&both).await;
        assert_eq!(result, ((0, 0, 2), String::new()));
        let mut changed = both.clone();
        changed[0]["reason"] = json!("one face");
        changed[0]["by"] = json!("ann");
        changed[0]["at"] = json!("2021-07-11T09:30:00+03:00");
        changed[1]["judgement"] = json!("NOT_SAME");
        let result = import(&changed).await;
        assert_eq!(result, ((0, 2, 0), "`a` and `b`: at by reason; `a` and `c`: decision".to_owned()));
        let query =
            "SELECT judged_by || ' ' || judgement || ' ' || left_id || ' ' || right_id AS said FROM merge ORDER BY id";
        assert_eq!(fixture.text_column(query).await, ["ann SAME 2 3", "importer NOT_SAME 2 4"]);
        let out = fixture.export_records().await;
        assert!(out.contains(r#""by":"ann","at":"2021-07-11T06:30:00Z","reason":"one face""#), "{out}");
        // Now the other entity is kept. After that, the pair is unmerged.
        let turned = [merge("b", "a", "SAME"), changed[1].clone()];
        let result = import(&turned).await;
        assert_eq!(result, ((0, 1, 1), "`b` and `a`: keep reason".to_owned()));
        assert_eq!(
            fixture.query("{ actors(first: 1) { nodes { label } } }").await["actors"]["nodes"][0]["label"],
            "Person b"
        );
        let result = import(&[merge("b", "a", "NOT_SAME"), changed[1].clone()]).await;
        assert_eq!(result, ((0, 1, 1), "`b` and `a`: decision".to_owned()));
        assert_eq!(fixture.query("{ people { totalCount } }").await["people"]["totalCount"], 4);
        assert_consistent(&fixture).await;
        let sql = "SELECT operation AS said FROM change WHERE operation LIKE '%MERGE' ORDER BY id";
        assert_eq!(fixture.text_column(sql).await, ["MERGE", "UNMERGE", "MERGE", "UNMERGE"]);
    }
}

/// An external id refers to the record that it was imported with, even if that was merged since.
#[tokio::test]
async fn external_ids_refer_to_their_original_record_after_a_merge() {
    for fixture in databases().await {
        let person = |key: &str, id: &str| json!({ "kind": "person", "key": key, "label": key, "slug": key, "externalIds": [{ "scheme": "wikidata", "value": id }] });
        let id = |value: &str| json!({ "scheme": "wikidata", "value": value });
        assert_eq!(fixture.import_lines(&[person("a", "Q1"), person("b", "Q2"), person("c", "Q3")]).await.problems, []);
        let visit = json!({ "kind": "event", "key": "e", "type": "VISIT", "participations": [{ "actor": id("Q2"), "role": "VISITOR" }] });
        let merges = [visit, json!({ "kind": "merge", "keep": "a", "other": id("Q2"), "judgement": "SAME" })];
        assert_eq!(fixture.import_lines(&merges).await.total().created, 2);
        let again = fixture.import_lines(&merges).await;
        assert_eq!((again.problems.as_slice(), again.total().unchanged), (&[] as &[_], 3));
        let mut titled = merges[0].clone();
        titled["title"] = json!("A visit");
        let report = fixture.import_lines(&[titled]).await;
        let changed = report.updates[0].fields.join(" ");
        assert_eq!((report.problems.as_slice(), changed.as_str()), (&[] as &[_], "title title_source"));
        // The slug of a merged record is still taken.
        let other = json!({ "kind": "person", "key": "d", "label": "d", "slug": "b" });
        assert_eq!(
            problems(&fixture.import_lines(&[other]).await),
            [(2, "/slug", "`b` is already the slug of another actor")]
        );
        unmerge(&fixture, "test", "b").await;
        let visitor = "{ events { nodes { participations { nodes { actor { label } } } } } }";
        let visitor = fixture.query(visitor).await;
        assert_eq!(visitor["events"]["nodes"][0]["participations"]["nodes"][0]["actor"]["label"], "b");
    }
}

/// A merge record may precede the records that it refers to, in any chunk.
#[tokio::test]
async fn merge_records_may_precede_their_records_in_any_chunk() {
    for (whole, parted) in databases().await.into_iter().zip(databases().await) {
        let person = |at: usize| json!({ "kind": "person", "key": format!("p{at}"), "label": format!("Person {at}") });
        let mut lines: Vec<Value> = Vec::new();
        for at in (0..40).step_by(2) {
            lines.push(merge(&format!("p{at}"), &format!("p{}", at + 1), if at % 4 == 0 { "SAME" } else { "UNSURE" }));
            lines.extend([person(at), person(at + 1)]);
        }
        lines.push(json!({ "kind": "event", "key": "e", "type": "VISIT", "participations": [{ "actor": "p1", "role": "VISITOR" }] }));
        let options = Options { commit_every: Some(7), ..Options::default() };
        let report = parted.import_with(&records(&lines), &options).await;
        assert_eq!(report.problems, []);
        assert_eq!(report.kinds["merge"].created, 20);
        assert_eq!(whole.import_lines(&lines).await.problems, []);
        let visitor = "{ people { totalCount } merges { totalCount } events { nodes { participations { nodes { actor { label } } } } } }";
        assert_eq!(parted.query(visitor).await, whole.query(visitor).await);
        let again = parted.import_with(&records(&lines), &options).await;
        assert_eq!((again.problems.as_slice(), again.total().created + again.total().updated), (&[] as &[_], 0));
        // The instants of the decisions differ; nothing else does.
        let by_key = |out: String| {
            let mut lines: Vec<String> = out.lines().map(str::to_owned).collect();
            lines.iter_mut().for_each(|line| *line = line.split(",\"at\"").next().unwrap().to_owned());
            lines
        };
        assert_eq!(by_key(parted.export_records().await), by_key(whole.export_records().await));
    }
}

#[tokio::test]
async fn filtered_export_includes_merges_between_exported_records() {
    for fixture in databases_with_story().await {
        fixture.import(&copy_of_story(1)).await;
        for key in ["mikdam", "iraq"] {
            record_decision(&fixture, ("mikdam", key), ("copy-1", key), MergeDecision::Unsure, Some("later"))
                .await
                .unwrap();
        }
        let merges = |out: String| -> Vec<Value> {
            let lines = out.lines().filter(|line| line.starts_with(r#"{"record":"merge""#));
            lines.map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        assert_eq!(merges(fixture.export_records().await).len(), 2);
        let actors = merges(fixture.export_text(Format::Records, Some("actor"), None).await);
        assert_eq!(actors.len(), 1);
        assert_eq!((&actors[0]["keep"]["key"], &actors[0]["other"]), (&json!("mikdam"), &json!("mikdam")));
        let one = json!({ "record": { "dataset": { "eq": "mikdam" } } });
        assert_eq!(merges(fixture.export_text(Format::Records, Some("actor"), Some(one)).await), [] as [Value; 0]);
        assert_eq!(merges(fixture.export_text(Format::Records, Some("event"), None).await), [] as [Value; 0]);

        // Only administrators see who decided.
        let (reader, admin) = (create_key(&fixture, "page", "read"), create_key(&fixture, "chief", "read,admin"));
        for (key, sees_author) in [(reader, false), (admin, true)] {
            let server = Server::start_with(&fixture, &["--read-with-key"]).with_key(&key);
            for merge in merges(server.get("/export/graph.jsonl").await.text().await.unwrap()) {
                assert_eq!(merge.get("by").is_some(), sees_author, "{merge}");
                assert_eq!(merge["reason"], "later");
            }
        }
        let server = Server::start_with(&fixture, &[]).with_key(&create_key(&fixture, "feeds", "write"));
        let write = "mutation($records: [JSON!]!) { importRecords(dataset: \"mikdam\", records: $records) { written counts { kind created updated unchanged } problems { index pointer message } updates { key fields } } }";
        let copy = json!({ "dataset": "copy-1", "key": "mikdam" });
        let merge = json!({ "kind": "merge", "keep": "mikdam", "other": copy, "judgement": "SAME" });
        let answer = server.query_with(write, json!({ "records": [merge] })).await;
        let report = &answer["data"]["importRecords"];
        assert_eq!(report["written"], true, "{answer}");
        assert_eq!(report["updates"][0]["fields"], json!(["decision", "reason"]), "{answer}");
        let sql = "SELECT judged_by || ' ' || judgement AS said FROM merge ORDER BY id";
        assert_eq!(fixture.text_column(sql).await, ["test UNSURE", "feeds SAME"]);
    }
}

/// Interleaved datasets get other ids when their export is imported. The claim that is kept does not depend on ids.
#[tokio::test]
async fn merged_events_keep_the_same_claim_after_a_round_trip() {
    for (fixture, other) in databases().await.into_iter().zip(databases().await) {
        let dataset = |key: &str| json!({ "kind": "dataset", "key": key });
        let event = |key: &str| json!({ "kind": "event", "key": key, "type": "VISIT" });
        let claim = |of: &str| json!({ "kind": "claim", "key": format!("claim/{of}"), "text": of, "subject": of });
        let at = |dataset: &str, key: &str| json!({ "dataset": dataset, "key": key });
        let merge =
            |other: Value| json!({ "kind": "merge", "keep": at("x", "e1"), "other": other, "judgement": "SAME" });
        let lines = [
            dataset("x"),
            event("e1"),
            dataset("y"),
            event("e2"),
            claim("e2"),
            dataset("x"),
            event("e3"),
            claim("e3"),
            merge(at("y", "e2")),
            merge(at("x", "e3")),
        ];
        let text: Vec<String> = lines.iter().map(Value::to_string).collect();
        assert_eq!(fixture.import(&text.join("\n")).await.problems, []);
        let out = fixture.export_records().await;
        assert_eq!(other.import(&out).await.problems, []);
        for fixture in [fixture, other] {
            let claims = fixture.query("{ claims { nodes { text } } }").await;
            assert_eq!(claims["claims"]["nodes"], json!([{ "text": "e3" }]));
            assert_eq!(fixture.export_records().await, out);
        }
    }
}
