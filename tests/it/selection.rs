//! Only the columns of selected fields are read. A field's value must not depend on which other fields are selected.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::fixture::{Fixture, databases_with_story};

/// The types of the schema, by name.
type Types = BTreeMap<String, Value>;

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn name(value: &Value) -> &str {
    value["name"].as_str().unwrap_or_default()
}

/// Returns the type without list and non-null wrappers, and whether it was a list.
fn unwrapped(mut kind: &Value) -> (&Value, bool) {
    let mut is_list = false;
    while !kind["ofType"].is_null() {
        is_list |= kind["kind"] == "LIST";
        kind = &kind["ofType"];
    }
    (kind, is_list)
}

fn needs_no_arguments(field: &Value) -> bool {
    array(&field["args"]).iter().all(|argument| argument["type"]["kind"] != "NON_NULL")
}

async fn types(fixture: &Fixture) -> Types {
    const KIND: &str = "type { name kind ofType { name kind ofType { name kind ofType { name kind } } } }";
    let query = format!(
        "{{ __schema {{ types {{ name kind possibleTypes {{ name }} fields {{ name args {{ name {KIND} }} {KIND} }} }} }} }}"
    );
    let found = fixture.query(&query).await;
    array(&found["__schema"]["types"]).iter().map(|kind| (name(kind).to_owned(), kind.clone())).collect()
}

/// Returns the concrete types of an interface or union, or the type itself.
fn concrete<'t>(types: &'t Types, kind: &str) -> Vec<&'t Value> {
    let possible = array(&types[kind]["possibleTypes"]);
    if possible.is_empty() { vec![&types[kind]] } else { possible.iter().map(|one| &types[name(one)]).collect() }
}

/// Returns a selection for each scalar field of a type that needs no arguments.
fn selections(types: &Types, kind: &str) -> Vec<String> {
    let mut all = Vec::new();
    for one in concrete(types, kind) {
        for field in array(&one["fields"]).iter().filter(|field| needs_no_arguments(field)) {
            let (of, is_list) = unwrapped(&field["type"]);
            let within = match of["kind"].as_str() {
                Some("SCALAR" | "ENUM") => "",
                Some("OBJECT") if name(of) == "EdtfDate" => " { edtf raw }",
                _ => continue,
            };
            if !is_list {
                // Aliases, because fields of the same name may have different types in the types of an interface.
                all.push(format!("... on {0} {{ {0}_{1}: {1}{within} }}", name(one), name(field)));
            }
        }
    }
    all
}

/// Returns the values at the end of a path, flattening lists.
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

/// Asserts that each field has the same value alone, together with all other fields, and in a lookup by id, which reads
/// the whole row. Returns the number of rows.
async fn compare(
    fixture: &Fixture,
    types: &Types,
    kind: &str,
    path: &[&str],
    query_for: impl Fn(&str) -> String,
) -> usize {
    let selections = selections(types, kind);
    let whole = fixture.query(&query_for(&selections.join(" "))).await;
    let whole = rows(&whole, path);
    let id = |row: &Value| {
        row.as_object().unwrap().iter().find(|(field, _)| field.ends_with("_id")).map(|(_, id)| id.clone())
    };
    let ids: Vec<Value> = whole.iter().filter_map(|row| id(row)).collect();
    let query = format!("query($ids: [ID!]!) {{ nodes(ids: $ids) {{ __typename {} }} }}", selections.join(" "));
    let stored = fixture.query_with(&query, serde_json::json!({ "ids": ids })).await;
    assert_eq!(rows(&stored, &["nodes"]), whole, "{}", query_for("..."));
    for selection in &selections {
        let query = query_for(selection);
        let alone = fixture.query(&query).await;
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
async fn field_value_is_independent_of_other_selected_fields() {
    for fixture in databases_with_story().await {
        let types = types(&fixture).await;
        let (mut lists, mut seen) = (0, 0);
        for list in array(&types["Query"]["fields"]) {
            let (of, _) = unwrapped(&list["type"]);
            let Some(kind) = name(of).strip_suffix("Connection").filter(|_| needs_no_arguments(list)) else { continue };
            let list = name(list);
            // Its field `by` needs a scope.
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
            // Each reference to another node.
            for one in concrete(&types, kind) {
                for field in array(&one["fields"]).iter().filter(|field| needs_no_arguments(field)) {
                    let (to, _) = unwrapped(&field["type"]);
                    let has_id = |kind: &&Value| array(&kind["fields"]).iter().any(|field| name(field) == "id");
                    if !types.get(name(to)).is_some_and(|kind| has_id(&kind)) {
                        continue;
                    }
                    let query_for = |fields: &str| {
                        format!(
                            "{{ {list}(first: 100) {{ nodes {{ ... on {} {{ {} {{ __typename {fields} }} }} }} }} }}",
                            name(one),
                            name(field)
                        )
                    };
                    compare(&fixture, &types, name(to), &[list, "nodes", name(field)], query_for).await;
                }
            }
        }
        assert!(lists >= 15 && seen >= 300, "{lists} lists, {seen} rows");
        let events = fixture.query("{ events { nodes { id } } }").await;
        for event in rows(&events, &["events", "nodes"]) {
            let query_for = |fields: &str| format!("{{ event(id: {}) {{ __typename {fields} }} }}", event["id"]);
            assert_eq!(compare(&fixture, &types, "Event", &["event"], query_for).await, 1);
        }
    }
}

#[tokio::test]
async fn voice_label_is_independent_of_other_selected_fields() {
    const SIDES: [&str; 7] = ["asserts", "confirms", "supports", "questions", "denies", "retracts", "declinesComment"];
    for fixture in databases_with_story().await {
        let execute = async |fields: &str| {
            let sides: Vec<String> = SIDES.iter().map(|side| format!("{side} {{ voices {{ {fields} }} }}")).collect();
            fixture.query(&format!("{{ claims(first: 100) {{ nodes {{ sides {{ {} }} }} }} }}", sides.join(" "))).await
        };
        let labels = |answer: &Value| {
            let voices = SIDES.iter().flat_map(|side| rows(answer, &["claims", "nodes", "sides", side, "voices"]));
            voices.map(|voice| voice["label"].clone()).collect::<Vec<_>>()
        };
        let alone = labels(&execute("label").await);
        assert!(alone.iter().any(|label| label.as_str().unwrap().ends_with("(unnamed)")), "{alone:?}");
        assert_eq!(alone, labels(&execute("label actor { id description label }").await));
    }
}
