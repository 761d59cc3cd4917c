//! Whom an actor is tied to, hop by hop, for a whole batch of actors at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_graphql::{Context, Object};
use entity::actor;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use tokio::sync::OnceCell;

use crate::db::{Dialect, LIST};
use crate::error::Error;
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::filter::{FilterContext, NodeFilter};
use crate::graphql::graph::ActorLinkKind;
use crate::graphql::graph::hop::{Hop, Hops, Step, actors, gone};
use crate::graphql::graph::hop_query::{degree, with_hops};
use crate::graphql::loading::batch::{LoaderCache, Once, Row};
use crate::graphql::loading::session::{Session, SharedError, session};
use crate::graphql::types::actor::Actor;
use crate::graphql::types::event::EventFilter;

/// The most hops.
const DEEPEST: i32 = 3;
/// The most neighbours of one actor at one distance from which it is gone on.
const MOST_PASSED: usize = 2_000;
/// The most ties of an actor that is gone through: one that is tied to all is no news between two.
const MAX_LINKS: u64 = 10_000;

/// What is asked of neighbours.
pub(crate) struct NeighborArgs {
    pub(crate) via: Option<Vec<ActorLinkKind>>,
    pub(crate) depth: i32,
    pub(crate) first: i32,
    /// The events that count.
    pub(crate) events: Option<Box<EventFilter>>,
}

/// The neighbours of all actors of a batch.
struct Found {
    via: Vec<ActorLinkKind>,
    events: Option<Expr>,
    /// By actor: the nearer first, then the more closely tied.
    neighbors: HashMap<i64, Vec<FoundNeighbor>>,
    /// From whom the neighbours at each distance were found.
    frontiers: Vec<Vec<(i64, i64)>>,
    incomplete: HashSet<i64>,
    actors: Once<HashMap<i64, Actor>>,
    loads: LoaderCache,
}

#[derive(Clone, Copy)]
struct FoundNeighbor {
    actor: i64,
    distance: usize,
    link_count: i64,
}

/// Whom an actor is tied to.
pub struct Neighborhood {
    found: Arc<Found>,
    origin: i64,
}

/// An actor and how it is tied to another.
pub struct Neighbor {
    found: Arc<Found>,
    origin: i64,
    found_neighbor: FoundNeighbor,
}

/// The neighbours of an actor, found for its whole batch.
pub(crate) async fn neighbors(
    row: &Row<actor::Entity>,
    ctx: &Context<'_>,
    asked: NeighborArgs,
) -> Result<Neighborhood, SharedError> {
    let found = row.shared(ctx, async |rows| {
        let origins: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
        search(session(ctx)?, &origins, &asked).await.map(Arc::new)
    });
    Ok(Neighborhood { found: Arc::clone(&*found.await?), origin: row.id.0 })
}

/// Goes out from all origins at once, a level at a time.
async fn search(session: &Session, origins: &[i64], asked: &NeighborArgs) -> Result<Found, SharedError> {
    let (first, _) = PageArgs { first: Some(asked.first), ..PageArgs::default() }.size()?;
    let depth = usize::try_from(asked.depth).ok().filter(|depth| (1..=DEEPEST as usize).contains(depth));
    let depth = depth.ok_or_else(|| {
        Error::BadInput(format!("`depth: {}` is no number of hops to go: write 1 to {DEEPEST}", asked.depth))
    })?;
    let events = match &asked.events {
        Some(filter) => {
            let mut context = FilterContext::new(session.dialect());
            let condition = filter.condition(&mut context)?;
            context.look_up(session).await?;
            Some(condition)
        }
        None => None,
    };
    let via = ActorLinkKind::asked("via", asked.via.as_deref())?;
    let mut found = Found {
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
        let goes_on = distance < depth;
        let most = if goes_on { MOST_PASSED.max(first) } else { first };
        let level = level(session, &found, &frontier, &visited, most).await?;
        let mut next = Vec::new();
        for (origin, level) in level {
            if level.len() > most {
                found.incomplete.insert(origin);
            }
            visited.extend(level.iter().take(most).map(|(actor, _)| (origin, *actor)));
            if goes_on && level.len() <= most {
                next.extend(level.iter().map(|(actor, _)| (origin, *actor)));
            }
            let found_neighbor =
                level.into_iter().take(most).map(|(actor, link_count)| FoundNeighbor { actor, distance, link_count });
            found.neighbors.entry(origin).or_default().extend(found_neighbor);
        }
        found.frontiers.push(std::mem::replace(&mut frontier, next));
        if goes_on {
            let hubs = hubs(session, &frontier, &found.via).await?;
            let passes = |(origin, actor): &(i64, i64)| {
                let is_hub = hubs.contains(actor);
                if is_hub {
                    found.incomplete.insert(*origin);
                }
                !is_hub
            };
            frontier.retain(passes);
        }
    }
    for (origin, neighbors) in &mut found.neighbors {
        if neighbors.len() > first {
            found.incomplete.insert(*origin);
            neighbors.truncate(first);
        }
    }
    Ok(found)
}

/// The actors one hop further, by the actor that is asked of: those with most ties first, one more than `most`.
async fn level(
    session: &Session,
    found: &Found,
    frontier: &[(i64, i64)],
    visited: &[(i64, i64)],
    most: usize,
) -> Result<HashMap<i64, Vec<(i64, i64)>>, SharedError> {
    let dialect = session.dialect();
    let counted = Query::select()
        .columns(["origin", "to"])
        .expr_as(Expr::cust("COUNT(DISTINCT \"thing\")"), "link_count")
        .from("hops")
        .and_where(pair().in_subquery(dialect.pairs(visited, ["origin", "to"])).not())
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
        .and_where(Expr::col("rank").lte(most as i64 + 1))
        .order_by("origin", Order::Asc)
        .order_by("rank", Order::Asc);
    let select = with_hops(&mut select, dialect, frontier, &found.via, found.events.as_ref());
    let mut level: HashMap<i64, Vec<(i64, i64)>> = HashMap::new();
    for row in session.all(&select).await? {
        level
            .entry(row.try_get("", "origin")?)
            .or_default()
            .push((row.try_get("", "to")?, row.try_get("", "link_count")?));
    }
    Ok(level)
}

