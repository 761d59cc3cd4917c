//! Validation of rows against each other, when all rows of an import are written.
//!
//! All checks are limited to rows that the import touched, and use indexes: importing one record into a large graph
//! must not scan whole tables. The query plans are tested.
//!
//! The fields in the problems are field names of records. Renamed fields (`record::field_names`) are not among them.

use sea_orm::{ConnectionTrait, DatabaseTransaction};

use crate::error::Result;
use crate::import::foreign_keys::tables_of;
use crate::import::merge::{LINKS, Link};
use crate::import::sql::statement;
use crate::import::temp_tables::LINE;
use crate::import::validate::builder::FieldProblem;
use crate::import::validate::quotes;
use crate::import::validate::quotes::MovedQuotes;

/// A problem of a row.
pub(crate) struct RowProblem {
    pub(crate) id: i64,
    /// The pointer is relative to the record of the row.
    pub(crate) problem: FieldProblem,
}

/// The maximum depth of a hierarchy of places, events or figures, and of a chain of relayed statements.
const MAX_DEPTH: u32 = 64;

/// The maximum number of problems that one check reports. They are held in memory.
pub(crate) const MAX_PROBLEMS: usize = 100_000;

pub(crate) fn row_problem(id: i64, field: &str, message: impl Into<String>, suggestion: &str) -> RowProblem {
    RowProblem {
        id,
        problem: FieldProblem {
            pointer: format!("/{field}"),
            message: message.into(),
            suggestion: Some(suggestion.to_owned()),
        },
    }
}

/// Validates the rows that this import touched against all others. Evidence whose quote occurs at exactly one other
/// position in the text is moved there. Returns the problems and the moved evidence.
pub(crate) async fn check(transaction: &DatabaseTransaction) -> Result<(Vec<RowProblem>, MovedQuotes)> {
    let mut problems = cycles(transaction, |_| format!("id IN (SELECT id FROM {LINE})")).await?;
    check_rules(transaction, &mut problems).await?;
    let moved = quotes::check(transaction, &mut problems).await?;
    Ok((problems, moved))
}

/// Finds cycles and too deep levels in hierarchies. The search goes up from the rows for which the SQL condition
/// `start` holds; `start` gets the column that refers to the parent.
pub(crate) async fn cycles(
    transaction: &DatabaseTransaction,
    start: impl Fn(&str) -> String,
) -> Result<Vec<RowProblem>> {
    let mut problems = Vec::new();
    for (table, column, field, what) in [
        ("place", "parent_id", "parent", "is located within itself"),
        ("event", "parent_id", "parent", "is part of itself"),
        ("statement", "relays_id", "relays", "relays itself"),
        ("figure", "part_of_id", "partOf", "is part of itself"),
    ] {
        let start = start(column);
        // A row that the search meets among its own ancestors is part of a cycle.
        let sql = format!(
            "WITH RECURSIVE up (id, above, hops) AS (
                SELECT id, {column}, 1 FROM {table} WHERE {column} IS NOT NULL AND {start}
                UNION ALL
                SELECT up.id, {table}.{column}, hops + 1 FROM up JOIN {table} ON {table}.id = up.above
                    WHERE {table}.{column} IS NOT NULL AND up.above <> up.id AND hops < {MAX_DEPTH}
             )
             SELECT up.id AS id, MAX(CASE WHEN above = up.id THEN 1 ELSE 0 END) AS cycle, MIN(record.key) AS key
             FROM up JOIN record ON record.id = up.id
             WHERE above = up.id OR hops >= {MAX_DEPTH} GROUP BY up.id ORDER BY up.id LIMIT {MAX_PROBLEMS}"
        );
        for row in transaction.query_all_raw(statement(transaction, &sql)).await? {
            let (id, cycle, key): (i64, i32, String) =
                (row.try_get("", "id")?, row.try_get("", "cycle")?, row.try_get("", "key")?);
            problems.push(if cycle == 1 {
                let message = format!("creates a cycle: `{key}` {what}");
                row_problem(id, field, message, "refer to another record, or leave it out")
            } else {
                let message = format!("is more than {MAX_DEPTH} levels deep");
                row_problem(id, field, message, "refer to a record nearer to the root")
            });
        }
    }
    Ok(problems)
}

/// Finds links between entities that were merged with each other. Linked entities cannot be merged, and merged ones
/// cannot be linked, in whatever order link and merge are imported.
pub(crate) async fn links_between_merged(transaction: &DatabaseTransaction) -> Result<Vec<RowProblem>> {
    let mut problems = Vec::new();
    for Link { table, from, to, field, .. } in LINKS {
        let original = |column: &str| {
            format!(
                "COALESCE((SELECT original_id FROM redirect WHERE row_id = link.id AND reference = '{table}.{column}'), link.{column})"
            )
        };
        let surviving =
            |column: &str| format!("(SELECT COALESCE(same_as_id, id) FROM record WHERE id = link.{column})");
        for stored in tables_of(table) {
            let sql = format!(
                "SELECT link.id AS id FROM {stored} AS link JOIN {LINE} ON {LINE}.id = link.id
                 WHERE link.{to} IS NOT NULL AND {} <> {} AND {} = {} ORDER BY link.id LIMIT {MAX_PROBLEMS}",
                original(from),
                original(to),
                surviving(from),
                surviving(to),
            );
            for row in transaction.query_all_raw(statement(transaction, &sql)).await? {
                problems.push(row_problem(
                    row.try_get("", "id")?,
                    field,
                    "links two entities that were merged with each other",
                    "leave the link out, or undo the merge first",
                ));
            }
        }
    }
    Ok(problems)
}

