//! Old and new field names of records: both are accepted as the same record, with the digests that earlier versions stored.

use newsgraph::import::Options;
use newsgraph::import::json_schema::RECORDS;
use serde_json::{Map, Value, json};

use crate::fixture::{Fixture, STORY, databases, databases_with_story, records};

/// Returns records of the types with renamed fields that the story does not contain, with new names.
fn more_records() -> Vec<Value> {
    vec![
        json!({ "record": "person", "key": "ann", "label": "Ann" }),
        json!({ "record": "person", "key": "anne", "label": "Anne" }),
        json!({ "record": "name", "key": "ann/name", "bearer": "ann", "text": "Ann", "kind": "PREFERRED" }),
        json!({ "record": "article", "key": "report", "text": "Ann met Bob.",
            "mentions": [{ "text": "Ann", "kind": "PERSON", "start": 0, "resolvedTo": "ann" }, { "text": "Bob", "kind": "PERSON" }] }),
        json!({ "record": "mention", "key": "report/met", "article": "report", "text": "Bob", "kind": "PERSON", "resolvedTo": "anne" }),
        json!({ "record": "event", "key": "visit", "type": "VISIT" }),
        json!({ "record": "eventLink", "key": "link", "from": "visit", "to": "end", "kind": "CAUSES" }),
        json!({ "record": "event", "key": "end", "type": "VISIT", "links": [{ "to": "visit", "kind": "FOLLOWS" }] }),
        json!({ "record": "merge", "keep": "ann", "other": "anne", "decision": "SAME", "by": "desk", "at": "2026-02-03T10:00:00Z" }),
    ]
}

/// Returns the old name of a field of a record type.
fn old_name<'n>(record_type: &str, name: &'n str) -> &'n str {
    match (record_type, name) {
        ("organization" | "place" | "relation" | "eventLink" | "name" | "mention", "kind") => "type",
        ("name", "bearer") => "target",
        ("statement", "saidAt") => "said",
        ("mention", "resolvedTo") => "judged",
        ("dataset", "license") => "licence",
        ("merge", "decision") => "judgement",
        _ => name,
    }
}

fn with_old_names(record: &Map<String, Value>, record_type: &str) -> Map<String, Value> {
    let nested = |list: &str| match list {
        "names" => Some("name"),
        "mentions" => Some("mention"),
        "links" => Some("eventLink"),
        _ => None,
    };
    let field = |(name, value): (&String, &Value)| {
        let value = match (nested(name), value) {
            (Some(of), Value::Array(list)) => {
                list.iter().map(|one| Value::Object(with_old_names(one.as_object().unwrap(), of))).collect()
            }
            _ => value.clone(),
        };
        (old_name(record_type, name).to_owned(), value)
    };
    record.iter().map(field).collect()
}

/// Returns the lines with old field names.
fn old_form(lines: &str) -> String {
    let line = |line: &str| {
        let Value::Object(mut record) = serde_json::from_str(line).unwrap() else { panic!("{line}") };
        let record_type = record.remove("record").unwrap();
        let mut old = with_old_names(&record, record_type.as_str().unwrap());
        assert!(old.insert("kind".into(), record_type).is_none(), "{line}");
        format!("{}\n", Value::Object(old))
    };
    lines.lines().map(line).collect()
}

async fn digests(fixture: &Fixture) -> Vec<String> {
    fixture.text_column("SELECT key || ' ' || digest AS said FROM record WHERE digest IS NOT NULL ORDER BY id").await
}

#[tokio::test]
async fn old_and_new_field_names_are_the_same_record() {
    let new = format!("{STORY}{}", records(&more_records()).replacen("\"kind\"", "\"record\"", 1));
    let old = old_form(&new);
    assert!(!old.contains("\"record\"") && old.contains("\"judged\"") && old.contains("\"said\""), "{old}");
    let (first, second) = (databases().await, databases().await);
    for (one, other) in first.iter().zip(&second) {
        for (fixture, lines, again) in [(one, &old, &new), (other, &new, &old)] {
            let report = fixture.import(lines).await;
            assert_eq!(report.problems, []);
            assert_eq!(report.total().created as usize, new.lines().count());
            let report = fixture.import(again).await;
            assert_eq!(report.problems, []);
            assert_eq!(report.total().unchanged as usize, new.lines().count(), "{report}");
        }
        assert_eq!(digests(one).await, digests(other).await);
        assert_eq!(one.export_records().await, other.export_records().await);
    }
}

