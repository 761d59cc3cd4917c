//! Events, their views, and who had a part in them.

use std::collections::HashMap;

use entity::figure::Qualifier;
use entity::record::RecordKind;
use entity::stance::StanceKind;
use entity::{claim, stance, statement};
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use serde_json::{Value, json};

use crate::error::Result;
use crate::export::jsonld::{Graph, Node, date, each, iri, ours, reference};
use crate::export::output::Out;
use crate::export::source::Source;

pub(super) async fn events(source: &mut Source, out: &Out, graph: &mut Graph) -> Result<()> {
    each!(source, out, graph, Event event, |rows| {
        rows.iter()
            .map(|row| {
                Node::new(RecordKind::Event, row.id.0, &["schema:Event", "sem:Event"])
                    .with("schema:name", row.title.as_ref())
                    .with("schema:description", row.summary.as_ref())
                    .with("sem:eventType", Some(ours(&row.kind)))
                    .with("ng:sourceType", row.source_type.as_ref())
                    .time(row.date.as_ref(), row.date_raw.as_ref(), row.earliest, row.latest)
                    .plain("schema:startDate", row.date.as_ref())
                    .to("sem:hasPlace", RecordKind::Place, row.place_id)
                    .to("schema:location", RecordKind::Place, row.place_id)
                    .with("ng:placeNote", row.place_note.as_ref())
                    .with("ng:placeCertainty", row.place_certainty.map(|certainty| ours(&certainty)))
                    .with("ng:placePrecision", row.place_precision.map(|precision| ours(&precision)))
                    .with("ng:occurrence", Some(ours(&row.occurrence)))
                    .with("ng:standing", row.standing.map(|standing| ours(&standing)))
                    .to("schema:superEvent", RecordKind::Event, row.parent_id)
            })
            .collect()
    })
}

pub(super) async fn event_links(source: &mut Source, out: &Out, graph: &mut Graph) -> Result<()> {
    each!(source, out, graph, EventLink event_link, |rows| {
        let told = rows.iter().map(|row| {
            let property = format!("ng:{}", row.kind.to_value());
            Node::of(&iri(RecordKind::Event, row.from_id.0)).to(&property, RecordKind::Event, Some(row.to_id))
        });
        told.collect()
    })
}

/// A view of an event, and who holds it: the voices whose stances on its claim count.
pub(super) async fn accounts(source: &mut Source, out: &Out, graph: &mut Graph) -> Result<()> {
    each!(source, out, graph, Account account, |rows| {
        let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
        let mut sides = sides(source, &ids).await?;
        rows.iter()
            .map(|row| {
                let (held, disputed) = sides.remove(&row.id.0).unwrap_or_default();
                Node::new(RecordKind::Account, row.id.0, &["sem:View"])
                    .to("rdf:value", RecordKind::Event, Some(row.event_id))
                    .with("rdfs:label", Some(&row.label))
                    .with("sem:accordingTo", Some(held))
                    .with("ng:disputedBy", Some(disputed))
                    .with("sem:eventType", row.kind.map(|kind| ours(&kind)))
                    .time(row.date.as_ref(), row.date_raw.as_ref(), row.earliest, row.latest)
                    .to("sem:hasPlace", RecordKind::Place, row.place_id)
                    .with("ng:placeNote", row.place_note.as_ref())
                    .with("ng:standing", row.standing.map(|standing| ours(&standing)))
            })
            .collect()
    })
}

