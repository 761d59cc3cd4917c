//! Linked data (JSON-LD 1.1) in the words of others: schema.org for what things are, SEM for events and their views, PROV for who
//! said what, Web Annotation for where it is written.
//!
//! It is one document written as a stream: a thing may be told in several places of it, each with its `@id`, which JSON-LD reads
//! as one. So each noun is read by itself. What those vocabularies lack stands in our own, `ng`.

mod fact;
mod thing;
mod word;

use entity::record::RecordKind;
use serde_json::{Map, Value, json};

use crate::error::Result;
use crate::export::output::{Out, json as text_of};
use crate::export::source::Source;
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

pub(super) async fn write(source: &mut Source, out: &Out) -> Result<()> {
    let mut graph = Graph { text: CONTEXT.to_owned(), between: "\n" };
    thing::articles(source, out, &mut graph).await?;
    thing::places(source, out, &mut graph).await?;
    thing::actors(source, out, &mut graph).await?;
    thing::names(source, out, &mut graph).await?;
    thing::external_ids(source, out, &mut graph).await?;
    thing::relations(source, out, &mut graph).await?;
    fact::events(source, out, &mut graph).await?;
    fact::event_links(source, out, &mut graph).await?;
    fact::accounts(source, out, &mut graph).await?;
    fact::participations(source, out, &mut graph).await?;
    fact::figures(source, out, &mut graph).await?;
    word::claims(source, out, &mut graph).await?;
    word::statements(source, out, &mut graph).await?;
    word::stances(source, out, &mut graph).await?;
    word::evidence(source, out, &mut graph).await?;
    word::mentions(source, out, &mut graph).await?;
    graph.text.push_str("\n]}\n");
    out.send(graph.text.into_bytes(), 0).await
}

/// Goes through the chosen rows of a noun: `$told` makes the nodes of a batch.
macro_rules! each {
    ($source:ident, $out:ident, $graph:ident, $kind:ident $module:ident, |$rows:ident| $told:expr) => {{
        let mut walk = $source.walk(entity::record::RecordKind::$kind);
        loop {
            let $rows = $source.step::<entity::$module::Entity>(&mut walk).await?;
            if $rows.is_empty() {
                return Ok(());
            }
            let nodes: Vec<$crate::export::jsonld::Node> = $told;
            $graph.send(nodes, $out, $rows.len()).await?;
        }
    }};
}
use each;

/// The document, as far as it was not handed on yet.
struct Graph {
    text: String,
    between: &'static str,
}

impl Graph {
    async fn send(&mut self, nodes: Vec<Node>, out: &Out, rows: usize) -> Result<()> {
        for Node(node) in nodes {
            self.text.push_str(std::mem::replace(&mut self.between, ",\n"));
            self.text.push_str(&text_of(&node)?);
        }
        out.send(std::mem::take(&mut self.text).into_bytes(), rows).await
    }
}

/// What is said of one thing.
struct Node(Map<String, Value>);

impl Node {
    /// A thing with its types.
    fn new(kind: RecordKind, id: i64, types: &[&str]) -> Self {
        Self::of(&iri(kind, id)).with("@type", Some(types))
    }

    /// More of a thing that is told elsewhere.
    fn of(iri: &str) -> Self {
        Self(Map::from_iter([("@id".to_owned(), json!(iri))]))
    }

    /// A property, if there is a value for it.
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

    /// A reference to another thing.
    fn to(self, property: &str, kind: RecordKind, id: Option<impl Into<i64>>) -> Self {
        self.with(property, id.map(|id| reference(kind, id.into())))
    }

    /// A time in EDTF, its raw words and the ends of what it may be.
    fn time(self, edtf: Option<&String>, raw: Option<&String>, earliest: Option<i64>, latest: Option<i64>) -> Self {
        let instant = |second: i64| json!({ "@type": "xsd:dateTime", "@value": format_instant(second) });
        self.with("sem:hasTimeStamp", edtf.map(|edtf| date(edtf)))
            .with("ng:timeAsWritten", raw)
            .with("sem:hasEarliestBeginTimeStamp", earliest.map(instant))
            .with("sem:hasLatestEndTimeStamp", latest.map(instant))
    }

    /// A date in a property that takes only a plain one.
    fn plain(self, property: &str, edtf: Option<&String>) -> Self {
        self.with(property, edtf.and_then(|edtf| plain(edtf)))
    }
}

fn date(edtf: &str) -> Value {
    json!({ "@type": "edtf:EDTF", "@value": edtf })
}

/// The name of a thing: its id in the API.
fn iri(kind: RecordKind, id: i64) -> String {
    format!("urn:newsgraph:{}", global(kind, id))
}

fn reference(kind: RecordKind, id: i64) -> Value {
    json!({ "@id": iri(kind, id) })
}

/// A word of ours, such as a role or a type.
fn ours(word: &impl serde::Serialize) -> Value {
    let word = json!(word);
    json!({ "@id": format!("ng:{}", word.as_str().unwrap_or_default()) })
}
