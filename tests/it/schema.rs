//! The GraphQL schema: the committed file, descriptions, and the `Node` interface.

use entity::record::RecordKind;

#[test]
fn committed_schema_is_up_to_date() {
    let committed = include_str!("../../schema.graphql");
    assert!(
        committed == newsgraph::graphql::sdl(),
        "run `cargo run -- schema > schema.graphql` and add the change to CHANGELOG.md"
    );
}

/// Returns the answer to a question about the schema.
async fn introspect(query: &str) -> serde_json::Value {
    let fixture = crate::fixture::databases().await.swap_remove(0);
    fixture.query_counting_statements(query, serde_json::json!({})).await.0
}

#[tokio::test]
async fn every_schema_element_has_a_description() {
    let query = "{ __schema { types { name kind description
        fields(includeDeprecated: true) { name description args { name description } }
        inputFields { name description }
        enumValues(includeDeprecated: true) { name description } } } }";
    let answer = introspect(query).await;
    let mut undescribed = Vec::new();
    for of in answer["data"]["__schema"]["types"].as_array().unwrap() {
        let name = of["name"].as_str().unwrap();
        // The five scalars of the specification need no description.
        if name.starts_with("__") || ["ID", "Int", "Float", "String", "Boolean"].contains(&name) {
            continue;
        }
        let mut check = |path: String, item: &serde_json::Value| {
            if item["description"].as_str().is_none_or(|text| text.trim().is_empty()) {
                undescribed.push(path);
            }
        };
        check(name.to_owned(), of);
        for list in ["fields", "inputFields", "enumValues"] {
            for item in of[list].as_array().into_iter().flatten() {
                let path = format!("{name}.{}", item["name"].as_str().unwrap());
                check(path.clone(), item);
                for argument in item["args"].as_array().into_iter().flatten() {
                    check(format!("{path}({})", argument["name"].as_str().unwrap()), argument);
                }
            }
        }
    }
    assert_eq!(undescribed, Vec::<String>::new());
}

#[tokio::test]
async fn every_type_with_an_id_implements_node() {
    let query = "{ __schema { types { name kind fields { name } interfaces { name } } } }";
    let answer = introspect(query).await;
    let mut nodes = 0;
    for of in answer["data"]["__schema"]["types"].as_array().unwrap() {
        let has = |list: &str, name: &str| of[list].as_array().into_iter().flatten().any(|item| item["name"] == name);
        if of["kind"] == "OBJECT" && has("fields", "id") {
            assert!(has("interfaces", "Node"), "{} has an id and is no Node", of["name"]);
            nodes += 1;
        }
    }
    assert!(nodes > 15);
}

/// Returns whether the query root has a field for a single node of a type, and one for a list. Nodes without any are found
/// through the nodes that they belong to.
fn root_fields(kind: RecordKind) -> (bool, bool) {
    match kind {
        RecordKind::Article
        | RecordKind::Actor
        | RecordKind::Place
        | RecordKind::Relation
        | RecordKind::Event
        | RecordKind::Account
        | RecordKind::Statement
        | RecordKind::Claim
        | RecordKind::Figure => (true, true),
        RecordKind::Participation | RecordKind::Stance | RecordKind::Evidence | RecordKind::Mention => (false, true),
        RecordKind::Name | RecordKind::EventLink | RecordKind::ExternalId => (false, false),
    }
}

#[tokio::test]
async fn every_node_type_has_its_root_fields() {
    let query = "{ __schema { queryType { fields { type { name ofType { name } } } } } }";
    let answer = introspect(query).await;
    let fields = answer["data"]["__schema"]["queryType"]["fields"].as_array().unwrap();
    let has_field_of = |name: &str| fields.iter().any(|field| field["type"]["name"] == name);
    for kind in RecordKind::ALL {
        let name = format!("{kind:?}");
        let found = (has_field_of(&name), has_field_of(&format!("{name}Connection")));
        assert_eq!(found, root_fields(*kind), "{name}: single node, list");
    }
}