/// Returns the SQL condition that a row was touched by this import.
pub(crate) fn touched() -> String {
    format!("IN (SELECT id FROM {LINE})")
}

/// Limits a query over two joined tables to pairs of rows of which at least one was touched. A union is used instead of
/// OR, for which databases scan both tables.
pub(crate) fn either_touched(query: &str, one: &str, other: &str) -> String {
    let touched = touched();
    format!("{query} AND {one}.id {touched} UNION {query} AND {other}.id {touched}")
}

/// Returns the rules for rows beside others: a query for the ids of invalid rows, the field, the message and the
/// suggestion.
fn rules() -> [(String, &'static str, &'static str, &'static str); 5] {
    let touched = touched();
    // Two rows may have the same reference if they had different ones before entities were merged.
    let apart = |column: &str| {
        let (table, _) = column.split_once('.').unwrap_or((column, ""));
        format!(
            "NOT EXISTS (SELECT 1 FROM redirect WHERE redirect.row_id IN ({table}.id, other.id) AND redirect.reference = '{column}')"
        )
    };
    [
        (
            either_touched(
                "SELECT participation.id AS id FROM participation JOIN account ON account.id = participation.account_id
                 WHERE participation.event_id <> account.event_id",
                "participation",
                "account",
            ),
            "account",
            "is an account of another event",
            "refer to an account of the same event",
        ),
        (
            either_touched(
                "SELECT statement.id AS id FROM statement JOIN actor ON actor.id = statement.speaker_id
                 WHERE (statement.attribution = 'ANONYMOUS') <> (actor.kind = 'ANONYMOUS_SOURCE')",
                "statement",
                "actor",
            ),
            "attribution",
            "must be ANONYMOUS if the speaker is an anonymous source, and must not be otherwise",
            "change the attribution or the speaker",
        ),
        (
            format!(
                "SELECT claim.id AS id FROM claim WHERE claim.subject_kind <> 'ACTOR' AND claim.id {touched}
                    AND EXISTS (SELECT 1 FROM claim AS other WHERE other.subject_id = claim.subject_id AND other.id <> claim.id)"
            ),
            "subject",
            "already has a claim; only actors can have more than one",
            "add the stances to the existing claim",
        ),
        (
            format!(
                "SELECT stance.id AS id FROM stance WHERE stance.id {touched}
                    AND EXISTS (SELECT 1 FROM stance AS other WHERE other.statement_id = stance.statement_id
                        AND other.claim_id = stance.claim_id AND other.id <> stance.id AND {})",
                apart("stance.claim_id")
            ),
            "claim",
            "already has a stance of this statement",
            "keep one stance per claim",
        ),
        (
            format!(
                "SELECT external_id.id AS id FROM external_id WHERE external_id.id {touched}
                    AND EXISTS (SELECT 1 FROM external_id AS other WHERE other.target_id = external_id.target_id
                        AND other.scheme = external_id.scheme AND other.value = external_id.value AND other.id <> external_id.id AND {})",
                apart("external_id.target_id")
            ),
            "value",
            "is given twice",
            "keep one of the two",
        ),
    ]
}

async fn check_rules(transaction: &DatabaseTransaction, problems: &mut Vec<RowProblem>) -> Result<()> {
    for (sql, field, message, suggestion) in rules() {
        let sql = format!("{sql} ORDER BY id LIMIT {MAX_PROBLEMS}");
        for row in transaction.query_all_raw(statement(transaction, &sql)).await? {
            problems.push(row_problem(row.try_get("", "id")?, field, message, suggestion));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use sea_orm::ConnectionTrait;

    use crate::db::Db;
    use crate::import::sql::statement;
    use crate::import::temp_tables;
    use crate::import::temp_tables::LINE;
    use crate::import::validate::cross_record::rules;
    use crate::import::validate::quotes;

    /// SQLite plans without statistics, so an empty graph shows the same plans as a large one.
    #[tokio::test]
    async fn checks_do_not_scan_tables() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::connect(&format!("sqlite://{}", folder.path().join("graph.db").display())).await.unwrap();
        db.migrate().await.unwrap();
        let transaction = db.write().await.unwrap();
        temp_tables::create(&transaction).await.unwrap();
        let mut queries: Vec<String> = rules().into_iter().map(|(sql, ..)| sql).collect();
        queries.extend(quotes::queries());
        for sql in queries {
            let plan = statement(&transaction, &format!("EXPLAIN QUERY PLAN {sql}"));
            let rows = transaction.query_all_raw(plan).await.unwrap();
            let steps: Vec<String> = rows.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
            let scans =
                steps.iter().filter(|step| step.starts_with("SCAN ") && !step.starts_with(&format!("SCAN {LINE}")));
            assert_eq!(scans.count(), 0, "{sql}\n{steps:#?}");
            assert!(steps.iter().any(|step| step.starts_with("SEARCH ")), "{sql}\n{steps:#?}");
        }
    }
}
