//! Neighbors of actors in the actor graph: a breadth-first search for a whole batch of actors at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_graphql::{Context, Object};
use entity::actor;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use tokio::sync::OnceCell;

use crate::db::{Dialect, LIST};
use crate::error::Error;
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::executor::list::ResolvedList;
use crate::graphql::filter::{FilterContext, NodeFilter};
use crate::graphql::graph::ActorLinkKind;
use crate::graphql::graph::hop::{Hop, Hops, Step, load_actors, missing_node};
use crate::graphql::graph::hop_query::{degree, with_hops};
use crate::graphql::loading::batch::{LoadOnce, LoaderCache, Row};
use crate::graphql::loading::session::{Session, SharedError, session};
use crate::graphql::types::actor::Actor;
use crate::graphql::types::event::EventFilter;

/// Maximum value of `depth`.
const MAX_DEPTH: i32 = 3;
/// Maximum number of neighbors of one actor at one distance from which the search continues.
const MAX_FRONTIER: usize = 2_000;
/// Maximum number of links of an actor through which the search continues: a hub that is linked to nearly everybody
/// does not show how two actors are connected.
const MAX_LINKS: u64 = 10_000;

/// The arguments of the fields `neighbors` and `appearsWith`.
pub(crate) struct NeighborArgs {
    pub(crate) via: Option<Vec<ActorLinkKind>>,
    pub(crate) depth: i32,
    pub(crate) first: i32,
    /// Only events that match this filter are links.
    pub(crate) events: Option<Box<EventFilter>>,
}

/// A search for the neighbors of all actors of a batch, with its result.
struct NeighborSearch {
    via: Vec<ActorLinkKind>,
    events: Option<Expr>,
    /// By actor, in the order of `Neighborhood.nodes`.
    neighbors: HashMap<i64, Vec<FoundNeighbor>>,
    /// For each distance, the actors from which the neighbors at this distance were found, as pairs of origin and
    /// actor.
    frontiers: Vec<Vec<(i64, i64)>>,
    /// The actors whose neighbors are not all in `neighbors`.
    incomplete: HashSet<i64>,
    actors: LoadOnce<HashMap<i64, Actor>>,
    loads: LoaderCache,
}

/// A neighbor by id.
#[derive(Clone, Copy)]
struct FoundNeighbor {
    actor: i64,
    distance: usize,
    link_count: i64,
}

/// The neighbors of an actor in the actor graph.
pub struct Neighborhood {
    search: Arc<NeighborSearch>,
    origin: i64,
}

/// A neighbor of an actor, with the hops that lead to it.
pub struct Neighbor {
    search: Arc<NeighborSearch>,
    origin: i64,
    neighbor: FoundNeighbor,
}

/// Returns the neighbors of an actor, searched once for its whole batch.
pub(crate) async fn neighbors(
    row: &Row<actor::Entity>,
    ctx: &Context<'_>,
    args: NeighborArgs,
) -> Result<Neighborhood, SharedError> {
    let search = row.load_for_batch(ctx, async |rows| {
        let origins: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
        run_search(session(ctx)?, &origins, &args).await.map(Arc::new)
    });
    Ok(Neighborhood { search: Arc::clone(&*search.await?), origin: row.id.0 })
}

