//! Hops as they are shown: the actors at both ends, what ties them, and by what parts.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject, Union};
use entity::standing::Standing;
use entity::{participation, statement_about};
use sea_orm::ActiveEnum;
use sea_orm::sea_query::Query;
use tokio::sync::OnceCell;

use crate::error::Error;
use crate::graphql::graph::ActorLinkKind;
use crate::graphql::graph::actor_link::{ActorLink, actor_links, numbered, rows, unique};
use crate::graphql::loading::batch::{Once, Row};
use crate::graphql::loading::projection::Projection;
use crate::graphql::loading::session::{Session, SharedError, session};
use crate::graphql::types::actor::Actor;
use crate::graphql::types::participation::Participation;
use crate::graphql::types::relation::Relation;
use crate::graphql::types::statement::Statement;

/// A hop by its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Step {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) thing: i64,
    pub(super) kind: ActorLinkKind,
}

/// The hops of one answer, whose parts are read together.
pub(super) struct Hops {
    steps: Vec<Step>,
    actors: Once<HashMap<i64, Actor>>,
    things: Once<HashMap<i64, ActorLink>>,
    parts: Once<HashMap<(i64, i64), Vec<HopPart>>>,
}

/// What says that an actor has a part in the thing between: its `evidence` tells where that is written.
#[derive(Clone, Union)]
pub enum HopSource {
    /// A part in an event.
    Participation(Participation),
    /// The statement itself.
    Statement(Statement),
    /// The relation itself.
    Relation(Relation),
}

/// The part that an actor has in what a hop leads through.
#[derive(Clone, SimpleObject)]
pub struct HopPart {
    /// The role in an event; `SPEAKER`, `ADDRESSEE` or `ABOUT` for a statement; `SUBJECT` or `OBJECT` for a relation.
    role: String,
    /// How the part in an event stands, if statements take sides on it.
    standing: Option<Standing>,
    /// What says so, with the evidence.
    source: HopSource,
}

/// A step from one actor to another through one event, statement or relation.
pub struct Hop {
    hops: Arc<Hops>,
    step: Step,
}

impl Hops {
    pub(super) fn new(steps: Vec<Step>) -> Arc<Self> {
        Arc::new(Self { steps, actors: OnceCell::new(), things: OnceCell::new(), parts: OnceCell::new() })
    }

    pub(super) fn hop(self: &Arc<Self>, step: Step) -> Hop {
        Hop { hops: Arc::clone(self), step }
    }

    /// All hops in their order.
    pub(super) fn all(self: &Arc<Self>) -> Vec<Hop> {
        self.steps.iter().map(|step| self.hop(*step)).collect()
    }

    fn ends(&self) -> Vec<i64> {
        unique(self.steps.iter().flat_map(|step| [step.from, step.to]))
    }

    fn between(&self, kind: ActorLinkKind) -> Vec<i64> {
        unique(self.steps.iter().filter(|step| step.kind == kind).map(|step| step.thing))
    }

    async fn actor(&self, session: &Session, number: i64) -> Result<Actor, SharedError> {
        let actors = self.actors.get_or_init(async || actors(session, &self.ends()).await);
        actors.await.as_ref().map_err(Clone::clone)?.get(&number).cloned().ok_or_else(gone)
    }

    async fn things(&self, session: &Session) -> Result<&HashMap<i64, ActorLink>, SharedError> {
        let things = self
            .things
            .get_or_init(async || actor_links(session, self.steps.iter().map(|step| (step.kind, step.thing))).await);
        things.await.as_ref().map_err(Clone::clone)
    }

