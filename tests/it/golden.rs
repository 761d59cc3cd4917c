//! Properties of all golden queries. `tests/golden/main.rs` tests their responses.

use async_graphql::Request;
use newsgraph::graphql::{self, Session};
use serde_json::json;

use crate::fixture::{copy_of_story, databases_with_story};
use crate::golden_queries::queries;

/// Selects an object twice, so that the executor builds maps for the whole document instead of writing JSON directly.
const SELECTS_AN_OBJECT_TWICE: &str =
    "query InParts { __schema { queryType { name } } __schema { queryType { name } } }";

#[tokio::test]
async fn directly_written_json_equals_json_from_maps() {
    for story in databases_with_story().await {
        let mut written_directly = 0;
        for (name, query) in queries() {
            let query = if query.contains("query ") { query } else { query.replacen('{', "query Asked {", 1) };
            let after_keyword = query.split_once("query ").unwrap().1;
            let end = after_keyword.find(|letter: char| !letter.is_alphanumeric()).unwrap();
            let execute = async |document: &str| {
                let request = Request::new(document).operation_name(&after_keyword[..end]);
                story.api.execute(request.data(Session::new(story.db.clone()))).await
            };
            let (written, tree) =
                (execute(&query).await, execute(&format!("{query}\n{SELECTS_AN_OBJECT_TWICE}")).await);
            written_directly += usize::from(written.data != tree.data);
            assert_eq!(graphql::json(&written.data), graphql::json(&tree.data), "{name} on {}", story.url);
        }
        assert!(written_directly > 40, "{written_directly}");
    }
}

#[tokio::test]
async fn repeated_selections_of_a_field_are_merged() {
    for story in databases_with_story().await {
        let whole = "{ events(first: 5) { nodes { id when { edtf raw } participations { totalCount nodes { role actor { id label } } } } } }";
        let parts = "{ events(first: 5) { nodes { id ...When participations { totalCount nodes { role } } } }
            events(first: 5) { nodes { ...Who when { raw } } } }
            fragment When on Event { when { edtf } }
            fragment Who on Event { id participations { nodes { actor { id } } } participations { nodes { actor { label } } } }";
        assert_eq!(story.query(whole).await, story.query(parts).await);
        // async-graphql accepts a scalar and an object under the same response key. The first selection wins, and the key is
        // not repeated.
        let first = "{ events(first: 1) { nodes { title } } event(slug: \"end-of-captivity-of-mikdam\") { title } }";
        let both = "{ events(first: 1) { nodes { title ... on Event { title: when { edtf } } } }
            event(slug: \"end-of-captivity-of-mikdam\") { title ... on Event { title: when { edtf } } } }";
        let execute = async |query: &str| {
            let response = story.api.execute(Request::new(query).data(Session::new(story.db.clone()))).await;
            graphql::json(&response.data)
        };
        let first = execute(first).await;
        assert!(first.contains("\"event\":{\"title\":\""), "{first}");
        assert_eq!(execute(both).await, first);
    }
}

#[tokio::test]
async fn number_of_sql_statements_is_independent_of_graph_size() {
    let queries = queries();
    for story in databases_with_story().await {
        // A list that is longer than its page needs one more statement for `totalCount`; nothing else adds statements.
        let uncounted = |query: &str| query.replace("totalCount", "__typename");
        let mut before = Vec::new();
        for (_, query) in &queries {
            let (_, counted) = story.query_counting_statements(query, json!({})).await;
            before.push((counted, story.query_counting_statements(&uncounted(query), json!({})).await.1));
        }
        for copy in 1..100 {
            let report = story.import(&copy_of_story(copy)).await;
            assert_eq!(report.problems, []);
        }
        for ((name, query), (counted, before)) in queries.iter().zip(before) {
            let (answer, after) = story.query_counting_statements(query, json!({})).await;
            assert!(answer.get("errors").is_none(), "{name}: {answer:#}");
            let most = counted + query.matches("totalCount").count();
            assert!((counted..=most).contains(&after), "{name} on {}: {counted}, now {after}", story.url);
            let (_, after) = story.query_counting_statements(&uncounted(query), json!({})).await;
            assert_eq!(before, after, "{name} on {}", story.url);
        }
        // Make sure that the copies were imported.
        let data = story.query("{ statements(filter: { attribution: { eq: ANONYMOUS } }) { totalCount } }").await;
        assert_eq!(data["statements"]["totalCount"], 700);
    }
}
