//! One state of the graph, however long it takes to read and whatever is written meanwhile.

use sea_orm::sea_query::SelectStatement;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseBackend, DatabaseTransaction, IsolationLevel, QueryResult, TransactionTrait,
};

use super::Dialect;
use super::reader::{Reader, Taken};
use crate::error::{Error, Result};

/// One state of the graph. It keeps a connection, and what it runs stops when nobody waits for it.
pub struct Snapshot {
    // Dropped before the connection is given back: that waits until the transaction has ended.
    transaction: DatabaseTransaction,
    taken: Taken,
    reader: Reader,
}

impl Snapshot {
    /// The state as it is now. A connection that is not free is not waited for: others may read for hours.
    pub(super) async fn take(reader: &Reader) -> Result<Self> {
        let busy = || {
            let (most, _) = reader.occupancy();
            Error::Busy(format!("{most} exports run already, as many as there may: come again when one has ended"))
        };
        let mut taken = reader.try_take().ok_or_else(busy)?;
        let connection = taken.connection()?.clone();
        taken.running = true;
        // A transaction of SQLite sees one state by itself.
        let begun = match reader.backend() {
            DatabaseBackend::Postgres => {
                let (isolation, access) = (IsolationLevel::RepeatableRead, AccessMode::ReadOnly);
                connection.begin_with_config(Some(isolation), Some(access)).await
            }
            _ => connection.begin().await,
        };
        let failed = |error| reader.failed(error);
        let transaction = begun.map_err(failed)?;
        // The state is that of the first statement.
        transaction.execute_unprepared("SELECT 1 FROM counter").await.map_err(failed)?;
        taken.running = false;
        Ok(Self { transaction, taken, reader: reader.clone() })
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        Dialect(self.transaction.get_database_backend())
    }

    /// The rows of a statement. When the future is dropped the statement stops.
    pub async fn all(&mut self, select: &SelectStatement) -> Result<Vec<QueryResult>> {
        self.taken.running = true;
        let rows = self.transaction.query_all(select).await;
        self.taken.running = false;
        rows.map_err(|error| self.reader.failed(error))
    }
}