/// The digests were stored by versions with the old names.
#[tokio::test]
async fn digests_match_those_of_earlier_versions() {
    for fixture in databases_with_story().await {
        let found = digests(&fixture).await;
        for digest in [
            "iraq 3754a9feebe8b5b97e9f3c227529784b635da9be54d84b5f19de4b1b723c44e4",
            "mikdam cab7a470a1fb823c3d6e55bbc12890ab4932e7ebaabe8c08279eb0bc479f7e9e",
            "relation/iran-militias 822fbbd52d4f1f12da52ba7b56c4a496e09118101202eddb7252fe2c03515e64",
            "flight 257d57ecd8a2b6dccbc29770d876f8bb03dbf307f0e31aa56b084543d01e114e",
            "claim/torture 1008c32e84096cc519121bd4957323965daa22eaa338846f45a1d7086d857c2a",
            "statement/source-severely-tortured 26d17e79e65691bca18079812aa1a2d5a517eea0dbedef4516ededc65f8df9fe",
        ] {
            assert!(found.iter().any(|one| one == digest), "{digest} in {found:#?}");
        }
    }
}

/// Pointers and suggestions use the field names, old or new, of the line.
#[tokio::test]
async fn problems_use_the_field_names_of_the_line() {
    let cases = [
        (json!({ "kind": "place", "key": "a", "type": "CITTY", "label": "A" }), "/type", "did you mean \"CITY\"?"),
        (json!({ "record": "place", "key": "a", "kind": "CITTY", "label": "A" }), "/kind", "did you mean \"CITY\"?"),
        (json!({ "kind": "place", "key": "b", "label": "B" }), "/type", "add \"type\""),
        (json!({ "record": "place", "key": "b", "label": "B" }), "/kind", "add \"kind\""),
        (
            json!({ "kind": "person", "key": "c", "label": "C", "names": [{ "text": "C", "typ": "ALIAS" }] }),
            "/names/0/typ",
            "did you mean \"type\"?",
        ),
        (
            json!({ "record": "person", "key": "c", "label": "C", "names": [{ "text": "C", "knd": "ALIAS" }] }),
            "/names/0/knd",
            "did you mean \"kind\"?",
        ),
        (
            json!({ "record": "person", "key": "d", "label": "D", "names": [{ "text": "D", "type": "ALIASS" }] }),
            "/names/0/type",
            "did you mean \"ALIAS\"?",
        ),
        (
            json!({ "kind": "person", "key": "d", "label": "D", "names": [{ "text": "D", "kind": "ALIASS" }] }),
            "/names/0/kind",
            "did you mean \"ALIAS\"?",
        ),
        (json!({ "kind": "name", "key": "e", "text": "E" }), "/target", "add \"target\""),
        (json!({ "record": "name", "key": "e", "text": "E" }), "/bearer", "add \"bearer\""),
        (
            json!({ "kind": "name", "key": "e", "text": "E", "target": "nobody" }),
            "/target",
            "add a record with this key",
        ),
        (
            json!({ "record": "name", "key": "e", "text": "E", "bearer": "nobody" }),
            "/bearer",
            "add a record with this key",
        ),
        (
            json!({ "record": "article", "key": "f", "mentions": [{ "text": "F", "type": "PERSON", "judged": "nobody" }] }),
            "/mentions/0/judged",
            "add a record with this key",
        ),
        (statement("kind", "said"), "/said/edtf", "write EDTF"),
        (statement("record", "saidAt"), "/saidAt/edtf", "write EDTF"),
        (json!({ "kind": "merge", "keep": "a", "other": "b", "judgement": "EQUAL" }), "/judgement", "one of SAME"),
        (json!({ "record": "merge", "keep": "a", "other": "b", "decision": "EQUAL" }), "/decision", "one of SAME"),
        (json!({ "kind": "CITY", "key": "g", "label": "G" }), "/kind", "add \"record\": one of dataset, article"),
        (json!({ "record": "plce", "key": "g" }), "/record", "did you mean \"place\"?"),
        (json!({ "key": "g" }), "/record", "add \"record\": one of dataset, article"),
        // Both names of a field.
        (
            json!({ "record": "place", "key": "h", "kind": "CITY", "type": "CITY", "label": "H" }),
            "/type",
            "leave \"type\" out",
        ),
        (json!({ "record": "event", "key": "i", "kind": "event", "type": "VISIT" }), "/kind", "leave \"kind\" out"),
        (
            json!({ "kind": "person", "key": "j", "label": "J", "names": [{ "text": "J", "type": "ALIAS", "kind": "ALIAS" }] }),
            "/names/0/type",
            "leave \"type\" out",
        ),
        (
            json!({ "record": "merge", "keep": "a", "other": "b", "decision": "SAME", "judgement": "SAME" }),
            "/judgement",
            "leave \"judgement\" out",
        ),
    ];
    for fixture in databases().await {
        for (record, pointer, suggestion) in &cases {
            let dry_run = Options { dry_run: true, ..Options::default() };
            let report = fixture.import_with(&records(std::slice::from_ref(record)), &dry_run).await;
            let found: Vec<_> = report.problems.iter().map(|one| (one.pointer.as_str(), &one.suggestion)).collect();
            assert_eq!(found.len(), 1, "{record}: {found:?}");
            assert_eq!(found[0].0, *pointer, "{record}");
            assert!(found[0].1.as_ref().is_some_and(|text| text.contains(suggestion)), "{record}: {found:?}");
        }
    }
}

