//! Properties of all golden queries. `tests/golden/main.rs` tests their responses.

use serde_json::json;

use crate::fixture::{copy_of_story, databases_with_story};
use crate::golden_queries::queries;

#[tokio::test]
async fn repeated_selections_of_a_field_are_merged() {
    for story in databases_with_story().await {
        let whole = "{ events(first: 5) { nodes { id when { edtf raw } participations { totalCount nodes { role actor { id label } } } } } }";
        let parts = "{ events(first: 5) { nodes { id ...When participations { totalCount nodes { role } } } }
            events(first: 5) { nodes { ...Who when { raw } } } }
            fragment When on Event { when { edtf } }
            fragment Who on Event { id participations { nodes { actor { id } } } participations { nodes { actor { label } } } }";
        assert_eq!(story.query(whole).await, story.query(parts).await);
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
