//! The links of the actor graph: events, statements and relations.

use sea_orm::EntityTrait;
use sea_orm::sea_query::Expr;

use crate::db::Dialect;
use crate::graphql::schema::object::union;
use crate::graphql::types::event::Event;
use crate::graphql::types::relation::Relation;
use crate::graphql::types::statement::Statement;

union! {
    /// A link between two actors: an event, a statement or a relation.
    ActorLink is Event | Statement | Relation
}

/// Builds the condition that a column has one of the ids.
pub(crate) fn has_id<E: EntityTrait>(dialect: Dialect, column: E::Column, ids: &[i64]) -> Expr {
    dialect.is_one_of(Expr::col((E::default(), column)), dialect.numbers(ids))
}

/// Sorts ids and removes duplicates.
pub(crate) fn sorted_unique(ids: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