/// Searches from all origins at once, with one SQL statement per level, and one to find hubs between levels.
async fn run_search(session: &Session, origins: &[i64], args: &NeighborArgs) -> Result<NeighborSearch, SharedError> {
    let (first, _) = PageArgs { first: Some(args.first), ..PageArgs::default() }.size()?;
    let depth = usize::try_from(args.depth).ok().filter(|depth| (1..=MAX_DEPTH as usize).contains(depth));
    let depth = depth
        .ok_or_else(|| Error::BadInput(format!("`depth: {}` is out of range: use 1 to {MAX_DEPTH}", args.depth)))?;
    let events = match &args.events {
        Some(filter) => {
            let mut context = FilterContext::new(session.dialect());
            let condition = filter.condition(&mut context)?;
            context.check_references(session).await?;
            Some(condition)
        }
        None => None,
    };
    let via = ActorLinkKind::selected("via", args.via.as_deref())?;
    let mut search = NeighborSearch {
        via,
        events,
        neighbors: HashMap::new(),
        frontiers: Vec::new(),
        incomplete: HashSet::new(),
        actors: OnceCell::new(),
        loads: LoaderCache::default(),
    };
    let mut frontier: Vec<(i64, i64)> = origins.iter().map(|origin| (*origin, *origin)).collect();
    let mut visited = frontier.clone();
    for distance in 1..=depth {
        if frontier.is_empty() {
            break;
        }
        let has_next_level = distance < depth;
        let limit = if has_next_level { MAX_FRONTIER.max(first) } else { first };
        let level = load_level(session, &search, &frontier, &visited, limit).await?;
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
            let hubs = hubs(session, &frontier, &search.via).await?;
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

/// Loads the actors one hop further, by origin: those with most links first. Up to one more than `limit` is loaded per
/// origin, to detect that there are more.
async fn load_level(
    session: &Session,
    search: &NeighborSearch,
    frontier: &[(i64, i64)],
    visited: &[(i64, i64)],
    limit: usize,
) -> Result<HashMap<i64, Vec<(i64, i64)>>, SharedError> {
    let dialect = session.dialect();
    let counted = Query::select()
        .columns(["origin", "to"])
        .expr_as(Expr::cust("COUNT(DISTINCT \"link\")"), "link_count")
        .from("hops")
        .and_where(origin_and_actor().in_subquery(dialect.pairs(visited, ["origin", "to"])).not())
        .group_by_columns(["origin", "to"])
        .take();
    let ranked = Query::select()
        .columns(["origin", "to", "link_count"])
        .expr_as(Expr::cust("ROW_NUMBER() OVER (PARTITION BY \"origin\" ORDER BY \"link_count\" DESC, \"to\")"), "rank")
        .from_subquery(counted, "counted")
        .take();
    let mut select = Query::select();
    select
        .columns(["origin", "to", "link_count"])
        .from_subquery(ranked, "ranked")
        .and_where(Expr::col("rank").lte(limit as i64 + 1))
        .order_by("origin", Order::Asc)
        .order_by("rank", Order::Asc);
    let select = with_hops(&mut select, dialect, frontier, &search.via, search.events.as_ref());
    let mut level: HashMap<i64, Vec<(i64, i64)>> = HashMap::new();
    for row in session.all(&select).await?.iter() {
        level.entry(row.get("origin")?).or_default().push((row.get("to")?, row.get("link_count")?));
    }
    Ok(level)
}

/// The pair of the columns `origin` and `to` of `hops`.
fn origin_and_actor() -> Expr {
    Expr::tuple([Expr::col("origin"), Expr::col("to")])
}

/// Returns the actors of the frontier that have too many links to continue from.
async fn hubs(session: &Session, frontier: &[(i64, i64)], via: &[ActorLinkKind]) -> Result<HashSet<i64>, SharedError> {
    let mut actors: Vec<i64> = frontier.iter().map(|(_, actor)| *actor).collect();
    actors.sort_unstable();
    actors.dedup();
    let dialect: Dialect = session.dialect();
    let degree = degree(|actor| actor.eq(dialect.item()), via, MAX_LINKS + 1);
    let select = Query::select()
        .expr_as(dialect.item(), "actor")
        .from_function(dialect.table(dialect.numbers(&actors)), LIST)
        .and_where(degree.gt(MAX_LINKS as i64))
        .take();
    session.all(&select).await?.iter().map(|row| Ok(row.get("actor")?)).collect()
}

/// The neighbors of an actor in the actor graph.
#[Object]
impl Neighborhood {
    /// The neighbors, nearest first, then by descending `linkCount`, then by id.
    async fn nodes(&self) -> ResolvedList<Neighbor> {
        let neighbors = self.search.neighbors.get(&self.origin).into_iter().flatten();
        neighbors
            .map(|neighbor| Neighbor { search: Arc::clone(&self.search), origin: self.origin, neighbor: *neighbor })
            .collect()
    }
    /// True if `nodes` has all neighbors within `depth` hops.
    ///
    /// It is false when there are more than `first`, when there are more than 2,000 at one distance (the search does
    /// not continue from them), or when an actor on the way has more than 10,000 links (the search does not continue
    /// through it).
    async fn complete(&self) -> bool {
        !self.search.incomplete.contains(&self.origin)
    }
}

/// A neighbor of an actor, with the hops that lead to it.
#[Object]
impl Neighbor {
    /// The neighboring actor.
    async fn actor(&self, ctx: &Context<'_>) -> Result<Actor, SharedError> {
        let all = self.search.actors.get_or_init(async || {
            let mut ids: Vec<i64> = self.search.neighbors.values().flatten().map(|neighbor| neighbor.actor).collect();
            ids.sort_unstable();
            ids.dedup();
            load_actors(session(ctx)?, &ids).await
        });
        let actor = all.await.as_ref().map_err(Clone::clone)?.get(&self.neighbor.actor).cloned();
        actor.ok_or_else(missing_node)
    }
    /// Length of the shortest path to it, in hops.
    async fn distance(&self) -> usize {
        self.neighbor.distance
    }
    /// Number of events, statements and relations that link it to actors one hop nearer.
    async fn link_count(&self) -> i64 {
        self.neighbor.link_count
    }
    /// Hops to it from actors one hop nearer, in import order of their links. Error: `LIMIT` for `first` above 500.
    async fn hops(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Maximum number of hops, 0 to 500.", default = 3)] first: i32,
    ) -> Result<ResolvedList<Hop>, SharedError> {
        type Loaded = LoadOnce<(Arc<Hops>, HashMap<(i64, i64), Vec<Step>>)>;
        let once = self.search.loads.get_or_insert_with::<Loaded>((ctx.item.pos, "hops"), OnceCell::new);
        let loaded = once.get_or_init(async || load_hops(session(ctx)?, &self.search, first).await).await;
        let (hops, by_neighbor) = loaded.as_ref().map_err(Clone::clone)?;
        let steps = by_neighbor.get(&(self.origin, self.neighbor.actor)).into_iter().flatten();
        Ok(steps.map(|step| hops.hop(*step)).collect())
    }
}

/// Loads the first hops to each neighbor, with one SQL statement per distance.
async fn load_hops(
    session: &Session,
    search: &NeighborSearch,
    first: i32,
) -> Result<(Arc<Hops>, HashMap<(i64, i64), Vec<Step>>), SharedError> {
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
        // Searched backwards, from the neighbors: they are few, and the frontier may be large.
        let some = Query::select()
            .distinct()
            .columns(["origin", "from", "link", "kind", "to"])
            .from("hops")
            .and_where(origin_and_actor().in_subquery(session.dialect().pairs(nearer, ["origin", "to"])))
            .take();
        let order = "ROW_NUMBER() OVER (PARTITION BY \"origin\", \"from\" ORDER BY \"link\", \"to\")";
        let ranked = Query::select()
            .columns(["origin", "from", "link", "kind", "to"])
            .expr_as(Expr::cust(order), "rank")
            .from_subquery(some, "some")
            .take();
        let mut select = Query::select();
        select
            .columns(["origin", "from", "link", "kind", "to"])
            .from_subquery(ranked, "ranked")
            .and_where(Expr::col("rank").lte(first as i64))
            .order_by("rank", Order::Asc);
        let select = with_hops(&mut select, session.dialect(), &targets, &search.via, search.events.as_ref());
        for row in session.all(&select).await?.iter() {
            let Some(kind) = ActorLinkKind::parse(&row.get::<String>("kind")?) else { continue };
            let (from, to): (i64, i64) = (row.get("to")?, row.get("from")?);
            let step = Step { from, to, link: row.get("link")?, kind };
            steps.entry((row.get("origin")?, to)).or_default().push(step);
        }
    }
    Ok((Hops::new(steps.values().flatten().copied().collect()), steps))
}
