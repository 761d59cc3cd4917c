//! A graph for programs that draw and measure graphs (GraphML): things as nodes, what ties them as edges.

use entity::record::RecordKind;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement, SimpleExpr};

use crate::error::Result;
use crate::export::output::Out;
use crate::export::source::{Ids, Source};
use crate::graphql::types::node::global;

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">
<key id="noun" for="node" attr.name="noun" attr.type="string"/>
<key id="label" for="node" attr.name="label" attr.type="string"/>
<key id="type" for="node" attr.name="type" attr.type="string"/>
<key id="when" for="node" attr.name="when" attr.type="string"/>
<key id="standing" for="node" attr.name="standing" attr.type="string"/>
<key id="latitude" for="node" attr.name="latitude" attr.type="double"/>
<key id="longitude" for="node" attr.name="longitude" attr.type="double"/>
<key id="tie" for="edge" attr.name="tie" attr.type="string"/>
<key id="kind" for="edge" attr.name="kind" attr.type="string"/>
<graph id="newsgraph" edgedefault="directed">
"#;

/// A noun whose rows are nodes: what is told of them besides the noun, in the order of `TOLD`, as SQL.
struct Node {
    kind: RecordKind,
    told: [&'static str; 4],
}

const TOLD: [&str; 4] = ["label", "type", "when", "standing"];

const NODES: &[Node] = &[
    Node { kind: RecordKind::Article, told: ["COALESCE(headline, url)", "NULL", "published", "NULL"] },
    Node { kind: RecordKind::Actor, told: ["label", "COALESCE(organization_kind, kind)", "NULL", "NULL"] },
    Node { kind: RecordKind::Place, told: ["label", "kind", "NULL", "NULL"] },
    Node { kind: RecordKind::Event, told: ["title", "type", "date", "standing"] },
    Node { kind: RecordKind::Account, told: ["label", "type", "date", "standing"] },
    Node { kind: RecordKind::Statement, told: ["summary", "attribution", "said", "NULL"] },
    Node { kind: RecordKind::Claim, told: ["text", "NULL", "NULL", "standing"] },
];

/// Rows that are edges: from a column to a column, and which of them.
struct Tie {
    name: &'static str,
    table: &'static str,
    /// The columns that number its rows.
    row: [&'static str; 2],
    from: (&'static str, RecordKind),
    to: (&'static str, RecordKind),
    /// Its kind, as SQL.
    kind: &'static str,
    /// Which rows, as SQL.
    only: &'static str,
}

/// The most edges that are read together: they are small, and what narrows them is judged for each batch.
const BATCH: u64 = 10_000;

const ID: [&str; 2] = ["id", "0"];

macro_rules! ties {
    ($($name:literal in $table:literal $row:expr, $from:literal $from_kind:ident => $to:literal $to_kind:ident, $kind:literal, if $only:literal;)+) => {
        const TIES: &[Tie] = &[$(Tie {
            name: $name,
            table: $table,
            row: $row,
            from: ($from, RecordKind::$from_kind),
            to: ($to, RecordKind::$to_kind),
            kind: $kind,
            only: $only,
        }),+];
    };
}

ties! {
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

/// Which nouns can be picked.
pub(super) const NOUNS: &[RecordKind] = &[
    RecordKind::Article,
    RecordKind::Actor,
    RecordKind::Place,
    RecordKind::Event,
    RecordKind::Account,
    RecordKind::Statement,
    RecordKind::Claim,
];

pub(super) async fn write(source: &mut Source, out: &Out) -> Result<()> {
    out.send(HEAD.as_bytes().to_vec(), 0).await?;
    for node in NODES {
        nodes(source, out, node).await?;
    }
    for (number, tie) in TIES.iter().enumerate() {
        edges(source, out, number, tie).await?;
    }
    out.send(b"</graph>\n</graphml>\n".to_vec(), 0).await
}

/// The rows of a noun that were asked for, when not all were. Others come only as the far ends of their edges.
fn picked(source: &Source, kind: RecordKind) -> Option<SelectStatement> {
    let chosen = &source.chosen;
    let of_dataset = chosen.dataset.map(|dataset| {
        Query::select().column("id").from("record").and_where(Expr::col("dataset_id").eq(dataset.0)).take()
    });
    match chosen.kind {
        Some(wanted) if wanted != kind => None,
        Some(_) => {
            let mut picked = chosen.picked()?;
            if let Some(of_dataset) = of_dataset {
                picked.and_where(Expr::col((kind.table(), "id")).in_subquery(of_dataset));
            }
            Some(picked)
        }
        None => of_dataset,
    }
}

fn everything(source: &Source) -> bool {
    source.chosen.kind.is_none() && source.chosen.dataset.is_none()
}

/// The rows of a noun that are nodes.
fn shown(source: &Source, kind: RecordKind) -> Option<SimpleExpr> {
    if everything(source) {
        return None;
    }
    let id = || Expr::col((kind.table(), "id"));
    let mut any = picked(source, kind).map(|picked| id().in_subquery(picked));
    for tie in TIES {
        for (near, far) in [(tie.from, tie.to), (tie.to, tie.from)] {
            if near.1 != kind {
                continue;
            }
            let Some(picked) = picked(source, far.1) else { continue };
            let ends = Query::select()
                .column((tie.table, near.0))
                .from(tie.table)
                .and_where(Expr::col((tie.table, far.0)).in_subquery(picked))
                .and_where(Expr::col((tie.table, near.0)).is_not_null())
                .and_where(Expr::cust(tie.only))
                .take();
            let is_end = id().in_subquery(ends);
            any = Some(match any {
                Some(any) => any.or(is_end),
                None => is_end,
            });
        }
    }
    Some(any.unwrap_or_else(|| Expr::cust("1 = 0")))
}

async fn nodes(source: &mut Source, out: &Out, node: &Node) -> Result<()> {
    let name = node.kind.table();
    let mut ids = Ids::new(name, shown(source, node.kind));
    loop {
        let next = source.next_ids(&mut ids).await?;
        if next.is_empty() {
            return Ok(());
        }
        let mut select = Query::select();
        select.column((name, "id")).from(name);
        for (told, sql) in TOLD.iter().zip(node.told) {
            select.expr_as(Expr::cust(format!("CAST({sql} AS TEXT)")), format!("told_{told}"));
        }
        if node.kind == RecordKind::Place {
            select.column((name, "latitude")).column((name, "longitude"));
        }
        select.and_where(source.one_of(Expr::col((name, "id")), &next)).order_by((name, "id"), Order::Asc);
        let rows = source.rows(&select).await?;
        let mut text = String::new();
        for row in &rows {
            let id: i64 = row.try_get("", "id")?;
            text.push_str(&format!(r#"<node id="{}">"#, global(node.kind, id)));
            data(&mut text, "noun", Some(&crate::export::word(node.kind)));
            for told in TOLD {
                data(&mut text, told, row.try_get::<Option<String>>("", &format!("told_{told}"))?.as_deref());
            }
            if node.kind == RecordKind::Place {
                for name in ["latitude", "longitude"] {
                    let degrees: Option<f64> = row.try_get("", name)?;
                    data(&mut text, name, degrees.map(|degrees| degrees.to_string()).as_deref());
                }
            }
            text.push_str("</node>\n");
        }
        out.send(text.into_bytes(), rows.len()).await?;
    }
}

async fn edges(source: &mut Source, out: &Out, number: usize, tie: &Tie) -> Result<()> {
    let column = |name: &str| if name == "0" { Expr::cust("0") } else { Expr::col((tie.table, name.to_owned())) };
    let ends = [tie.from, tie.to].into_iter().filter_map(|(end, kind)| Some((end, picked(source, kind)?)));
    let ends = ends.map(|(end, picked)| column(end).in_subquery(picked));
    let condition = match ends.reduce(ExprTrait::or) {
        Some(either) => Some(either),
        None if everything(source) => None,
        None => return Ok(()),
    };
    let [first, second] = tie.row;
    let mut last = (0_i64, -1_i64);
    loop {
        let select = Query::select()
            .expr_as(column(first), "first")
            .expr_as(Expr::cust(format!("CAST({second} AS BIGINT)")), "second")
            .expr_as(column(tie.from.0), "from_end")
            .expr_as(column(tie.to.0), "to_end")
            .expr_as(Expr::cust(format!("CAST({} AS TEXT)", tie.kind)), "told")
            .from(tie.table)
            .and_where(Expr::cust(tie.only))
            .and_where(column(tie.from.0).is_not_null())
            .and_where(column(tie.to.0).is_not_null())
            .and_where_option(condition.clone())
            .and_where(column(first).gte(last.0))
            .and_where(column(first).gt(last.0).or(column(second).gt(last.1)))
            .order_by_expr(column(first), Order::Asc)
            .order_by_expr(if second == "0" { column(first) } else { column(second) }, Order::Asc)
            .limit(BATCH)
            .take();
        let rows = source.rows(&select).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        for row in &rows {
            last = (row.try_get("", "first")?, row.try_get("", "second")?);
            let (from, to) = (row.try_get("", "from_end")?, row.try_get("", "to_end")?);
            text.push_str(&format!(
                r#"<edge id="e{number}-{}-{}" source="{}" target="{}">"#,
                last.0,
                last.1,
                global(tie.from.1, from),
                global(tie.to.1, to)
            ));
            data(&mut text, "tie", Some(tie.name));
            data(&mut text, "kind", row.try_get::<Option<String>>("", "told")?.as_deref());
            text.push_str("</edge>\n");
        }
        out.send(text.into_bytes(), rows.len()).await?;
    }
}

fn data(text: &mut String, key: &str, value: Option<&str>) {
    let Some(value) = value else { return };
    text.push_str(&format!(r#"<data key="{key}">"#));
    for letter in value.chars() {
        match letter {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            // A parser would make a line feed of it.
            '\r' => text.push_str("&#13;"),
            '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => text.push(letter),
            // XML 1.0 cannot say it, not even in an entity.
            _ => text.push('\u{fffd}'),
        }
    }
    text.push_str("</data>");
}
