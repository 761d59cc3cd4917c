//! What ties actors, as SQL: from a frontier of actors to the things that they have a part in, and on to the actors that have a
//! part in those.

use entity::event::Occurrence;
use entity::{event, participation, record, relation, statement, statement_about};
use sea_orm::sea_query::{CommonTableExpression, Expr, ExprTrait, JoinType, Query, SelectStatement, UnionType};
use sea_orm::{ActiveEnum, ColumnTrait};

use crate::db::Dialect;
use crate::graphql::graph::ActorLinkKind;

/// The actors from which hops are made, each with the actor for which they are made.
pub(crate) type Frontier = [(i64, i64)];

/// A column that has actors, and the column of the thing in which they have a part.
struct Edge {
    kind: ActorLinkKind,
    actor: (sea_orm::sea_query::DynIden, &'static str),
    thing: &'static str,
    only: Option<Expr>,
}

fn edge<C: ColumnTrait>(kind: ActorLinkKind, actor: C, thing: C, only: Option<Expr>) -> Edge {
    Edge { kind, actor: (actor.entity_name(), actor.as_str()), thing: thing.as_str(), only }
}

fn edges(via: &[ActorLinkKind]) -> Vec<Edge> {
    use relation::Column as Relation;
    use statement::Column as Statement;
    let about_actor = Expr::col((statement_about::Entity, statement_about::Column::TargetKind))
        .eq(record::RecordKind::Actor.to_value());
    // A relation to a place leads to no actor.
    let of_actors = Expr::col((relation::Entity, Relation::ObjectId)).is_not_null();
    let all = [
        edge(ActorLinkKind::Event, participation::Column::ActorId, participation::Column::EventId, None),
        edge(ActorLinkKind::Statement, Statement::SpeakerId, Statement::Id, None),
        edge(ActorLinkKind::Statement, Statement::AddresseeId, Statement::Id, None),
        edge(
            ActorLinkKind::Statement,
            statement_about::Column::TargetId,
            statement_about::Column::StatementId,
            Some(about_actor),
        ),
        edge(ActorLinkKind::Relation, Relation::SubjectId, Relation::Id, Some(of_actors)),
        edge(ActorLinkKind::Relation, Relation::ObjectId, Relation::Id, None),
    ];
    all.into_iter().filter(|edge| via.contains(&edge.kind)).collect()
}

impl Edge {
    fn actor(&self) -> Expr {
        Expr::col(self.actor.clone())
    }

    fn thing(&self) -> Expr {
        Expr::col((self.actor.0.clone(), self.thing))
    }

    /// From the frontier to things.
    fn things(&self, events: Option<&Expr>) -> SelectStatement {
        let mut select = Query::select();
        select
            .expr_as(Expr::col(("frontier", "origin")), "origin")
            .expr_as(Expr::col(("frontier", "actor")), "from")
            .expr_as(self.thing(), "thing")
            .expr_as(Expr::cust(format!("'{}'", self.kind.word())), "kind")
            .from("frontier")
            // SQLite keeps the order of a cross join: from the few to the many.
            .cross_join(self.actor.0.clone())
            .and_where(self.actor().eq(Expr::col(("frontier", "actor"))))
            .and_where_option(self.only.clone());
        if self.kind == ActorLinkKind::Event {
            let own = |column| Expr::col((event::Entity, column));
            select
                .join(JoinType::InnerJoin, event::Entity, own(event::Column::Id).eq(self.thing()))
                .and_where(own(event::Column::Occurrence).ne(Occurrence::Series.to_value()))
                .and_where_option(events.cloned());
        }
        select
    }

    /// From things to actors.
    fn actors(&self) -> SelectStatement {
        Query::select()
            .columns([("things", "origin"), ("things", "from"), ("things", "thing"), ("things", "kind")])
            .expr_as(self.actor(), "to")
            .from("things")
            .cross_join(self.actor.0.clone())
            .and_where(self.thing().eq(Expr::col(("things", "thing"))))
            .and_where(Expr::col(("things", "kind")).eq(Expr::cust(format!("'{}'", self.kind.word()))))
            .and_where(self.actor().is_not_null())
            .and_where(self.actor().ne(Expr::col(("things", "from"))))
            .and_where_option(self.only.clone())
            .take()
    }
}

/// The rows of all selects; there is at least one.
pub(crate) fn union(kind: UnionType, selects: impl Iterator<Item = SelectStatement>) -> SelectStatement {
    selects.reduce(|mut left, right| left.union(kind, right).take()).unwrap_or_default()
}

fn named(name: &'static str, select: SelectStatement) -> CommonTableExpression {
    CommonTableExpression::new().table_name(name).query(select).to_owned()
}

/// Lets `select` read from `hops`: all hops from the frontier, as `origin`, `from`, `thing`, `kind` and `to`. Of events only
/// those for which `events` holds.
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
        .cte(named("things", union(UnionType::Distinct, edges.iter().map(|edge| edge.things(events)))))
        .cte(named("hops", union(UnionType::All, edges.iter().map(Edge::actors))));
    select.with_cte(with).take()
}

/// How many ties the actors of a list have, counted no further than `most` for each way of being tied: `actors` says which.
pub(crate) fn degree(actors: impl Fn(Expr) -> Expr, via: &[ActorLinkKind], most: u64) -> Expr {
    let count = |edge: &Edge| {
        let some = Query::select()
            .expr(Expr::cust("1"))
            .from(edge.actor.0.clone())
            .and_where(actors(edge.actor()))
            .limit(most)
            .take();
        let count = Query::select().expr(Expr::cust("COUNT(*)")).from_subquery(some, "some").take();
        Expr::SubQuery(None, Box::new(count.into()))
    };
    edges(via).iter().map(count).reduce(Expr::add).unwrap_or_else(|| Expr::val(0))
}
