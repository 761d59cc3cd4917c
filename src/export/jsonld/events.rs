//! Events and their links, accounts (views in SEM), participations and figures.

use std::collections::HashMap;

use entity::figure::Qualifier;
use entity::record::RecordKind;
use entity::stance::StanceKind;
use entity::{claim, stance, statement};
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use serde_json::{Value, json};

use crate::error::Result;
use crate::export::jsonld::{Graph, Node, date, each, iri, reference, term};
use crate::export::output::Output;
use crate::export::snapshot_reader::SnapshotReader;

pub(super) async fn events(reader: &mut SnapshotReader, output: &Output, graph: &mut Graph) -> Result<()> {
    each!(reader, output, graph, Event event, |rows| {
        rows.iter()
            .map(|row| {
                Node::new(RecordKind::Event, row.id.0, &["schema:Event", "sem:Event"])
                    .with("schema:name", row.title.as_ref())
                    .with("ng:titleSource", row.title_source.map(|source| term(&source)))
                    .with("schema:description", row.summary.as_ref())
                    .with("sem:eventType", Some(term(&row.kind)))
                    .with("ng:sourceType", row.source_type.as_ref())
                    .time(row.date.as_ref(), row.date_raw.as_ref(), row.earliest, row.latest)
                    .plain("schema:startDate", row.date.as_ref())
                    .to("sem:hasPlace", RecordKind::Place, row.place_id)
                    .to("schema:location", RecordKind::Place, row.place_id)
                    .with("ng:placeNote", row.place_note.as_ref())
                    .with("ng:placeCertainty", row.place_certainty.map(|certainty| term(&certainty)))
                    .with("ng:placePrecision", row.place_precision.map(|precision| term(&precision)))
                    .with("ng:occurrence", Some(term(&row.occurrence)))
                    .with("ng:standing", row.standing.map(|standing| term(&standing)))
                    .to("schema:superEvent", RecordKind::Event, row.parent_id)
            })
            .collect()
    })
}

pub(super) async fn event_links(reader: &mut SnapshotReader, output: &Output, graph: &mut Graph) -> Result<()> {
    each!(reader, output, graph, EventLink event_link, |rows| {
        let nodes = rows.iter().map(|row| {
            let property = format!("ng:{}", row.kind.to_value());
            Node::of(&iri(RecordKind::Event, row.from_id.0)).to(&property, RecordKind::Event, Some(row.to_id))
        });
        nodes.collect()
    })
}

/// Writes accounts as views, with the voices that support or dispute each: those whose stances on its claims are
/// current.
pub(super) async fn accounts(reader: &mut SnapshotReader, output: &Output, graph: &mut Graph) -> Result<()> {
    each!(reader, output, graph, Account account, |rows| {
        let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
        let mut voices = voices_by_account(reader, &ids).await?;
        rows.iter()
            .map(|row| {
                let (supporting, disputing) = voices.remove(&row.id.0).unwrap_or_default();
                Node::new(RecordKind::Account, row.id.0, &["sem:View"])
                    .to("rdf:value", RecordKind::Event, Some(row.event_id))
                    .with("rdfs:label", Some(&row.label))
                    .with("sem:accordingTo", Some(supporting))
                    .with("ng:disputedBy", Some(disputing))
                    .with("sem:eventType", row.kind.map(|kind| term(&kind)))
                    .time(row.date.as_ref(), row.date_raw.as_ref(), row.earliest, row.latest)
                    .to("sem:hasPlace", RecordKind::Place, row.place_id)
                    .with("ng:placeNote", row.place_note.as_ref())
                    .with("ng:standing", row.standing.map(|standing| term(&standing)))
            })
            .collect()
    })
}

