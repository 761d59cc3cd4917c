//! Batches: rows that one statement read, and what their fields load for all of them at once.
//!
//! This is how N+1 queries are avoided. Each [`Row`] knows the [`Batch`] it was read with. When a field such as `participations`
//! is resolved for the first event of a batch, it loads the participations of all events of the batch in one statement and
//! stores them in the batch's `LoaderCache`. The other events find them there. The participations are a batch again, so the
//! same holds at every level: the number of statements depends on the fields of the query and not on the number of rows.
//!
//! A `FieldKey` identifies an entry of the cache: the position of the field in the query document, and what is loaded for
//! it. A position has one set of arguments and one selection, so the key needs neither. A field that is selected twice under
//! two aliases has two positions and is loaded twice.
//!
//! Rows that a foreign key references are mostly there already, because they were read by a join: see
//! `belongs_to`.

use std::any::Any;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Context, Pos};
use sea_orm::EntityTrait;
use tokio::sync::OnceCell;

use crate::graphql::executor::object::ResolvedObject;
use crate::graphql::loading::belongs_to::BelongsTo;
use crate::graphql::loading::node_type::NodeType;
use crate::graphql::loading::projection::Projection;
use crate::graphql::loading::session::{SharedError, session};

/// Identifies a load: the position of a field in the query document, and which of the field's loads it is.
type FieldKey = (Pos, &'static str);

/// The position in the keys of rows that a join read. Positions in a document start at line 1, column 1, so it is never that
/// of a field.
pub(crate) const JOINED: Pos = Pos { line: 0, column: 0 };

/// A value that is loaded once for a batch, or the error of the attempt.
pub(crate) type LoadOnce<T> = OnceCell<Result<T, SharedError>>;

/// Rows of another type that the rows of a batch reference, and the index of each in its batch by the value that is
/// referenced.
pub(crate) type ReferencedRows<T> = LoadOnce<(Arc<Batch<<T as NodeType>::Entity>>, HashMap<i64, usize>)>;

/// The results that the fields of a document have loaded for the rows of a batch. Entries are created on first use.
#[derive(Default)]
pub(crate) struct LoaderCache(Mutex<HashMap<FieldKey, Arc<dyn Any + Send + Sync>>>);

impl LoaderCache {
    /// Returns the entry of a key, after creating it if there is none.
    pub(crate) fn get_or_insert_with<T: Any + Send + Sync>(&self, key: FieldKey, create: impl FnOnce() -> T) -> Arc<T> {
        // A panic cannot leave the map half changed, so a poisoned lock is usable.
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Ok(entry)) = entries.get(&key).map(|entry| Arc::clone(entry).downcast::<T>()) {
            return entry;
        }
        let entry = Arc::new(create());
        entries.insert(key, Arc::clone(&entry) as Arc<dyn Any + Send + Sync>);
        entry
    }

    fn get<T: Any + Send + Sync>(&self, key: FieldKey) -> Option<Arc<T>> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(&key).and_then(|entry| Arc::clone(entry).downcast().ok())
    }
}

/// Rows that were read by one statement.
pub struct Batch<E: EntityTrait> {
    /// Shared with other batches of the same rows: what the fields load is each batch's own.
    rows: Arc<Vec<E::Model>>,
    cache: LoaderCache,
}

impl<E: EntityTrait> Batch<E> {
    pub(crate) fn new(rows: Vec<E::Model>) -> Arc<Self> {
        Self::of_shared(Arc::new(rows))
    }

    /// Creates a batch of rows that other batches may have too.
    pub(crate) fn of_shared(rows: Arc<Vec<E::Model>>) -> Arc<Self> {
        Arc::new(Self { rows, cache: LoaderCache::default() })
    }

    /// Returns the cache entry of a key, after creating it if there is none.
    pub(crate) fn get_or_insert_with<T: Any + Send + Sync>(&self, key: FieldKey, create: impl FnOnce() -> T) -> Arc<T> {
        self.cache.get_or_insert_with(key, create)
    }

    pub(crate) fn rows(&self) -> &[E::Model] {
        &self.rows
    }
}

/// A row and the batch it was read with.
pub struct Row<E: EntityTrait> {
    batch: Arc<Batch<E>>,
    index: usize,
}

impl<E: EntityTrait> Clone for Row<E> {
    fn clone(&self) -> Self {
        Self { batch: Arc::clone(&self.batch), index: self.index }
    }
}

impl<E: EntityTrait> Deref for Row<E> {
    type Target = E::Model;

    fn deref(&self) -> &E::Model {
        &self.batch.rows[self.index]
    }
}

