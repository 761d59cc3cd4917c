//! Rows that were read together load what belongs to them together.
//!
//! A [`Row`] knows the [`Batch`] it came with. The first row that is asked for its participations loads them for all rows of
//! the batch in one statement; the others find them there. What was loaded is a batch again. So a query takes at most as many
//! statements as its text has such fields, however many rows there are. What a row refers to is mostly there already: see
//! `reference.rs`.

use std::any::Any;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{ContainerType, Context, OutputType, Pos};
use entity::row::FromRow;
use sea_orm::EntityTrait;
use sea_orm::sea_query::Expr;
use tokio::sync::OnceCell;

use crate::graphql::connection::Connection;
use crate::graphql::connection::facets::NodeFacet;
use crate::graphql::connection::keyset::NodeOrder;
use crate::graphql::executor::resolve::ResolvedObject;
use crate::graphql::filter::NodeFilter;
use crate::graphql::loading::belongs_to::{AnyBelongsTo, BelongsTo};
use crate::graphql::loading::projection::Projection;
use crate::graphql::loading::session::{SharedError, session};

/// A noun of the graph as GraphQL shows it.
pub trait NodeType: ContainerType + Clone + 'static {
    /// Its table.
    type Entity: EntityTrait<Model: FromRow + Send + Sync>;
    /// Its filter.
    type Filter: NodeFilter;
    /// Its order.
    type Order: NodeOrder;
    /// By what its rows can be counted.
    type Facet: NodeFacet;
    /// What its lists have besides what all lists have.
    type Chart: OutputType + ContainerType + From<Connection<Self>>;

    /// The column of its number.
    const ID: <Self::Entity as EntityTrait>::Column;

    /// Shows a row.
    fn of(row: Row<Self::Entity>) -> Self;
    /// Its number.
    fn id_of(model: &<Self::Entity as EntityTrait>::Model) -> i64;
    /// Which rows of its table it is, when not all.
    fn scope() -> Option<Expr> {
        None
    }
    /// Columns too large to be read with every row; they are left out.
    fn large() -> &'static [<Self::Entity as EntityTrait>::Column] {
        &[]
    }
    /// Columns that nothing but the field of the same name shows: where it is not selected they are left out.
    fn spare() -> &'static [<Self::Entity as EntityTrait>::Column] {
        &[]
    }
    /// What its rows refer to.
    fn belongs_to() -> &'static [&'static dyn AnyBelongsTo<Self::Entity>] {
        &[]
    }
}

/// A field by its place in the document, and what is loaded for it.
type FieldKey = (Pos, &'static str);

/// Where what was read together with rows stands for a field: no document begins there.
pub(crate) const JOINED: Pos = Pos { line: 0, column: 0 };

/// What the fields of a document load for rows that belong together, each made on first demand.
#[derive(Default)]
pub(crate) struct LoaderCache(Mutex<HashMap<FieldKey, Arc<dyn Any + Send + Sync>>>);

impl LoaderCache {
    /// What the field at `place` of the document loads. One text may ask one thing only, so its place names it.
    pub(crate) fn load<T: Any + Send + Sync>(&self, place: FieldKey, make: impl FnOnce() -> T) -> Arc<T> {
        // A poisoned lock guards a map that is whole: nothing panics between its changes.
        let mut loads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Ok(found)) = loads.get(&place).map(|load| Arc::clone(load).downcast::<T>()) {
            return found;
        }
        let made = Arc::new(make());
        loads.insert(place, Arc::clone(&made) as Arc<dyn Any + Send + Sync>);
        made
    }

    /// What was loaded at a place.
    fn get<T: Any + Send + Sync>(&self, place: FieldKey) -> Option<Arc<T>> {
        let loads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        loads.get(&place).and_then(|load| Arc::clone(load).downcast().ok())
    }
}

/// Rows read together.
pub struct Batch<E: EntityTrait> {
    rows: Vec<E::Model>,
    loads: LoaderCache,
}

impl<E: EntityTrait> Batch<E> {
    pub(crate) fn new(rows: Vec<E::Model>) -> Arc<Self> {
        Arc::new(Self { rows, loads: LoaderCache::default() })
    }

    pub(crate) fn load<T: Any + Send + Sync>(&self, place: FieldKey, make: impl FnOnce() -> T) -> Arc<T> {
        self.loads.load(place, make)
    }

    pub(crate) fn rows(&self) -> &[E::Model] {
        &self.rows
    }
}

/// A row and the batch it came with.
pub struct Row<E: EntityTrait> {
    batch: Arc<Batch<E>>,
    at: usize,
}

impl<E: EntityTrait> Clone for Row<E> {
    fn clone(&self) -> Self {
        Self { batch: Arc::clone(&self.batch), at: self.at }
    }
}

impl<E: EntityTrait> Deref for Row<E> {
    type Target = E::Model;

    fn deref(&self) -> &E::Model {
        &self.batch.rows[self.at]
    }
}

/// What a batch loads once, or why it could not.
pub(crate) type Once<T> = OnceCell<Result<T, SharedError>>;

/// The rows of another noun to which rows refer, and which of them has what number.
pub(crate) type Referred<T> = Once<(Arc<Batch<<T as NodeType>::Entity>>, HashMap<i64, usize>)>;

