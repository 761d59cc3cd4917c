//! The full-text index: SQLite's FTS5 and PostgreSQL's `tsvector` behind one interface.
//!
//! [`text::search`](crate::text::search) splits texts into words and queries into terms for both, so both find the same rows. The
//! index stores words only: texts are read from the tables of the nodes.

use std::collections::BTreeMap;
use std::fmt::Write;

use entity::record::RecordKind;
use sea_orm::sea_query::{BinOper, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseBackend};

use crate::db::Dialect;
use crate::error::Result;
use crate::text::search::{GAP, MAX_WORDS, Phrase, Query as SearchQuery, Term, Words, words};

/// The table of the index: the id of a row, the words of its heading, the words of its body.
pub const TABLE: &str = "search";

/// The position of the first word of a body on PostgreSQL. The gap after the heading keeps phrases from matching across both.
const BODY_POSITION: usize = 2_000;
/// Maximum words of a heading.
const MAX_HEADING_WORDS: usize = 1_500;
/// Maximum words of the second reading of a heading or body that are indexed in order.
const MAX_REPEATED_WORDS: usize = 300;
const MAX_REPEATED_BODY_WORDS: usize = 2_000;
/// The positions of words that are indexed alone. They are behind all others, at a distance that no phrase matches across.
const ALONE_IN_HEADING: usize = BODY_POSITION - 10;
const ALONE_IN_BODY: usize = 16_380;

/// The indexed columns of a node type.
#[derive(Clone, Copy, Debug)]
pub struct Indexed {
    /// The node type.
    pub kind: RecordKind,
    /// The table of the node type.
    pub table: &'static str,
    /// The columns that name a node: its label, title or headline.
    pub heading: &'static [&'static str],
    /// The other text columns.
    pub body: &'static [&'static str],
    /// True when the rows of the table `name` that belong to a node are part of its heading.
    pub is_named: bool,
}

/// The node types in the full-text index.
pub const INDEXED: &[Indexed] = &[
    indexed(RecordKind::Actor, "actor", &["label"], &["description", "occupation", "descriptor"], true),
    indexed(RecordKind::Place, "place", &["label"], &["description"], true),
    indexed(RecordKind::Event, "event", &["title"], &["summary", "place_note"], false),
    indexed(RecordKind::Account, "account", &["label"], &["place_note"], false),
    indexed(RecordKind::Statement, "statement", &["summary"], &["text", "speaker_text"], false),
    indexed(RecordKind::Claim, "claim", &["text"], &[], false),
    indexed(RecordKind::Relation, "relation", &["title"], &["note"], false),
    indexed(RecordKind::Figure, "figure", &["counted"], &[], false),
    indexed(RecordKind::Article, "article", &["headline"], &["text"], false),
];

const fn indexed(
    kind: RecordKind,
    table: &'static str,
    heading: &'static [&'static str],
    body: &'static [&'static str],
    is_named: bool,
) -> Indexed {
    Indexed { kind, table, heading, body, is_named }
}

/// The words of a node, as they are written to the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The id of the node.
    pub id: i64,
    /// The words of its names, label, title or headline.
    heading: Words,
    /// The words of its other texts.
    body: Words,
}

impl Document {
    /// Splits the texts of a node into words.
    pub fn new<'t>(
        id: i64,
        heading: impl IntoIterator<Item = &'t str>,
        body: impl IntoIterator<Item = &'t str>,
    ) -> Self {
        Self {
            id,
            heading: words(heading, MAX_HEADING_WORDS, MAX_REPEATED_WORDS),
            body: words(body, MAX_WORDS, MAX_REPEATED_BODY_WORDS),
        }
    }
}

/// The part of a node in which the words must occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// Only the heading.
    Heading,
    /// The heading or the body.
    All,
}

impl Dialect {
    /// Selects the ids of the nodes that match a search.
    pub fn full_text_matches(self, search: &SearchQuery, within: Within) -> SelectStatement {
        let (id, matches) = match self.0 {
            DatabaseBackend::Postgres => {
                let column = Expr::col((TABLE, "words"));
                let query = Expr::val(tsquery(search, within)).cast_as("tsquery");
                ("id", column.binary(BinOper::Custom("@@"), query))
            }
            _ => {
                let query = fts5(search, within);
                ("rowid", Expr::col(TABLE).binary(BinOper::Custom("MATCH"), Expr::val(query)))
            }
        };
        let mut select = Query::select();
        select.expr_as(Expr::col((TABLE, id)), "id").from(TABLE).and_where(matches);
        if self.0 == DatabaseBackend::Postgres {
            // `OFFSET 0` is an optimization fence. A cached plan assumes that the words are frequent, so it would scan all rows in
            // the requested order until enough of them match.
            select.offset(0);
        }
        select
    }
}

