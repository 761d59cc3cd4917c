//! The number of rows of each table, for estimates.

use std::collections::HashMap;

use entity::record::RecordKind;
use entity::row::Rows;
use sea_orm::{DatabaseBackend, Statement};

use crate::db::Db;
use crate::error::Result;

impl Db {
    /// Returns about how many rows each table has.
    pub(crate) async fn table_sizes(&self) -> Result<HashMap<String, usize>> {
        let backend = self.inner.reader.backend();
        let rows = if backend == DatabaseBackend::Postgres {
            // The planner's own estimates.
            let sql = "SELECT relname::text AS name, GREATEST(reltuples, 0)::bigint AS number FROM pg_class
                       WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace";
            vec![self.inner.lookups.all(Statement::from_string(backend, sql)).await?]
        } else {
            let mut rows = Vec::new();
            // One statement per table, so that nothing waits long for this connection.
            for table in RecordKind::ALL.iter().map(|kind| kind.table()).chain(["name_key", "change"]) {
                let sql = format!("SELECT '{table}' AS name, COUNT(*) AS number FROM \"{table}\"");
                rows.push(self.inner.lookups.all(Statement::from_string(backend, sql)).await?);
            }
            rows
        };
        let sizes = rows.iter().flat_map(Rows::iter).map(|row| {
            let (name, number): (String, i64) = (row.get("name")?, row.get("number")?);
            Ok((name, usize::try_from(number).unwrap_or_default()))
        });
        sizes.collect()
    }
}