    /// The parts of the actors in the things, by thing and actor.
    async fn parts(&self, session: &Session) -> Result<&HashMap<(i64, i64), Vec<HopPart>>, SharedError> {
        let parts = self.parts.get_or_init(async || {
            let mut parts: HashMap<(i64, i64), Vec<HopPart>> = HashMap::new();
            let ends = self.ends();
            for (thing, actor, part) in participations(session, &self.between(ActorLinkKind::Event), &ends).await? {
                parts.entry((thing, actor)).or_default().push(part);
            }
            let things = self.things(session).await?;
            let of_statement = |id: i64, role: &str| match things.get(&id) {
                Some(ActorLink::Statement(statement)) => {
                    Some(HopPart { role: role.into(), standing: None, source: HopSource::Statement(statement.clone()) })
                }
                _ => None,
            };
            for thing in things.values() {
                match thing {
                    ActorLink::Event(_) => {}
                    ActorLink::Statement(Statement(row)) => {
                        let ends = [(row.speaker_id, "SPEAKER"), (row.addressee_id, "ADDRESSEE")];
                        for (actor, role) in ends.into_iter().filter_map(|(actor, role)| Some((actor?, role))) {
                            parts.entry((row.id.0, actor.0)).or_default().extend(of_statement(row.id.0, role));
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
            for (statement, actor) in abouts(session, &self.between(ActorLinkKind::Statement), &ends).await? {
                parts.entry((statement, actor)).or_default().extend(of_statement(statement, "ABOUT"));
            }
            Ok(parts)
        });
        parts.await.as_ref().map_err(Clone::clone)
    }

    async fn parts_of(&self, session: &Session, step: Step, actor: i64) -> Result<Vec<HopPart>, SharedError> {
        Ok(self.parts(session).await?.get(&(step.thing, actor)).cloned().unwrap_or_default())
    }
}

/// A step from one actor to another through one event, statement or relation.
#[Object]
impl Hop {
    /// Where it begins.
    async fn from(&self, ctx: &Context<'_>) -> Result<Actor, SharedError> {
        self.hops.actor(session(ctx)?, self.step.from).await
    }
    /// Where it leads.
    async fn to(&self, ctx: &Context<'_>) -> Result<Actor, SharedError> {
        self.hops.actor(session(ctx)?, self.step.to).await
    }
    /// What it leads through.
    async fn via(&self, ctx: &Context<'_>) -> Result<ActorLink, SharedError> {
        self.hops.things(session(ctx)?).await?.get(&self.step.thing).cloned().ok_or_else(gone)
    }
    /// The parts in it of the one where it begins.
    #[graphql(name = "fromParts")]
    async fn parts_of_first(&self, ctx: &Context<'_>) -> Result<Vec<HopPart>, SharedError> {
        self.hops.parts_of(session(ctx)?, self.step, self.step.from).await
    }
    /// The parts in it of the one where it leads.
    #[graphql(name = "toParts")]
    async fn parts_of_second(&self, ctx: &Context<'_>) -> Result<Vec<HopPart>, SharedError> {
        self.hops.parts_of(session(ctx)?, self.step, self.step.to).await
    }
}

/// Statements of one request share no snapshot, so what one found may be gone for the next.
pub(super) fn gone() -> SharedError {
    Error::Broken("an actor or thing is gone since it was found".into()).into()
}

pub(super) async fn actors(session: &Session, ids: &[i64]) -> Result<HashMap<i64, Actor>, SharedError> {
    Ok(rows::<Actor>(session, ids).await?.into_iter().collect())
}

async fn participations(
    session: &Session,
    events: &[i64],
    ends: &[i64],
) -> Result<Vec<(i64, i64, HopPart)>, SharedError> {
    use participation::{Column, Entity};
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let asked = Projection::<Participation>::whole();
    let mut select = asked.columns();
    select.and_where(numbered::<Entity>(session.dialect(), Column::EventId, events));
    select.and_where(numbered::<Entity>(session.dialect(), Column::ActorId, ends));
    select.order_by((Entity, Column::Id), sea_orm::sea_query::Order::Asc);
    let batch = asked.read(session, select).await?;
    let part = |row: Row<Entity>| {
        let (event, actor) = (row.event_id.0, row.actor_id?.0);
        let (role, standing) = (row.role.to_value(), row.standing);
        Some((event, actor, HopPart { role, standing, source: HopSource::Participation(Participation(row)) }))
    };
    Ok(Row::all(&batch).filter_map(part).collect())
}

/// Which statements are about which of the actors.
async fn abouts(session: &Session, statements: &[i64], ends: &[i64]) -> Result<Vec<(i64, i64)>, SharedError> {
    use statement_about::{Column, Entity};
    if statements.is_empty() {
        return Ok(Vec::new());
    }
    let select = Query::select()
        .columns([Column::StatementId, Column::TargetId])
        .from(Entity)
        .and_where(numbered::<Entity>(session.dialect(), Column::StatementId, statements))
        .and_where(numbered::<Entity>(session.dialect(), Column::TargetId, ends))
        .take();
    let rows = session.all(&select).await?;
    rows.iter().map(|row| Ok((row.try_get("", "statement_id")?, row.try_get("", "target_id")?))).collect()
}
