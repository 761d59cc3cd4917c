//! Ids and the audit log: the next ids of rows and changes, and the changes that a transaction writes.
//!
//! There is one writer at a time, so ids come from counters, which the transaction updates when it commits.

use std::collections::HashMap;

use entity::change::{self, Operation};
use entity::counter;
use entity::id::RecordId;
use entity::record::RecordKind;
use sea_orm::sea_query::OnConflict;
use sea_orm::{DatabaseTransaction, EntityTrait, IntoActiveModel};

use crate::db::now;
use crate::error::{Error, Result};
use crate::import::row_writer;

/// Collects the changes of one transaction for the audit log.
pub(crate) struct ChangeLog<'a> {
    transaction: &'a DatabaseTransaction,
    next_id: i64,
    next_change: i64,
    at: i64,
    by: String,
    /// The batch id that all changes of one write share.
    batch: String,
    changes: Vec<change::Model>,
}

/// Returns the next id of a row, and of a change.
pub(crate) async fn next(transaction: &DatabaseTransaction) -> Result<(i64, i64)> {
    let counters = counter::Entity::find().all(transaction).await?;
    let counters: HashMap<String, i64> = counters.into_iter().map(|counter| (counter.name, counter.value)).collect();
    let next = |name: &str| {
        let last = counters.get(name).ok_or_else(|| Error::Internal(format!("the counter `{name}` is missing")))?;
        Ok::<i64, Error>(last + 1)
    };
    Ok((next("id")?, next("change")?))
}

/// Stores the next ids.
pub(crate) async fn save_counters(transaction: &DatabaseTransaction, next_id: i64, next_change: i64) -> Result<()> {
    for (name, next) in [("id", next_id), ("change", next_change)] {
        let counter = counter::Model { name: name.into(), value: next - 1 };
        counter::Entity::insert(counter.into_active_model())
            .on_conflict(OnConflict::column(counter::Column::Name).update_column(counter::Column::Value).to_owned())
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

impl<'a> ChangeLog<'a> {
    /// Starts a log whose batch is named after its first change.
    pub(crate) async fn open(transaction: &'a DatabaseTransaction, by: &str) -> Result<Self> {
        let (next_id, next_change) = next(transaction).await?;
        let batch = next_change.to_string();
        Ok(Self::new(transaction, (next_id, next_change), now(), by, &batch))
    }

    /// Starts a log with the next ids of rows and changes.
    pub(crate) fn new(
        transaction: &'a DatabaseTransaction,
        (next_id, next_change): (i64, i64),
        at: i64,
        by: &str,
        batch: &str,
    ) -> Self {
        let (by, batch) = (by.to_owned(), batch.to_owned());
        Self { transaction, next_id, next_change, at, by, batch, changes: Vec::new() }
    }

    /// Returns the time of the changes, in seconds since 1970 UTC.
    pub(crate) fn at(&self) -> i64 {
        self.at
    }

    /// Returns a new id.
    pub(crate) fn new_id(&mut self) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// Adds a change.
    pub(crate) fn log(
        &mut self,
        (record_id, kind): (RecordId, RecordKind),
        operation: Operation,
        before: Option<String>,
        after: Option<String>,
    ) {
        self.changes.push(change::Model {
            id: self.next_change.into(),
            at: self.at,
            by: self.by.clone(),
            batch: self.batch.clone(),
            kind,
            record_id,
            operation,
            before,
            after,
        });
        self.next_change += 1;
    }

    /// Writes the changes. Returns the next ids, which the caller stores.
    pub(crate) async fn write(self) -> Result<(i64, i64)> {
        row_writer::insert::<change::Entity>(self.transaction, self.changes).await?;
        Ok((self.next_id, self.next_change))
    }

    /// Writes the changes and stores the next ids.
    pub(crate) async fn close(self) -> Result<()> {
        let transaction = self.transaction;
        let (next_id, next_change) = self.write().await?;
        save_counters(transaction, next_id, next_change).await
    }
}
