//! The schema as a contract and as a manual.

#[test]
fn the_committed_schema_is_the_one_served() {
    let committed = include_str!("../../schema.graphql");
    assert!(
        committed == newsgraph::graphql::sdl(),
        "run `cargo run -- schema > schema.graphql` and say in CHANGELOG what changed"
    );
}

#[tokio::test]
async fn everything_has_a_description() {
    let query = "{ __schema { types { name kind description
        fields(includeDeprecated: true) { name description args { name description } }
        inputFields { name description }
        enumValues(includeDeprecated: true) { name description } } } }";
    let schema = newsgraph::graphql::api();
    let answer = crate::fixture::answer(&schema.execute(query).await);
    let mut bare = Vec::new();
    for of in answer["data"]["__schema"]["types"].as_array().unwrap() {
        let name = of["name"].as_str().unwrap();
        // The five scalars of the specification describe themselves.
        if name.starts_with("__") || ["ID", "Int", "Float", "String", "Boolean"].contains(&name) {
            continue;
        }
        let mut see = |path: String, item: &serde_json::Value| {
            if item["description"].as_str().is_none_or(|text| text.trim().is_empty()) {
                bare.push(path);
            }
        };
        see(name.to_owned(), of);
        for list in ["fields", "inputFields", "enumValues"] {
            for item in of[list].as_array().into_iter().flatten() {
                let path = format!("{name}.{}", item["name"].as_str().unwrap());
                see(path.clone(), item);
                for argument in item["args"].as_array().into_iter().flatten() {
                    see(format!("{path}({})", argument["name"].as_str().unwrap()), argument);
                }
            }
        }
    }
    assert_eq!(bare, Vec::<String>::new());
}

#[tokio::test]
async fn every_type_that_has_an_id_is_a_node() {
    let schema = newsgraph::graphql::api();
    let query = "{ __schema { types { name kind fields { name } interfaces { name } } } }";
    let answer = crate::fixture::answer(&schema.execute(query).await);
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
