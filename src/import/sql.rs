//! Helpers for SQL without bound values. Such SQL must only contain ids and names of this program, never values from
//! records.

use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement};

use crate::error::Result;

/// Returns a statement without bound values.
pub(crate) fn statement(transaction: &DatabaseTransaction, sql: &str) -> Statement {
    Statement::from_string(transaction.get_database_backend(), sql)
}

/// Executes a statement.
pub(crate) async fn execute(transaction: &DatabaseTransaction, sql: String) -> Result<()> {
    transaction.execute_unprepared(&sql).await?;
    Ok(())
}

/// Returns the ids that a query selects.
pub(crate) async fn ids(transaction: &DatabaseTransaction, sql: &str) -> Result<Vec<i64>> {
    let rows = transaction.query_all_raw(statement(transaction, sql)).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<std::result::Result<_, _>>()?)
}

/// Returns ids as the list of an `IN (...)`.
pub(crate) fn id_list(ids: &[i64]) -> String {
    ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}