/// Removes nodes from the index.
pub async fn remove<C: ConnectionTrait>(connection: &C, ids: &[i64]) -> Result<()> {
    let dialect = Dialect(connection.get_database_backend());
    let id = if dialect.0 == DatabaseBackend::Postgres { "id" } else { "rowid" };
    let delete =
        Query::delete().from_table(TABLE).and_where(dialect.is_one_of(Expr::col(id), dialect.numbers(ids))).take();
    connection.execute(&delete).await?;
    Ok(())
}

/// Removes all nodes from the index.
pub async fn clear<C: ConnectionTrait>(connection: &C) -> Result<()> {
    let sql = match connection.get_database_backend() {
        DatabaseBackend::Postgres => "DELETE FROM search",
        _ => "INSERT INTO search (search) VALUES ('delete-all')",
    };
    connection.execute_unprepared(sql).await?;
    Ok(())
}

/// Adds nodes to the index. A node that is already in it must be removed first.
pub async fn index<C: ConnectionTrait>(connection: &C, documents: &[Document]) -> Result<()> {
    let backend = connection.get_database_backend();
    for some in documents.chunks(1000) {
        let mut insert = Query::insert();
        insert.into_table(TABLE);
        if backend == DatabaseBackend::Postgres {
            insert.columns(["id", "words"]);
        } else {
            insert.columns(["rowid", "heading", "body"]);
        }
        for document in some {
            let id: Expr = document.id.into();
            if backend == DatabaseBackend::Postgres {
                insert.values_panic([id, Expr::val(tsvector(document)).cast_as("tsvector")]);
            } else {
                insert.values_panic([id, text(&document.heading).into(), text(&document.body).into()]);
            }
        }
        connection.execute(&insert).await?;
    }
    Ok(())
}

/// The words as a text for FTS5. Its tokenizer splits at spaces.
fn text(words: &Words) -> String {
    let mut text = words.in_order.join(" ");
    for word in &words.alone {
        let _ = write!(text, " {GAP} {word}");
    }
    text
}

/// The query in the syntax of FTS5. Words contain only letters and digits, and in quotes they are not operators.
fn fts5(search: &SearchQuery, within: Within) -> String {
    let phrase =
        |phrase: &Phrase| format!("\"{}\"{}", phrase.words.join(" "), if phrase.is_prefix { " *" } else { "" });
    let term = |term: &Term| format!("({})", term.readings.iter().map(phrase).collect::<Vec<_>>().join(" OR "));
    let mut all = String::new();
    for required in search.required() {
        let and = if all.is_empty() { "" } else { " AND " };
        let column = if within == Within::Heading { "heading : " } else { "" };
        let _ = write!(all, "{and}{column}{}", term(required));
    }
    let excluded: Vec<String> = search.terms.iter().filter(|one| one.is_excluded).map(term).collect();
    if excluded.is_empty() { all } else { format!("({all}) NOT ({})", excluded.join(" OR ")) }
}

/// The query as a `tsquery` of PostgreSQL.
fn tsquery(search: &SearchQuery, within: Within) -> String {
    let mut all = Vec::new();
    for term in &search.terms {
        let weight = if within == Within::Heading && !term.is_excluded { "A" } else { "" };
        let phrase = |phrase: &Phrase| {
            let last = phrase.words.len().saturating_sub(1);
            let words = phrase.words.iter().enumerate().map(|(at, word)| {
                let star = if phrase.is_prefix && at == last { "*" } else { "" };
                let mark = if star.is_empty() && weight.is_empty() { "" } else { ":" };
                format!("'{word}'{mark}{star}{weight}")
            });
            format!("({})", words.collect::<Vec<_>>().join(" <-> "))
        };
        let readings = term.readings.iter().map(phrase).collect::<Vec<_>>().join(" | ");
        all.push(format!("{}({readings})", if term.is_excluded { "!" } else { "" }));
    }
    all.join(" & ")
}

/// The words as a `tsvector` of PostgreSQL: each with its positions, which have weight A in the heading.
fn tsvector(document: &Document) -> String {
    let mut positions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (words, from, alone, weight) in
        [(&document.heading, 1, ALONE_IN_HEADING, "A"), (&document.body, BODY_POSITION, ALONE_IN_BODY, "")]
    {
        for (at, word) in words.in_order.iter().enumerate().filter(|(_, word)| *word != GAP) {
            positions.entry(word).or_default().push(format!("{}{weight}", from + at));
        }
        for word in &words.alone {
            positions.entry(word).or_default().push(format!("{alone}{weight}"));
        }
    }
    let mut text = String::new();
    for (word, positions) in positions {
        let _ = write!(text, "'{word}':{} ", positions.join(","));
    }
    text
}
