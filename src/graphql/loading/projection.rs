//! Projections: which columns of a table a selection needs, and which foreign keys it follows.

use std::sync::Arc;

use async_graphql::{Context, SelectionField};
use entity::row::{ColumnMask, FromRow, QueryRow};
use sea_orm::sea_query::{Expr, Query, SelectStatement};
use sea_orm::{EntityName, EntityTrait, IdenStatic, Iterable};

use crate::graphql::loading::batch::Batch;
use crate::graphql::loading::belongs_to::AnyBelongsTo;
use crate::graphql::loading::node_type::NodeType;
use crate::graphql::loading::session::{Session, SharedError, session};

/// Maximum page size for which referenced rows are read by a join. Many rows of a larger page reference the same row, so one
/// batch load is faster.
const MAX_JOINED_PAGE_SIZE: usize = 100;

/// The columns and joins that a selection of rows of `T` needs. Nothing is read that is not shown.
pub(crate) struct Projection<T: NodeType> {
    omitted: ColumnMask,
    joins: Vec<(&'static dyn AnyBelongsTo<T::Entity>, ColumnMask)>,
}

impl<T: NodeType> Projection<T> {
    /// All columns except the large ones, and no joins.
    pub(crate) fn all_columns() -> Self {
        Self { omitted: omitted_columns::<T>(|_| false), joins: Vec::new() }
    }

    /// The projection for the value of the field that is being resolved.
    pub(crate) fn for_field(ctx: &Context<'_>) -> Self {
        Self::for_selections(ctx, &[ctx.field()], &[])
    }

    /// The projection for the rows of the connection that is being resolved.
    pub(crate) fn for_connection(ctx: &Context<'_>) -> Self {
        let connection = [ctx.field()];
        let mut rows = subselections(&connection, "nodes");
        rows.extend(subselections(&subselections(&connection, "edges"), "node"));
        Self::for_selections(ctx, &rows, &[])
    }

    /// The projection for the values of these fields. `extra_fields` are fields of the values that the caller needs although
    /// they are not selected.
    pub(crate) fn for_selections(ctx: &Context<'_>, selections: &[SelectionField<'_>], extra_fields: &[&str]) -> Self {
        let belongs_to = if session(ctx).is_ok_and(Session::can_join) { T::belongs_to() } else { &[] };
        let join = |belongs_to: &&'static dyn AnyBelongsTo<T::Entity>| {
            let fields = subselections(selections, belongs_to.field());
            (!fields.is_empty()).then(|| (*belongs_to, belongs_to.omitted_columns(&fields)))
        };
        Self {
            omitted: omitted_columns_for::<T>(selections, extra_fields),
            joins: belongs_to.iter().filter_map(join).collect(),
        }
    }

    /// Drops the joins if a page may have too many rows for them. The requested page size decides and not the number of rows
    /// found, so a query runs the same number of statements on every graph.
    pub(crate) fn for_page_size(mut self, size: usize) -> Self {
        if size > MAX_JOINED_PAGE_SIZE {
            self.joins.clear();
        }
        self
    }

    /// Selects the columns from the table, in the table's order.
    pub(crate) fn select(&self) -> SelectStatement {
        let table = T::Entity::default();
        Query::select().exprs(column_exprs::<T>(table.table_name(), self.omitted)).from(table).take()
    }

    /// Number of columns that [`Self::select`] selects.
    pub(crate) fn column_count(&self) -> usize {
        column_count::<T>(self.omitted)
    }

    pub(crate) fn has_joins(&self) -> bool {
        !self.joins.is_empty()
    }

    /// Adds the joins to a select whose rows have the table alias `rows`.
    pub(crate) fn join(&self, select: &mut SelectStatement, rows: &'static str, session: &Session) {
        for (belongs_to, omitted) in &self.joins {
            belongs_to.join(select, rows, session.dialect(), *omitted);
        }
    }

    /// Reads a batch from the results of a select that begins with the columns of [`Self::select`]. The columns of joined rows
    /// start at `joined_offset`.
    pub(crate) fn read_batch(
        &self,
        results: &[QueryRow<'_>],
        mut joined_offset: usize,
    ) -> Result<Arc<Batch<T::Entity>>, SharedError> {
        let rows = results.iter().map(|result| FromRow::read(*result, 0, self.omitted)).collect::<Result<_, _>>()?;
        let batch = Batch::new(rows);
        for (belongs_to, omitted) in &self.joins {
            joined_offset = belongs_to.read_joined(results, joined_offset, *omitted, &batch)?;
        }
        Ok(batch)
    }

    /// Adds the joins to a select that was made by [`Self::select`], runs it and returns its rows.
    pub(crate) async fn load(
        &self,
        session: &Session,
        mut select: SelectStatement,
    ) -> Result<Arc<Batch<T::Entity>>, SharedError> {
        self.join(&mut select, T::Entity::default().table_name(), session);
        let results = session.all(&select).await?;
        self.read_batch(&results.iter().collect::<Vec<_>>(), self.column_count())
    }

    /// Loads the rows of `T` whose `column` has one of the keys.
    pub(crate) async fn load_by(
        &self,
        session: &Session,
        column: <T::Entity as EntityTrait>::Column,
        keys: &[i64],
    ) -> Result<Arc<Batch<T::Entity>>, SharedError> {
        let mut select = self.select();
        select.and_where(session.dialect().has_key(Expr::col((T::Entity::default(), column)), keys));
        select.and_where_option(T::scope());
        self.load(session, select).await
    }
}

