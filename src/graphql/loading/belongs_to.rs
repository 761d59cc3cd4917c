//! What a row refers to: an event to its place, a participation to its actor.
//!
//! Where such a field is selected, what it shows is read with the rows, in one statement. Rows that were read otherwise load it
//! for all of their batch at once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::marker::PhantomData;

use async_graphql::SelectionField;
use entity::row::{ColumnMask, FromRow, value};
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};
use sea_orm::{EntityTrait, QueryResult};
use tokio::sync::OnceCell;

use crate::db::Dialect;
use crate::graphql::loading::batch::{Batch, JOINED, NodeType, Referred};
use crate::graphql::loading::projection::{count, expressions, spared_of};
use crate::graphql::loading::session::SharedError;

/// A field that shows the row whose number stands in a column. Its noun is all of a table.
pub(crate) struct BelongsTo<E: EntityTrait, T> {
    /// The field, which names the other row in statements.
    pub(crate) field: &'static str,
    /// The column.
    pub(crate) column: &'static str,
    /// The number.
    pub(crate) key: fn(&E::Model) -> Option<i64>,
    pub(crate) node_type: PhantomData<fn() -> T>,
}

/// A reference to whatever noun.
pub trait AnyBelongsTo<E: EntityTrait>: Sync {
    /// The field.
    fn field(&self) -> &'static str;

    /// The columns that are left out of what these fields show.
    fn left_out(&self, shown: &[SelectionField<'_>]) -> ColumnMask;

    /// Adds what is referred to to a select of rows that stand under the name `rows`.
    fn join(&self, select: &mut SelectStatement, rows: &'static str, dialect: Dialect, left_out: ColumnMask);

    /// Keeps what is referred to for the field of a batch. It begins at a place of each row; gives the place behind it.
    fn keep(
        &self,
        results: &[&QueryResult],
        place: usize,
        left_out: ColumnMask,
        batch: &Batch<E>,
    ) -> Result<usize, SharedError>;
}

impl<E: EntityTrait, T: NodeType> AnyBelongsTo<E> for BelongsTo<E, T> {
    fn field(&self) -> &'static str {
        self.field
    }

    fn left_out(&self, shown: &[SelectionField<'_>]) -> ColumnMask {
        spared_of::<T>(shown, &[])
    }

    fn join(&self, select: &mut SelectStatement, rows: &'static str, dialect: Dialect, left_out: ColumnMask) {
        let is_meant = Expr::col((self.field, "id")).eq(Expr::col((rows, self.column)));
        let table = T::Entity::default();
        for column in expressions::<T>(self.field, left_out) {
            select.expr(column);
        }
        if dialect.has_lateral() {
            // Looked up row by row: a join it may turn into a scan, as it cannot tell how few rows there are.
            let mut one = Query::select();
            one.exprs(expressions::<T>(self.field, left_out)).from_as(table, self.field).and_where(is_meant).limit(1);
            select.join_lateral(JoinType::LeftJoin, one, self.field, Expr::cust("TRUE"));
        } else {
            select.join_as(JoinType::LeftJoin, table, self.field, is_meant);
        }
    }

    fn keep(
        &self,
        results: &[&QueryResult],
        place: usize,
        left_out: ColumnMask,
        batch: &Batch<E>,
    ) -> Result<usize, SharedError> {
        let (mut rows, mut places) = (Vec::new(), HashMap::new());
        for result in results {
            let Some(id) = value::<Option<i64>>(result, place)? else { continue };
            if let Entry::Vacant(vacant) = places.entry(id) {
                vacant.insert(rows.len());
                rows.push(FromRow::read(result, place, left_out)?);
            }
        }
        batch.load::<Referred<T>>((JOINED, self.field), || OnceCell::new_with(Some(Ok((Batch::new(rows), places)))));
        Ok(place + count::<T>(left_out))
    }
}

/// Declares what the rows of a table refer to: a field with its noun and the column of the number, `or null` where it may be.
macro_rules! belongs_to {
    ($module:ident { $($name:ident $field:literal: $node_type:ty = $column:ident $(or $null:ident)?;)+ }) => {
        $(static $name: $crate::graphql::loading::belongs_to::BelongsTo<entity::$module::Entity, $node_type> =
            $crate::graphql::loading::belongs_to::BelongsTo {
                field: $field,
                column: stringify!($column),
                key: |row| $crate::graphql::loading::belongs_to::key!(row.$column $(or $null)?),
                node_type: std::marker::PhantomData,
            };)+
        const REFERENCES: &[&dyn $crate::graphql::loading::belongs_to::AnyBelongsTo<entity::$module::Entity>] = &[$(&$name),+];
    };
}
pub(crate) use belongs_to;

macro_rules! key {
    ($row:ident.$column:ident or null) => {
        $row.$column.map(|id| id.0)
    };
    ($row:ident.$column:ident) => {
        Some($row.$column.0)
    };
}
pub(crate) use key;
