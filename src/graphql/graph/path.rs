//! Shortest paths between actors: a bidirectional breadth-first search.

use std::collections::HashMap;

use entity::actor;
use sea_orm::sea_query::{Expr, Query};

use crate::error::Error;
use crate::graphql::filter::{FilterContext, Selector};
use crate::graphql::graph::ActorLinkKind;
use crate::graphql::graph::hop::{Hop, Step, hops};
use crate::graphql::graph::search::GraphSearch;
use crate::graphql::plan::computed::{Call, Computed, FunctionFuture};
use crate::graphql::schema::object::object;
use crate::graphql::schema::root::root_fields;
use crate::graphql::session::{Session, SharedError};
use crate::graphql::types::node::NodeKind;

/// Maximum value of `maxHops`.
pub(crate) const MAX_HOPS: i32 = 6;
/// Maximum number of links of a frontier whose hops are all read.
const MAX_LINKS_READ: usize = 50_000;
/// Maximum number of links of a frontier among which one hop to the other frontier is searched. Links are not counted
/// beyond this.
const MAX_LINKS_PROBED: usize = 200_000;

object! {
    /// The result of a search for the shortest path between two actors.
    Path {
        /// Number of hops of the path, 0 from an actor to itself; null when no path was found.
        length: Option<i32> = own;
        /// Hops of the path, in order; empty when no path was found. Of several shortest paths, always the same one is
        /// returned.
        hops: Vec<Hop> = own;
        /// True if the search covered all paths of at most `maxHops` hops. If it is false and no path was found, there may
        /// be one: the search stopped because the actors reached from each end have more than 50,000 links.
        complete: bool = own;
    }
}

root_fields! {
    root_fields {
        /// Finds the shortest path from one actor to another. Each hop leads through an event, a statement or a relation.
        ///
        /// Places, and events whose occurrence is `SERIES`, are not links. Errors: `NOT_FOUND` for an unknown actor;
        /// `BAD_INPUT` for `maxHops` outside of 1 to 6.
        path(
            from: Selector, "The actor at the start of the path.";
            to: Selector, "The actor at the end of the path.";
            max_hops: i32 = 4, "Maximum number of hops, 1 to 6.";
            via: Option<Vec<ActorLinkKind>>, "Kinds of links through which hops may lead (default: all).";
        ): Option<Path> = function(path);
    }
}

/// The result of a search.
struct FoundPath {
    /// The hops of the path; none when no path was found.
    steps: Option<Vec<Step>>,
    complete: bool,
}

/// Finds the shortest path from one actor to another.
fn path<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let (from, to): (Selector, Selector) = (call.argument("from")?, call.argument("to")?);
        let via: Option<Vec<ActorLinkKind>> = call.argument("via")?;
        let found = path_between(call.session, &from, &to, call.argument("maxHops")?, via.as_deref()).await?;
        let steps = found.steps.as_deref();
        let hops = match steps {
            Some(steps) => hops(call.session, steps, |field| call.selects(&["hops", field])).await?.into(),
            None => Computed::List(Vec::new()),
        };
        let length = steps.map(|steps| steps.len() as i64).into();
        let fields = [("length", length), ("hops", hops), ("complete", found.complete.into())];
        Ok(call.at_root(Computed::object("Path", fields)))
    })
}

async fn path_between(
    session: &Session,
    from: &Selector,
    to: &Selector,
    max_hops: i32,
    via: Option<&[ActorLinkKind]>,
) -> Result<FoundPath, SharedError> {
    let max = usize::try_from(max_hops).ok().filter(|max| (1..=MAX_HOPS as usize).contains(max));
    let max =
        max.ok_or_else(|| Error::BadInput(format!("`maxHops: {max_hops}` is out of range: use 1 to {MAX_HOPS}")))?;
    let (from, to) = (actor_id(session, from).await?, actor_id(session, to).await?);
    find_path(session, ActorLinkKind::selected("via", via)?, from, to, max).await
}

