//! The cost of the golden queries, in numbers that do not vary between runs as times do: steps of SQLite's virtual machine,
//! and memory allocations. (PostgreSQL's plans vary between runs on so small a graph; `query_plan.rs` checks them.)
//! The test fails if a cost differs by more than a fifth from `cost.json`, in either direction.
//! `RECORD_COSTS=1 cargo test cost::` records the costs again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use newsgraph::graphql::Session;
use sea_orm::sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection};
use sea_orm::{ConnectionTrait, DatabaseBackend};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::fixture::{Fixture, copy_of_story, databases_with_story};
use crate::golden_queries::queries;

/// The number of additional copies of the story, so that full table scans stand out.
const COPIES: usize = 40;

/// The relative difference from the recorded cost that is allowed. [`Cost::is_near`] adds an absolute one.
const TOLERANCE: f64 = 0.2;

/// The cost of one query.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
struct Cost {
    /// Steps of SQLite's virtual machine; `None` on PostgreSQL.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<u64>,
    /// Memory allocations of the program.
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

/// Costs by name of the query and by database.
type Costs = BTreeMap<String, BTreeMap<String, Cost>>;

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/cost.json")
}

#[test]
fn query_costs_match_the_recorded_costs() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut known: Costs = std::fs::read(file()).map(|text| serde_json::from_slice(&text).unwrap()).unwrap_or_default();
    let records = std::env::var_os("RECORD_COSTS").is_some();
    let queries = queries();
    known.retain(|name, _| queries.iter().any(|(query, _)| query == name));
    let mut wrong = Vec::new();
    for fixture in runtime.block_on(databases_with_story()) {
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
            let execute = || {
                runtime.block_on(async {
                    fixture.execute(query, json!({}), &Session::new(fixture.db.clone())).await;
                });
            };
            // The first run fills caches such as prepared statements.
            execute();
            let cost = Cost { steps, allocations: allocation_counter::measure(execute).count_total };
            let before = known.entry(name.clone()).or_default().insert(database.to_owned(), cost);
            match before {
                Some(before) if before.is_near(cost) => {
                    known.entry(name.clone()).or_default().insert(database.to_owned(), before);
                }
                before => wrong.push(format!("{name} on {database}: {cost:?}, recorded: {before:?}")),
            }
        }
    }
    if records {
        std::fs::write(file(), serde_json::to_string_pretty(&known).unwrap() + "\n").unwrap();
        return;
    }
    assert!(wrong.is_empty(), "see the documentation at the top of this file:\n{}", wrong.join("\n"));
}

/// Returns the number of steps that SQLite takes for the statements of a query.
pub async fn steps(fixture: &Fixture, query: &str) -> u64 {
    let session = Session::recording(fixture.db.clone());
    fixture.execute(query, json!({}), &session).await;
    let steps = Arc::new(AtomicU64::new(0));
    for statement in session.recorded() {
        let mut connection = SqliteConnection::connect(&fixture.url).await.unwrap();
        // SQLite reads the schema with the first statement. Those steps must not count.
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
