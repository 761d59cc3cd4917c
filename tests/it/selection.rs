//! What is selected beside a field does not change it: columns that nobody asks for are not read.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::fixture::{Fixture, stories};

/// The types of the schema by name.
type Types = BTreeMap<String, Value>;

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn name(value: &Value) -> &str {
    value["name"].as_str().unwrap_or_default()
}

/// The type within lists and non-nulls, and whether there is a list.
fn unwrapped(mut kind: &Value) -> (&Value, bool) {
    let mut is_list = false;
    while !kind["ofType"].is_null() {
        is_list |= kind["kind"] == "LIST";
        kind = &kind["ofType"];
    }
    (kind, is_list)
}

fn takes_nothing(field: &Value) -> bool {
    array(&field["args"]).iter().all(|argument| argument["type"]["kind"] != "NON_NULL")
}

async fn types(fixture: &Fixture) -> Types {
    const KIND: &str = "type { name kind ofType { name kind ofType { name kind ofType { name kind } } } }";
    let query = format!(
        "{{ __schema {{ types {{ name kind possibleTypes {{ name }} fields {{ name args {{ name {KIND} }} {KIND} }} }} }} }}"
    );
    let found = fixture.ask(&query).await;
    array(&found["__schema"]["types"]).iter().map(|kind| (name(kind).to_owned(), kind.clone())).collect()
}

/// The types that rows of a type may be of.
fn concrete<'t>(types: &'t Types, kind: &str) -> Vec<&'t Value> {
    let possible = array(&types[kind]["possibleTypes"]);
    if possible.is_empty() { vec![&types[kind]] } else { possible.iter().map(|one| &types[name(one)]).collect() }
}

/// What can be selected of rows of a type without more words: a selection for each field.
fn selections(types: &Types, kind: &str) -> Vec<String> {
    let mut all = Vec::new();
    for one in concrete(types, kind) {
        for field in array(&one["fields"]).iter().filter(|field| takes_nothing(field)) {
            let (of, is_list) = unwrapped(&field["type"]);
            let within = match of["kind"].as_str() {
                Some("SCALAR" | "ENUM") => "",
                Some("OBJECT") if name(of) == "EdtfDate" => " { edtf raw }",
                _ => continue,
            };
            if !is_list {
                // Fields of one name may be of several types in the types of an interface.
                all.push(format!("... on {0} {{ {0}_{1}: {1}{within} }}", name(one), name(field)));
            }
        }
    }
    all
}

/// The rows at the end of a path, through lists on the way.
fn rows<'v>(value: &'v Value, path: &[&str]) -> Vec<&'v Value> {
    let all = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    };
    match path.split_first() {
        None => all,
        Some((first, rest)) => all.into_iter().flat_map(|one| rows(&one[*first], rest)).collect(),
    }
}

/// Asks for each field alone and for all together, and whether that is what is stored: a thing that is looked up by its id alone is
/// read as a whole.
async fn compare(fixture: &Fixture, types: &Types, kind: &str, path: &[&str], words: impl Fn(&str) -> String) -> usize {
    let selections = selections(types, kind);
    let whole = fixture.ask(&words(&selections.join(" "))).await;
    let whole = rows(&whole, path);
    let id = |row: &Value| {
        row.as_object().unwrap().iter().find(|(field, _)| field.ends_with("_id")).map(|(_, id)| id.clone())
    };
    let ids: Vec<Value> = whole.iter().filter_map(|row| id(row)).collect();
    let query = format!("query($ids: [ID!]!) {{ nodes(ids: $ids) {{ __typename {} }} }}", selections.join(" "));
    let stored = fixture.ask_with(&query, serde_json::json!({ "ids": ids })).await;
    assert_eq!(rows(&stored, &["nodes"]), whole, "{}", words("..."));
    for selection in &selections {
        let query = words(selection);
        let alone = fixture.ask(&query).await;
        let alone = rows(&alone, path);
        assert_eq!(alone.len(), whole.len(), "{query}");
        for (alone, whole) in alone.iter().zip(&whole) {
            for (field, value) in alone.as_object().unwrap() {
                assert_eq!(value, &whole[field], "{query} on {}", fixture.url);
            }
        }
    }
    whole.len()
}

#[tokio::test]
async fn a_field_says_the_same_alone_and_among_others() {
    for fixture in stories().await {
        let types = types(&fixture).await;
        let (mut lists, mut seen) = (0, 0);
        for list in array(&types["Query"]["fields"]) {
            let (of, _) = unwrapped(&list["type"]);
            let Some(kind) = name(of).strip_suffix("Connection").filter(|_| takes_nothing(list)) else { continue };
            let list = name(list);
            // Who wrote what is for who has the key.
            if list == "changes" {
                continue;
            }
            lists += 1;
            let nodes = |fields: &str| format!("{{ {list}(first: 100) {{ nodes {{ __typename {fields} }} }} }}");
            seen += compare(&fixture, &types, kind, &[list, "nodes"], nodes).await;
            let edges = |fields: &str| {
                format!(
                    "fragment part on {kind} {{ {fields} }} {{ {list}(first: 100) {{ edges {{ node {{ __typename ...part }} }} }} }}"
                )
            };
            compare(&fixture, &types, kind, &[list, "edges", "node"], edges).await;
            // What rows refer to, each once.
            for one in concrete(&types, kind) {
                for field in array(&one["fields"]).iter().filter(|field| takes_nothing(field)) {
                    let (to, _) = unwrapped(&field["type"]);
                    let has_id = |kind: &&Value| array(&kind["fields"]).iter().any(|field| name(field) == "id");
                    if !types.get(name(to)).is_some_and(|kind| has_id(&kind)) {
                        continue;
                    }
                    let words = |fields: &str| {
                        format!(
                            "{{ {list}(first: 100) {{ nodes {{ ... on {} {{ {} {{ __typename {fields} }} }} }} }} }}",
                            name(one),
                            name(field)
                        )
                    };
                    compare(&fixture, &types, name(to), &[list, "nodes", name(field)], words).await;
                }
            }
        }
        assert!(lists >= 15 && seen >= 300, "{lists} lists, {seen} rows");
        let events = fixture.ask("{ events { nodes { id } } }").await;
        for event in rows(&events, &["events", "nodes"]) {
            let words = |fields: &str| format!("{{ event(id: {}) {{ __typename {fields} }} }}", event["id"]);
            assert_eq!(compare(&fixture, &types, "Event", &["event"], words).await, 1);
        }
    }
}

#[tokio::test]
async fn a_voice_is_called_the_same_whatever_else_is_shown_of_it() {
    const SIDES: [&str; 7] = ["asserts", "confirms", "supports", "questions", "denies", "retracts", "declinesComment"];
    for fixture in stories().await {
        let ask = async |words: &str| {
            let sides: Vec<String> = SIDES.iter().map(|side| format!("{side} {{ voices {{ {words} }} }}")).collect();
            fixture.ask(&format!("{{ claims(first: 100) {{ nodes {{ sides {{ {} }} }} }} }}", sides.join(" "))).await
        };
        let labels = |answer: &Value| {
            let voices = SIDES.iter().flat_map(|side| rows(answer, &["claims", "nodes", "sides", side, "voices"]));
            voices.map(|voice| voice["label"].clone()).collect::<Vec<_>>()
        };
        let alone = labels(&ask("label").await);
        assert!(alone.iter().any(|label| label.as_str().unwrap().ends_with("(unnamed)")), "{alone:?}");
        assert_eq!(alone, labels(&ask("label actor { id description label }").await));
    }
}
