//! Reads changes for subscriptions: once for all that need the same changes.
//!
//! When something was written, all subscriptions read on at the same time, most from the same change. A filter of theirs depends on
//! the operation and the type of the record only, so it is translated once, to the set of pairs that it matches: filters that match
//! the same changes share their reads, however they are written.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use entity::change::{Column, Entity, Operation};
use entity::record::RecordKind;
use entity::row::Rows;
use sea_orm::sea_query::{Expr, ExprTrait, Order};
use sea_orm::{ActiveEnum, Iterable};
use tokio::sync::OnceCell;

use crate::db::{ReadPool, all_columns, build};
use crate::error::Result;

/// Maximum number of changes that are read at once.
const BATCH_SIZE: usize = 100;

/// Number of batches above which those that nobody uses are forgotten.
const MAX_IDLE_BATCHES: usize = 100;

/// The changes that a subscription delivers: for each operation and type of record, whether it does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ChangeSet(Arc<[bool]>);

impl ChangeSet {
    /// Creates the set of the changes that the function returns true for.
    pub(crate) fn new(mut contains: impl FnMut(Operation, RecordKind) -> bool) -> Self {
        Self(pairs().map(|(operation, kind)| contains(operation, kind)).collect())
    }

    /// Returns the condition on the table `change`; `None` if the set has all changes.
    fn condition(&self) -> Option<Expr> {
        if self.0.iter().all(|contains| *contains) {
            return None;
        }
        let mut condition = Expr::val(1).eq(0);
        for operation in Operation::iter() {
            let included = pairs().zip(self.0.iter()).filter(|((of, _), contains)| **contains && *of == operation);
            let kinds: Vec<String> = included.map(|((_, kind), _)| kind.to_value()).collect();
            if !kinds.is_empty() {
                let pair =
                    Expr::col(Column::Operation).eq(operation.to_value()).and(Expr::col(Column::Kind).is_in(kinds));
                condition = condition.or(pair);
            }
        }
        Some(condition)
    }
}

fn pairs() -> impl Iterator<Item = (Operation, RecordKind)> {
    Operation::iter().flat_map(|operation| RecordKind::iter().map(move |kind| (operation, kind)))
}

/// Changes in commit order, and how far they reach.
#[derive(Debug)]
pub(crate) struct ChangeBatch {
    /// The changes, with all columns.
    pub(crate) rows: Rows,
    /// The last change that was looked at, in the batch or excluded from it.
    pub(crate) last: i64,
}

/// Which changes a batch has: of this set, after the first number, up to the second one.
type BatchKey = (ChangeSet, i64, i64);

/// A batch that is read once. An error is not kept: the next one that needs the batch reads it again.
pub(crate) type SharedBatch = Arc<OnceCell<ChangeBatch>>;

/// The batches that subscriptions use now.
#[derive(Debug, Default)]
pub(crate) struct ChangeBatches(Mutex<HashMap<BatchKey, Weak<OnceCell<ChangeBatch>>>>);

impl ChangeBatches {
    /// Reads the next changes of a set after `last`, up to `latest`. The batch is shared as long as somebody holds it.
    pub(super) async fn read(&self, reader: &ReadPool, set: &ChangeSet, last: i64, latest: i64) -> Result<SharedBatch> {
        let shared = self.batch((set.clone(), last, latest));
        shared.get_or_try_init(|| read(reader, set, last, latest)).await?;
        Ok(shared)
    }

    fn batch(&self, key: BatchKey) -> SharedBatch {
        let mut batches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if batches.len() > MAX_IDLE_BATCHES {
            batches.retain(|_, batch| batch.strong_count() > 0);
        }
        let batch = batches.get(&key).and_then(Weak::upgrade);
        batch.unwrap_or_else(|| {
            let batch = SharedBatch::default();
            batches.insert(key, Arc::downgrade(&batch));
            batch
        })
    }
}

async fn read(reader: &ReadPool, set: &ChangeSet, last: i64, latest: i64) -> Result<ChangeBatch> {
    let id = || Expr::col(Column::Id);
    let mut select = all_columns::<Entity>();
    select.and_where(id().gt(last)).and_where(id().lte(latest));
    select.and_where_option(set.condition()).order_by(Column::Id, Order::Asc).limit(BATCH_SIZE as u64);
    let rows = reader.all(build(reader.backend(), &select)).await?;
    // A batch that is not full has all changes up to `latest`.
    let last = match rows.last().filter(|_| rows.len() == BATCH_SIZE) {
        Some(row) => row.at(0)?,
        None => latest,
    };
    Ok(ChangeBatch { rows, last })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use entity::record::RecordKind;

    use crate::db::{ChangeSet, Db};

    #[tokio::test]
    async fn equal_sets_share_their_reads() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::connect(&format!("sqlite://{}/graph.db", folder.path().display())).await.unwrap();
        db.migrate().await.unwrap();
        let events = ChangeSet::new(|_, kind| kind == RecordKind::Event);
        let same = ChangeSet::new(|_, kind| [RecordKind::Event].contains(&kind));
        let (one, two) = tokio::join!(db.read_changes(&events, 0, 9), db.read_changes(&same, 0, 9));
        let one = one.unwrap();
        assert!(Arc::ptr_eq(&one, &two.unwrap()));
        let others = [(ChangeSet::new(|_, _| true), 0, 9), (events.clone(), 1, 9), (events.clone(), 0, 10)];
        for (set, last, latest) in others {
            assert!(!Arc::ptr_eq(&one, &db.read_changes(&set, last, latest).await.unwrap()));
        }
        assert_eq!(one.get().unwrap().last, 9);
        db.close().await.unwrap();
    }
}