/// Those for and those against each of these accounts.
async fn sides(source: &mut Source, accounts: &[i64]) -> Result<HashMap<i64, (Vec<Value>, Vec<Value>)>> {
    let stance = |column: stance::Column| Expr::col((stance::Entity, column));
    let statement = |column: statement::Column| Expr::col((statement::Entity, column));
    let subject = Expr::col((claim::Entity, claim::Column::SubjectId));
    let select = Query::select()
        .expr_as(subject.clone(), "account")
        .expr_as(stance(stance::Column::Stance), "stance")
        .expr_as(statement(statement::Column::VoiceId), "voice")
        .expr_as(statement(statement::Column::SpeakerText), "printed")
        .from(claim::Entity)
        .inner_join(stance::Entity, stance(stance::Column::ClaimId).equals((claim::Entity, claim::Column::Id)))
        .inner_join(
            statement::Entity,
            statement(statement::Column::Id).equals((stance::Entity, stance::Column::StatementId)),
        )
        .and_where(source.one_of(subject, accounts))
        .and_where(stance(stance::Column::Current).eq(true))
        .order_by((stance::Entity, stance::Column::Id), sea_orm::sea_query::Order::Asc)
        .take();
    let rows = source.rows(&select).await?;
    let mut voices = Vec::new();
    for row in &rows {
        voices.extend(row.try_get::<Option<i64>>("", "voice")?);
    }
    let labels = source.labels(voices).await?;
    let mut sides: HashMap<i64, (Vec<Value>, Vec<Value>)> = HashMap::new();
    for row in &rows {
        let voice = match row.try_get::<Option<i64>>("", "voice")? {
            Some(id) => json!({
                "@id": iri(RecordKind::Actor, id), "@type": "sem:Authority", "schema:name": labels.text(id)
            }),
            // A voice that nobody names, such as "has been reported".
            None => {
                let printed: Option<String> = row.try_get("", "printed")?;
                json!({ "@type": "sem:Authority", "schema:name": printed.as_deref().unwrap_or("an unnamed voice") })
            }
        };
        let (held, disputed) = sides.entry(row.try_get("", "account")?).or_default();
        match row.try_get::<StanceKind>("", "stance")? {
            StanceKind::Asserts | StanceKind::Confirms | StanceKind::Supports => held.push(voice),
            StanceKind::Denies | StanceKind::Questions => disputed.push(voice),
            StanceKind::Retracts | StanceKind::DeclinesComment => {}
        }
    }
    Ok(sides)
}

/// Parts: of the event when they are agreed, of one view of it when only that tells them.
pub(super) async fn participations(source: &mut Source, out: &Out, graph: &mut Graph) -> Result<()> {
    each!(source, out, graph, Participation participation, |rows| {
        let told = rows.iter().flat_map(|row| {
            let whole = match row.account_id {
                Some(account) => iri(RecordKind::Account, account.0),
                None => iri(RecordKind::Event, row.event_id.0),
            };
            let part = reference(RecordKind::Participation, row.id.0);
            // An actor with a role (SEM calls that a constraint): its value is the actor.
            let who = row.actor_id.map(|actor| reference(RecordKind::Actor, actor.0));
            let what = row.article_id.map(|article| reference(RecordKind::Article, article.0));
            [
                Node::of(&whole).with("sem:hasActor", Some(part)),
                Node::new(RecordKind::Participation, row.id.0, &["sem:Role"])
                    .with("rdf:value", who.or(what).or_else(|| row.thing.as_ref().map(|thing| json!(thing))))
                    .with("sem:roleType", Some(ours(&row.role)))
                    .with("ng:side", row.side.as_ref())
                    .to("ng:place", RecordKind::Place, row.place_id)
                    .with("ng:note", row.note.as_ref())
                    .with("ng:certainty", Some(ours(&row.certainty)))
                    .with("ng:standing", row.standing.map(|standing| ours(&standing))),
            ]
        });
        told.collect()
    })
}

pub(super) async fn figures(source: &mut Source, out: &Out, graph: &mut Graph) -> Result<()> {
    each!(source, out, graph, Figure figure, |rows| {
        let told = rows.iter().flat_map(|row| {
            [
                Node::of(&iri(row.target_kind, row.target_id.0)).to("ng:figure", RecordKind::Figure, Some(row.id)),
                Node::new(RecordKind::Figure, row.id.0, &["schema:QuantitativeValue"])
                    .with("schema:name", Some(&row.counted))
                    .with("ng:countedType", row.counted_type.map(|kind| ours(&kind)))
                    .with("schema:value", row.value)
                    .with("schema:minValue", row.lower)
                    .with("schema:maxValue", row.upper)
                    .with("schema:unitText", row.unit.as_ref())
                    .with("ng:qualifier", (row.qualifier != Qualifier::Exact).then(|| ours(&row.qualifier)))
                    .with("ng:period", row.period.as_deref().map(date))
                    .to("ng:place", RecordKind::Place, row.place_id)
                    .to("schema:isPartOf", RecordKind::Figure, row.part_of_id),
            ]
        });
        told.collect()
    })
}
