//! Foreign keys: an event belongs to its place, a participation to its actor.
//!
//! If the field of a foreign key is selected, the statement that reads the rows also reads the referenced rows by a join. Rows
//! that were read without the join load the referenced rows once for their batch.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::marker::PhantomData;

use async_graphql::SelectionField;
use entity::row::{ColumnMask, FromRow, QueryRow};
use sea_orm::EntityTrait;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};
use tokio::sync::OnceCell;

use crate::db::Dialect;
use crate::graphql::loading::batch::{Batch, JOINED, ReferencedRows};
use crate::graphql::loading::projection::{column_count, column_exprs, omitted_columns_for};
use crate::graphql::loading::session::SharedError;
use crate::graphql::plan::noun::{Field, PlannedType};

/// A field that shows the row referenced by a foreign key. The type of that row must be the only one of its table, because a
/// join applies no [`NodeType::scope`].
pub(crate) struct BelongsTo<E: EntityTrait, T> {
    /// The GraphQL field. It is also the alias of the joined table.
    pub(crate) field: &'static str,
    /// The foreign key column.
    pub(crate) column: &'static str,
    /// Returns the foreign key of a row; `None` if it is null.
    pub(crate) key: fn(&E::Model) -> Option<i64>,
    pub(crate) node_type: PhantomData<fn() -> T>,
}

/// A [`BelongsTo`] of whatever type.
pub trait AnyBelongsTo<E: EntityTrait>: Sync {
    /// The GraphQL field.
    fn field(&self) -> &'static str;

    /// The field for the compiler of plans.
    fn plan_field(&self) -> Field;

    /// Returns the columns of the referenced row that selections of the field do not need.
    fn omitted_columns(&self, selections: &[SelectionField<'_>]) -> ColumnMask;

    /// Adds the join and the columns of the referenced row to a select whose rows have the table alias `rows`.
    fn join(&self, select: &mut SelectStatement, rows: &'static str, dialect: Dialect, omitted: ColumnMask);

    /// Reads the referenced rows from results of a joined select and puts them into the cache of the batch. Their columns
    /// start at `offset` in each result; returns the offset after them.
    fn read_joined(
        &self,
        results: &[QueryRow<'_>],
        offset: usize,
        omitted: ColumnMask,
        batch: &Batch<E>,
    ) -> Result<usize, SharedError>;
}

impl<E: EntityTrait, T: PlannedType> AnyBelongsTo<E> for BelongsTo<E, T> {
    fn field(&self) -> &'static str {
        self.field
    }

    fn plan_field(&self) -> Field {
        Field::one(self.field, self.column, T::noun)
    }

    fn omitted_columns(&self, selections: &[SelectionField<'_>]) -> ColumnMask {
        omitted_columns_for::<T>(selections, &[])
    }

    fn join(&self, select: &mut SelectStatement, rows: &'static str, dialect: Dialect, omitted: ColumnMask) {
        let is_referenced = Expr::col((self.field, "id")).eq(Expr::col((rows, self.column)));
        let table = T::Entity::default();
        for column in column_exprs::<T>(self.field, omitted) {
            select.expr(column);
        }
        if dialect.has_lateral() {
            // LATERAL with a limit looks up row by row. PostgreSQL cannot tell how few rows there are, so it may turn a plain
            // join into a scan.
            let mut one = Query::select();
            one.exprs(column_exprs::<T>(self.field, omitted))
                .from_as(table, self.field)
                .and_where(is_referenced)
                .limit(1);
            select.join_lateral(JoinType::LeftJoin, one, self.field, Expr::cust("TRUE"));
        } else {
            select.join_as(JoinType::LeftJoin, table, self.field, is_referenced);
        }
    }

    fn read_joined(
        &self,
        results: &[QueryRow<'_>],
        offset: usize,
        omitted: ColumnMask,
        batch: &Batch<E>,
    ) -> Result<usize, SharedError> {
        let (mut rows, mut indexes) = (Vec::new(), HashMap::new());
        for result in results {
            let Some(id) = result.at::<Option<i64>>(offset)? else { continue };
            if let Entry::Vacant(vacant) = indexes.entry(id) {
                vacant.insert(rows.len());
                rows.push(FromRow::read(*result, offset, omitted)?);
            }
        }
        batch.get_or_insert_with::<ReferencedRows<T>>((JOINED, self.field), || {
            OnceCell::new_with(Some(Ok((Batch::new(rows), indexes))))
        });
        Ok(offset + column_count::<T>(omitted))
    }
}

/// Declares the foreign keys of a table: for each the GraphQL field, the type of the referenced row and the column, with
/// `or null` if the column is nullable. All of them are in the list `BELONGS_TO`.
macro_rules! belongs_to {
    ($module:ident { $($name:ident $field:literal: $node_type:ty = $column:ident $(or $null:ident)?;)+ }) => {
        $(static $name: $crate::graphql::loading::belongs_to::BelongsTo<entity::$module::Entity, $node_type> =
            $crate::graphql::loading::belongs_to::BelongsTo {
                field: $field,
                column: stringify!($column),
                key: |row| $crate::graphql::loading::belongs_to::foreign_key!(row.$column $(or $null)?),
                node_type: std::marker::PhantomData,
            };)+
        const BELONGS_TO: &[&dyn $crate::graphql::loading::belongs_to::AnyBelongsTo<entity::$module::Entity>] = &[$(&$name),+];
    };
}
pub(crate) use belongs_to;

macro_rules! foreign_key {
    ($row:ident.$column:ident or null) => {
        $row.$column.map(|id| id.0)
    };
    ($row:ident.$column:ident) => {
        Some($row.$column.0)
    };
}
pub(crate) use foreign_key;
