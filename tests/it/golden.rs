//! Golden answers: every `.graphql` file of the examples and of `tests/golden` is a test. The snapshot is the whole answer
//! and the number of SQL statements it took, the same on every database and whatever the size of the graph.

use std::path::Path;

use serde_json::json;

use crate::fixture::{copy_of_story, stories};

/// The golden queries, by name.
pub fn queries() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join("examples/mikdam/queries"), root.join("tests/golden")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "graphql") {
                let folder = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
                let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
                let folder = if folder == "queries" { "example".to_owned() } else { folder };
                found.push((format!("{folder}__{stem}"), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn every_query_gives_its_whole_answer() {
    let queries = queries();
    assert!(queries.len() >= 12, "the examples are gone");
    for story in stories().await {
        for (name, query) in &queries {
            let (answer, statements) = story.ask_counted(query, json!({})).await;
            assert!(answer.get("errors").is_none(), "{name} on {}: {answer:#}", story.url);
            insta::assert_json_snapshot!(name.as_str(), json!({ "statements": statements, "data": answer["data"] }));
        }
    }
}

#[tokio::test]
async fn statements_do_not_grow_with_the_graph() {
    let queries = queries();
    for story in stories().await {
        let mut before = Vec::new();
        for (_, query) in &queries {
            before.push(story.ask_counted(query, json!({})).await.1);
        }
        for copy in 1..100 {
            let report = story.import(&copy_of_story(copy)).await;
            assert_eq!(report.problems, []);
        }
        for ((name, query), before) in queries.iter().zip(before) {
            let (answer, after) = story.ask_counted(query, json!({})).await;
            assert!(answer.get("errors").is_none(), "{name}: {answer:#}");
            assert_eq!(before, after, "{name} on {}", story.url);
        }
        // The copies are really there.
        let data = story.ask("{ statements(filter: { attribution: { eq: ANONYMOUS } }) { totalCount } }").await;
        assert_eq!(data["statements"]["totalCount"], 700);
    }
}
