//! Hops as SQL: from a frontier of actors to the links (events, statements and relations) in which they occur, and from
//! there to the other actors of the same links.

use entity::event::Occurrence;
use entity::{event, participation, record, relation, statement, statement_about};
use sea_orm::sea_query::{
    CommonTableExpression, DynIden, Expr, ExprTrait, JoinType, Order, Query, SelectStatement, UnionType,
};
use sea_orm::{ActiveEnum, ColumnTrait};

use crate::db::Dialect;
use crate::graphql::graph::ActorLinkKind;

/// The actors from which hops start, each as a pair of the search's origin and the actor.
pub(crate) type Frontier = [(i64, i64)];

/// An edge type of the actor graph: a column with actors, and the column with the link in which they occur.
pub(super) struct Edge {
    pub(super) kind: ActorLinkKind,
    actor: (DynIden, &'static str),
    link: &'static str,
    /// Columns that identify a row.
    key: &'static [&'static str],
    /// Condition for the rows in which the column refers to an actor, if not all do.
    is_actor: Option<Expr>,
    /// Condition for the rows that are edges, if not all are.
    only: Option<Expr>,
}

fn edge<C: ColumnTrait>(kind: ActorLinkKind, actor: C, link: C) -> Edge {
    let actor = (actor.entity_name(), actor.as_str());
    Edge { kind, actor, link: link.as_str(), key: &["id"], is_actor: None, only: None }
}

/// Returns the edge types of some kinds of links.
pub(super) fn edges(via: &[ActorLinkKind]) -> Vec<Edge> {
    use relation::Column as Relation;
    use statement::Column as Statement;
    let about_actor = Expr::col((statement_about::Entity, statement_about::Column::TargetKind))
        .eq(record::RecordKind::Actor.to_value());
    // A relation to a place has no second actor.
    let of_actors = Expr::col((relation::Entity, Relation::ObjectId)).is_not_null();
    let about = edge(ActorLinkKind::Statement, statement_about::Column::TargetId, statement_about::Column::StatementId);
    let all = [
        edge(ActorLinkKind::Event, participation::Column::ActorId, participation::Column::EventId),
        edge(ActorLinkKind::Statement, Statement::SpeakerId, Statement::Id),
        edge(ActorLinkKind::Statement, Statement::AddresseeId, Statement::Id),
        Edge { key: &["statement_id", "target_id"], is_actor: Some(about_actor), ..about },
        Edge { only: Some(of_actors), ..edge(ActorLinkKind::Relation, Relation::SubjectId, Relation::Id) },
        edge(ActorLinkKind::Relation, Relation::ObjectId, Relation::Id),
    ];
    all.into_iter().filter(|edge| via.contains(&edge.kind)).collect()
}

impl Edge {
    fn actor(&self) -> Expr {
        Expr::col(self.actor.clone())
    }

    fn link(&self) -> Expr {
        Expr::col((self.actor.0.clone(), self.link))
    }

    /// Selects the columns `link` and `actor` of all rows with an actor. They include relations to places, which are not edges.
    pub(super) fn occurrences(&self) -> SelectStatement {
        Query::select()
            .expr_as(self.link(), "link")
            .expr_as(self.actor(), "actor")
            .from(self.actor.0.clone())
            .and_where(self.actor().is_not_null())
            .and_where_option(self.is_actor.clone())
            .take()
    }

    /// Selects the rows of [`Self::occurrences`] that belong to some links.
    pub(super) fn occurrences_of(&self, dialect: Dialect, links: &[i64]) -> SelectStatement {
        self.occurrences().and_where(dialect.is_one_of(self.link(), dialect.numbers(links))).take()
    }

    /// Selects the next rows of [`Self::occurrences`] after the one with this key, which is empty at first. Their keys are in
    /// the columns after `link` and `actor`.
    pub(super) fn occurrences_after(&self, key: &[i64], size: u64) -> SelectStatement {
        let columns = || self.key.iter().map(|column| Expr::col((self.actor.0.clone(), *column)));
        let mut select = self.occurrences();
        if !key.is_empty() {
            select.and_where(Expr::tuple(columns()).gt(Expr::tuple(key.iter().map(|value| Expr::val(*value)))));
        }
        for column in columns() {
            select.expr(column.clone()).order_by_expr(column, Order::Asc);
        }
        select.limit(size).take()
    }