/// Returns the id of the selected actor.
async fn actor_id(session: &Session, selector: &Selector) -> Result<i64, SharedError> {
    let mut context = FilterContext::new(session.dialect());
    let id = || Expr::col((actor::Entity, actor::Column::Id));
    let condition = selector.test(NodeKind::Actor, id(), &mut context)?;
    context.references.check(session).await?;
    let select = Query::select().expr_as(id(), "id").from(actor::Entity).and_where(condition).take();
    match session.all(&select).await?.first() {
        Some(row) => Ok(row.get("id")?),
        None => Err(Error::NotFound("The actor does not exist".into()).into()),
    }
}

/// The part of the search from one end.
struct Side {
    /// The actors reached, each with the hop that reached it; none for the end itself.
    reached: HashMap<i64, Option<Step>>,
    /// The actors reached by the last level.
    frontier: Vec<i64>,
}

impl Side {
    fn new(end: i64) -> Self {
        Self { reached: HashMap::from([(end, None)]), frontier: vec![end] }
    }

    /// Returns the hops from the end to an actor that was reached.
    fn path_to(&self, to: i64) -> Vec<Step> {
        let mut path = Vec::new();
        let mut at = to;
        while let Some(Some(step)) = self.reached.get(&at) {
            path.push(*step);
            at = step.from;
        }
        path.reverse();
        path
    }
}

async fn find_path(
    session: &Session,
    via: Vec<ActorLinkKind>,
    from: i64,
    to: i64,
    max: usize,
) -> Result<FoundPath, SharedError> {
    if from == to {
        return Ok(FoundPath { steps: Some(Vec::new()), complete: true });
    }
    let graph = GraphSearch::start(session, via, None).await?;
    let none = |complete| Ok(FoundPath { steps: None, complete });
    let mut sides = [Side::new(from), Side::new(to)];
    for hops in 1..=max {
        if sides.iter().any(|side| side.frontier.is_empty()) {
            return none(true);
        }
        let frontiers = sides.each_ref().map(|side| side.frontier.as_slice());
        let counts = graph.link_counts(session, frontiers, MAX_LINKS_PROBED).await?;
        // Expand the side with fewer links, so that a hub is expanded only when there is no path around it.
        let expanded = usize::from(counts[1] < counts[0]);
        if counts[expanded] >= MAX_LINKS_PROBED {
            return none(false);
        }
        let (side, other) = (&sides[expanded], &sides[1 - expanded]);
        if hops == max || counts[expanded] > MAX_LINKS_READ {
            return match graph.last_hop(session, &side.frontier, &other.frontier).await? {
                Some(step) => Ok(found(&sides, expanded, &[step], step.to)),
                None => none(hops == max),
            };
        }
        let steps = graph.hops_of_level(session, &side.frontier).await?;
        let steps: Vec<Step> = steps.into_iter().filter(|step| !side.reached.contains_key(&step.to)).collect();
        let met = steps.iter().filter(|step| other.reached.contains_key(&step.to)).min_by_key(|step| step.to).copied();
        if let Some(step) = met {
            return Ok(found(&sides, expanded, &[step], step.to));
        }
        let side = &mut sides[expanded];
        side.frontier = steps.iter().map(|step| step.to).collect();
        side.reached.extend(steps.into_iter().map(|step| (step.to, Some(step))));
    }
    none(true)
}

/// Joins the paths of both sides at the hop by which one side met the other.
fn found(sides: &[Side; 2], expanded: usize, met: &[Step], at: i64) -> FoundPath {
    let back = |step: &Step| Step { from: step.to, to: step.from, ..*step };
    let mut path: Vec<Step> =
        met.iter().flat_map(|step| sides[expanded].path_to(step.from)).chain(met.iter().copied()).collect();
    path.extend(sides[1 - expanded].path_to(at).iter().rev().map(back));
    if expanded == 1 {
        path = path.iter().rev().map(back).collect();
    }
    FoundPath { steps: Some(path), complete: true }
}
