//! Claims, statements and their stances, evidence and mentions.

use entity::record::RecordKind;
use entity::statement_about;
use sea_orm::ActiveEnum;
use serde_json::{Value, json};

use crate::error::Result;
use crate::export::jsonld::{Graph, Node, each, iri, reference, term};
use crate::export::output::{Output, object};
use crate::export::snapshot_reader::SnapshotReader;

pub(super) async fn claims(reader: &mut SnapshotReader, output: &Output, graph: &mut Graph) -> Result<()> {
    each!(reader, output, graph, Claim claim, |rows| {
        let nodes = rows.iter().map(|row| {
            let subject = row.subject_id.zip(row.subject_kind).map(|(id, kind)| reference(kind, id.0));
            Node::new(RecordKind::Claim, row.id.0, &["schema:Claim"])
                .with("schema:text", Some(&row.text))
                .with("schema:about", subject)
                .with("ng:standing", Some(term(&row.standing)))
        });
        nodes.collect()
    })
}

pub(super) async fn statements(reader: &mut SnapshotReader, output: &Output, graph: &mut Graph) -> Result<()> {
    each!(reader, output, graph, Statement statement, |rows| {
        let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
        let abouts = reader.find_by::<statement_about::Entity>(statement_about::Column::StatementId, &ids).await?;
        let of = |id| abouts.iter().filter(move |about| about.statement_id == id);
        rows.iter()
            .map(|row| {
                let about: Vec<Value> = of(row.id).map(|about| reference(about.target_kind, about.target_id.0)).collect();
                Node::new(RecordKind::Statement, row.id.0, &["schema:Quotation", "prov:Entity"])
                    .with("schema:abstract", Some(&row.summary))
                    .with("schema:text", row.text.as_ref())
                    .to("prov:wasAttributedTo", RecordKind::Actor, row.speaker_id)
                    .to("schema:creator", RecordKind::Actor, row.speaker_id)
                    .with("ng:speakerAsPrinted", row.speaker_text.as_ref())
                    .with("ng:cue", row.cue.as_ref())
                    .with("ng:attribution", Some(term(&row.attribution)))
                    .with("ng:quoteType", Some(term(&row.quote_type)))
                    .with("ng:medium", Some(term(&row.medium)))
                    .with("ng:platform", row.platform.as_ref())
                    .with("ng:act", row.act.map(|act| term(&act)))
                    .with("schema:inLanguage", row.language.as_ref())
                    .time(row.said.as_ref(), row.said_raw.as_ref(), row.earliest, row.latest)
                    .plain("schema:dateCreated", row.said.as_ref())
                    .to("schema:locationCreated", RecordKind::Place, row.place_id)
                    .to("schema:recipient", RecordKind::Actor, row.addressee_id)
                    .to("prov:hadPrimarySource", RecordKind::Article, row.article_id)
                    .to("prov:wasQuotedFrom", RecordKind::Statement, row.relays_id)
                    .to("ng:voice", RecordKind::Actor, row.voice_id)
                    .with("schema:about", Some(about))
            })
            .collect()
    })
}

pub(super) async fn stances(reader: &mut SnapshotReader, output: &Output, graph: &mut Graph) -> Result<()> {
    each!(reader, output, graph, Stance stance, |rows| {
        let nodes = rows.iter().map(|row| {
            let property = format!("ng:{}", row.stance.to_value());
            Node::of(&iri(RecordKind::Statement, row.statement_id.0)).to(&property, RecordKind::Claim, Some(row.claim_id))
        });
        nodes.collect()
    })
}

pub(super) async fn evidence(reader: &mut SnapshotReader, output: &Output, graph: &mut Graph) -> Result<()> {
    each!(reader, output, graph, Evidence evidence, |rows| {
        let nodes = rows.iter().map(|row| {
            // Web Annotation counts positions in code points, as evidence does.
            let position = row.start.zip(row.end).map(
                |(start, end)| json!({ "@type": "oa:TextPositionSelector", "oa:start": start, "oa:end": end }),
            );
            let quote = row.quote.as_ref().map(|quote| {
                object([
                    ("@type", json!("oa:TextQuoteSelector")),
                    ("oa:exact", json!(quote)),
                    ("oa:prefix", json!(row.prefix)),
                    ("oa:suffix", json!(row.suffix)),
                ])
            });
            let selectors: Vec<Value> = [position, quote].into_iter().flatten().collect();
            let target = if selectors.is_empty() {
                reference(RecordKind::Article, row.article_id.0)
            } else {
                json!({
                    "@type": "oa:SpecificResource",
                    "oa:hasSource": reference(RecordKind::Article, row.article_id.0),
                    "oa:hasSelector": selectors
                })
            };
            Node::new(RecordKind::Evidence, row.id.0, &["oa:Annotation", "prov:Entity"])
                .to("oa:hasBody", row.target_kind, Some(row.target_id.0))
                .with("oa:hasTarget", Some(target))
                .with("oa:motivatedBy", Some(json!({ "@id": "oa:identifying" })))
                .to("prov:wasDerivedFrom", RecordKind::Statement, row.statement_id)
                .with("ng:quoteSha256", row.quote_sha256.as_ref())
                .with("ng:part", Some(term(&row.part)))
                .with("ng:confidence", row.confidence)
                .with("ng:certainty", Some(term(&row.certainty)))
                .with("ng:note", row.note.as_ref())
        });
        nodes.collect()
    })
}

pub(super) async fn mentions(reader: &mut SnapshotReader, output: &Output, graph: &mut Graph) -> Result<()> {
    each!(reader, output, graph, Mention mention, |rows| {
        let nodes = rows.iter().map(|row| {
            let resolved = row.target_id.zip(row.target_kind).map(|(id, kind)| reference(kind, id.0));
            let named = json!({ "@type": "oa:TextualBody", "rdf:value": row.text });
            Node::new(RecordKind::Mention, row.id.0, &["oa:Annotation"])
                .with("oa:hasBody", Some([Some(named), resolved].into_iter().flatten().collect::<Vec<_>>()))
                .to("oa:hasTarget", RecordKind::Article, Some(row.article_id))
                .with("oa:motivatedBy", Some(json!({ "@id": "oa:tagging" })))
                .with("ng:mentionType", Some(term(&row.kind)))
        });
        nodes.collect()
    })
}
