//! Neighbors of actors in the actor graph: a breadth-first search for several actors at once.

use std::collections::{HashMap, HashSet};

use crate::error::Error;
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::filter::{FilterContext, NodeFilter};
use crate::graphql::graph::ActorLinkKind;
use crate::graphql::graph::hop::{Hop, Step, hops};
use crate::graphql::graph::search::GraphSearch;
use crate::graphql::plan::computed::{Call, Computed, ComputedObject, FunctionFuture, Values};
use crate::graphql::plan::level::ValueShown;
use crate::graphql::schema::object::object;
use crate::graphql::session::{Session, SharedError};
use crate::graphql::types::actor::Actor;
use crate::graphql::types::event::EventFilter;
use crate::graphql::types::node::NodeKind;

/// Maximum value of `depth`.
const MAX_DEPTH: i32 = 3;
/// Maximum number of neighbors of one actor at one distance from which the search continues.
const MAX_FRONTIER: usize = 2_000;
/// Maximum number of links of an actor through which the search continues: a hub that is linked to nearly everybody
/// does not show how two actors are connected.
const MAX_LINKS: usize = 10_000;

/// The arguments of the fields `neighbors` and `appearsWith`.
struct NeighborArgs {
    via: Option<Vec<ActorLinkKind>>,
    depth: i32,
    first: i32,
    /// Only events that match this filter are links.
    events: Option<EventFilter>,
}

/// A search for the neighbors of actors, with its result.
struct NeighborSearch {
    graph: GraphSearch,
    /// By actor, in the order of `Neighborhood.nodes`.
    neighbors: HashMap<i64, Vec<FoundNeighbor>>,
    /// For each distance, the actors from which the neighbors at this distance were found, as pairs of origin and
    /// actor.
    frontiers: Vec<Vec<(i64, i64)>>,
    /// The actors whose neighbors are not all in `neighbors`.
    incomplete: HashSet<i64>,
}

/// A neighbor by id.
#[derive(Clone, Copy)]
struct FoundNeighbor {
    actor: i64,
    distance: usize,
    link_count: i64,
}

object! {
    /// The neighbors of an actor in the actor graph.
    Neighborhood {
        /// The neighbors, nearest first, then by descending `linkCount`, then by id.
        nodes: Vec<Neighbor> = own;
        /// True if `nodes` has all neighbors within `depth` hops.
        ///
        /// It is false when there are more than `first`, when there are more than 2,000 at one distance (the search does
        /// not continue from them), or when an actor on the way has more than 10,000 links (the search does not continue
        /// through it).
        complete: bool = own;
    }
}

object! {
    /// A neighbor of an actor, with the hops that lead to it.
    Neighbor {
        /// The neighboring actor.
        actor: Actor = own;
        /// Length of the shortest path to it, in hops.
        distance: i32 = own;
        /// Number of events, statements and relations that link it to actors one hop nearer.
        link_count: i32 = own;
        /// Hops to it from actors one hop nearer, in import order of their links. Error: `LIMIT` for `first` above 500.
        hops(first: i32 = 3, "Maximum number of hops, 0 to 500.";): Vec<Hop> = own;
    }
}

/// Searches from all origins at once, level by level.
async fn run_search(session: &Session, origins: &[i64], args: &NeighborArgs) -> Result<NeighborSearch, SharedError> {
    let (first, _) = PageArgs { first: Some(args.first), ..PageArgs::default() }.size()?;
    let depth = usize::try_from(args.depth).ok().filter(|depth| (1..=MAX_DEPTH as usize).contains(depth));
    let depth = depth
        .ok_or_else(|| Error::BadInput(format!("`depth: {}` is out of range: use 1 to {MAX_DEPTH}", args.depth)))?;
    let events = match &args.events {
        Some(filter) => {
            let mut context = FilterContext::new(session.dialect());
            let condition = filter.condition(&mut context)?;
            context.references.check(session).await?;
            Some(condition)
        }
        None => None,
    };
    let via = ActorLinkKind::selected("via", args.via.as_deref())?;
    let mut search = NeighborSearch {
        graph: GraphSearch::start(session, via, events).await?,
        neighbors: HashMap::new(),
        frontiers: Vec::new(),
        incomplete: HashSet::new(),
    };
    let mut frontier: Vec<(i64, i64)> = origins.iter().map(|origin| (*origin, *origin)).collect();
    let mut visited = frontier.clone();
    for distance in 1..=depth {
        if frontier.is_empty() {
            break;
        }
        let has_next_level = distance < depth;
        let limit = if has_next_level { MAX_FRONTIER.max(first) } else { first };
        let level = search.graph.next_level(session, &frontier, &visited, limit).await?;
        let mut next = Vec::new();
        for (origin, level) in level {
            if level.len() > limit {
                search.incomplete.insert(origin);
            }
            visited.extend(level.iter().take(limit).map(|(actor, _)| (origin, *actor)));
            if has_next_level && level.len() <= limit {
                next.extend(level.iter().map(|(actor, _)| (origin, *actor)));
            }
            let neighbors =
                level.into_iter().take(limit).map(|(actor, link_count)| FoundNeighbor { actor, distance, link_count });
            search.neighbors.entry(origin).or_default().extend(neighbors);
        }
        search.frontiers.push(std::mem::replace(&mut frontier, next));
        if has_next_level {
            let hubs = search.graph.hubs(session, &frontier, MAX_LINKS).await?;
            let is_no_hub = |(origin, actor): &(i64, i64)| {
                let is_hub = hubs.contains(actor);
                if is_hub {
                    search.incomplete.insert(*origin);
                }
                !is_hub
            };
            frontier.retain(is_no_hub);
        }
    }
    for (origin, neighbors) in &mut search.neighbors {
        if neighbors.len() > first {
            search.incomplete.insert(*origin);
            neighbors.truncate(first);
        }
    }
    Ok(search)
}

