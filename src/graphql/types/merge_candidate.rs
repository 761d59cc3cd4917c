//! Merge candidates (entity resolution): possible duplicates of an entity, with the reasons.

use std::collections::{BTreeMap, HashSet};

use async_graphql::ID;
use entity::actor::ActorKind;
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement};

use crate::error::Error;
use crate::graphql::plan::computed::{Call, Computed, FunctionFuture, count, enum_name};
use crate::graphql::schema::object::{object, union};
use crate::graphql::schema::root::root_fields;
use crate::graphql::search::{SearchKind, SearchRule, similar_bearers};
use crate::graphql::session::{Session, SharedError};
use crate::graphql::types::node::{Node, NodeKind, parse};

/// Maximum number of an entity's names for which similar names are searched.
const MAX_NAMES: u64 = 8;
/// Maximum number of candidates from each name, from external ids and from events.
const MAX_COMPARED: usize = 50;
/// Maximum value of `first`.
const MAX_CANDIDATES: i32 = 100;

object! {
    /// A possible duplicate of the given entity.
    MergeCandidate {
        /// The possible duplicate.
        node: Node = own;
        /// Reasons why the two may be the same, strongest first.
        reasons: Vec<MergeReason> = own;
    }
}

union! {
    /// A reason why two entities may be the same.
    MergeReason is SharedExternalId | SimilarName | SharedEvents
}

object! {
    /// An external id that both entities have.
    SharedExternalId {
        /// The identifier scheme, such as `wikidata`.
        scheme: String = own;
        /// The identifier.
        value: String = own;
    }
}

object! {
    /// A name of the candidate that matches a name of the given entity.
    SimilarName {
        /// The name of the given entity.
        name: String = own;
        /// The matching name of the candidate.
        other_name: String = own;
        /// The rule by which the names match.
        rule: SearchRule = own;
        /// Similarity of the names from 0 to 1 (same letters), rounded to thousandths.
        closeness: f64 = own;
    }
}

object! {
    /// Events that two actors share, or participants that two events share.
    SharedEvents {
        /// For actors: the number of events in which both participate. For events of the same type whose times overlap: the
        /// number of actors that participate in both. Places have no such reason.
        count: i32 = own;
    }
}

root_fields! {
    root_fields {
        /// Possible duplicates of an actor, place or event, with reasons: shared external ids first, then names that match
        /// in any script, then shared events.
        ///
        /// Pairs that were decided to be NOT_SAME are left out, and anonymous sources have no candidates. Nothing is
        /// merged: use the mutations `mergeActors`, `mergePlaces` and `mergeEvents`. Errors: `BAD_INPUT` for an id of
        /// another node type; `LIMIT` for `first` above 100.
        merge_candidates(
            of: ID, "Global id of an actor, place or event.";
            first: i32 = 10, "Maximum number of candidates, 0 to 100.";
        ): Option<Vec<MergeCandidate>> = function(merge_candidates);
    }
}

/// A reason why two entities may be the same.
#[derive(Clone)]
enum Reason {
    /// Both have the same external id.
    ExternalId { scheme: String, value: String },
    /// They have matching names.
    Name(NameReason),
    /// Actors: both participate in the same events. Events: the same actors participate in both.
    Events(i64),
}

/// A name of the candidate that matches a name of the given entity.
#[derive(Clone)]
struct NameReason {
    name: String,
    other_name: String,
    rule: SearchRule,
    closeness: f64,
}

/// Finds possible duplicates.
fn merge_candidates<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let (first, found) = ranked(call.session, &call.argument("of")?, call.argument("first")?).await?;
        let (kind, all) = found;
        let ids: Vec<i64> = all.iter().map(|(id, _)| *id).collect();
        let possible = existing(call.session, kind, &ids).await?;
        let candidate = |(id, reasons): (i64, Vec<Reason>)| {
            let reasons = reasons.into_iter().map(Computed::from).collect();
            let fields = [("node", Computed::node(kind, id)), ("reasons", Computed::List(reasons))];
            Computed::object("MergeCandidate", fields)
        };
        let all = all.into_iter().filter(|(id, _)| possible.contains(id)).take(first);
        Ok(call.at_root(Computed::List(all.map(candidate).collect())))
    })
}

impl From<Reason> for Computed {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::ExternalId { scheme, value } => {
                Self::object("SharedExternalId", [("scheme", scheme.into()), ("value", value.into())])
            }
            Reason::Name(one) => Self::object(
                "SimilarName",
                [
                    ("name", one.name.into()),
                    ("otherName", one.other_name.into()),
                    ("rule", enum_name(&one.rule)),
                    ("closeness", one.closeness.into()),
                ],
            ),
            Reason::Events(number) => Self::object("SharedEvents", [("count", count(number))]),
        }
    }
}