/// Returns the voices that support each account, and those that dispute it.
async fn voices_by_account(
    reader: &mut SnapshotReader,
    accounts: &[i64],
) -> Result<HashMap<i64, (Vec<Value>, Vec<Value>)>> {
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
        .and_where(reader.is_one_of(subject, accounts))
        .and_where(stance(stance::Column::Current).eq(true))
        .order_by((stance::Entity, stance::Column::Id), sea_orm::sea_query::Order::Asc)
        .take();
    let rows = reader.rows(&select).await?;
    let mut voices = Vec::new();
    for row in rows.iter() {
        voices.extend(row.get::<Option<i64>>("voice")?);
    }
    let labels = reader.labels(voices).await?;
    let mut by_account: HashMap<i64, (Vec<Value>, Vec<Value>)> = HashMap::new();
    for row in rows.iter() {
        let voice = match row.get::<Option<i64>>("voice")? {
            Some(id) => json!({
                "@id": iri(RecordKind::Actor, id), "@type": "sem:Authority", "schema:name": labels.text(id)
            }),
            // An unnamed voice, such as "it was reported".
            None => {
                let printed: Option<String> = row.get("printed")?;
                json!({ "@type": "sem:Authority", "schema:name": printed.as_deref().unwrap_or("an unnamed voice") })
            }
        };
        let (supporting, disputing) = by_account.entry(row.get("account")?).or_default();
        match row.get::<StanceKind>("stance")? {
            StanceKind::Asserts | StanceKind::Confirms | StanceKind::Supports => supporting.push(voice),
            StanceKind::Denies | StanceKind::Questions => disputing.push(voice),
            StanceKind::Retracts | StanceKind::DeclinesComment => {}
        }
    }
    Ok(by_account)
}

/// Writes participations: as actors of the event, or of an account if only that account has them.
pub(super) async fn participations(reader: &mut SnapshotReader, output: &Output, graph: &mut Graph) -> Result<()> {
    each!(reader, output, graph, Participation participation, |rows| {
        let nodes = rows.iter().flat_map(|row| {
            let parent = match row.account_id {
                Some(account) => iri(RecordKind::Account, account.0),
                None => iri(RecordKind::Event, row.event_id.0),
            };
            let part = reference(RecordKind::Participation, row.id.0);
            // SEM expresses a role by a node between event and actor, whose value is the actor.
            let who = row.actor_id.map(|actor| reference(RecordKind::Actor, actor.0));
            let what = row.article_id.map(|article| reference(RecordKind::Article, article.0));
            [
                Node::of(&parent).with("sem:hasActor", Some(part)),
                Node::new(RecordKind::Participation, row.id.0, &["sem:Role"])
                    .with("rdf:value", who.or(what).or_else(|| row.thing.as_ref().map(|thing| json!(thing))))
                    .with("sem:roleType", Some(term(&row.role)))
                    .with("ng:side", row.side.as_ref())
                    .to("ng:place", RecordKind::Place, row.place_id)
                    .with("ng:note", row.note.as_ref())
                    .with("ng:certainty", Some(term(&row.certainty)))
                    .with("ng:standing", row.standing.map(|standing| term(&standing))),
            ]
        });
        nodes.collect()
    })
}

pub(super) async fn figures(reader: &mut SnapshotReader, output: &Output, graph: &mut Graph) -> Result<()> {
    each!(reader, output, graph, Figure figure, |rows| {
        let nodes = rows.iter().flat_map(|row| {
            [
                Node::of(&iri(row.target_kind, row.target_id.0)).to("ng:figure", RecordKind::Figure, Some(row.id)),
                Node::new(RecordKind::Figure, row.id.0, &["schema:QuantitativeValue"])
                    .with("schema:name", Some(&row.counted))
                    .with("ng:countedType", row.counted_type.map(|kind| term(&kind)))
                    .with("schema:value", row.value)
                    .with("schema:minValue", row.lower)
                    .with("schema:maxValue", row.upper)
                    .with("schema:unitText", row.unit.as_ref())
                    .with("ng:qualifier", (row.qualifier != Qualifier::Exact).then(|| term(&row.qualifier)))
                    .with("ng:period", row.period.as_deref().map(date))
                    .to("ng:place", RecordKind::Place, row.place_id)
                    .to("schema:isPartOf", RecordKind::Figure, row.part_of_id),
            ]
        });
        nodes.collect()
    })
}
