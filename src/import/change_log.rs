//! Numbers of rows and entries of the log, drawn by the one writer of a transaction.

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

/// The counters and the log within one transaction.
pub(crate) struct ChangeLog<'a> {
    transaction: &'a DatabaseTransaction,
    next_id: i64,
    next_change: i64,
    at: i64,
    by: String,
    /// All changes of one transaction have it in common.
    batch: String,
    changes: Vec<change::Model>,
}

/// The next number of a row, and of a change.
pub(crate) async fn next(transaction: &DatabaseTransaction) -> Result<(i64, i64)> {
    let counters = counter::Entity::find().all(transaction).await?;
    let counters: HashMap<String, i64> = counters.into_iter().map(|counter| (counter.name, counter.value)).collect();
    let next = |name: &str| {
        let last = counters.get(name).ok_or_else(|| Error::Broken(format!("no counter `{name}`")))?;
        Ok::<i64, Error>(last + 1)
    };
    Ok((next("id")?, next("change")?))
}

/// Keeps which numbers come next.
pub(crate) async fn keep(transaction: &DatabaseTransaction, next_id: i64, next_change: i64) -> Result<()> {
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
    pub(crate) async fn open(transaction: &'a DatabaseTransaction, by: &str) -> Result<Self> {
        let (next_id, next_change) = next(transaction).await?;
        let batch = next_change.to_string();
        Ok(Self::on(transaction, (next_id, next_change), now(), by, &batch))
    }

    /// Goes on from these numbers.
    pub(crate) fn on(
        transaction: &'a DatabaseTransaction,
        (next_id, next_change): (i64, i64),
        at: i64,
        by: &str,
        batch: &str,
    ) -> Self {
        let (by, batch) = (by.to_owned(), batch.to_owned());
        Self { transaction, next_id, next_change, at, by, batch, changes: Vec::new() }
    }

    /// When this is written, seconds since 1970 UTC.
    pub(crate) fn at(&self) -> i64 {
        self.at
    }

    /// A number that no row had.
    pub(crate) fn draw(&mut self) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// Notes what was done to a thing.
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

    /// Writes the log; returns the next numbers.
    pub(crate) async fn write(self) -> Result<(i64, i64)> {
        row_writer::insert::<change::Entity>(self.transaction, self.changes).await?;
        Ok((self.next_id, self.next_change))
    }

    /// Writes the log and the counters.
    pub(crate) async fn close(self) -> Result<()> {
        let transaction = self.transaction;
        let (next_id, next_change) = self.write().await?;
        keep(transaction, next_id, next_change).await
    }
}
