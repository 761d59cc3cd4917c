//! The steps of breadth-first searches in the actor graph: in memory if the state that the request reads is there, otherwise
//! with SQL. Both give the same results.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use sea_orm::sea_query::Expr;

use crate::graphql::graph::ActorLinkKind;
use crate::graphql::graph::adjacency::{Adjacency, MemorySearch, cancel};
use crate::graphql::graph::hop::Step;
use crate::graphql::graph::sql_search::SqlSearch;
use crate::graphql::session::{Session, SharedError};

/// The actors of one distance, by origin. Each has the number of its links to actors one hop nearer.
pub(super) type Level = HashMap<i64, Vec<(i64, i64)>>;

/// A search through links of some kinds.
pub(super) struct GraphSearch {
    via: Arc<[ActorLinkKind]>,
    /// Only events that meet this condition are links.
    events: Option<Expr>,
    /// The actor graph in memory, of the state that the request reads.
    adjacency: Option<Arc<Adjacency>>,
}

impl GraphSearch {
    /// Starts a search. With a condition on events it uses SQL, because events are not in memory.
    pub(super) async fn start(
        session: &Session,
        via: Vec<ActorLinkKind>,
        events: Option<Expr>,
    ) -> Result<Self, SharedError> {
        let adjacency = match session.adjacency() {
            Some(cache) if events.is_none() => cache.get(session).await?,
            _ => None,
        };
        Ok(Self { via: via.into(), events, adjacency })
    }

    fn sql<'a>(&'a self, session: &'a Session) -> SqlSearch<'a> {
        SqlSearch { session, via: &self.via, events: self.events.as_ref() }
    }

    /// Runs a step of the search in memory.
    async fn in_memory<T: Send + 'static>(
        &self,
        session: &Session,
        adjacency: &Arc<Adjacency>,
        step: impl FnOnce(MemorySearch<'_>) -> T + Send + 'static,
    ) -> Result<T, SharedError> {
        let started = Instant::now();
        let (adjacency, via) = (Arc::clone(adjacency), Arc::clone(&self.via));
        let result = cancel::run(move |cancellation| step(MemorySearch::new(&adjacency, &via, cancellation))).await;
        session.add_database_time(started.elapsed());
        Ok(result?)
    }

    /// Finds the actors one hop further, by origin: those with most links first, then by id. Up to one more than `limit` is
    /// found per origin, to detect that there are more. `frontier` and `visited` have pairs of origin and actor.
    pub(super) async fn next_level(
        &self,
        session: &Session,
        frontier: &[(i64, i64)],
        visited: &[(i64, i64)],
        limit: usize,
    ) -> Result<Level, SharedError> {
        let Some(adjacency) = &self.adjacency else {
            return self.sql(session).next_level(frontier, visited, limit).await;
        };
        let (frontier, visited) = (frontier.to_vec(), visited.to_vec());
        self.in_memory(session, adjacency, move |search| search.next_level(&frontier, &visited, limit)).await
    }

    /// Finds the actors of the frontier that have more than `max` links.
    pub(super) async fn hubs(
        &self,
        session: &Session,
        frontier: &[(i64, i64)],
        max: usize,
    ) -> Result<HashSet<i64>, SharedError> {
        let mut actors: Vec<i64> = frontier.iter().map(|(_, actor)| *actor).collect();
        actors.sort_unstable();
        actors.dedup();
        match &self.adjacency {
            Some(adjacency) => self.in_memory(session, adjacency, move |search| search.hubs(&actors, max)).await,
            None => self.sql(session).hubs(&actors, max).await,
        }
    }

    /// Finds the first hops to each target from an actor that is nearer, in import order of their links; with the origins.
    /// `targets` and `nearer` have pairs of origin and actor.
    pub(super) async fn hops_to(
        &self,
        session: &Session,
        targets: Vec<(i64, i64)>,
        nearer: &[(i64, i64)],
        first: usize,
    ) -> Result<Vec<(i64, Step)>, SharedError> {
        let Some(adjacency) = &self.adjacency else {
            return self.sql(session).hops_to(&targets, nearer, first).await;
        };
        let nearer = nearer.to_vec();
        self.in_memory(session, adjacency, move |search| search.hops_to(&targets, &nearer, first)).await
    }

    /// Counts the links of two frontiers. Links are not counted far beyond `max`.
    pub(super) async fn link_counts(
        &self,
        session: &Session,
        frontiers: [&[i64]; 2],
        max: usize,
    ) -> Result<[usize; 2], SharedError> {
        let Some(adjacency) = &self.adjacency else { return self.sql(session).link_counts(frontiers, max).await };
        let frontiers = frontiers.map(<[i64]>::to_vec);
        self.in_memory(session, adjacency, move |search| frontiers.map(|actors| search.count_links(&actors, max))).await
    }

    /// Finds one hop to each actor that is one hop away, ordered by that actor: the one with the first link in import order.
    pub(super) async fn hops_of_level(&self, session: &Session, frontier: &[i64]) -> Result<Vec<Step>, SharedError> {
        let Some(adjacency) = &self.adjacency else { return self.sql(session).hops_of_level(frontier).await };
        let frontier = frontier.to_vec();
        self.in_memory(session, adjacency, move |search| search.hops_of_level(&frontier)).await
    }

    /// Finds the first hop from one frontier to the other, if there is one.
    pub(super) async fn last_hop(
        &self,
        session: &Session,
        from: &[i64],
        to: &[i64],
    ) -> Result<Option<Step>, SharedError> {
        let Some(adjacency) = &self.adjacency else { return self.sql(session).last_hop(from, to).await };
        let (from, to) = (from.to_vec(), to.to_vec());
        self.in_memory(session, adjacency, move |search| search.last_hop(&from, &to)).await
    }
}
