//! What ties actors: events, statements and relations, read by their numbers.

use std::collections::HashMap;

use async_graphql::Union;
use sea_orm::EntityTrait;
use sea_orm::sea_query::Expr;

use crate::db::Dialect;
use crate::graphql::graph::ActorLinkKind;
use crate::graphql::loading::batch::{NodeType, Row};
use crate::graphql::loading::projection::Projection;
use crate::graphql::loading::session::{Session, SharedError};
use crate::graphql::types::event::Event;
use crate::graphql::types::relation::Relation;
use crate::graphql::types::statement::Statement;

/// What ties actors.
#[derive(Clone, Union)]
pub enum ActorLink {
    /// An event.
    Event(Event),
    /// A statement.
    Statement(Statement),
    /// A relation.
    Relation(Relation),
}

/// Ties by their numbers: a statement for each kind that is among them.
pub(crate) async fn actor_links(
    session: &Session,
    wanted: impl Iterator<Item = (ActorLinkKind, i64)> + Clone,
) -> Result<HashMap<i64, ActorLink>, SharedError> {
    let of = |kind| unique(wanted.clone().filter(|(one, _)| *one == kind).map(|(_, id)| id));
    let mut actor_links = HashMap::new();
    let events = rows::<Event>(session, &of(ActorLinkKind::Event)).await?;
    actor_links.extend(events.into_iter().map(|(id, event)| (id, ActorLink::Event(event))));
    let statements = rows::<Statement>(session, &of(ActorLinkKind::Statement)).await?;
    actor_links.extend(statements.into_iter().map(|(id, statement)| (id, ActorLink::Statement(statement))));
    let relations = rows::<Relation>(session, &of(ActorLinkKind::Relation)).await?;
    actor_links.extend(relations.into_iter().map(|(id, relation)| (id, ActorLink::Relation(relation))));
    Ok(actor_links)
}

/// Rows by their numbers; nothing is read when there are no numbers.
pub(crate) async fn rows<T: NodeType>(session: &Session, ids: &[i64]) -> Result<Vec<(i64, T)>, SharedError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let batch = Projection::<T>::whole().read_by(session, T::ID, ids).await?;
    Ok(Row::all(&batch).map(|row| (T::id_of(&row), T::of(row))).collect())
}

/// Which rows, by the numbers in a column.
pub(crate) fn numbered<E: EntityTrait>(dialect: Dialect, column: E::Column, numbers: &[i64]) -> Expr {
    dialect.is_one_of(Expr::col((E::default(), column)), dialect.numbers(numbers))
}

/// Each number once.
pub(crate) fn unique(numbers: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut numbers: Vec<i64> = numbers.collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}
