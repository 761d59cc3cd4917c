//! Counts, facets, histograms and sums that are cached are those of the state that the request reads.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Request, Variables};
use newsgraph::graphql::{AggregateCache, Session};
use serde_json::{Value, json};

use crate::fixture::{Fixture, copy_of_story, databases_with_story, response_json};

const QUERY: &str = "query($after: String) {
    events(first: 3, after: $after) { totalCount pageInfo { endCursor } facets(by: [TYPE, PLACE]) { distinct missing buckets { value label count } }
        histogram(interval: YEAR) { undated buckets { from count } }
        nodes { id participations { totalCount } } }
    statements(filter: { attribution: { eq: ANONYMOUS } }) { totalCount }
    figures { sums { unit count value } } }";

/// The aggregates of [`QUERY`]: two counts, two facets, a histogram and sums.
const AGGREGATES: usize = 6;

fn keeping_all() -> Arc<AggregateCache> {
    Arc::new(AggregateCache::new(1 << 20).with_threshold(Duration::ZERO))
}

/// Returns the answer and the number of statements.
async fn ask(fixture: &Fixture, cache: Option<&Arc<AggregateCache>>, after: &Value) -> (Value, usize) {
    let session = Session::new(fixture.db.clone()).with_aggregates(cache.cloned());
    let request = Request::new(QUERY).variables(Variables::from_json(json!({ "after": after })));
    let answer = response_json(&fixture.api.execute(request.data(session.clone())).await);
    assert!(answer.get("errors").is_none(), "{answer:#}");
    (answer, session.statements())
}

#[tokio::test]
async fn cached_aggregates_are_shared_by_pages_until_the_next_write() {
    for fixture in databases_with_story().await {
        let cache = keeping_all();
        let (expected, statements) = ask(&fixture, None, &Value::Null).await;
        // The first time shows that they are slow, the second one caches them.
        for expected_statements in [statements, statements + 1, statements + 1 - AGGREGATES] {
            let (answer, statements) = ask(&fixture, Some(&cache), &Value::Null).await;
            assert_eq!((answer, statements), (expected.clone(), expected_statements), "{}", fixture.url);
        }
        // Another page has the same aggregates.
        let after = &expected["data"]["events"]["pageInfo"]["endCursor"];
        let (expected, _) = ask(&fixture, None, after).await;
        let (answer, other) = ask(&fixture, Some(&cache), after).await;
        assert_eq!((answer, other), (expected, statements + 1 - AGGREGATES), "{}", fixture.url);
        for copy in 1..4 {
            fixture.import(&copy_of_story(copy)).await;
            let (expected, _) = ask(&fixture, None, &Value::Null).await;
            assert_eq!(expected["data"]["events"]["totalCount"], 28 * (copy + 1));
            for _ in 0..3 {
                assert_eq!(ask(&fixture, Some(&cache), &Value::Null).await.0, expected, "{}", fixture.url);
            }
        }
    }
}

/// Requests and writes at the same time: whatever version a request reads, its count is that of its page.
#[tokio::test]
async fn cached_counts_match_the_rows_of_the_same_response() {
    let query = "{ events(first: 500) { totalCount nodes { id } } statements(first: 500) { totalCount nodes { id } } }";
    for fixture in databases_with_story().await {
        let cache = keeping_all();
        let writes = async {
            for copy in 1..6 {
                fixture.import(&copy_of_story(copy)).await;
            }
        };
        let reads = async {
            for _ in 0..60 {
                let session = Session::new(fixture.db.clone()).with_aggregates(Some(Arc::clone(&cache)));
                let answer = response_json(&fixture.api.execute(Request::new(query).data(session)).await);
                for list in ["events", "statements"] {
                    let list = &answer["data"][list];
                    assert_eq!(list["totalCount"], list["nodes"].as_array().unwrap().len(), "{}", fixture.url);
                }
            }
        };
        tokio::join!(writes, reads);
    }
}
