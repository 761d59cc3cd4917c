//! Whether what is stored holds: what an import judges of all records together is judged again, and what is derived is derived
//! anew and compared.

use std::fmt;

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction};

use crate::db::Db;
use crate::error::Result;
use crate::import::merge::redirect;
use crate::import::problem::printable;
use crate::import::temp_tables;
use crate::import::temp_tables::LINE;
use crate::import::validate::cross_record;
use crate::import::validate::cross_record::{Late, plain};
use crate::import::{derive, index};

/// So many rows of a finding are named.
const NAMED: usize = 10;

/// Derived columns with their tables.
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

/// The words of SQLite's full-text index, with their rows and places.
const WORDS: &str = "recheck_words";

/// What does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Of what: a derived column (`claim.standing`), `names by key`, `search`, `places of quotes`, or `records`.
    pub what: String,
    /// Of how many rows.
    pub count: usize,
    /// The first ten of them, each by its key and dataset; of records also what is wrong.
    pub first: Vec<String>,
    /// Whether it is put right when it is derived anew; else the records have to be corrected and imported again.
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

/// Judges all records beside each other, and derives anew what is derived: says what does not hold. With `repair` what was derived
/// anew is written. What is derived relies on the records, so it is looked at only where they hold. It takes as long as an import of
/// the whole graph: readers go on meanwhile, writers wait. Errors: the database fails.
pub async fn verify(db: &Db, repair: bool) -> Result<Vec<Finding>> {
    let transaction = db.write().await?;
    temp_tables::create(&transaction).await?;
    transaction.execute_unprepared(&format!("INSERT INTO {LINE} SELECT id, 0, 0, '' FROM record")).await?;
    temp_tables::measure(&transaction).await?;
    let wrong = records(&transaction).await?;
    if !wrong.is_empty() {
        transaction.rollback().await?;
        return Ok(wrong);
    }

    if transaction.get_database_backend() == DatabaseBackend::Sqlite {
        let words = format!("CREATE VIRTUAL TABLE temp.{WORDS} USING fts5vocab('main', 'search', 'instance')");
        transaction.execute_unprepared(&words).await?;
    }
    let derived = derived(transaction.get_database_backend());
    for (at, (_, select)) in derived.iter().enumerate() {
        transaction.execute_unprepared(&format!("CREATE TEMP TABLE recheck_{at} AS {select}")).await?;
    }
    derive::derive(&transaction).await?;
    index::anew(&transaction).await?;
    let mut findings = Vec::new();
    for (at, (what, select)) in derived.into_iter().enumerate() {
        // What is there once was not there before, or is not there now.
        let ids = format!(
            "SELECT DISTINCT id FROM (
                SELECT id, value FROM (SELECT id, value FROM recheck_{at} UNION ALL {select}) AS each
                GROUP BY id, value HAVING COUNT(*) <> 2
             ) AS other"
        );
        let (count, first) = named(&transaction, &ids).await?;
        if count > 0 {
            findings.push(Finding { what, count, first, is_derived: true });
        }
        transaction.execute_unprepared(&format!("DROP TABLE recheck_{at}")).await?;
    }

    if !repair || findings.is_empty() {
        transaction.rollback().await?;
        return Ok(findings);
    }
    if transaction.get_database_backend() == DatabaseBackend::Sqlite {
        transaction.execute_unprepared(&format!("DROP TABLE {WORDS}")).await?;
    }
    temp_tables::drop(&transaction).await?;
    Db::analyze(&transaction).await?;
    db.commit(transaction).await?;
    Ok(findings)
}

/// Everything that is derived: selects of the numbers of rows, and of what is derived for each.
fn derived(backend: DatabaseBackend) -> Vec<(String, String)> {
    let column = |(table, column): &(&str, &str)| {
        (format!("{table}.{column}"), format!("SELECT id, {column} AS value FROM {table}"))
    };
    let search = match backend {
        DatabaseBackend::Postgres => "SELECT id, CAST(words AS TEXT) AS value FROM search".to_owned(),
        _ => format!("SELECT doc AS id, col || ' ' || \"offset\" || ' ' || term AS value FROM {WORDS}"),
    };
    let mut all: Vec<_> = DERIVED.iter().map(column).collect();
    all.push(("names by key".into(), "SELECT name_id AS id, rule || ' ' || key AS value FROM name_key".into()));
    all.push(("search".into(), search));
    all
}

/// Records that an import would refuse beside the others, and quotes that it would put in their places.
async fn records(transaction: &DatabaseTransaction) -> Result<Vec<Finding>> {
    let (mut late, moved) = cross_record::check(transaction).await?;
    if redirect::is_needed(transaction).await? {
        late.extend(cross_record::ties(transaction).await?);
    }
    let mut findings = Vec::new();
    if !late.is_empty() {
        let mut first = Vec::new();
        for Late { id, mistake } in late.iter().take(NAMED) {
            let (_, row) = named(transaction, &format!("SELECT {id} AS id")).await?;
            let suggestion = mistake.suggestion.as_deref().map(|one| format!(": {one}")).unwrap_or_default();
            first.push(format!("{}, {}: {}{suggestion}", row.concat(), mistake.pointer, mistake.message));
        }
        findings.push(Finding { what: "records".into(), count: late.len(), first, is_derived: false });
    }
    if !moved.told.is_empty() {
        let mut first = Vec::new();
        for (id, what) in moved.told.iter().take(NAMED) {
            let (_, row) = named(transaction, &format!("SELECT {id} AS id")).await?;
            first.push(format!("{} {what}", row.concat()));
        }
        let count = moved.told.len() + moved.more;
        findings.push(Finding { what: "places of quotes".into(), count, first, is_derived: false });
    }
    Ok(findings)
}

/// How many rows a select of numbers has, and what the first of them are called.
async fn named(transaction: &DatabaseTransaction, ids: &str) -> Result<(usize, Vec<String>)> {
    let sql = format!(
        "SELECT found.id AS id, record.key AS key, dataset.key AS dataset, COUNT(*) OVER () AS count
         FROM ({ids}) AS found LEFT JOIN record ON record.id = found.id LEFT JOIN dataset ON dataset.id = record.dataset_id
         ORDER BY found.id LIMIT {NAMED}"
    );
    let (mut count, mut first) = (0, Vec::new());
    for row in transaction.query_all_raw(plain(transaction, &sql)).await? {
        count = usize::try_from(row.try_get::<i64>("", "count")?).unwrap_or(usize::MAX);
        let (key, dataset): (Option<String>, Option<String>) = (row.try_get("", "key")?, row.try_get("", "dataset")?);
        first.push(match (key, dataset) {
            (Some(key), Some(dataset)) => format!("{key} of {dataset}"),
            _ => format!("number {}, which is no record", row.try_get::<i64>("", "id")?),
        });
    }
    Ok((count, first))
}
