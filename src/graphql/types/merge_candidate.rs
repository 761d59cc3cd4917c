//! Things that may be one with another, and why one may think so.

use std::collections::{BTreeMap, HashMap, HashSet};

use async_graphql::{Context, ID, Object, SimpleObject, Union};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement};

use crate::error::Error;
use crate::graphql::loading::session::{Session, SharedError, session};
use crate::graphql::search::{SearchKind, SearchRule, alike};
use crate::graphql::types::node::{Node, NodeKind, load, parse};

/// Names of a thing by which others are looked for.
const MOST_NAMES: u64 = 8;
/// Others that are looked at by each name, and by events.
const MOST_LOOKED_AT: usize = 50;
/// The most candidates.
const MOST: i32 = 100;

/// A thing that may be one with the thing asked for.
#[derive(SimpleObject)]
pub struct MergeCandidate {
    /// The other thing.
    node: Node,
    /// Why it may be the same, the strongest reason first.
    reasons: Vec<MergeReason>,
}

/// Why two things may be one.
#[derive(Clone, Union)]
pub enum MergeReason {
    /// Both have an id elsewhere.
    ExternalId(SharedExternalId),
    /// They have names that agree.
    Name(SimilarName),
    /// They have a part in the same events, or the same actors in them.
    Events(SharedEvents),
}

/// An id elsewhere that both have.
#[derive(Clone, SimpleObject)]
pub struct SharedExternalId {
    /// Who gives such ids.
    scheme: String,
    /// The id.
    value: String,
}

/// A name of the other that agrees with one of the thing.
#[derive(Clone, SimpleObject)]
pub struct SimilarName {
    /// The thing's name.
    name: String,
    /// The other's name.
    other_name: String,
    /// By which rule they agree.
    rule: SearchRule,
    /// How near they are, from 0 to 1, the same letters, in thousandths.
    closeness: f64,
}

/// What they have in common in events.
#[derive(Clone, SimpleObject)]
pub struct SharedEvents {
    /// Of actors: events in which both have a part. Of events: actors that have a part in both, where the types agree and
    /// the times overlap. Of places: none.
    count: i32,
}

/// What may be one.
#[derive(Default)]
pub struct MergeCandidateQuery;

/// What may be one.
#[Object]
impl MergeCandidateQuery {
    /// Things that may be the same as an actor, place or event, and why: a shared id elsewhere first, then names in any script,
    /// then shared events. Pairs that were judged NOT_SAME are left out, and an anonymous source has none. Nothing is merged:
    /// see the mutations `mergeActors`, `mergePlaces`, `mergeEvents`. Errors: `BAD_INPUT` for an id of another noun, `LIMIT` for
    /// more than 100.
    async fn merge_candidates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of an actor, place or event.")] of: ID,
        #[graphql(desc = "How many, 0 to 100.", default = 10)] first: i32,
    ) -> Option<Result<Vec<MergeCandidate>, SharedError>> {
        Some(candidates(ctx, &of, first).await)
    }
}

async fn candidates(ctx: &Context<'_>, of: &ID, first: i32) -> Result<Vec<MergeCandidate>, SharedError> {
    let (kind, id) = parse(of)?;
    if first > MOST {
        return Err(Error::Limit(format!("`first: {first}` is too many: ask for at most {MOST}")).into());
    }
    let first = usize::try_from(first).map_err(|_| Error::BadInput(format!("`first: {first}` is negative")))?;
    let session = session(ctx)?;
    let mut reasons: BTreeMap<i64, Vec<MergeReason>> = BTreeMap::new();
    external_ids(session, id, &mut reasons).await?;
    match kind {
        NodeKind::Actor | NodeKind::Place => {
            let searched = if kind == NodeKind::Actor { SearchKind::Actor } else { SearchKind::Place };
            names(session, id, searched, &mut reasons).await?;
            if kind == NodeKind::Actor {
                let found: Vec<i64> = reasons.keys().copied().collect();
                counted(session, &events_of_actors(session, id, &found), &mut reasons).await?;
            }
        }
        NodeKind::Event => counted(session, &events_like(id), &mut reasons).await?,
        _ => return Err(Error::BadInput("Only actors, places and events can be one: give the id of one".into()).into()),
    }
    for judged in judged_two(session, id).await? {
        reasons.remove(&judged);
    }
    reasons.remove(&id);
    let mut all: Vec<(i64, Vec<MergeReason>)> = reasons.into_iter().collect();
    all.sort_by_key(|(id, reasons)| (reasons.first().map(strength), *id));
    let ids: Vec<i64> = all.iter().map(|(id, _)| *id).collect();
    let mut nodes: HashMap<i64, Node> =
        if ids.is_empty() { HashMap::new() } else { load(session, kind, &ids).await?.into_iter().collect() };
    let fits = |node: &Node| !matches!(node, Node::AnonymousSource(_));
    let some = all.into_iter().filter_map(|(id, reasons)| {
        let node = nodes.remove(&id).filter(fits)?;
        Some(MergeCandidate { node, reasons })
    });
    Ok(some.take(first).collect())
}

