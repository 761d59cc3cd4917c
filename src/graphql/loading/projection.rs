//! What is asked of rows of a noun: their columns, and what they refer to.

use std::sync::Arc;

use async_graphql::{Context, SelectionField};
use entity::row::{ColumnMask, FromRow};
use sea_orm::sea_query::{Expr, Query, SelectStatement};
use sea_orm::{EntityName, EntityTrait, IdenStatic, Iterable, QueryResult};

use crate::graphql::loading::batch::{Batch, NodeType};
use crate::graphql::loading::belongs_to::AnyBelongsTo;
use crate::graphql::loading::session::{Session, SharedError, session};

/// The most rows of a page that are read joined with what they refer to: of more many share it, and it is sooner looked up once
/// for all.
const MOST_JOINED: usize = 100;

/// What is asked of rows of a noun. Nothing is read that nothing shows.
pub(crate) struct Projection<T: NodeType> {
    left_out: ColumnMask,
    belongs_to: Vec<(&'static dyn AnyBelongsTo<T::Entity>, ColumnMask)>,
}

impl<T: NodeType> Projection<T> {
    /// Rows that are shown whole: all columns but those too large.
    pub(crate) fn whole() -> Self {
        Self { left_out: spared::<T>(|_| false), belongs_to: Vec::new() }
    }

    /// The value of the field being resolved.
    pub(crate) fn one(ctx: &Context<'_>) -> Self {
        Self::of(ctx, &[ctx.field()], &[])
    }

    /// The rows of the list being resolved.
    pub(crate) fn list(ctx: &Context<'_>) -> Self {
        let list = [ctx.field()];
        let mut shown = below(&list, "nodes");
        shown.extend(below(&below(&list, "edges"), "node"));
        Self::of(ctx, &shown, &[])
    }

    /// The values of these fields; `also` are fields of theirs that are needed besides.
    pub(crate) fn of(ctx: &Context<'_>, shown: &[SelectionField<'_>], also: &[&str]) -> Self {
        let joined = if session(ctx).is_ok_and(Session::has_joins) { T::belongs_to() } else { &[] };
        let reference = |reference: &&'static dyn AnyBelongsTo<T::Entity>| {
            let fields = below(shown, reference.field());
            (!fields.is_empty()).then(|| (*reference, reference.left_out(&fields)))
        };
        Self { left_out: spared_of::<T>(shown, also), belongs_to: joined.iter().filter_map(reference).collect() }
    }

    /// What is asked of a page that may have so many rows. It does not depend on what is found: one query takes as many statements
    /// whatever the graph.
    pub(crate) fn of_page(mut self, rows: usize) -> Self {
        if rows > MOST_JOINED {
            self.belongs_to.clear();
        }
        self
    }

    /// A select of the columns from their table, in their order.
    pub(crate) fn columns(&self) -> SelectStatement {
        let table = T::Entity::default();
        Query::select().exprs(expressions::<T>(table.table_name(), self.left_out)).from(table).take()
    }

    /// How many columns that are.
    pub(crate) fn count(&self) -> usize {
        count::<T>(self.left_out)
    }

    /// Whether rows refer to what is shown.
    pub(crate) fn refers(&self) -> bool {
        !self.belongs_to.is_empty()
    }

    /// Adds what rows refer to to a select in which they stand under the name `rows`.
    pub(crate) fn join(&self, select: &mut SelectStatement, rows: &'static str, session: &Session) {
        for (reference, left_out) in &self.belongs_to {
            reference.join(select, rows, session.dialect(), *left_out);
        }
    }

    /// The rows of a select whose first columns are those asked for; what they refer to begins at a place of each.
    pub(crate) fn batch(
        &self,
        results: &[&QueryResult],
        mut place: usize,
    ) -> Result<Arc<Batch<T::Entity>>, SharedError> {
        let rows = results.iter().map(|result| FromRow::read(result, 0, self.left_out)).collect::<Result<_, _>>()?;
        let batch = Batch::new(rows);
        for (reference, left_out) in &self.belongs_to {
            place = reference.keep(results, place, *left_out, &batch)?;
        }
        Ok(batch)
    }

    /// The rows of a select of the columns, read with what they refer to.
    pub(crate) async fn read(
        &self,
        session: &Session,
        mut select: SelectStatement,
    ) -> Result<Arc<Batch<T::Entity>>, SharedError> {
        self.join(&mut select, T::Entity::default().table_name(), session);
        let results = session.all(&select).await?;
        self.batch(&results.iter().collect::<Vec<_>>(), self.count())
    }

    /// The rows whose `column` has one of the values.
    pub(crate) async fn read_by(
        &self,
        session: &Session,
        column: <T::Entity as EntityTrait>::Column,
        keys: &[i64],
    ) -> Result<Arc<Batch<T::Entity>>, SharedError> {
        let mut select = self.columns();
        select.and_where(session.dialect().has_key(Expr::col((T::Entity::default(), column)), keys));
        select.and_where_option(T::scope());
        self.read(session, select).await
    }
}

/// The fields of a name that are selected right below these.
pub(crate) fn below<'a>(fields: &[SelectionField<'a>], name: &str) -> Vec<SelectionField<'a>> {
    fields.iter().flat_map(SelectionField::selection_set).filter(|field| field.name() == name).collect()
}

/// The columns that are left out of rows which are the values of these fields; `also` are fields that need them besides.
pub(crate) fn spared_of<T: NodeType>(shown: &[SelectionField<'_>], also: &[&str]) -> ColumnMask {
    let fields = shown.iter().flat_map(|field| field.selection_set().map(|field| field.name()).collect::<Vec<_>>());
    let fields: Vec<&str> = fields.chain(also.iter().copied()).collect();
    spared::<T>(|column| {
        !fields.iter().any(|field| {
            let lower = field.bytes().map(|letter| letter.to_ascii_lowercase());
            column.bytes().filter(|letter| *letter != b'_').eq(lower)
        })
    })
}

/// The columns that are too large, and those of which one can be spared.
fn spared<T: NodeType>(may_be: impl Fn(&str) -> bool) -> ColumnMask {
    let mut left_out = ColumnMask::default();
    for (at, column) in <T::Entity as EntityTrait>::Column::iter().enumerate() {
        let name = column.as_str();
        let is_one = |other: &<T::Entity as EntityTrait>::Column| other.as_str() == name;
        if T::large().iter().any(is_one) || T::spare().iter().any(is_one) && may_be(name) {
            left_out.insert(at);
        }
    }
    left_out
}

/// How many columns are not left out.
pub(crate) fn count<T: NodeType>(left_out: ColumnMask) -> usize {
    <T::Entity as EntityTrait>::Model::COLUMNS - left_out.count()
}

/// The columns of rows that stand under a name, in their order.
pub(crate) fn expressions<T: NodeType>(rows: &'static str, left_out: ColumnMask) -> impl Iterator<Item = Expr> {
    let columns = <T::Entity as EntityTrait>::Column::iter().enumerate();
    columns.filter(move |(at, _)| !left_out.contains(*at)).map(move |(_, column)| Expr::col((rows, column)))
}
