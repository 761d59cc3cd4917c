//! Hops as GraphQL objects: the two actors, the link between them, and the part that each has in the link.

use std::collections::HashMap;

use entity::standing::Standing;
use entity::{participation, statement_about};
use sea_orm::sea_query::{Expr, Order, Query};

use crate::graphql::graph::ActorLinkKind;
use crate::graphql::graph::actor_link::{ActorLink, has_id, sorted_unique};
use crate::graphql::plan::computed::Computed;
use crate::graphql::schema::object::{object, union};
use crate::graphql::session::{Session, SharedError};
use crate::graphql::types::actor::Actor;
use crate::graphql::types::node::NodeKind;
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

union! {
    /// The source of an actor's part in a link: a participation, statement or relation. Its `evidence` gives the text.
    HopSource is Participation | Statement | Relation
}

object! {
    /// The part that an actor has in the link of a hop.
    HopPart {
        /// For an event, the role of the participation. For a statement, `SPEAKER`, `ADDRESSEE` or `ABOUT`. For a relation,
        /// `SUBJECT` or `OBJECT`.
        role: String = own;
        /// Standing of the participation in an event; null for other links, and when there is no claim about it.
        standing: Option<Standing> = own;
        /// The participation, statement or relation that gives the actor this part.
        source: HopSource = own;
    }
}

object! {
    /// A hop from one actor to another through one event, statement or relation.
    Hop {
        /// The actor at the start of the hop.
        from: Actor = own;
        /// The actor at the end of the hop.
        to: Actor = own;
        /// The event, statement or relation that links the two actors.
        via: ActorLink = own;
        /// Parts of the `from` actor in the link.
        from_parts: Vec<HopPart> = own;
        /// Parts of the `to` actor in the link.
        to_parts: Vec<HopPart> = own;
    }
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

/// Computes the selected fields of hops. `selects` tells whether a field is selected.
pub(super) async fn hops(
    session: &Session,
    steps: &[Step],
    selects: impl Fn(&str) -> bool,
) -> Result<Vec<Computed>, SharedError> {
    let with_parts = selects("fromParts") || selects("toParts");
    let parts = if with_parts { parts(session, steps).await? } else { HashMap::new() };
    let parts_of = |step: &Step, actor: i64| parts.get(&(step.link, actor)).cloned().unwrap_or_default().into();
    let value = |step: &Step, field: &'static str| match field {
        "from" => Computed::node(NodeKind::Actor, step.from),
        "to" => Computed::node(NodeKind::Actor, step.to),
        "via" => Computed::node(step.kind.node_kind(), step.link),
        "fromParts" => parts_of(step, step.from),
        _ => parts_of(step, step.to),
    };
    let mut fields = vec!["from", "to", "via", "fromParts", "toParts"];
    fields.retain(|field| selects(field));
    let hop = |step: &Step| Computed::object("Hop", fields.iter().map(|field| (*field, value(step, field))));
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
