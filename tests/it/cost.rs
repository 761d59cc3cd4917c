//! What golden queries cost, where a clock would say something else each time: what the database reads for them, and how many
//! pieces of memory they are made of. A change that makes one dearer by a fifth fails, and so does one that makes it cheaper
//! and does not say so: `RECORD_COSTS=1 cargo test cost::` writes the costs down anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_graphql::Request;
use newsgraph::graphql::Session;
use sea_orm::sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fixture::{Fixture, copy_of_story, stories};
use crate::golden::queries;

/// How many times the story is in the graph besides: reading all of a table shows.
const COPIES: usize = 40;

/// By how much a cost may differ from the one that was written down: this part of it, and so much besides.
const TOLERANCE: f64 = 0.2;

/// What one query costs.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
struct Cost {
    /// SQLite: the steps of its virtual machine. PostgreSQL: the rows that scans read, also those they throw away.
    read: u64,
    /// Pieces of memory that the program asks for.
    allocations: u64,
}

impl Cost {
    fn is_near(self, other: Self) -> bool {
        let near = |one: u64, other: u64, besides: f64| {
            (one as f64 - other as f64).abs() <= one.max(other) as f64 * TOLERANCE + besides
        };
        near(self.read, other.read, 40.0) && near(self.allocations, other.allocations, 40.0)
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
            let read = runtime.block_on(read(&fixture, query));
            let ask = || runtime.block_on(fixture.ask(query));
            // What is prepared the first time stays.
            ask();
            let cost = Cost { read, allocations: allocation_counter::measure(|| drop(ask())).count_total };
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

/// What the database reads for a query.
async fn read(fixture: &Fixture, query: &str) -> u64 {
    let session = Session::recording(fixture.db.clone());
    let response = fixture.api.execute(Request::new(query).data(session.clone())).await;
    assert!(response.errors.is_empty(), "{query}: {:?}", response.errors);
    let mut sum = 0;
    for statement in session.recorded() {
        sum += match fixture.db.dialect().0 {
            DatabaseBackend::Postgres => rows(fixture, &statement).await,
            _ => steps(fixture, &statement).await,
        };
    }
    sum
}

/// The steps that SQLite takes for a statement.
async fn steps(fixture: &Fixture, statement: &Statement) -> u64 {
    let mut connection = SqliteConnection::connect(&fixture.url).await.unwrap();
    // Also what the statement needs of it once.
    connection.execute("SELECT COUNT(*) FROM sqlite_schema").await.unwrap();
    let steps = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&steps);
    connection.lock_handle().await.unwrap().set_progress_handler(1, move || {
        counted.fetch_add(1, Ordering::Relaxed);
        true
    });
    connection.fetch_all(AssertSqlSafe(statement.to_string())).await.unwrap();
    connection.close().await.unwrap();
    steps.load(Ordering::Relaxed)
}

/// The rows that the scans of PostgreSQL's plan for a statement read.
async fn rows(fixture: &Fixture, statement: &Statement) -> u64 {
    let sql = format!("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {}", statement.sql);
    let explain = Statement { sql, ..statement.clone() };
    let row = fixture.db.connection().query_one_raw(explain).await.unwrap().unwrap();
    let plan: Value = row.try_get("", "QUERY PLAN").unwrap();
    scanned(&plan[0]["Plan"])
}

fn scanned(node: &Value) -> u64 {
    let number = |name: &str| node[name].as_f64().unwrap_or(0.0);
    let is_scan = node["Node Type"].as_str().is_some_and(|kind| kind.ends_with("Scan"));
    let each = number("Actual Rows") + number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
    let own = if is_scan { each * number("Actual Loops") } else { 0.0 };
    let below: u64 = node["Plans"].as_array().into_iter().flatten().map(scanned).sum();
    own as u64 + below
}
