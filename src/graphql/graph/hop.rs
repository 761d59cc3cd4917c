//! Hops as GraphQL objects: the two actors, the link between them, and the part that each has in the link.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};
use entity::standing::Standing;
use entity::{participation, statement_about};
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Expr, Order, Query};
use tokio::sync::OnceCell;

use crate::error::Error;
use crate::graphql::executor::list::ResolvedList;
use crate::graphql::graph::ActorLinkKind;
use crate::graphql::graph::actor_link::{ActorLink, has_id, load_actor_links, load_rows, sorted_unique};
use crate::graphql::loading::batch::{LoadOnce, Row};
use crate::graphql::loading::projection::Projection;
use crate::graphql::loading::session::{Session, SharedError, session};
use crate::graphql::plan::computed::Computed;
use crate::graphql::types::actor::Actor;
use crate::graphql::types::node::{NodeKind, union};
use crate::graphql::types::participation::Participation;
use crate::graphql::types::relation::Relation;
use crate::graphql::types::statement::Statement;

/// A hop as ids: the two actors, and the link with its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Step {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) link: i64,
    pub(super) kind: ActorLinkKind,
}

/// The hops of one result. Actors, links and parts are each loaded once for all of them.
pub(super) struct Hops {
    steps: Vec<Step>,
    actors: LoadOnce<HashMap<i64, Actor>>,
    links: LoadOnce<HashMap<i64, ActorLink>>,
    parts: LoadOnce<HashMap<(i64, i64), Vec<HopPart>>>,
}

union! {
    /// The source of an actor's part in a link: a participation, statement or relation. Its `evidence` gives the text.
    HopSource is Participation | Statement | Relation
}

/// The part that an actor has in the link of a hop.
#[derive(Clone, SimpleObject)]
pub struct HopPart {
    /// For an event, the role of the participation. For a statement, `SPEAKER`, `ADDRESSEE` or `ABOUT`. For a relation,
    /// `SUBJECT` or `OBJECT`.
    role: String,
    /// Standing of the participation in an event; null for other links, and when there is no claim about it.
    standing: Option<Standing>,
    /// The participation, statement or relation that gives the actor this part.
    source: HopSource,
}

/// A hop from one actor to another through one event, statement or relation.
pub struct Hop {
    hops: Arc<Hops>,
    step: Step,
}

impl Hops {
    pub(super) fn new(steps: Vec<Step>) -> Arc<Self> {
        Arc::new(Self { steps, actors: OnceCell::new(), links: OnceCell::new(), parts: OnceCell::new() })
    }

