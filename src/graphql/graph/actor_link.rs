//! The links of the actor graph: events, statements and relations, loaded by id.

use std::collections::HashMap;

use sea_orm::EntityTrait;
use sea_orm::sea_query::Expr;

use crate::db::Dialect;
use crate::graphql::graph::ActorLinkKind;
use crate::graphql::loading::batch::Row;
use crate::graphql::loading::node_type::NodeType;
use crate::graphql::loading::projection::Projection;
use crate::graphql::loading::session::{Session, SharedError};
use crate::graphql::types::event::Event;
use crate::graphql::types::node::union;
use crate::graphql::types::relation::Relation;
use crate::graphql::types::statement::Statement;

union! {
    /// A link between two actors: an event, a statement or a relation.
    ActorLink is Event | Statement | Relation
}

/// Loads links by kind and id, with one SQL statement per kind that occurs.
pub(crate) async fn load_actor_links(
    session: &Session,
    links: impl Iterator<Item = (ActorLinkKind, i64)> + Clone,
) -> Result<HashMap<i64, ActorLink>, SharedError> {
    let of = |kind| sorted_unique(links.clone().filter(|(one, _)| *one == kind).map(|(_, id)| id));
    let mut actor_links = HashMap::new();
    let events = load_rows::<Event>(session, &of(ActorLinkKind::Event)).await?;
    actor_links.extend(events.into_iter().map(|(id, event)| (id, ActorLink::Event(event))));
    let statements = load_rows::<Statement>(session, &of(ActorLinkKind::Statement)).await?;
    actor_links.extend(statements.into_iter().map(|(id, statement)| (id, ActorLink::Statement(statement))));
    let relations = load_rows::<Relation>(session, &of(ActorLinkKind::Relation)).await?;
    actor_links.extend(relations.into_iter().map(|(id, relation)| (id, ActorLink::Relation(relation))));
    Ok(actor_links)
}

/// Loads rows by id. Runs no SQL statement for an empty list.
pub(crate) async fn load_rows<T: NodeType>(session: &Session, ids: &[i64]) -> Result<Vec<(i64, T)>, SharedError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let batch = Projection::<T>::all_columns().load_by(session, T::ID, ids).await?;
    Ok(Row::all(&batch).map(|row| (T::id_of(&row), T::from_row(row))).collect())
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