    /// Returns the number of columns of a key.
    pub(super) fn key_length(&self) -> usize {
        self.key.len()
    }

    /// Selects the links of the frontier's actors. Of events, it selects only those that meet `events`.
    fn links(&self, events: Option<&Expr>) -> SelectStatement {
        let mut select = Query::select();
        select
            .expr_as(Expr::col(("frontier", "origin")), "origin")
            .expr_as(Expr::col(("frontier", "actor")), "from")
            .expr_as(self.link(), "link")
            .expr_as(Expr::cust(format!("'{}'", self.kind.word())), "kind")
            .from("frontier")
            // SQLite joins a CROSS JOIN in the order written: the small table must come first.
            .cross_join(self.actor.0.clone())
            .and_where(self.actor().eq(Expr::col(("frontier", "actor"))))
            .and_where_option(self.is_actor.clone())
            .and_where_option(self.only.clone());
        if self.kind == ActorLinkKind::Event {
            let own = |column| Expr::col((event::Entity, column));
            select
                .join(JoinType::InnerJoin, event::Entity, own(event::Column::Id).eq(self.link()))
                .and_where(own(event::Column::Occurrence).ne(Occurrence::Series.to_value()))
                .and_where_option(events.cloned());
        }
        select
    }

    /// Selects the actors of the links, other than the actor from which the link was reached.
    fn actors(&self) -> SelectStatement {
        Query::select()
            .columns([("links", "origin"), ("links", "from"), ("links", "link"), ("links", "kind")])
            .expr_as(self.actor(), "to")
            .from("links")
            .cross_join(self.actor.0.clone())
            .and_where(self.link().eq(Expr::col(("links", "link"))))
            .and_where(Expr::col(("links", "kind")).eq(Expr::cust(format!("'{}'", self.kind.word()))))
            .and_where(self.actor().is_not_null())
            .and_where(self.actor().ne(Expr::col(("links", "from"))))
            .and_where_option(self.is_actor.clone())
            .and_where_option(self.only.clone())
            .take()
    }
}

/// Combines selects into one. There must be at least one.
pub(crate) fn union(kind: UnionType, selects: impl Iterator<Item = SelectStatement>) -> SelectStatement {
    selects.reduce(|mut left, right| left.union(kind, right).take()).unwrap_or_default()
}

fn named(name: &'static str, select: SelectStatement) -> CommonTableExpression {
    CommonTableExpression::new().table_name(name).query(select).to_owned()
}

/// Adds the common table expression `hops` to `select`: all hops from the frontier with the columns `origin`, `from`,
/// `link`, `kind` and `to`. Of events, only those that meet `events` are links.
pub(crate) fn with_hops(
    select: &mut SelectStatement,
    dialect: Dialect,
    frontier: &Frontier,
    via: &[ActorLinkKind],
    events: Option<&Expr>,
) -> SelectStatement {
    let edges = edges(via);
    let mut with = Query::with();
    with.cte(named("frontier", dialect.pairs(frontier, ["origin", "actor"])))
        .cte(named("links", union(UnionType::Distinct, edges.iter().map(|edge| edge.links(events)))))
        .cte(named("hops", union(UnionType::All, edges.iter().map(Edge::actors))));
    select.with_cte(with).take()
}

/// Builds an expression for the number of links of some actors, counted up to `max` per edge type. `actors` builds the
/// condition that selects the actors by an edge's column.
pub(crate) fn degree(actors: impl Fn(Expr) -> Expr, via: &[ActorLinkKind], max: u64) -> Expr {
    let count = |edge: &Edge| {
        let some = Query::select()
            .expr(Expr::cust("1"))
            .from(edge.actor.0.clone())
            .and_where(actors(edge.actor()))
            .limit(max)
            .take();
        let count = Query::select().expr(Expr::cust("COUNT(*)")).from_subquery(some, "some").take();
        Expr::SubQuery(None, Box::new(count.into()))
    };
    edges(via).iter().map(count).reduce(Expr::add).unwrap_or_else(|| Expr::val(0))
}