    pub(super) fn hop(self: &Arc<Self>, step: Step) -> Hop {
        Hop { hops: Arc::clone(self), step }
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns all hops in order.
    pub(super) fn all(self: &Arc<Self>) -> Vec<Hop> {
        self.steps.iter().map(|step| self.hop(*step)).collect()
    }

    fn actor_ids(&self) -> Vec<i64> {
        sorted_unique(self.steps.iter().flat_map(|step| [step.from, step.to]))
    }

    fn link_ids(&self, kind: ActorLinkKind) -> Vec<i64> {
        sorted_unique(self.steps.iter().filter(|step| step.kind == kind).map(|step| step.link))
    }

    async fn actor(&self, session: &Session, id: i64) -> Result<Actor, SharedError> {
        let actors = self.actors.get_or_init(async || load_actors(session, &self.actor_ids()).await);
        actors.await.as_ref().map_err(Clone::clone)?.get(&id).cloned().ok_or_else(missing_node)
    }

    async fn links(&self, session: &Session) -> Result<&HashMap<i64, ActorLink>, SharedError> {
        let links = self.links.get_or_init(async || {
            load_actor_links(session, self.steps.iter().map(|step| (step.kind, step.link))).await
        });
        links.await.as_ref().map_err(Clone::clone)
    }

    /// Loads the parts of the actors in the links, by the ids of link and actor.
    async fn parts(&self, session: &Session) -> Result<&HashMap<(i64, i64), Vec<HopPart>>, SharedError> {
        let parts = self.parts.get_or_init(async || {
            let mut parts: HashMap<(i64, i64), Vec<HopPart>> = HashMap::new();
            let ends = self.actor_ids();
            for (link, actor, part) in load_participations(session, &self.link_ids(ActorLinkKind::Event), &ends).await?
            {
                parts.entry((link, actor)).or_default().push(part);
            }
            let links = self.links(session).await?;
            let statement_part = |id: i64, role: &str| match links.get(&id) {
                Some(ActorLink::Statement(statement)) => {
                    Some(HopPart { role: role.into(), standing: None, source: HopSource::Statement(statement.clone()) })
                }
                _ => None,
            };
            for link in links.values() {
                match link {
                    ActorLink::Event(_) => {}
                    ActorLink::Statement(Statement(row)) => {
                        let ends = [(row.speaker_id, "SPEAKER"), (row.addressee_id, "ADDRESSEE")];
                        for (actor, role) in ends.into_iter().filter_map(|(actor, role)| Some((actor?, role))) {
                            parts.entry((row.id.0, actor.0)).or_default().extend(statement_part(row.id.0, role));
                        }
                    }
                    ActorLink::Relation(Relation(row)) => {
                        let ends = [(Some(row.subject_id), "SUBJECT"), (row.object_id, "OBJECT")];
                        for (actor, role) in ends.into_iter().filter_map(|(actor, role)| Some((actor?, role))) {
                            let source = HopSource::Relation(Relation(row.clone()));
                            let part = HopPart { role: role.into(), standing: None, source };
                            parts.entry((row.id.0, actor.0)).or_default().push(part);
                        }
                    }
                }
            }
            for (statement, actor) in
                statement_subjects(session, &self.link_ids(ActorLinkKind::Statement), &ends).await?
            {
                parts.entry((statement, actor)).or_default().extend(statement_part(statement, "ABOUT"));
            }
            Ok(parts)
        });
        parts.await.as_ref().map_err(Clone::clone)
    }

    async fn parts_of(&self, session: &Session, step: Step, actor: i64) -> Result<Vec<HopPart>, SharedError> {
        Ok(self.parts(session).await?.get(&(step.link, actor)).cloned().unwrap_or_default())
    }
}

/// A hop from one actor to another through one event, statement or relation.
#[Object]
impl Hop {
    /// The actor at the start of the hop.
    async fn from(&self, ctx: &Context<'_>) -> Result<Actor, SharedError> {
        self.hops.actor(session(ctx)?, self.step.from).await
    }
    /// The actor at the end of the hop.
    async fn to(&self, ctx: &Context<'_>) -> Result<Actor, SharedError> {
        self.hops.actor(session(ctx)?, self.step.to).await
    }
    /// The event, statement or relation that links the two actors.
    async fn via(&self, ctx: &Context<'_>) -> Result<ActorLink, SharedError> {
        self.hops.links(session(ctx)?).await?.get(&self.step.link).cloned().ok_or_else(missing_node)
    }
    /// Parts of the `from` actor in the link.
    #[graphql(name = "fromParts")]
    async fn parts_at_start(&self, ctx: &Context<'_>) -> Result<ResolvedList<HopPart>, SharedError> {
        Ok(ResolvedList(self.hops.parts_of(session(ctx)?, self.step, self.step.from).await?))
    }
    /// Parts of the `to` actor in the link.
    #[graphql(name = "toParts")]
    async fn parts_at_end(&self, ctx: &Context<'_>) -> Result<ResolvedList<HopPart>, SharedError> {
        Ok(ResolvedList(self.hops.parts_of(session(ctx)?, self.step, self.step.to).await?))
    }
}

/// The error for a node that is missing. It cannot be: all statements of a query see one state of the graph.
pub(super) fn missing_node() -> SharedError {
    Error::Internal("a node of a hop is missing".into()).into()
}

pub(super) async fn load_actors(session: &Session, ids: &[i64]) -> Result<HashMap<i64, Actor>, SharedError> {
    Ok(load_rows::<Actor>(session, ids).await?.into_iter().collect())
}

async fn load_participations(
    session: &Session,
    events: &[i64],
    ends: &[i64],
) -> Result<Vec<(i64, i64, HopPart)>, SharedError> {
    use participation::{Column, Entity};
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let projection = Projection::<Participation>::all_columns();
    let mut select = projection.select();
    select.and_where(has_id::<Entity>(session.dialect(), Column::EventId, events));
    select.and_where(has_id::<Entity>(session.dialect(), Column::ActorId, ends));
    select.order_by((Entity, Column::Id), sea_orm::sea_query::Order::Asc);
    let batch = projection.load(session, select).await?;
    let part = |row: Row<Entity>| {
        let (event, actor) = (row.event_id.0, row.actor_id?.0);
        let (role, standing) = (row.role.to_value(), row.standing);
        Some((event, actor, HopPart { role, standing, source: HopSource::Participation(Participation(row)) }))
    };
    Ok(Row::all(&batch).filter_map(part).collect())
}

/// Returns the pairs of statement and actor in which the statement is about the actor.
async fn statement_subjects(
    session: &Session,
    statements: &[i64],
    ends: &[i64],
) -> Result<Vec<(i64, i64)>, SharedError> {
    use statement_about::{Column, Entity};
    if statements.is_empty() {
        return Ok(Vec::new());
    }
    let select = Query::select()
        .columns([Column::StatementId, Column::TargetId])
        .from(Entity)
        .and_where(has_id::<Entity>(session.dialect(), Column::StatementId, statements))
        .and_where(has_id::<Entity>(session.dialect(), Column::TargetId, ends))
        .take();
    let rows = session.all(&select).await?;
    rows.iter().map(|row| Ok((row.get("statement_id")?, row.get("target_id")?))).collect()
}

/// Computes hops.
pub(super) async fn hops(session: &Session, steps: &[Step], with_parts: bool) -> Result<Vec<Computed>, SharedError> {
    let parts = if with_parts { parts(session, steps).await? } else { HashMap::new() };
    let parts_of = |step: &Step, actor: i64| parts.get(&(step.link, actor)).cloned().unwrap_or_default().into();
    let hop = |step: &Step| {
        Computed::object(
            "Hop",
            [
                ("from", Computed::node(NodeKind::Actor, step.from)),
                ("to", Computed::node(NodeKind::Actor, step.to)),
                ("via", Computed::node(step.kind.node_kind(), step.link)),
                ("fromParts", parts_of(step, step.from)),
                ("toParts", parts_of(step, step.to)),
            ],
        )
    };
    Ok(steps.iter().map(hop).collect())
}

/// Finds the parts of the actors in the links, by the ids of link and actor.
async fn parts(session: &Session, steps: &[Step]) -> Result<HashMap<(i64, i64), Vec<Computed>>, SharedError> {
    let mut parts: HashMap<(i64, i64), Vec<Computed>> = HashMap::new();
    let part = |role: &str, standing: Computed, kind, source| {
        let source = Computed::node(kind, source);
        Computed::object("HopPart", [("role", role.into()), ("standing", standing), ("source", source)])
    };
    let ends = sorted_unique(steps.iter().flat_map(|step| [step.from, step.to]));
    let links = |kind| sorted_unique(steps.iter().filter(|step| step.kind == kind).map(|step| step.link));
    let (events, statements, relations) =
        (links(ActorLinkKind::Event), links(ActorLinkKind::Statement), links(ActorLinkKind::Relation));
    if !events.is_empty() {
        use participation::{Column, Entity};
        let select = Query::select()
            .columns([Column::Id, Column::EventId, Column::ActorId, Column::Role, Column::Standing])
            .from(Entity)
            .and_where(has_id::<Entity>(session.dialect(), Column::EventId, &events))
            .and_where(has_id::<Entity>(session.dialect(), Column::ActorId, &ends))
            .order_by(Column::Id, Order::Asc)
            .take();
        for row in session.all(&select).await?.iter() {
            let standing = row.at::<Option<String>>(4)?.into();
            let one = part(&row.at::<String>(3)?, standing, NodeKind::Participation, row.at(0)?);
            parts.entry((row.at(1)?, row.at(2)?)).or_default().push(one);
        }
    }
    for (kind, ids, roles) in [
        (NodeKind::Statement, &statements, [("speaker_id", "SPEAKER"), ("addressee_id", "ADDRESSEE")]),
        (NodeKind::Relation, &relations, [("subject_id", "SUBJECT"), ("object_id", "OBJECT")]),
    ] {
        if ids.is_empty() {
            continue;
        }
        let (table, dialect) = (kind.table(), session.dialect());
        let select = Query::select()
            .column((table, "id"))
            .columns(roles.map(|(column, _)| (table, column)))
            .from(table)
            .and_where(dialect.is_one_of(Expr::col((table, "id")), dialect.numbers(ids)))
            .take();
        for row in session.all(&select).await?.iter() {
            for (index, (_, role)) in roles.iter().enumerate() {
                if let Some(actor) = row.at::<Option<i64>>(index + 1)? {
                    let id = row.at(0)?;
                    parts.entry((id, actor)).or_default().push(part(role, Computed::Null, kind, id));
                }
            }
        }
    }
    for (statement, actor) in statement_subjects(session, &statements, &ends).await? {
        let one = part("ABOUT", Computed::Null, NodeKind::Statement, statement);
        parts.entry((statement, actor)).or_default().push(one);
    }
    Ok(parts)
}
