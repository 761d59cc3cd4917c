//! Conditions that select the rows of a list that belong to a parent.

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait};

use crate::graphql::schema::node_type::DeclaredNode;

/// Builds the condition for the rows that belong to a parent, from the parent's id.
pub(crate) type ParentCondition = Box<dyn Fn(Expr) -> Expr + Send + Sync>;

/// Rows belong to the parent whose id is in their `column`.
pub(crate) fn foreign_key<C: ColumnTrait>(column: C) -> ParentCondition {
    Box::new(move |parent| Expr::col((column.entity_name(), column.as_str())).eq(parent))
}

/// Rows of `T` belong to a parent through the join table `E`, which has the parent's id in `parent_column` and the row's id in
/// `row_column`.
pub(crate) fn join_table<T: DeclaredNode, E: EntityTrait>(
    parent_column: E::Column,
    row_column: E::Column,
) -> ParentCondition {
    Box::new(move |parent| {
        let rows = Query::select()
            .column((E::default(), row_column))
            .from(E::default())
            .and_where(Expr::col((E::default(), parent_column)).eq(parent))
            .take();
        Expr::col((T::Entity::default(), "id")).in_subquery(rows)
    })
}