/// What candidates are ordered by: the smaller the stronger.
fn strength(reason: &MergeReason) -> (u8, i64) {
    match reason {
        MergeReason::ExternalId(_) => (0, 0),
        MergeReason::Name(name) => (1 + name.rule as u8, -(name.closeness * 1000.0) as i64),
        MergeReason::Events(events) => (100, -i64::from(events.count)),
    }
}

async fn external_ids(
    session: &Session,
    id: i64,
    reasons: &mut BTreeMap<i64, Vec<MergeReason>>,
) -> Result<(), SharedError> {
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
        .limit(MOST_LOOKED_AT as u64)
        .take();
    for row in session.all(&select).await? {
        let shared = SharedExternalId { scheme: row.try_get("", "scheme")?, value: row.try_get("", "value")? };
        reasons.entry(row.try_get("", "target_id")?).or_default().push(MergeReason::ExternalId(shared));
    }
    Ok(())
}

async fn names(
    session: &Session,
    id: i64,
    kind: SearchKind,
    reasons: &mut BTreeMap<i64, Vec<MergeReason>>,
) -> Result<(), SharedError> {
    let select = Query::select()
        .column("text")
        .from("name")
        .and_where(Expr::col("target_id").eq(id))
        .order_by("id", Order::Asc)
        .limit(MOST_NAMES)
        .take();
    let mut best: BTreeMap<i64, SimilarName> = BTreeMap::new();
    for row in session.all(&select).await? {
        let name: String = row.try_get("", "text")?;
        for one in alike(session, &name, kind, MOST_LOOKED_AT).await? {
            let reason =
                SimilarName { name: name.clone(), other_name: one.name, rule: one.rule, closeness: one.closeness };
            let rank = |reason: &SimilarName| (reason.rule, -(reason.closeness * 1000.0) as i64);
            match best.get(&one.id) {
                Some(known) if rank(known) <= rank(&reason) => {}
                _ => drop(best.insert(one.id, reason)),
            }
        }
    }
    for (other, reason) in best {
        reasons.entry(other).or_default().push(MergeReason::Name(reason));
    }
    Ok(())
}

/// Counts the events in which an actor and others have a part.
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

/// Counts the actors that have a part both in an event and in others of its type at its time.
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
        .limit(MOST_LOOKED_AT as u64)
        .take()
}

async fn counted(
    session: &Session,
    select: &SelectStatement,
    reasons: &mut BTreeMap<i64, Vec<MergeReason>>,
) -> Result<(), SharedError> {
    for row in session.all(select).await? {
        let count = i32::try_from(row.try_get::<i64>("", "count")?).unwrap_or(i32::MAX);
        reasons.entry(row.try_get("", "id")?).or_default().push(MergeReason::Events(SharedEvents { count }));
    }
    Ok(())
}

/// Those of which it was judged that they are not this thing.
async fn judged_two(session: &Session, id: i64) -> Result<HashSet<i64>, SharedError> {
    let mut judged = HashSet::new();
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
        for row in session.all(&select).await? {
            judged.insert(row.try_get::<i64>("", "other")?);
        }
    }
    Ok(judged)
}
