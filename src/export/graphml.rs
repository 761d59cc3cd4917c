//! Exports a graph as GraphML, for programs that draw and analyze graphs: entities as nodes, references between them
//! as edges.
//!
//! `quick-xml` writes the XML. A selection exports the selected nodes, the edges at them, and the nodes at the other
//! ends of these edges.

use std::borrow::Cow;

use entity::record::RecordKind;
use quick_xml::Writer;
use quick_xml::escape::partial_escape;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement, SimpleExpr};

use crate::error::{Error, Result};
use crate::export::node_type_name;
use crate::export::output::Output;
use crate::export::snapshot_reader::{IdCursor, SnapshotReader};
use crate::graphql::types::node::global;

const NAMESPACE: &str = "http://graphml.graphdrawing.org/xmlns";
const SCHEMA_LOCATION: &str =
    "http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd";

/// The attributes that GraphML declares as `key` elements: name, element, type.
const KEYS: &[(&str, &str, &str)] = &[
    ("nodeType", "node", "string"),
    ("label", "node", "string"),
    ("type", "node", "string"),
    ("when", "node", "string"),
    ("standing", "node", "string"),
    ("latitude", "node", "double"),
    ("longitude", "node", "double"),
    ("edgeType", "edge", "string"),
    ("kind", "edge", "string"),
];

/// The attributes that any node can have besides `nodeType` and `label`.
const ATTRIBUTES: [&str; 3] = ["type", "when", "standing"];

/// Returns the values of [`ATTRIBUTES`] for rows of a type, as SQL expressions; none for a type whose rows are not nodes.
fn attributes(kind: RecordKind) -> Option<[&'static str; 3]> {
    match kind {
        RecordKind::Article => Some(["NULL", "published", "NULL"]),
        RecordKind::Actor => Some(["COALESCE(organization_kind, kind)", "NULL", "NULL"]),
        RecordKind::Place => Some(["kind", "NULL", "NULL"]),
        RecordKind::Event | RecordKind::Account => Some(["type", "date", "standing"]),
        RecordKind::Statement => Some(["attribution", "said", "NULL"]),
        RecordKind::Claim => Some(["NULL", "NULL", "standing"]),
        RecordKind::Name
        | RecordKind::Relation
        | RecordKind::Participation
        | RecordKind::EventLink
        | RecordKind::Stance
        | RecordKind::Figure
        | RecordKind::Evidence
        | RecordKind::Mention
        | RecordKind::ExternalId => None,
    }
}

/// Returns whether a GraphML file can contain nodes of a type.
pub(super) fn can_contain(kind: RecordKind) -> bool {
    attributes(kind).is_some()
}

