//! The shortest way from one actor to another, sought from both ends at once.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, Object};
use entity::actor;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};

use crate::error::Error;
use crate::graphql::filter::{FilterContext, Selector};
use crate::graphql::graph::ActorLinkKind;
use crate::graphql::graph::hop::{Hop, Hops, Step};
use crate::graphql::graph::hop_query::{degree, with_hops};
use crate::graphql::loading::session::{Session, SharedError, session};
use crate::graphql::types::node::NodeKind;

/// The most hops.
const LONGEST: i32 = 6;
/// The most ties from which all hops are read.
const MOST_READ: i64 = 50_000;
/// The most ties among which the one hop is looked for that leads to the other side; more are not counted either.
const MOST_LOOKED: i64 = 200_000;

/// Shortest ways between actors.
#[derive(Default)]
pub struct PathQuery;

/// What was found between two actors.
pub struct Path {
    hops: Option<Arc<Hops>>,
    complete: bool,
}

/// What was found between two actors.
#[Object]
impl Path {
    /// How many hops the shortest way has, 0 from an actor to itself; null when none was found.
    async fn length(&self) -> Option<usize> {
        self.hops.as_ref().map(|hops| hops.all().len())
    }
    /// The hops, in order; of several shortest ways one, the same each time.
    async fn hops(&self) -> Vec<Hop> {
        self.hops.as_ref().map(Hops::all).unwrap_or_default()
    }
    /// Whether all ways of at most `maxHops` hops were looked at. When it is false and no way was found, there may be one: both
    /// ends have so many ties (50,000 and more) that it was not gone on.
    async fn complete(&self) -> bool {
        self.complete
    }
}

/// Shortest ways between actors.
#[Object]
impl PathQuery {
    /// The shortest way from one actor to another, a hop at a time through events, statements and relations, never through a
    /// place or a `SERIES`. Errors: `NOT_FOUND` for an actor that is not there, `BAD_INPUT` for `maxHops` outside of 1 to 6.
    async fn path(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The actor to start from.")] from: Selector,
        #[graphql(desc = "The actor to arrive at.")] to: Selector,
        #[graphql(desc = "The most hops to go, 1 to 6.", default = 4)] max_hops: i32,
        #[graphql(desc = "Through what hops may lead; all kinds when left out.")] via: Option<Vec<ActorLinkKind>>,
    ) -> Option<Result<Path, SharedError>> {
        let found = async {
            let session = session(ctx)?;
            let most = usize::try_from(max_hops).ok().filter(|most| (1..=LONGEST as usize).contains(most));
            let most = most.ok_or_else(|| {
                Error::BadInput(format!("`maxHops: {max_hops}` is no number of hops to go: write 1 to {LONGEST}"))
            })?;
            let (from, to) = (actor(session, &from).await?, actor(session, &to).await?);
            seek(session, &ActorLinkKind::asked("via", via.as_deref())?, from, to, most).await
        };
        Some(found.await)
    }
}

/// The number of the actor selected.
async fn actor(session: &Session, selector: &Selector) -> Result<i64, SharedError> {
    let mut context = FilterContext::new(session.dialect());
    let id = || Expr::col((actor::Entity, actor::Column::Id));
    let condition = selector.test(NodeKind::Actor, id(), &mut context)?;
    context.look_up(session).await?;
    let select = Query::select().expr_as(id(), "id").from(actor::Entity).and_where(condition).take();
    match session.all(&select).await?.first() {
        Some(row) => Ok(row.try_get("", "id")?),
        None => Err(Error::NotFound("The actor is gone".into()).into()),
    }
}

/// What was reached from one end.
struct Side {
    /// The actors reached, each with the hop by which it was.
    reached: HashMap<i64, Option<Step>>,
    /// Those reached by the last level.
    frontier: Vec<i64>,
}

impl Side {
    fn new(end: i64) -> Self {
        Self { reached: HashMap::from([(end, None)]), frontier: vec![end] }
    }

    /// The hops from the end to an actor that was reached.
    fn way(&self, to: i64) -> Vec<Step> {
        let mut way = Vec::new();
        let mut at = to;
        while let Some(Some(step)) = self.reached.get(&at) {
            way.push(*step);
            at = step.from;
        }
        way.reverse();
        way
    }
}