fn pair() -> Expr {
    Expr::tuple([Expr::col("origin"), Expr::col("to")])
}

/// Those of the frontier that have too many ties to be gone through.
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
    session.all(&select).await?.iter().map(|row| Ok(row.try_get("", "actor")?)).collect()
}

/// Whom an actor is tied to.
#[Object]
impl Neighborhood {
    /// The neighbours: the nearer first, then those with more ties, then by id.
    async fn nodes(&self) -> Vec<Neighbor> {
        let found_neighbor = self.found.neighbors.get(&self.origin).into_iter().flatten();
        found_neighbor
            .map(|found_neighbor| Neighbor {
                found: Arc::clone(&self.found),
                origin: self.origin,
                found_neighbor: *found_neighbor,
            })
            .collect()
    }
    /// Whether these are all. They are not when there are more than `first`, when more than 2,000 at one distance are too many
    /// to go on from, or when an actor with more than 10,000 ties stands between and is not gone through.
    async fn complete(&self) -> bool {
        !self.found.incomplete.contains(&self.origin)
    }
}

/// An actor and how it is tied to another.
#[Object]
impl Neighbor {
    /// The neighbour.
    async fn actor(&self, ctx: &Context<'_>) -> Result<Actor, SharedError> {
        let all = self.found.actors.get_or_init(async || {
            let mut ids: Vec<i64> =
                self.found.neighbors.values().flatten().map(|found_neighbor| found_neighbor.actor).collect();
            ids.sort_unstable();
            ids.dedup();
            actors(session(ctx)?, &ids).await
        });
        let found = all.await.as_ref().map_err(Clone::clone)?.get(&self.found_neighbor.actor).cloned();
        found.ok_or_else(gone)
    }
    /// How many hops away it is at least.
    async fn distance(&self) -> usize {
        self.found_neighbor.distance
    }
    /// How many events, statements and relations tie it to actors one hop nearer.
    async fn link_count(&self) -> i64 {
        self.found_neighbor.link_count
    }
    /// Hops from actors one hop nearer to it, in the order in which what they lead through was recorded. Error: `LIMIT` for
    /// more than 500.
    async fn hops(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 0 to 500.", default = 3)] first: i32,
    ) -> Result<Vec<Hop>, SharedError> {
        type Loaded = Once<(Arc<Hops>, HashMap<(i64, i64), Vec<Step>>)>;
        let once = self.found.loads.load::<Loaded>((ctx.item.pos, "hops"), OnceCell::new);
        let loaded = once.get_or_init(async || hops(session(ctx)?, &self.found, first).await).await;
        let (hops, by_neighbour) = loaded.as_ref().map_err(Clone::clone)?;
        let steps = by_neighbour.get(&(self.origin, self.found_neighbor.actor)).into_iter().flatten();
        Ok(steps.map(|step| hops.hop(*step)).collect())
    }
}

/// The first hops to each neighbour: one statement for each distance.
async fn hops(
    session: &Session,
    found: &Found,
    first: i32,
) -> Result<(Arc<Hops>, HashMap<(i64, i64), Vec<Step>>), SharedError> {
    let (first, _) = PageArgs { first: Some(first), ..PageArgs::default() }.size()?;
    let mut steps: HashMap<(i64, i64), Vec<Step>> = HashMap::new();
    for (at, nearer) in found.frontiers.iter().enumerate() {
        let at_distance = |found_neighbor: &&FoundNeighbor| found_neighbor.distance == at + 1;
        let targets: Vec<(i64, i64)> = found
            .neighbors
            .iter()
            .flat_map(|(origin, found_neighbor)| {
                found_neighbor.iter().filter(at_distance).map(|found_neighbor| (*origin, found_neighbor.actor))
            })
            .collect();
        if targets.is_empty() {
            continue;
        }
        // Backwards: the neighbours shown are few.
        let some = Query::select()
            .distinct()
            .columns(["origin", "from", "thing", "kind", "to"])
            .from("hops")
            .and_where(pair().in_subquery(session.dialect().pairs(nearer, ["origin", "to"])))
            .take();
        let order = "ROW_NUMBER() OVER (PARTITION BY \"origin\", \"from\" ORDER BY \"thing\", \"to\")";
        let ranked = Query::select()
            .columns(["origin", "from", "thing", "kind", "to"])
            .expr_as(Expr::cust(order), "rank")
            .from_subquery(some, "some")
            .take();
        let mut select = Query::select();
        select
            .columns(["origin", "from", "thing", "kind", "to"])
            .from_subquery(ranked, "ranked")
            .and_where(Expr::col("rank").lte(first as i64))
            .order_by("rank", Order::Asc);
        let select = with_hops(&mut select, session.dialect(), &targets, &found.via, found.events.as_ref());
        for row in session.all(&select).await? {
            let Some(kind) = ActorLinkKind::parse(&row.try_get::<String>("", "kind")?) else { continue };
            let (from, to): (i64, i64) = (row.try_get("", "to")?, row.try_get("", "from")?);
            let step = Step { from, to, thing: row.try_get("", "thing")?, kind };
            steps.entry((row.try_get("", "origin")?, to)).or_default().push(step);
        }
    }
    Ok((Hops::new(steps.values().flatten().copied().collect()), steps))
}