impl<E> Row<E>
where
    E: EntityTrait<Model: Send + Sync>,
{
    /// The row at an index of a batch. Using it panics if the batch has fewer rows.
    pub(crate) fn new(batch: &Arc<Batch<E>>, index: usize) -> Self {
        Self { batch: Arc::clone(batch), index }
    }

    /// Returns the row at an index of a batch, or `None` if the batch has fewer rows.
    pub(crate) fn get(batch: &Arc<Batch<E>>, index: usize) -> Option<Self> {
        (index < batch.rows.len()).then(|| Self::new(batch, index))
    }

    /// Returns all rows of a batch.
    pub(crate) fn all(batch: &Arc<Batch<E>>) -> impl Iterator<Item = Self> {
        (0..batch.rows.len()).map(|index| Self::new(batch, index))
    }

    pub(crate) fn batch(&self) -> &Arc<Batch<E>> {
        &self.batch
    }

    /// All rows of the batch, this one included.
    pub(crate) fn siblings(&self) -> &[E::Model] {
        &self.batch.rows
    }

    /// Returns the row that a foreign key of this row references: read by a join, or loaded for all rows of the batch.
    pub(crate) fn belongs_to<T: NodeType>(
        &self,
        ctx: &Context<'_>,
        belongs_to: &BelongsTo<E, T>,
    ) -> impl Future<Output = Option<Result<ResolvedObject<T>, SharedError>>> {
        let joined = self.batch.cache.get((JOINED, belongs_to.field));
        self.referenced_row(ctx, joined, T::ID, belongs_to.key, |row| Some(T::id_of(row)))
    }

    /// Returns the row of another type whose `column` equals the key of this row, loaded for all rows of the batch.
    ///
    /// `key` takes the key from a row of this batch, `referenced_key` the value of `column` from a row of the other type.
    pub(crate) fn has_one<T: NodeType>(
        &self,
        ctx: &Context<'_>,
        column: <T::Entity as EntityTrait>::Column,
        key: impl Fn(&E::Model) -> Option<i64>,
        referenced_key: impl Fn(&<T::Entity as EntityTrait>::Model) -> Option<i64>,
    ) -> impl Future<Output = Option<Result<ResolvedObject<T>, SharedError>>> {
        self.referenced_row(ctx, None, column, key, referenced_key)
    }

    async fn referenced_row<T: NodeType>(
        &self,
        ctx: &Context<'_>,
        joined: Option<Arc<ReferencedRows<T>>>,
        column: <T::Entity as EntityTrait>::Column,
        key: impl Fn(&E::Model) -> Option<i64>,
        referenced_key: impl Fn(&<T::Entity as EntityTrait>::Model) -> Option<i64>,
    ) -> Option<Result<ResolvedObject<T>, SharedError>> {
        let own_key = key(self)?;
        let rows = joined.unwrap_or_else(|| self.batch.get_or_insert_with((ctx.item.pos, "one"), OnceCell::new));
        let load = || {
            // Boxed to keep the resolver future small: only the first row of a batch runs the loader.
            Box::pin(async {
                let mut keys: Vec<i64> = self.batch.rows.iter().filter_map(&key).collect();
                keys.sort_unstable();
                keys.dedup();
                let batch = Projection::<T>::for_field(ctx).load_by(session(ctx)?, column, &keys).await?;
                let indexes = batch.rows.iter().enumerate();
                let indexes = indexes.filter_map(|(index, row)| Some((referenced_key(row)?, index))).collect();
                Ok((batch, indexes))
            })
        };
        match rows.get_or_init(load).await {
            Ok((batch, indexes)) => {
                indexes.get(&own_key).map(|index| Ok(ResolvedObject(T::from_row(Row::new(batch, *index)))))
            }
            Err(error) => Some(Err(error.clone())),
        }
    }

    /// Runs `load` with all rows of the batch, once for the field that is being resolved, and returns its result for each
    /// row.
    pub(crate) async fn load_for_batch<T, F>(&self, ctx: &Context<'_>, load: F) -> Result<Arc<T>, SharedError>
    where
        T: Send + Sync + 'static,
        F: AsyncFnOnce(&[E::Model]) -> Result<T, SharedError>,
    {
        let loaded = self.batch.get_or_insert_with::<LoadOnce<Arc<T>>>((ctx.item.pos, "shared"), OnceCell::new);
        // Boxed to keep the resolver future small: only the first row of a batch runs the loader.
        loaded.get_or_init(async || Box::pin(load(&self.batch.rows)).await.map(Arc::new)).await.clone()
    }
}
