//! Integrity verification (`newsgraph check`): validates all stored records against each other, computes all derived
//! data again and compares it with the stored data.

use std::fmt;

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction};

use crate::db::Db;
use crate::error::Result;
use crate::import::merge::redirect;
use crate::import::problem::printable;
use crate::import::sql::{execute, statement};
use crate::import::temp_tables;
use crate::import::temp_tables::LINE;
use crate::import::validate::cross_record;
use crate::import::validate::cross_record::RowProblem;
use crate::import::{derive, index};

/// The maximum number of rows that a finding lists.
const MAX_LISTED: usize = 10;

/// The derived columns, with their tables.
const DERIVED: &[(&str, &str)] = &[
    ("statement", "position"),
    ("statement", "voice"),
    ("statement", "voice_id"),
    ("stance", "current"),
    ("claim", "standing"),
    ("claim", "implied"),
    ("account", "standing"),
    ("account", "implied"),
    ("participation", "standing"),
    ("event", "standing"),
];

/// The virtual table of the words in SQLite's full-text index, with their rows and positions.
const WORDS: &str = "verify_words";

/// An integrity violation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is violated: a derived column such as `claim.standing`, `name keys`, `search index`, `quote positions` or
    /// `records`.
    pub what: String,
    /// The number of rows.
    pub count: usize,
    /// The first ten rows, each with its key and dataset. For records also what is wrong.
    pub first: Vec<String>,
    /// Whether a repair fixes it by deriving the data again. If not, the records have to be corrected and imported
    /// again.
    pub is_derived: bool,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, count, first, .. } = self;
        writeln!(out, "{what}: {count} {}", if *count == 1 { "row" } else { "rows" })?;
        first.iter().try_for_each(|one| writeln!(out, "  {}", printable(one)))?;
        if *count > first.len() { writeln!(out, "  ...") } else { Ok(()) }
    }
}

/// Validates all records against each other, computes derived data again, and returns the violations. With `repair`,
/// writes the derived data. Derived data depends on the records, so it is only checked if all records are valid.
///
/// It takes as long as an import of the whole graph. Readers are not blocked, writers wait. Errors: the database fails.
pub async fn verify(db: &Db, repair: bool) -> Result<Vec<Finding>> {
    let transaction = db.write().await?;
    temp_tables::create(&transaction).await?;
    execute(&transaction, format!("INSERT INTO {LINE} SELECT id, 0, 0, '' FROM record")).await?;
    temp_tables::analyze(&transaction).await?;
    let invalid = check_records(&transaction).await?;
    if !invalid.is_empty() {
        transaction.rollback().await?;
        return Ok(invalid);
    }

    if transaction.get_database_backend() == DatabaseBackend::Sqlite {
        let words = format!("CREATE VIRTUAL TABLE temp.{WORDS} USING fts5vocab('main', 'search', 'instance')");
        execute(&transaction, words).await?;
    }
    let derived = derived_data(transaction.get_database_backend());
    for (at, (_, select)) in derived.iter().enumerate() {
        execute(&transaction, format!("CREATE TEMP TABLE verify_{at} AS {select}")).await?;
    }
    derive::derive(&transaction).await?;
    index::rebuild_all(&transaction).await?;
    let mut findings = Vec::new();
    for (at, (what, select)) in derived.into_iter().enumerate() {
        // A row in only one of the two was not stored, or should not be.
        let ids = format!(
            "SELECT DISTINCT id FROM (
                SELECT id, value FROM (SELECT id, value FROM verify_{at} UNION ALL {select}) AS each
                GROUP BY id, value HAVING COUNT(*) <> 2
             ) AS other"
        );
        let (count, first) = describe(&transaction, &ids).await?;
        if count > 0 {
            findings.push(Finding { what, count, first, is_derived: true });
        }
        execute(&transaction, format!("DROP TABLE verify_{at}")).await?;
    }

    if !repair || findings.is_empty() {
        transaction.rollback().await?;
        return Ok(findings);
    }
    if transaction.get_database_backend() == DatabaseBackend::Sqlite {
        execute(&transaction, format!("DROP TABLE {WORDS}")).await?;
    }
    temp_tables::drop(&transaction).await?;
    Db::analyze(&transaction).await?;
    db.commit(transaction).await?;
    Ok(findings)
}