async fn seek(session: &Session, via: &[ActorLinkKind], from: i64, to: i64, most: usize) -> Result<Path, SharedError> {
    if from == to {
        return Ok(Path { hops: Some(Hops::new(Vec::new())), complete: true });
    }
    let none = |complete| Ok(Path { hops: None, complete });
    let mut sides = [Side::new(from), Side::new(to)];
    for hops in 1..=most {
        if sides.iter().any(|side| side.frontier.is_empty()) {
            return none(true);
        }
        let costs = costs(session, via, &sides).await?;
        // The side with fewer ties goes on, so a hub is gone through only when there is no way around it.
        let near = usize::from(costs[1] < costs[0]);
        if costs[near] >= MOST_LOOKED {
            return none(false);
        }
        let (side, other) = (&sides[near], &sides[1 - near]);
        if hops == most || costs[near] > MOST_READ {
            return match last_hop(session, via, &side.frontier, &other.frontier).await? {
                Some(step) => Ok(found(&sides, near, &[step], step.to)),
                None => none(hops == most),
            };
        }
        let steps = all_hops(session, via, &side.frontier).await?;
        let steps: Vec<Step> = steps.into_iter().filter(|step| !side.reached.contains_key(&step.to)).collect();
        let met = steps.iter().filter(|step| other.reached.contains_key(&step.to)).min_by_key(|step| step.to).copied();
        if let Some(step) = met {
            return Ok(found(&sides, near, &[step], step.to));
        }
        let side = &mut sides[near];
        side.frontier = steps.iter().map(|step| step.to).collect();
        side.reached.extend(steps.into_iter().map(|step| (step.to, Some(step))));
    }
    none(true)
}

/// The whole way, over the hop by which one side met the other.
fn found(sides: &[Side; 2], near: usize, met: &[Step], at: i64) -> Path {
    let back = |step: &Step| Step { from: step.to, to: step.from, ..*step };
    let mut way: Vec<Step> =
        met.iter().flat_map(|step| sides[near].way(step.from)).chain(met.iter().copied()).collect();
    way.extend(sides[1 - near].way(at).iter().rev().map(back));
    if near == 1 {
        way = way.iter().rev().map(back).collect();
    }
    Path { hops: Some(Hops::new(way)), complete: true }
}

/// How many ties both sides have.
async fn costs(session: &Session, via: &[ActorLinkKind], sides: &[Side; 2]) -> Result<[i64; 2], SharedError> {
    let dialect = session.dialect();
    let mut select = Query::select();
    for (side, name) in sides.iter().zip(["near", "far"]) {
        let of_side = |actor| dialect.is_one_of(actor, dialect.numbers(&side.frontier));
        select.expr_as(degree(of_side, via, MOST_LOOKED.unsigned_abs()), name);
    }
    let rows = session.all(&select).await?;
    let row = rows.first().ok_or_else(|| Error::Broken("a count gave no row".into()))?;
    Ok([row.try_get("", "near")?, row.try_get("", "far")?])
}

fn from_all(frontier: &[i64]) -> Vec<(i64, i64)> {
    frontier.iter().map(|actor| (0, *actor)).collect()
}

/// To each actor that is a hop away the first hop.
async fn all_hops(session: &Session, via: &[ActorLinkKind], frontier: &[i64]) -> Result<Vec<Step>, SharedError> {
    let ranked = Query::select()
        .columns(["from", "thing", "kind", "to"])
        .expr_as(Expr::cust("ROW_NUMBER() OVER (PARTITION BY \"to\" ORDER BY \"thing\", \"from\")"), "rank")
        .from("hops")
        .take();
    let mut select = Query::select();
    select
        .columns(["from", "thing", "kind", "to"])
        .from_subquery(ranked, "ranked")
        .and_where(Expr::col("rank").eq(1))
        .order_by("to", Order::Asc);
    steps(session, &with_hops(&mut select, session.dialect(), &from_all(frontier), via, None)).await
}

/// The first hop from one frontier to the other.
async fn last_hop(
    session: &Session,
    via: &[ActorLinkKind],
    from: &[i64],
    to: &[i64],
) -> Result<Option<Step>, SharedError> {
    let dialect = session.dialect();
    let mut select = Query::select();
    select
        .columns(["from", "thing", "kind", "to"])
        .from("hops")
        .and_where(dialect.is_one_of(Expr::col("to"), dialect.numbers(to)))
        .order_by("thing", Order::Asc)
        .order_by("from", Order::Asc)
        .order_by("to", Order::Asc)
        .limit(1);
    Ok(steps(session, &with_hops(&mut select, dialect, &from_all(from), via, None)).await?.pop())
}

async fn steps(session: &Session, select: &sea_orm::sea_query::SelectStatement) -> Result<Vec<Step>, SharedError> {
    let mut steps = Vec::new();
    for row in session.all(select).await? {
        let Some(kind) = ActorLinkKind::parse(&row.try_get::<String>("", "kind")?) else { continue };
        let (from, to, thing) = (row.try_get("", "from")?, row.try_get("", "to")?, row.try_get("", "thing")?);
        steps.push(Step { from, to, thing, kind });
    }
    Ok(steps)
}