/// Returns which of these nodes exist, without anonymous sources, which have no duplicates.
async fn existing(session: &Session, kind: NodeKind, ids: &[i64]) -> Result<HashSet<i64>, SharedError> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let (table, dialect) = (kind.table(), session.dialect());
    let mut select = Query::select();
    select.column((table, "id")).from(table);
    select.and_where(dialect.is_one_of(Expr::col((table, "id")), dialect.numbers(ids)));
    if kind == NodeKind::Actor {
        select.and_where(Expr::col((table, "kind")).ne(ActorKind::AnonymousSource.to_value()));
    }
    session.all(&select).await?.iter().map(|row| Ok(row.at(0)?)).collect()
}

/// The type of the candidates, and each with the reasons, the best first.
type Ranked = (NodeKind, Vec<(i64, Vec<Reason>)>);

async fn ranked(session: &Session, of: &ID, first: i32) -> Result<(usize, Ranked), SharedError> {
    let (kind, id) = parse(of)?;
    if first > MAX_CANDIDATES {
        return Err(Error::Limit(format!("`first: {first}` is too large: use at most {MAX_CANDIDATES}")).into());
    }
    let first = usize::try_from(first)
        .map_err(|_| Error::BadInput(format!("`first: {first}` is negative: use 0 to {MAX_CANDIDATES}")))?;
    let mut reasons: BTreeMap<i64, Vec<Reason>> = BTreeMap::new();
    external_ids(session, id, &mut reasons).await?;
    match kind {
        NodeKind::Actor | NodeKind::Place => {
            let searched = if kind == NodeKind::Actor { SearchKind::Actor } else { SearchKind::Place };
            names(session, id, searched, &mut reasons).await?;
            if kind == NodeKind::Actor {
                let found: Vec<i64> = reasons.keys().copied().collect();
                shared_events(session, &events_of_actors(session, id, &found), &mut reasons).await?;
            }
        }
        NodeKind::Event => shared_events(session, &events_like(id), &mut reasons).await?,
        _ => {
            return Err(Error::BadInput(
                "Only actors, places and events can have duplicates: pass the id of one".into(),
            )
            .into());
        }
    }
    for decided in decided_not_same(session, id).await? {
        reasons.remove(&decided);
    }
    reasons.remove(&id);
    let mut all: Vec<(i64, Vec<Reason>)> = reasons.into_iter().collect();
    all.sort_by_key(|(id, reasons)| (reasons.first().map(strength), *id));
    Ok((first, (kind, all)))
}

/// Sort key of candidates: a stronger reason has a smaller key.
fn strength(reason: &Reason) -> (u8, i64) {
    match reason {
        Reason::ExternalId { .. } => (0, 0),
        Reason::Name(name) => (1 + name.rule as u8, -(name.closeness * 1000.0) as i64),
        Reason::Events(number) => (100, -number),
    }
}

async fn external_ids(session: &Session, id: i64, reasons: &mut BTreeMap<i64, Vec<Reason>>) -> Result<(), SharedError> {
    let (mine, other) = ("mine", "other");
    let select = Query::select()
        .columns([(other, "target_id"), (other, "scheme"), (other, "value")])
        .distinct()
        .from_as("external_id", Alias::new(mine))
        .join_as(
            JoinType::InnerJoin,
            "external_id",
            Alias::new(other),
            Expr::col((mine, "scheme"))
                .equals((other, "scheme"))
                .and(Expr::col((mine, "value")).equals((other, "value")))
                .and(Expr::col((mine, "target_kind")).equals((other, "target_kind"))),
        )
        .and_where(Expr::col((mine, "target_id")).eq(id))
        .and_where(Expr::col((other, "target_id")).ne(id))
        .limit(MAX_COMPARED as u64)
        .take();
    for row in session.all(&select).await?.iter() {
        let shared = Reason::ExternalId { scheme: row.get("scheme")?, value: row.get("value")? };
        reasons.entry(row.get("target_id")?).or_default().push(shared);
    }
    Ok(())
}