/// Returns the selections named `name` directly below these selections. Fragments are followed.
pub(crate) fn subselections<'a>(selections: &[SelectionField<'a>], name: &str) -> Vec<SelectionField<'a>> {
    selections.iter().flat_map(SelectionField::selection_set).filter(|field| field.name() == name).collect()
}

/// Returns the columns that are not needed to show these selections and `extra_fields`.
pub(crate) fn omitted_columns_for<T: NodeType>(selections: &[SelectionField<'_>], extra_fields: &[&str]) -> ColumnMask {
    let fields =
        selections.iter().flat_map(|field| field.selection_set().map(|field| field.name()).collect::<Vec<_>>());
    let fields: Vec<&str> = fields.chain(extra_fields.iter().copied()).collect();
    omitted_columns::<T>(|column| {
        !fields.iter().any(|field| {
            let lower = field.bytes().map(|letter| letter.to_ascii_lowercase());
            column.bytes().filter(|letter| *letter != b'_').eq(lower)
        })
    })
}

/// Returns the large columns, and the lazy columns that are unused.
fn omitted_columns<T: NodeType>(is_unused: impl Fn(&str) -> bool) -> ColumnMask {
    let mut omitted = ColumnMask::default();
    for (index, column) in <T::Entity as EntityTrait>::Column::iter().enumerate() {
        let name = column.as_str();
        let is_column = |other: &<T::Entity as EntityTrait>::Column| other.as_str() == name;
        if T::large_columns().iter().any(is_column) || T::lazy_columns().iter().any(is_column) && is_unused(name) {
            omitted.insert(index);
        }
    }
    omitted
}

/// Number of columns that are not omitted.
pub(crate) fn column_count<T: NodeType>(omitted: ColumnMask) -> usize {
    <T::Entity as EntityTrait>::Model::COLUMNS - omitted.count()
}

/// The columns that are not omitted, in the table's order, of rows with the table alias `rows`.
pub(crate) fn column_exprs<T: NodeType>(rows: &'static str, omitted: ColumnMask) -> impl Iterator<Item = Expr> {
    let columns = <T::Entity as EntityTrait>::Column::iter().enumerate();
    columns.filter(move |(index, _)| !omitted.contains(*index)).map(move |(_, column)| Expr::col((rows, column)))
}
