//! Snapshots: one state of the graph, however long the read takes and whatever is written meanwhile.

use entity::row::Rows;
use sea_orm::Statement;
use sea_orm::sea_query::SelectStatement;

use crate::db::Dialect;
use crate::db::read_pool::{ReadPool, ReservedConnection};
use crate::error::{Error, Result};

/// A read transaction that sees one state of the graph. It occupies a connection until it is dropped.
pub struct Snapshot {
    connection: ReservedConnection,
    reader: ReadPool,
}

impl Snapshot {
    /// Takes a snapshot of the current state. It does not wait for a free connection, because other snapshots may stay open
    /// for hours.
    pub(super) async fn take(reader: &ReadPool) -> Result<Self> {
        let busy = || {
            let (max, _) = reader.occupancy();
            Error::Busy(format!("{max} exports are running, which is the maximum: retry when one has finished"))
        };
        Self::begin(reader, reader.try_reserve().ok_or_else(busy)?).await
    }

    /// Takes a snapshot of the current state after waiting for a free connection.
    pub(super) async fn wait(reader: &ReadPool) -> Result<Self> {
        Self::begin(reader, reader.reserve().await?).await
    }

    async fn begin(reader: &ReadPool, mut connection: ReservedConnection) -> Result<Self> {
        let failed = |error| reader.failed(error);
        connection.begin();
        // The first statement fixes the state.
        connection.all(Statement::from_string(reader.backend(), "SELECT 1 FROM counter")).await.map_err(failed)?;
        Ok(Self { connection, reader: reader.clone() })
    }

    /// The SQL dialect of this database.
    pub fn dialect(&self) -> Dialect {
        Dialect(self.reader.backend())
    }

    /// Runs a statement and returns its rows. Dropping the future cancels the statement.
    pub async fn all(&mut self, select: &SelectStatement) -> Result<Rows> {
        let rows = self.connection.all(self.reader.backend().build(select)).await;
        rows.map_err(|error| self.reader.failed(error))
    }
}
