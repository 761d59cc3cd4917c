//! Properties of all golden queries. Their answers are tests of their own: see `tests/golden/main.rs`.

use async_graphql::Request;
use newsgraph::graphql::{self, Session};
use serde_json::json;

use crate::fixture::{copy_of_story, stories};
use crate::golden_queries::queries;

/// A document that has it besides is answered in a tree, as it selects an object in two places.
const IN_PARTS: &str = "query InParts { __schema { queryType { name } } __schema { queryType { name } } }";

#[tokio::test]
async fn answers_written_at_once_are_those_of_a_tree() {
    for story in stories().await {
        let mut at_once = 0;
        for (name, query) in queries() {
            let query = if query.contains("query ") { query } else { query.replacen('{', "query Asked {", 1) };
            let asked = query.split_once("query ").unwrap().1;
            let end = asked.find(|letter: char| !letter.is_alphanumeric()).unwrap();
            let ask = async |document: &str| {
                let request = Request::new(document).operation_name(&asked[..end]);
                story.api.execute(request.data(Session::new(story.db.clone()))).await
            };
            let (written, tree) = (ask(&query).await, ask(&format!("{query}\n{IN_PARTS}")).await);
            at_once += usize::from(written.data != tree.data);
            assert_eq!(graphql::json(&written.data), graphql::json(&tree.data), "{name} on {}", story.url);
        }
        assert!(at_once > 40, "{at_once}");
    }
}

#[tokio::test]
async fn what_is_selected_in_parts_is_put_together() {
    for story in stories().await {
        let whole = "{ events(first: 5) { nodes { id when { edtf raw } participations { totalCount nodes { role actor { id label } } } } } }";
        let parts = "{ events(first: 5) { nodes { id ...When participations { totalCount nodes { role } } } }
            events(first: 5) { nodes { ...Who when { raw } } } }
            fragment When on Event { when { edtf } }
            fragment Who on Event { id participations { nodes { actor { id } } } participations { nodes { actor { label } } } }";
        assert_eq!(story.ask(whole).await, story.ask(parts).await);
        // The library lets an object stand where a word is under the same name: the first counts, and neither is told twice.
        let first = "{ events(first: 1) { nodes { title } } event(slug: \"end-of-captivity-of-mikdam\") { title } }";
        let both = "{ events(first: 1) { nodes { title ... on Event { title: when { edtf } } } }
            event(slug: \"end-of-captivity-of-mikdam\") { title ... on Event { title: when { edtf } } } }";
        let ask = async |query: &str| {
            let response = story.api.execute(Request::new(query).data(Session::new(story.db.clone()))).await;
            graphql::json(&response.data)
        };
        let first = ask(first).await;
        assert!(first.contains("\"event\":{\"title\":\""), "{first}");
        assert_eq!(ask(both).await, first);
    }
}

#[tokio::test]
async fn statements_do_not_grow_with_the_graph() {
    let queries = queries();
    for story in stories().await {
        // A list that outgrew its page is counted by a statement of its own: so many more, and none but for that.
        let uncounted = |query: &str| query.replace("totalCount", "__typename");
        let mut before = Vec::new();
        for (_, query) in &queries {
            let (_, counted) = story.ask_counted(query, json!({})).await;
            before.push((counted, story.ask_counted(&uncounted(query), json!({})).await.1));
        }
        for copy in 1..100 {
            let report = story.import(&copy_of_story(copy)).await;
            assert_eq!(report.problems, []);
        }
        for ((name, query), (counted, before)) in queries.iter().zip(before) {
            let (answer, after) = story.ask_counted(query, json!({})).await;
            assert!(answer.get("errors").is_none(), "{name}: {answer:#}");
            let most = counted + query.matches("totalCount").count();
            assert!((counted..=most).contains(&after), "{name} on {}: {counted}, now {after}", story.url);
            let (_, after) = story.ask_counted(&uncounted(query), json!({})).await;
            assert_eq!(before, after, "{name} on {}", story.url);
        }
        // The copies are really there.
        let data = story.ask("{ statements(filter: { attribution: { eq: ANONYMOUS } }) { totalCount } }").await;
        assert_eq!(data["statements"]["totalCount"], 700);
    }
}