/// Returns all derived data: what it is, and a query for the ids of rows and the derived values of each.
fn derived_data(backend: DatabaseBackend) -> Vec<(String, String)> {
    let column = |(table, column): &(&str, &str)| {
        (format!("{table}.{column}"), format!("SELECT id, {column} AS value FROM {table}"))
    };
    let search = match backend {
        DatabaseBackend::Postgres => "SELECT id, CAST(words AS TEXT) AS value FROM search".to_owned(),
        _ => format!("SELECT doc AS id, col || ' ' || \"offset\" || ' ' || term AS value FROM {WORDS}"),
    };
    let mut all: Vec<_> = DERIVED.iter().map(column).collect();
    all.push(("name keys".into(), "SELECT name_id AS id, rule || ' ' || key AS value FROM name_key".into()));
    all.push(("search index".into(), search));
    all
}

/// Returns records that an import would reject, and evidence that it would move to the position of its quote.
async fn check_records(transaction: &DatabaseTransaction) -> Result<Vec<Finding>> {
    let (mut problems, moved) = cross_record::check(transaction).await?;
    if redirect::is_needed(transaction).await? {
        problems.extend(cross_record::links_between_merged(transaction).await?);
    }
    let mut findings = Vec::new();
    if !problems.is_empty() {
        let mut first = Vec::new();
        for RowProblem { id, problem } in problems.iter().take(MAX_LISTED) {
            let (_, row) = describe(transaction, &format!("SELECT {id} AS id")).await?;
            let suggestion = problem.suggestion.as_deref().map(|one| format!(": {one}")).unwrap_or_default();
            first.push(format!("{}, {}: {}{suggestion}", row.concat(), problem.pointer, problem.message));
        }
        findings.push(Finding { what: "records".into(), count: problems.len(), first, is_derived: false });
    }
    if !moved.notes.is_empty() {
        let mut first = Vec::new();
        for (id, what) in moved.notes.iter().take(MAX_LISTED) {
            let (_, row) = describe(transaction, &format!("SELECT {id} AS id")).await?;
            first.push(format!("{}: {what}", row.concat()));
        }
        let count = moved.notes.len() + moved.more;
        findings.push(Finding { what: "quote positions".into(), count, first, is_derived: false });
    }
    Ok(findings)
}

/// Returns the number of rows that a query of ids selects, and the keys and datasets of the first ones.
async fn describe(transaction: &DatabaseTransaction, ids: &str) -> Result<(usize, Vec<String>)> {
    let sql = format!(
        "SELECT found.id AS id, record.key AS key, dataset.key AS dataset, COUNT(*) OVER () AS count
         FROM ({ids}) AS found LEFT JOIN record ON record.id = found.id LEFT JOIN dataset ON dataset.id = record.dataset_id
         ORDER BY found.id LIMIT {MAX_LISTED}"
    );
    let (mut count, mut first) = (0, Vec::new());
    for row in transaction.query_all_raw(statement(transaction, &sql)).await? {
        count = usize::try_from(row.try_get::<i64>("", "count")?).unwrap_or(usize::MAX);
        let (key, dataset): (Option<String>, Option<String>) = (row.try_get("", "key")?, row.try_get("", "dataset")?);
        first.push(match (key, dataset) {
            (Some(key), Some(dataset)) => format!("{key} of {dataset}"),
            _ => format!("row {}, which has no record", row.try_get::<i64>("", "id")?),
        });
    }
    Ok((count, first))
}