fn statement(record_type: &str, said_at: &str) -> Value {
    let mut statement = json!({ "key": "s", "summary": "S", "attribution": "NOT_RECORDED", "quoteType": "INDIRECT" });
    statement[record_type] = json!("statement");
    statement[said_at] = json!({ "edtf": "2021-13", "raw": "some day" });
    statement
}

/// A field that is given twice does not hide other problems.
#[tokio::test]
async fn all_problems_of_a_line_with_old_and_new_names_are_reported() {
    for fixture in databases().await {
        let record = json!({ "record": "place", "key": "a", "kind": "CITY", "type": "CITY", "label": " ", "slugg": "x", "parent": "b" });
        let report = fixture.import(&records(&[record])).await;
        let pointers: Vec<&str> = report.problems.iter().map(|one| one.pointer.as_str()).collect();
        assert_eq!(pointers, ["/label", "/parent", "/slugg", "/type"], "{:#?}", report.problems);
    }
}

#[tokio::test]
async fn exports_and_json_schema_have_the_new_names() {
    let schema = jsonschema::validator_for(&RECORDS).unwrap();
    for line in RECORDS["oneOf"].as_array().unwrap() {
        let (title, properties) = (line["title"].as_str().unwrap(), line["properties"].as_object().unwrap());
        assert_eq!(properties["record"]["const"], title);
        for name in properties.keys() {
            assert!(old_name(title, name) == name || !properties.contains_key(old_name(title, name)), "{title}.{name}");
        }
    }
    for fixture in databases().await {
        let lines = records(&more_records());
        assert_eq!(fixture.import(&lines).await.problems, []);
        let out = fixture.export_records().await;
        for line in out.lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            assert!(line.starts_with("{\"record\":") && schema.is_valid(&record), "{line}");
        }
        assert_eq!(out.lines().count(), more_records().len() + 1);
        let again = fixture.import(&out).await.total();
        assert_eq!((again.created, again.updated, again.rejected), (0, 0, 0));
    }
}