async fn names(
    session: &Session,
    id: i64,
    kind: SearchKind,
    reasons: &mut BTreeMap<i64, Vec<Reason>>,
) -> Result<(), SharedError> {
    let select = Query::select()
        .column("text")
        .from("name")
        .and_where(Expr::col("target_id").eq(id))
        .order_by("id", Order::Asc)
        .limit(MAX_NAMES)
        .take();
    let mut best: BTreeMap<i64, NameReason> = BTreeMap::new();
    for row in session.all(&select).await?.iter() {
        let name: String = row.get("text")?;
        for one in similar_bearers(session, &name, kind, MAX_COMPARED).await? {
            let reason =
                NameReason { name: name.clone(), other_name: one.name, rule: one.rule, closeness: one.closeness };
            let rank = |reason: &NameReason| (reason.rule, -(reason.closeness * 1000.0) as i64);
            match best.get(&one.id) {
                Some(known) if rank(known) <= rank(&reason) => {}
                _ => drop(best.insert(one.id, reason)),
            }
        }
    }
    for (other, reason) in best {
        reasons.entry(other).or_default().push(Reason::Name(reason));
    }
    Ok(())
}

/// Counts, for each of the other actors, the events that it shares with an actor.
fn events_of_actors(session: &Session, id: i64, others: &[i64]) -> SelectStatement {
    let (mine, theirs) = ("mine", "theirs");
    let dialect = session.dialect();
    Query::select()
        .expr_as(Expr::col((theirs, "actor_id")), "id")
        .expr_as(Func::count_distinct(Expr::col((theirs, "event_id"))), "count")
        .from_as("participation", Alias::new(theirs))
        .join_as(
            JoinType::InnerJoin,
            "participation",
            Alias::new(mine),
            Expr::col((mine, "event_id")).equals((theirs, "event_id")).and(Expr::col((mine, "actor_id")).eq(id)),
        )
        .and_where(dialect.is_one_of(Expr::col((theirs, "actor_id")), dialect.numbers(others)))
        .group_by_col((theirs, "actor_id"))
        .take()
}

/// Counts the actors that an event shares with each other event of the same type at an overlapping time.
fn events_like(id: i64) -> SelectStatement {
    let (this, mine, theirs, other) = ("this", "mine", "theirs", "other");
    let bound = |table: &'static str, column: &'static str| Expr::col((table, column));
    Query::select()
        .expr_as(Expr::col((other, "id")), "id")
        .expr_as(Func::count_distinct(Expr::col((theirs, "actor_id"))), "count")
        .from_as("event", Alias::new(this))
        .join_as(
            JoinType::InnerJoin,
            "participation",
            Alias::new(mine),
            Expr::col((mine, "event_id")).equals((this, "id")),
        )
        .join_as(
            JoinType::InnerJoin,
            "participation",
            Alias::new(theirs),
            Expr::col((theirs, "actor_id")).equals((mine, "actor_id")),
        )
        .join_as(
            JoinType::InnerJoin,
            "event",
            Alias::new(other),
            Expr::col((other, "id"))
                .equals((theirs, "event_id"))
                .and(Expr::col((other, "type")).equals((this, "type")))
                .and(bound(other, "earliest").lt(bound(this, "latest")))
                .and(bound(other, "latest").gt(bound(this, "earliest"))),
        )
        .and_where(Expr::col((this, "id")).eq(id))
        .and_where(Expr::col((other, "id")).ne(id))
        .group_by_col((other, "id"))
        .order_by("count", Order::Desc)
        .order_by((other, "id"), Order::Asc)
        .limit(MAX_COMPARED as u64)
        .take()
}

async fn shared_events(
    session: &Session,
    select: &SelectStatement,
    reasons: &mut BTreeMap<i64, Vec<Reason>>,
) -> Result<(), SharedError> {
    for row in session.all(select).await?.iter() {
        reasons.entry(row.get("id")?).or_default().push(Reason::Events(row.get("count")?));
    }
    Ok(())
}

/// Returns the entities that were decided to be NOT_SAME as this one, each as the entity it is merged into.
async fn decided_not_same(session: &Session, id: i64) -> Result<HashSet<i64>, SharedError> {
    let mut decided = HashSet::new();
    let resolved = |side: &'static str| {
        let select = Query::select()
            .expr(Func::coalesce([Expr::col(("record", "same_as_id")), Expr::col(("record", "id"))]))
            .from("record")
            .and_where(Expr::col(("record", "id")).equals(("merge", side)))
            .take();
        Expr::SubQuery(None, Box::new(select.into()))
    };
    let these = Query::select()
        .column("id")
        .from("record")
        .and_where(Expr::col("id").eq(id).or(Expr::col("same_as_id").eq(id)))
        .take();
    for (mine, other) in [("left_id", "right_id"), ("right_id", "left_id")] {
        let select = Query::select()
            .expr_as(resolved(other), "other")
            .from("merge")
            .and_where(Expr::col(("merge", "judgement")).eq("NOT_SAME"))
            .and_where(Expr::col(("merge", mine)).in_subquery(these.clone()))
            .take();
        for row in session.all(&select).await?.iter() {
            decided.insert(row.get::<i64>("other")?);
        }
    }
    Ok(decided)
}