/// Rows of a table that are edges.
struct EdgeSource {
    name: &'static str,
    table: &'static str,
    /// The columns that identify a row.
    id: [&'static str; 2],
    /// The column with the start of the edge, and its type.
    from: (&'static str, RecordKind),
    /// The column with the end of the edge, and its type.
    to: (&'static str, RecordKind),
    /// The kind of the edge, as an SQL expression.
    kind: &'static str,
    /// The condition for rows that are such edges, as SQL.
    condition: &'static str,
}

/// The maximum number of edges of a batch. It is larger than that of nodes, because edges are small and the database
/// evaluates the filter of an export for each batch.
const MAX_BATCH_EDGES: u64 = 10_000;

/// The identifying columns of a table with the primary key `id`. `0` is the constant 0.
const ID: [&str; 2] = ["id", "0"];

macro_rules! edges {
    ($($name:literal in $table:literal $id:expr, $from:literal $from_kind:ident => $to:literal $to_kind:ident, $kind:literal, if $condition:literal;)+) => {
        const EDGES: &[EdgeSource] = &[$(EdgeSource {
            name: $name,
            table: $table,
            id: $id,
            from: ($from, RecordKind::$from_kind),
            to: ($to, RecordKind::$to_kind),
            kind: $kind,
            condition: $condition,
        }),+];
    };
}

edges! {
    "participation" in "participation" ID, "actor_id" Actor => "event_id" Event, "role", if "account_id IS NULL";
    "participation" in "participation" ID, "article_id" Article => "event_id" Event, "role", if "account_id IS NULL";
    "participation" in "participation" ID, "actor_id" Actor => "account_id" Account, "role", if "1 = 1";
    "participation" in "participation" ID, "article_id" Article => "account_id" Account, "role", if "1 = 1";
    "relation" in "relation" ID, "subject_id" Actor => "object_id" Actor, "kind", if "1 = 1";
    "relation" in "relation" ID, "subject_id" Actor => "place_id" Place, "kind", if "1 = 1";
    "eventLink" in "event_link" ID, "from_id" Event => "to_id" Event, "kind", if "1 = 1";
    "place" in "event" ID, "id" Event => "place_id" Place, "NULL", if "1 = 1";
    "parent" in "event" ID, "id" Event => "parent_id" Event, "NULL", if "1 = 1";
    "account" in "account" ID, "id" Account => "event_id" Event, "NULL", if "1 = 1";
    "place" in "account" ID, "id" Account => "place_id" Place, "NULL", if "1 = 1";
    "speaker" in "statement" ID, "speaker_id" Actor => "id" Statement, "NULL", if "1 = 1";
    "addressee" in "statement" ID, "id" Statement => "addressee_id" Actor, "NULL", if "1 = 1";
    "reported" in "statement" ID, "id" Statement => "article_id" Article, "NULL", if "1 = 1";
    "relays" in "statement" ID, "id" Statement => "relays_id" Statement, "NULL", if "1 = 1";
    "place" in "statement" ID, "id" Statement => "place_id" Place, "NULL", if "1 = 1";
    "about" in "statement_about" ["statement_id", "target_id"], "statement_id" Statement => "target_id" Actor, "NULL", if "target_kind = 'ACTOR'";
    "about" in "statement_about" ["statement_id", "target_id"], "statement_id" Statement => "target_id" Event, "NULL", if "target_kind = 'EVENT'";
    "about" in "statement_about" ["statement_id", "target_id"], "statement_id" Statement => "target_id" Place, "NULL", if "target_kind = 'PLACE'";
    "stance" in "stance" ID, "statement_id" Statement => "claim_id" Claim, "stance", if "1 = 1";
    "subject" in "claim" ID, "id" Claim => "subject_id" Event, "NULL", if "subject_kind = 'EVENT'";
    "subject" in "claim" ID, "id" Claim => "subject_id" Account, "NULL", if "subject_kind = 'ACCOUNT'";
    "subject" in "claim" ID, "id" Claim => "subject_id" Actor, "NULL", if "subject_kind = 'ACTOR'";
    "publisher" in "article" ID, "publisher_id" Actor => "id" Article, "NULL", if "1 = 1";
    "author" in "article_author" ["article_id", "ordinal"], "actor_id" Actor => "article_id" Article, "NULL", if "1 = 1";
    "dateline" in "article" ID, "id" Article => "dateline_place_id" Place, "NULL", if "1 = 1";
    "place" in "actor" ID, "id" Actor => "place_id" Place, "NULL", if "1 = 1";
    "closeTo" in "actor" ID, "id" Actor => "close_to_id" Actor, "NULL", if "1 = 1";
    "quotedIn" in "actor" ID, "id" Actor => "article_id" Article, "NULL", if "1 = 1";
    "parent" in "place" ID, "id" Place => "parent_id" Place, "NULL", if "1 = 1";
    "capitalOf" in "place" ID, "id" Place => "capital_of_id" Place, "NULL", if "1 = 1";
    "evidence" in "evidence" ID, "target_id" Event => "article_id" Article, "part", if "target_kind = 'EVENT'";
    "evidence" in "evidence" ID, "target_id" Account => "article_id" Article, "part", if "target_kind = 'ACCOUNT'";
    "evidence" in "evidence" ID, "target_id" Statement => "article_id" Article, "part", if "target_kind = 'STATEMENT'";
    "evidence" in "evidence" ID, "target_id" Claim => "article_id" Article, "part", if "target_kind = 'CLAIM'";
    "evidence" in "evidence" ID, "target_id" Actor => "article_id" Article, "part", if "target_kind = 'ACTOR'";
    "evidence" in "evidence" ID, "target_id" Place => "article_id" Article, "part", if "target_kind = 'PLACE'";
}

pub(super) async fn write(reader: &mut SnapshotReader, output: &Output) -> Result<()> {
    let mut xml = Xml::new();
    xml.write(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.line_break();
    let root = [
        ("xmlns", NAMESPACE),
        ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
        ("xsi:schemaLocation", SCHEMA_LOCATION),
    ];
    xml.start("graphml", &root)?;
    xml.line_break();
    for (name, element, data_type) in KEYS {
        let attributes = [("id", *name), ("for", *element), ("attr.name", *name), ("attr.type", *data_type)];
        xml.write(Event::Empty(BytesStart::new("key").with_attributes(attributes)))?;
        xml.line_break();
    }
    xml.start("graph", &[("id", "newsgraph"), ("edgedefault", "directed")])?;
    xml.line_break();
    output.send(xml.take(), 0).await?;
    for kind in RecordKind::ALL {
        if let Some(attributes) = attributes(*kind) {
            write_nodes(reader, output, &mut xml, *kind, attributes).await?;
        }
    }
    for (number, source) in EDGES.iter().enumerate() {
        write_edges(reader, output, &mut xml, number, source).await?;
    }
    for element in ["graph", "graphml"] {
        xml.end(element)?;
        xml.line_break();
    }
    output.send(xml.take(), 0).await
}

/// Returns a query for the ids of the selected nodes of a type. `None` if all nodes are exported, or if nodes of the
/// type are exported only as the other ends of edges.
fn selected_ids(reader: &SnapshotReader, kind: RecordKind) -> Option<SelectStatement> {
    let selection = &reader.selection;
    let in_dataset = selection.dataset.map(|dataset| {
        Query::select().column("id").from("record").and_where(Expr::col("dataset_id").eq(dataset.0)).take()
    });
    match selection.kind {
        Some(selected) if selected != kind => None,
        Some(_) => {
            let mut selected = selection.selected_ids()?;
            if let Some(in_dataset) = in_dataset {
                selected.and_where(Expr::col((kind.table(), "id")).in_subquery(in_dataset));
            }
            Some(selected)
        }
        None => in_dataset,
    }
}

fn is_whole_graph(reader: &SnapshotReader) -> bool {
    reader.selection.kind.is_none() && reader.selection.dataset.is_none()
}

/// Returns the condition for the rows of a node type that are exported: the selected ones, and those at the other
/// ends of their edges. `None` exports all.
fn node_condition(reader: &SnapshotReader, kind: RecordKind) -> Option<SimpleExpr> {
    if is_whole_graph(reader) {
        return None;
    }
    let id = || Expr::col((kind.table(), "id"));
    let mut condition = selected_ids(reader, kind).map(|selected| id().in_subquery(selected));
    for edge in EDGES {
        for (near, far) in [(edge.from, edge.to), (edge.to, edge.from)] {
            if near.1 != kind {
                continue;
            }
            let Some(selected) = selected_ids(reader, far.1) else { continue };
            let ends = Query::select()
                .column((edge.table, near.0))
                .from(edge.table)
                .and_where(Expr::col((edge.table, far.0)).in_subquery(selected))
                .and_where(Expr::col((edge.table, near.0)).is_not_null())
                .and_where(Expr::cust(edge.condition))
                .take();
            let is_end = id().in_subquery(ends);
            condition = Some(match condition {
                Some(condition) => condition.or(is_end),
                None => is_end,
            });
        }
    }
    Some(condition.unwrap_or_else(|| Expr::cust("1 = 0")))
}

async fn write_nodes(
    reader: &mut SnapshotReader,
    output: &Output,
    xml: &mut Xml,
    kind: RecordKind,
    attributes: [&'static str; 3],
) -> Result<()> {
    let table = kind.table();
    let mut cursor = IdCursor::new(table, node_condition(reader, kind));
    loop {
        let ids = reader.next_ids(&mut cursor).await?;
        if ids.is_empty() {
            return Ok(());
        }
        let mut select = Query::select();
        select.column((table, "id")).from(table);
        // The prefix keeps the names apart from those of columns.
        let label = kind.label_sql().unwrap_or("NULL");
        for (name, sql) in ATTRIBUTES.into_iter().zip(attributes).chain([("label", label)]) {
            select.expr_as(Expr::cust(format!("CAST({sql} AS TEXT)")), format!("node_{name}"));
        }
        if kind == RecordKind::Place {
            select.column((table, "latitude")).column((table, "longitude"));
        }
        select.and_where(reader.is_one_of(Expr::col((table, "id")), &ids)).order_by((table, "id"), Order::Asc);
        let rows = reader.rows(&select).await?;
        for row in rows.iter() {
            let id: i64 = row.get("id")?;
            xml.start("node", &[("id", &global(kind, id))])?;
            xml.data("nodeType", Some(&node_type_name(kind)))?;
            for name in ["label"].into_iter().chain(ATTRIBUTES) {
                xml.data(name, row.get::<Option<String>>(&format!("node_{name}"))?.as_deref())?;
            }
            if kind == RecordKind::Place {
                for name in ["latitude", "longitude"] {
                    let degrees: Option<f64> = row.get(name)?;
                    xml.data(name, degrees.map(|degrees| degrees.to_string()).as_deref())?;
                }
            }
            xml.end("node")?;
            xml.line_break();
        }
        output.send(xml.take(), rows.len()).await?;
    }
}

async fn write_edges(
    reader: &mut SnapshotReader,
    output: &Output,
    xml: &mut Xml,
    number: usize,
    source: &EdgeSource,
) -> Result<()> {
    let column = |name: &str| if name == "0" { Expr::cust("0") } else { Expr::col((source.table, name.to_owned())) };
    let ends = [source.from, source.to].into_iter();
    let selected = ends.filter_map(|(end, kind)| Some(column(end).in_subquery(selected_ids(reader, kind)?)));
    let condition = match selected.reduce(ExprTrait::or) {
        Some(either) => Some(either),
        None if is_whole_graph(reader) => None,
        None => return Ok(()),
    };
    let [first, second] = source.id;
    let mut last = (0_i64, -1_i64);
    loop {
        let select = Query::select()
            .expr_as(column(first), "first")
            .expr_as(Expr::cust(format!("CAST({second} AS BIGINT)")), "second")
            .expr_as(column(source.from.0), "from_end")
            .expr_as(column(source.to.0), "to_end")
            .expr_as(Expr::cust(format!("CAST({} AS TEXT)", source.kind)), "edge_kind")
            .from(source.table)
            .and_where(Expr::cust(source.condition))
            .and_where(column(source.from.0).is_not_null())
            .and_where(column(source.to.0).is_not_null())
            .and_where_option(condition.clone())
            .and_where(column(first).gte(last.0))
            .and_where(column(first).gt(last.0).or(column(second).gt(last.1)))
            .order_by_expr(column(first), Order::Asc)
            .order_by_expr(if second == "0" { column(first) } else { column(second) }, Order::Asc)
            .limit(MAX_BATCH_EDGES)
            .take();
        let rows = reader.rows(&select).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows.iter() {
            last = (row.get("first")?, row.get("second")?);
            let id = format!("e{number}-{}-{}", last.0, last.1);
            let from = global(source.from.1, row.get("from_end")?);
            let to = global(source.to.1, row.get("to_end")?);
            xml.start("edge", &[("id", &id), ("source", &from), ("target", &to)])?;
            xml.data("edgeType", Some(source.name))?;
            xml.data("kind", row.get::<Option<String>>("edge_kind")?.as_deref())?;
            xml.end("edge")?;
            xml.line_break();
        }
        output.send(xml.take(), rows.len()).await?;
    }
}

/// An XML document that is written piece by piece.
struct Xml(Writer<Vec<u8>>);

impl Xml {
    fn new() -> Self {
        Self(Writer::new(Vec::new()))
    }

    fn write(&mut self, event: Event<'_>) -> Result<()> {
        self.0.write_event(event).map_err(|error| Error::Io("cannot write XML".into(), error))
    }

    /// Writes a start tag. Attribute values are escaped.
    fn start(&mut self, element: &str, attributes: &[(&str, &str)]) -> Result<()> {
        self.write(Event::Start(BytesStart::new(element).with_attributes(attributes.iter().copied())))
    }

    fn end(&mut self, element: &str) -> Result<()> {
        self.write(Event::End(BytesEnd::new(element)))
    }

    /// Writes a `data` element with the value of an attribute, if there is one.
    fn data(&mut self, key: &str, value: Option<&str>) -> Result<()> {
        let Some(value) = value else { return Ok(()) };
        self.start("data", &[("key", key)])?;
        self.write(Event::Text(BytesText::from_escaped(partial_escape(xml_characters(value)))))?;
        self.end("data")
    }

    fn line_break(&mut self) {
        self.0.get_mut().push(b'\n');
    }

    /// Returns what was written since the last call.
    fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.0.get_mut())
    }
}

/// Replaces the characters that XML 1.0 cannot contain, not even as references. `quick-xml` does not do that.
fn xml_characters(text: &str) -> Cow<'_, str> {
    let is_allowed =
        |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    if text.chars().all(is_allowed) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(|c| if is_allowed(c) { c } else { '\u{fffd}' }).collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::export::graphml::Xml;

    #[test]
    fn escapes_text_and_replaces_characters_that_xml_cannot_contain() {
        let mut xml = Xml::new();
        xml.data("label", Some("a <b> & \"c\"\r\n]]>\u{7}\u{ffff}\u{1f41f}")).unwrap();
        xml.data("type", None).unwrap();
        let text = String::from_utf8(xml.take()).unwrap();
        assert_eq!(text, "<data key=\"label\">a &lt;b&gt; &amp; \"c\"&#13;\n]]&gt;\u{fffd}\u{fffd}\u{1f41f}</data>");
        assert!(xml.take().is_empty());
    }
}
