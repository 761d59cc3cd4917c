//! Exports linked data (JSON-LD 1.1) in standard vocabularies: schema.org for entities, the Simple Event Model (SEM)
//! for events and their views, PROV for attributions, Web Annotation for evidence. Terms that these lack are in the
//! vocabulary `ng`.
//!
//! The export is one document that is written as a stream, one node type after the other. A node may occur in it
//! several times with the same `@id`, each time with some of its properties. JSON-LD merges them.

mod entities;
mod events;
mod statements;

use entity::record::RecordKind;
use serde_json::{Map, Value, json};

use crate::error::Result;
use crate::export::output::{Output, to_json};
use crate::export::snapshot_reader::SnapshotReader;
use crate::graphql::types::node::global;
use crate::text::date::{format_instant, plain};

const CONTEXT: &str = r#"{"@context":{
"schema":"https://schema.org/",
"sem":"http://semanticweb.cs.vu.nl/2009/11/sem/",
"prov":"http://www.w3.org/ns/prov#",
"oa":"http://www.w3.org/ns/oa#",
"foaf":"http://xmlns.com/foaf/0.1/",
"rdf":"http://www.w3.org/1999/02/22-rdf-syntax-ns#",
"rdfs":"http://www.w3.org/2000/01/rdf-schema#",
"xsd":"http://www.w3.org/2001/XMLSchema#",
"edtf":"http://id.loc.gov/datatypes/edtf/",
"ng":"urn:newsgraph:vocabulary:"
},"@graph":["#;

pub(super) async fn write(reader: &mut SnapshotReader, output: &Output) -> Result<()> {
    let mut graph = Graph { text: CONTEXT.to_owned(), separator: "\n" };
    for kind in RecordKind::ALL {
        match kind {
            RecordKind::Article => entities::articles(reader, output, &mut graph).await?,
            RecordKind::Actor => entities::actors(reader, output, &mut graph).await?,
            RecordKind::Name => entities::names(reader, output, &mut graph).await?,
            RecordKind::Place => entities::places(reader, output, &mut graph).await?,
            RecordKind::Relation => entities::relations(reader, output, &mut graph).await?,
            RecordKind::Event => events::events(reader, output, &mut graph).await?,
            RecordKind::Participation => events::participations(reader, output, &mut graph).await?,
            RecordKind::EventLink => events::event_links(reader, output, &mut graph).await?,
            RecordKind::Account => events::accounts(reader, output, &mut graph).await?,
            RecordKind::Statement => statements::statements(reader, output, &mut graph).await?,
            RecordKind::Claim => statements::claims(reader, output, &mut graph).await?,
            RecordKind::Stance => statements::stances(reader, output, &mut graph).await?,
            RecordKind::Figure => events::figures(reader, output, &mut graph).await?,
            RecordKind::Evidence => statements::evidence(reader, output, &mut graph).await?,
            RecordKind::Mention => statements::mentions(reader, output, &mut graph).await?,
            RecordKind::ExternalId => entities::external_ids(reader, output, &mut graph).await?,
        }
    }
    graph.text.push_str("\n]}\n");
    output.send(graph.text.into_bytes(), 0).await
}

/// Writes all selected rows of a node type. `$nodes` converts a batch of rows to nodes.
macro_rules! each {
    ($reader:ident, $output:ident, $graph:ident, $kind:ident $module:ident, |$rows:ident| $nodes:expr) => {{
        let mut cursor = $reader.cursor(entity::record::RecordKind::$kind);
        loop {
            let $rows = $reader.next_rows::<entity::$module::Entity>(&mut cursor).await?;
            if $rows.is_empty() {
                return Ok(());
            }
            let nodes: Vec<$crate::export::jsonld::Node> = $nodes;
            $graph.send(nodes, $output, $rows.len()).await?;
        }
    }};
}
use each;

/// The document that is being written.
struct Graph {
    /// The text that was not sent yet.
    text: String,
    /// The text between the last node and the next.
    separator: &'static str,
}

impl Graph {
    async fn send(&mut self, nodes: Vec<Node>, output: &Output, rows: usize) -> Result<()> {
        for Node(node) in nodes {
            self.text.push_str(std::mem::replace(&mut self.separator, ",\n"));
            self.text.push_str(&to_json(&node)?);
        }
        output.send(std::mem::take(&mut self.text).into_bytes(), rows).await
    }
}

/// A node object: some or all properties of a node.
struct Node(Map<String, Value>);

impl Node {
    /// Starts the object that gives the types of a node.
    fn new(kind: RecordKind, id: i64, types: &[&str]) -> Self {
        Self::of(&iri(kind, id)).with("@type", Some(types))
    }

    /// Starts an object with more properties of a node.
    fn of(iri: &str) -> Self {
        Self(Map::from_iter([("@id".to_owned(), json!(iri))]))
    }

    /// Sets a property, unless the value is missing or an empty list.
    fn with(mut self, property: &str, value: Option<impl serde::Serialize>) -> Self {
        match value.map(|value| json!(value)) {
            None | Some(Value::Null) => {}
            Some(Value::Array(list)) if list.is_empty() => {}
            Some(value) => {
                self.0.insert(property.to_owned(), value);
            }
        }
        self
    }

    /// Sets a property to a reference to another node.
    fn to(self, property: &str, kind: RecordKind, id: Option<impl Into<i64>>) -> Self {
        self.with(property, id.map(|id| reference(kind, id.into())))
    }

    /// Sets the time: the EDTF date, the date as written, and the earliest and latest possible instants.
    fn time(self, edtf: Option<&String>, raw: Option<&String>, earliest: Option<i64>, latest: Option<i64>) -> Self {
        let instant = |second: i64| json!({ "@type": "xsd:dateTime", "@value": format_instant(second) });
        self.with("sem:hasTimeStamp", edtf.map(|edtf| date(edtf)))
            .with("ng:timeAsWritten", raw)
            .with("sem:hasEarliestBeginTimeStamp", earliest.map(instant))
            .with("sem:hasLatestEndTimeStamp", latest.map(instant))
    }

    /// Sets a property that requires an ISO 8601 date, unless the date is uncertain.
    fn plain(self, property: &str, edtf: Option<&String>) -> Self {
        self.with(property, edtf.and_then(|edtf| plain(edtf)))
    }
}

/// Returns an EDTF date as a typed literal.
fn date(edtf: &str) -> Value {
    json!({ "@type": "edtf:EDTF", "@value": edtf })
}

/// Returns the IRI of a node, which contains its id in the API.
fn iri(kind: RecordKind, id: i64) -> String {
    format!("urn:newsgraph:{}", global(kind, id))
}

fn reference(kind: RecordKind, id: i64) -> Value {
    json!({ "@id": iri(kind, id) })
}

/// Returns a term of the vocabulary `ng`, such as a role or a type.
fn term(word: &impl serde::Serialize) -> Value {
    let word = json!(word);
    json!({ "@id": format!("ng:{}", word.as_str().unwrap_or_default()) })
}
