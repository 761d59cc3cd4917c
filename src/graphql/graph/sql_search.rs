//! The steps of breadth-first searches with SQL: one statement each.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use crate::db::LIST;
use crate::error::Error;
use crate::graphql::graph::ActorLinkKind;
use crate::graphql::graph::hop::Step;
use crate::graphql::graph::hop_query::{degree, with_hops};
use crate::graphql::graph::search::Level;
use crate::graphql::session::{Session, SharedError};

/// A search through links of some kinds, and of events through those that meet a condition. Its methods are described at
/// [`GraphSearch`](crate::graphql::graph::search::GraphSearch).
pub(super) struct SqlSearch<'a> {
    pub(super) session: &'a Session,
    pub(super) via: &'a [ActorLinkKind],
    pub(super) events: Option<&'a Expr>,
}

/// The pair of the columns `origin` and `to` of `hops`.
fn origin_and_actor() -> Expr {
    Expr::tuple([Expr::col("origin"), Expr::col("to")])
}

fn frontier_pairs(frontier: &[i64]) -> Vec<(i64, i64)> {
    frontier.iter().map(|actor| (0, *actor)).collect()
}

impl SqlSearch<'_> {
    fn with_hops(&self, select: &mut SelectStatement, frontier: &[(i64, i64)]) -> SelectStatement {
        with_hops(select, self.session.dialect(), frontier, self.via, self.events)
    }

    pub(super) async fn next_level(
        &self,
        frontier: &[(i64, i64)],
        visited: &[(i64, i64)],
        limit: usize,
    ) -> Result<Level, SharedError> {
        let counted = Query::select()
            .columns(["origin", "to"])
            .expr_as(Expr::cust("COUNT(DISTINCT \"link\")"), "link_count")
            .from("hops")
            .and_where(origin_and_actor().in_subquery(self.session.dialect().pairs(visited, ["origin", "to"])).not())
            .group_by_columns(["origin", "to"])
            .take();
        let order = "ROW_NUMBER() OVER (PARTITION BY \"origin\" ORDER BY \"link_count\" DESC, \"to\")";
        let ranked = Query::select()
            .columns(["origin", "to", "link_count"])
            .expr_as(Expr::cust(order), "rank")
            .from_subquery(counted, "counted")
            .take();
        let mut select = Query::select();
        select
            .columns(["origin", "to", "link_count"])
            .from_subquery(ranked, "ranked")
            .and_where(Expr::col("rank").lte(limit as i64 + 1))
            .order_by("origin", Order::Asc)
            .order_by("rank", Order::Asc);
        let mut level: Level = HashMap::new();
        for row in self.session.all(&self.with_hops(&mut select, frontier)).await?.iter() {
            level.entry(row.get("origin")?).or_default().push((row.get("to")?, row.get("link_count")?));
        }
        Ok(level)
    }

    pub(super) async fn hubs(&self, actors: &[i64], max: usize) -> Result<HashSet<i64>, SharedError> {
        let dialect = self.session.dialect();
        let degree = degree(|actor| actor.eq(dialect.item()), self.via, max as u64 + 1);
        let select = Query::select()
            .expr_as(dialect.item(), "actor")
            .from_function(dialect.table(dialect.numbers(actors)), LIST)
            .and_where(degree.gt(max as i64))
            .take();
        self.session.all(&select).await?.iter().map(|row| Ok(row.get("actor")?)).collect()
    }

    pub(super) async fn hops_to(
        &self,
        targets: &[(i64, i64)],
        nearer: &[(i64, i64)],
        first: usize,
    ) -> Result<Vec<(i64, Step)>, SharedError> {
        // Searched backwards, from the targets: they are few, and the frontier may be large.
        let some = Query::select()
            .distinct()
            .columns(["origin", "from", "link", "kind", "to"])
            .from("hops")
            .and_where(origin_and_actor().in_subquery(self.session.dialect().pairs(nearer, ["origin", "to"])))
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
        let mut hops = Vec::new();
        for row in self.session.all(&self.with_hops(&mut select, targets)).await?.iter() {
            let Some(kind) = ActorLinkKind::parse(&row.get::<String>("kind")?) else { continue };
            let (from, to): (i64, i64) = (row.get("to")?, row.get("from")?);
            hops.push((row.get("origin")?, Step { from, to, link: row.get("link")?, kind }));
        }
        Ok(hops)
    }

    pub(super) async fn link_counts(&self, frontiers: [&[i64]; 2], max: usize) -> Result<[usize; 2], SharedError> {
        let dialect = self.session.dialect();
        let mut select = Query::select();
        for (frontier, name) in frontiers.iter().zip(["near", "far"]) {
            let of_side = |actor| dialect.is_one_of(actor, dialect.numbers(frontier));
            select.expr_as(degree(of_side, self.via, max as u64), name);
        }
        let rows = self.session.all(&select).await?;
        let row = rows.first().ok_or_else(|| Error::Internal("a count returned no row".into()))?;
        let (near, far): (i64, i64) = (row.get("near")?, row.get("far")?);
        Ok([near, far].map(|count| usize::try_from(count).unwrap_or_default()))
    }

    pub(super) async fn hops_of_level(&self, frontier: &[i64]) -> Result<Vec<Step>, SharedError> {
        let ranked = Query::select()
            .columns(["from", "link", "kind", "to"])
            .expr_as(Expr::cust("ROW_NUMBER() OVER (PARTITION BY \"to\" ORDER BY \"link\", \"from\")"), "rank")
            .from("hops")
            .take();
        let mut select = Query::select();
        select
            .columns(["from", "link", "kind", "to"])
            .from_subquery(ranked, "ranked")
            .and_where(Expr::col("rank").eq(1))
            .order_by("to", Order::Asc);
        self.load_steps(&self.with_hops(&mut select, &frontier_pairs(frontier))).await
    }

    pub(super) async fn last_hop(&self, from: &[i64], to: &[i64]) -> Result<Option<Step>, SharedError> {
        let dialect = self.session.dialect();
        let mut select = Query::select();
        select
            .columns(["from", "link", "kind", "to"])
            .from("hops")
            .and_where(dialect.is_one_of(Expr::col("to"), dialect.numbers(to)))
            .order_by("link", Order::Asc)
            .order_by("from", Order::Asc)
            .order_by("to", Order::Asc)
            .limit(1);
        Ok(self.load_steps(&self.with_hops(&mut select, &frontier_pairs(from))).await?.pop())
    }

    async fn load_steps(&self, select: &SelectStatement) -> Result<Vec<Step>, SharedError> {
        let mut steps = Vec::new();
        for row in self.session.all(select).await?.iter() {
            let Some(kind) = ActorLinkKind::parse(&row.get::<String>("kind")?) else { continue };
            let (from, to, link) = (row.get("from")?, row.get("to")?, row.get("link")?);
            steps.push(Step { from, to, link, kind });
        }
        Ok(steps)
    }
}
