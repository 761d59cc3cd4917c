//! What ties actors: events, statements and relations, read by their numbers.

use std::collections::HashMap;

use async_graphql::Union;
use sea_orm::EntityTrait;
use sea_orm::sea_query::Expr;

use crate::db::Dialect;
use crate::graphql::graph::TieKind;
use crate::graphql::loading::batch::{Noun, Row};
use crate::graphql::loading::projection::Asked;
use crate::graphql::loading::session::{Fault, Session};
use crate::graphql::types::event::Event;
use crate::graphql::types::relation::Relation;
use crate::graphql::types::statement::Statement;

/// What ties actors.
#[derive(Clone, Union)]
pub enum Tie {
    /// An event.
    Event(Event),
    /// A statement.
    Statement(Statement),
    /// A relation.
    Relation(Relation),
}

/// Ties by their numbers: a statement for each kind that is among them.
pub(crate) async fn ties(
    session: &Session,
    wanted: impl Iterator<Item = (TieKind, i64)> + Clone,
) -> Result<HashMap<i64, Tie>, Fault> {
    let of = |kind| unique(wanted.clone().filter(|(one, _)| *one == kind).map(|(_, id)| id));
    let mut ties = HashMap::new();
    let events = rows::<Event>(session, &of(TieKind::Event)).await?;
    ties.extend(events.into_iter().map(|(id, event)| (id, Tie::Event(event))));
    let statements = rows::<Statement>(session, &of(TieKind::Statement)).await?;
    ties.extend(statements.into_iter().map(|(id, statement)| (id, Tie::Statement(statement))));
    let relations = rows::<Relation>(session, &of(TieKind::Relation)).await?;
    ties.extend(relations.into_iter().map(|(id, relation)| (id, Tie::Relation(relation))));
    Ok(ties)
}

/// Rows by their numbers; nothing is read when there are no numbers.
pub(crate) async fn rows<T: Noun>(session: &Session, ids: &[i64]) -> Result<Vec<(i64, T)>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let batch = Asked::<T>::whole().read_by(session, T::ID, ids).await?;
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