/// Finds the first hops to each neighbor, by origin and neighbor.
async fn steps_to_neighbors(
    session: &Session,
    search: &NeighborSearch,
    first: i32,
) -> Result<HashMap<(i64, i64), Vec<Step>>, SharedError> {
    let (first, _) = PageArgs { first: Some(first), ..PageArgs::default() }.size()?;
    let mut steps: HashMap<(i64, i64), Vec<Step>> = HashMap::new();
    for (at, nearer) in search.frontiers.iter().enumerate() {
        let at_distance = |neighbor: &&FoundNeighbor| neighbor.distance == at + 1;
        let targets: Vec<(i64, i64)> = search
            .neighbors
            .iter()
            .flat_map(|(origin, neighbors)| {
                neighbors.iter().filter(at_distance).map(|neighbor| (*origin, neighbor.actor))
            })
            .collect();
        if targets.is_empty() {
            continue;
        }
        for (origin, step) in search.graph.hops_to(session, targets, nearer, first).await? {
            steps.entry((origin, step.to)).or_default().push(step);
        }
    }
    Ok(steps)
}

/// Computes the field `neighbors` of actors.
pub(crate) fn neighbors_of_actors<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let (via, depth, first) = (call.argument("via")?, call.argument("depth")?, call.argument("first")?);
        neighborhoods(call, NeighborArgs { via, depth, first, events: None }).await
    })
}

/// Computes the field `appearsWith` of actors.
pub(crate) fn appearances_of_actors<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let (events, first) = (call.argument("filter")?, call.argument("first")?);
        neighborhoods(call, NeighborArgs { via: Some(vec![ActorLinkKind::Event]), depth: 1, first, events }).await
    })
}

async fn neighborhoods(call: &Call<'_>, args: NeighborArgs) -> Result<Values, SharedError> {
    let search = run_search(call.session, call.ids, &args).await?;
    let neighbor = |neighbor: &FoundNeighbor| {
        ComputedObject::new(
            "Neighbor",
            [
                ("actor", Computed::node(NodeKind::Actor, neighbor.actor)),
                ("distance", Computed::Int(neighbor.distance as i64)),
                ("linkCount", Computed::Int(neighbor.link_count)),
            ],
        )
    };
    let mut found: Vec<(i64, i64, ComputedObject)> = Vec::new();
    for (origin, neighbors) in &search.neighbors {
        found.extend(neighbors.iter().map(|one| (*origin, one.actor, neighbor(one))));
    }
    let nodes = call.shown.parts().iter().filter(|part| part.name == "nodes");
    for part in nodes.flat_map(|part| part.shown.parts()).filter(|part| part.name == "hops") {
        let hops = async {
            let first = call.request.field(&part.arguments).get("first")?;
            hops_to_neighbors(call.session, &search, first, &part.shown).await
        };
        let mut hops = hops.await;
        for (origin, actor, object) in &mut found {
            let own = hops.as_mut().map(|hops| hops.remove(&(*origin, *actor)).unwrap_or_default());
            object.push(part, own.map_or_else(|error| Computed::Error(error.clone()), Computed::List));
        }
    }
    let mut by_origin: HashMap<i64, Vec<Computed>> = HashMap::new();
    for (origin, _, object) in found {
        by_origin.entry(origin).or_default().push(Computed::Object(object));
    }
    let neighborhood = |origin: &i64| {
        let nodes = by_origin.remove(origin).unwrap_or_default();
        let fields = [("nodes", nodes.into()), ("complete", (!search.incomplete.contains(origin)).into())];
        (*origin, Computed::object("Neighborhood", fields))
    };
    Ok(call.ids.iter().map(neighborhood).collect())
}

/// Finds the first hops to each neighbor, by origin and neighbor.
async fn hops_to_neighbors(
    session: &Session,
    search: &NeighborSearch,
    first: i32,
    shown: &ValueShown,
) -> Result<HashMap<(i64, i64), Vec<Computed>>, SharedError> {
    let by_neighbor = steps_to_neighbors(session, search, first).await?;
    let (mut owners, mut steps) = (Vec::new(), Vec::new());
    for (owner, own) in by_neighbor {
        owners.extend(own.iter().map(|_| owner));
        steps.extend(own);
    }
    let mut all: HashMap<(i64, i64), Vec<Computed>> = HashMap::new();
    for (owner, hop) in owners.into_iter().zip(hops(session, &steps, |field| shown.selects(&[field])).await?) {
        all.entry(owner).or_default().push(hop);
    }
    Ok(all)
}