impl<E> Row<E>
where
    E: EntityTrait<Model: Send + Sync>,
{
    /// The row at a place of a batch.
    pub(crate) fn new(batch: &Arc<Batch<E>>, at: usize) -> Self {
        Self { batch: Arc::clone(batch), at }
    }

    /// The row at a place of a batch, if the batch has so many.
    pub(crate) fn get(batch: &Arc<Batch<E>>, at: usize) -> Option<Self> {
        (at < batch.rows.len()).then(|| Self::new(batch, at))
    }

    /// All rows of a batch.
    pub(crate) fn all(batch: &Arc<Batch<E>>) -> impl Iterator<Item = Self> {
        (0..batch.rows.len()).map(|at| Self::new(batch, at))
    }

    pub(crate) fn batch(&self) -> &Arc<Batch<E>> {
        &self.batch
    }

    /// All rows of the batch.
    pub(crate) fn siblings(&self) -> &[E::Model] {
        &self.batch.rows
    }

    /// The row to which this one refers: read with it, or loaded for all rows of the batch.
    pub(crate) fn one<T: NodeType>(
        &self,
        ctx: &Context<'_>,
        reference: &BelongsTo<E, T>,
    ) -> impl Future<Output = Option<Result<ResolvedObject<T>, SharedError>>> {
        let joined = self.batch.loads.get((JOINED, reference.field));
        self.referred(ctx, joined, T::ID, reference.key, |row| Some(T::id_of(row)))
    }

    /// The row of another noun whose `column` has the value that `key` takes from this row.
    pub(crate) fn one_by<T: NodeType>(
        &self,
        ctx: &Context<'_>,
        column: <T::Entity as EntityTrait>::Column,
        key: impl Fn(&E::Model) -> Option<i64>,
        back: impl Fn(&<T::Entity as EntityTrait>::Model) -> Option<i64>,
    ) -> impl Future<Output = Option<Result<ResolvedObject<T>, SharedError>>> {
        self.referred(ctx, None, column, key, back)
    }

    async fn referred<T: NodeType>(
        &self,
        ctx: &Context<'_>,
        joined: Option<Arc<Referred<T>>>,
        column: <T::Entity as EntityTrait>::Column,
        key: impl Fn(&E::Model) -> Option<i64>,
        back: impl Fn(&<T::Entity as EntityTrait>::Model) -> Option<i64>,
    ) -> Option<Result<ResolvedObject<T>, SharedError>> {
        let wanted = key(self)?;
        let once = joined.unwrap_or_else(|| self.batch.load((ctx.item.pos, "one"), OnceCell::new));
        let load = || {
            // Boxed: one row of the batch loads, and all would carry the weight.
            Box::pin(async {
                let mut keys: Vec<i64> = self.batch.rows.iter().filter_map(&key).collect();
                keys.sort_unstable();
                keys.dedup();
                let batch = Projection::<T>::one(ctx).read_by(session(ctx)?, column, &keys).await?;
                let places = batch.rows.iter().enumerate().filter_map(|(at, row)| Some((back(row)?, at))).collect();
                Ok((batch, places))
            })
        };
        match once.get_or_init(load).await {
            Ok((batch, places)) => places.get(&wanted).map(|at| Ok(ResolvedObject(T::of(Row::new(batch, *at))))),
            Err(fault) => Some(Err(fault.clone())),
        }
    }

    /// What `load` finds for all rows of the batch, loaded once for the field being resolved.
    pub(crate) async fn shared<T, F>(&self, ctx: &Context<'_>, load: F) -> Result<Arc<T>, SharedError>
    where
        T: Send + Sync + 'static,
        F: AsyncFnOnce(&[E::Model]) -> Result<T, SharedError>,
    {
        let once = self.batch.load::<Once<Arc<T>>>((ctx.item.pos, "shared"), OnceCell::new);
        // Boxed: one row of the batch loads, and all would carry the weight.
        once.get_or_init(async || Box::pin(load(&self.batch.rows)).await.map(Arc::new)).await.clone()
    }
}

/// Declares a noun's GraphQL type over its rows.
macro_rules! node_type {
    ($name:ident of $module:ident, filter $filter:ty, order $order:ty, facet $facet:ty $(, chart $chart:ty)? $(, dated [$earliest:ident $latest:ident])? $(, scope $scope:expr)? $(, large [$($large:ident),+])? $(, spare $spare:expr)? $(, refers $belongs_to:expr)?) => {
        #[allow(missing_docs, reason = "the description stands at its fields, where GraphQL reads it")]
        #[derive(Clone)]
        pub struct $name(pub(crate) $crate::graphql::loading::batch::Row<entity::$module::Entity>);

        impl $crate::graphql::loading::batch::NodeType for $name {
            type Entity = entity::$module::Entity;
            type Filter = $filter;
            type Order = $crate::graphql::connection::keyset::OrderBy<$order>;
            type Facet = $facet;
            type Chart = $crate::graphql::loading::batch::chart!($($chart)?);
            const ID: entity::$module::Column = entity::$module::Column::Id;

            fn of(row: $crate::graphql::loading::batch::Row<Self::Entity>) -> Self {
                Self(row)
            }
            fn id_of(model: &entity::$module::Model) -> i64 {
                model.id.0
            }
            $(fn scope() -> Option<sea_orm::sea_query::Expr> {
                Some($scope)
            })?
            $(fn large() -> &'static [entity::$module::Column] {
                &[$(entity::$module::Column::$large),+]
            })?
            $(fn spare() -> &'static [entity::$module::Column] {
                $spare
            })?
            $(fn belongs_to() -> &'static [&'static dyn $crate::graphql::loading::belongs_to::AnyBelongsTo<Self::Entity>] {
                $belongs_to
            })?
        }

        $(impl $crate::graphql::connection::histogram::Dated for $name {
            const EARLIEST: entity::$module::Column = entity::$module::Column::$earliest;
            const LATEST: entity::$module::Column = entity::$module::Column::$latest;
        })?
    };
}
pub(crate) use node_type;

macro_rules! chart {
    () => {
        $crate::graphql::connection::histogram::Undated
    };
    ($chart:ty) => {
        $chart
    };
}
pub(crate) use chart;
