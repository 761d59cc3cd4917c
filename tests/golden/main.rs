//! Golden answers: one test for each query file and database, named after the file.
//!
//! A snapshot holds the whole answer and the number of SQL statements, which are the same on both databases and whatever the size
//! of the graph. After a change to an answer: `INSTA_UPDATE=always cargo test --test golden`, then read the difference.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]
#![allow(unreachable_pub, dead_code, reason = "shared with the other tests")]

#[path = "../it/fixture.rs"]
mod fixture;
#[path = "../it/golden_queries.rs"]
mod golden_queries;

use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use sea_orm::DatabaseBackend;
use serde_json::json;

use crate::fixture::{Fixture, databases_with_story};

/// As in the program: deeply nested queries need more stack than the default.
const STACK: usize = 32 << 20;

fn main() {
    let arguments = Arguments::from_args();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build().unwrap();
    let queries = golden_queries::queries();
    assert!(queries.len() >= 40, "only {} golden queries were found", queries.len());
    let mut trials = Vec::new();
    for story in runtime.block_on(databases_with_story()) {
        let story = Arc::new(story);
        let database = match story.db.dialect().0 {
            DatabaseBackend::Postgres => "postgresql",
            _ => "sqlite",
        };
        for (name, query) in &queries {
            let (story, handle) = (Arc::clone(&story), runtime.handle().clone());
            let (name, query) = (name.clone(), query.clone());
            let test = format!("{database}::{}", name.replace("__", "::"));
            trials.push(Trial::test(test, move || {
                let task = handle.spawn(async move { check(&story, &name, &query).await });
                Ok(handle.block_on(task)?)
            }));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

async fn check(story: &Fixture, name: &str, query: &str) {
    let (answer, statements) = story.query_counting_statements(query, json!({})).await;
    assert!(answer.get("errors").is_none(), "{answer:#}");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots");
    settings.bind(|| insta::assert_json_snapshot!(name, json!({ "statements": statements, "data": answer["data"] })));
}
