//! One state of the graph, however long it takes to read and whatever is written meanwhile.

use sea_orm::sea_query::SelectStatement;
use sea_orm::{DatabaseBackend, QueryResult, Statement};

use crate::db::Dialect;
use crate::db::read_pool::{ReadPool, Taken};
use crate::error::{Error, Result};

/// One state of the graph. It keeps a connection, and what it runs stops when nobody waits for it.
pub struct Snapshot {
    taken: Taken,
    reader: ReadPool,
}

impl Snapshot {
    /// The state as it is now. A connection that is not free is not waited for: others may read for hours.
    pub(super) async fn take(reader: &ReadPool) -> Result<Self> {
        let busy = || {
            let (most, _) = reader.occupancy();
            Error::Busy(format!("{most} exports run already, as many as there may: come again when one has ended"))
        };
        let mut taken = reader.try_take().ok_or_else(busy)?;
        // A transaction of SQLite sees one state by itself.
        let words = match reader.backend() {
            DatabaseBackend::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            _ => "BEGIN",
        };
        let failed = |error| reader.failed(error);
        taken.begin(words).await.map_err(failed)?;
        // The state is that of the first statement.
        taken.all(Statement::from_string(reader.backend(), "SELECT 1 FROM counter")).await.map_err(failed)?;
        Ok(Self { taken, reader: reader.clone() })
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        Dialect(self.reader.backend())
    }

    /// The rows of a statement. When the future is dropped the statement stops.
    pub async fn all(&mut self, select: &SelectStatement) -> Result<Vec<QueryResult>> {
        let rows = self.taken.all(self.reader.backend().build(select)).await;
        rows.map_err(|error| self.reader.failed(error))
    }
}
