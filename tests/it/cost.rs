//! What golden queries cost, where a clock would say something else each time: the steps that SQLite takes, and how many pieces of
//! memory an answer is made of. (PostgreSQL plans otherwise from run to run for so small a graph: `plan.rs` looks at its plans.)
//! A change that makes a query dearer by a fifth fails, and so does one that makes it cheaper and does not say so:
//! `RECORD_COSTS=1 cargo test cost::` writes the costs down anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_graphql::Request;
use newsgraph::graphql::Session;
use sea_orm::sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection};
use sea_orm::{ConnectionTrait, DatabaseBackend};
use serde::{Deserialize, Serialize};

use crate::fixture::{Fixture, copy_of_story, stories};
use crate::golden_queries::queries;

/// How many times the story is in the graph besides: reading all of a table shows.
const COPIES: usize = 40;

/// By how much a cost may differ from the one that was written down: this part of it, and so much besides.
const TOLERANCE: f64 = 0.2;

/// What one query costs.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
struct Cost {
    /// The steps of SQLite's virtual machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<u64>,
    /// Pieces of memory that the program asks for.
    allocations: u64,
}

impl Cost {
    fn is_near(self, other: Self) -> bool {
        let near = |one: u64, other: u64, besides: f64| {
            (one as f64 - other as f64).abs() <= one.max(other) as f64 * TOLERANCE + besides
        };
        near(self.steps.unwrap_or(0), other.steps.unwrap_or(0), 40.0) && near(self.allocations, other.allocations, 40.0)
    }
}

/// By the name of the query and the database.
type Costs = BTreeMap<String, BTreeMap<String, Cost>>;

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/cost.json")
}

#[test]
fn queries_cost_what_was_written_down() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut known: Costs = std::fs::read(file()).map(|text| serde_json::from_slice(&text).unwrap()).unwrap_or_default();
    let records = std::env::var_os("RECORD_COSTS").is_some();
    let queries = queries();
    known.retain(|name, _| queries.iter().any(|(query, _)| query == name));
    let mut wrong = Vec::new();
    for fixture in runtime.block_on(stories()) {
        let database = match fixture.db.dialect().0 {
            DatabaseBackend::Postgres => "PostgreSQL",
            _ => "SQLite",
        };
        runtime.block_on(async {
            for copy in 0..COPIES {
                assert_eq!(fixture.import(&copy_of_story(copy)).await.problems, []);
            }
            fixture.db.connection().execute_unprepared("ANALYZE").await.unwrap();
        });
        for (name, query) in &queries {
            let is_sqlite = fixture.db.dialect().0 == DatabaseBackend::Sqlite;
            let steps = is_sqlite.then(|| runtime.block_on(steps(&fixture, query)));
            let ask = || runtime.block_on(fixture.ask(query));
            // What is prepared the first time stays.
            ask();
            let cost = Cost { steps, allocations: allocation_counter::measure(|| drop(ask())).count_total };
            let before = known.entry(name.clone()).or_default().insert(database.to_owned(), cost);
            match before {
                Some(before) if before.is_near(cost) => {
                    known.entry(name.clone()).or_default().insert(database.to_owned(), before);
                }
                before => wrong.push(format!("{name} on {database}: {cost:?}, written down is {before:?}")),
            }
        }
    }
    if records {
        std::fs::write(file(), serde_json::to_string_pretty(&known).unwrap() + "\n").unwrap();
        return;
    }
    assert!(wrong.is_empty(), "see the head of this file:\n{}", wrong.join("\n"));
}

/// The steps that SQLite takes for a query.
pub async fn steps(fixture: &Fixture, query: &str) -> u64 {
    let session = Session::recording(fixture.db.clone());
    let response = fixture.api.execute(Request::new(query).data(session.clone())).await;
    assert!(response.errors.is_empty(), "{query}: {:?}", response.errors);
    let steps = Arc::new(AtomicU64::new(0));
    for statement in session.recorded() {
        let mut connection = SqliteConnection::connect(&fixture.url).await.unwrap();
        // It reads the schema once, and that is not the statement's.
        connection.execute("SELECT COUNT(*) FROM sqlite_schema").await.unwrap();
        let counted = Arc::clone(&steps);
        connection.lock_handle().await.unwrap().set_progress_handler(1, move || {
            counted.fetch_add(1, Ordering::Relaxed);
            true
        });
        connection.fetch_all(AssertSqlSafe(statement.to_string())).await.unwrap();
        connection.close().await.unwrap();
    }
    steps.load(Ordering::Relaxed)
}
