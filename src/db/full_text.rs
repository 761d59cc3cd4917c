//! The full-text index: SQLite's FTS5 and PostgreSQL's `tsvector` behind one face.
//!
//! Both get the words that [`text::search`](crate::text::search) makes, and both get every question as the same terms, so
//! they find the same rows. The index keeps no texts: what is shown is read from the nouns.

use std::collections::BTreeMap;
use std::fmt::Write;

use entity::record::RecordKind;
use sea_orm::sea_query::{BinOper, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseBackend};

use crate::db::Dialect;
use crate::error::Result;
use crate::text::search::{GAP, Query as Asked};

/// The index: a row's number, its heading, its body.
pub const TABLE: &str = "search";

/// On PostgreSQL bodies are numbered from here, so that no phrase reaches from a heading into its body.
const BODY: usize = 2_000;
/// The most words of a heading.
pub const LONGEST_HEADING: usize = BODY - 100;

/// What of a noun is indexed.
#[derive(Clone, Copy, Debug)]
pub struct Indexed {
    /// The noun.
    pub kind: RecordKind,
    /// Its table.
    pub table: &'static str,
    /// The columns that name a row.
    pub heading: &'static [&'static str],
    /// The columns that tell more of it.
    pub body: &'static [&'static str],
    /// Whether its names are part of its heading.
    pub is_named: bool,
}

/// The nouns that are indexed.
pub const INDEXED: &[Indexed] = &[
    noun(RecordKind::Actor, "actor", &["label"], &["description", "occupation", "descriptor"], true),
    noun(RecordKind::Place, "place", &["label"], &["description"], true),
    noun(RecordKind::Event, "event", &["title"], &["summary", "place_note"], false),
    noun(RecordKind::Account, "account", &["label"], &["place_note"], false),
    noun(RecordKind::Statement, "statement", &["summary"], &["text", "speaker_text"], false),
    noun(RecordKind::Claim, "claim", &["text"], &[], false),
    noun(RecordKind::Relation, "relation", &["title"], &["note"], false),
    noun(RecordKind::Figure, "figure", &["counted"], &[], false),
    noun(RecordKind::Article, "article", &["headline"], &["text"], false),
];

const fn noun(
    kind: RecordKind,
    table: &'static str,
    heading: &'static [&'static str],
    body: &'static [&'static str],
    is_named: bool,
) -> Indexed {
    Indexed { kind, table, heading, body, is_named }
}

/// What is written of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The row's number.
    pub id: i64,
    /// The words of its names, title or headline.
    pub heading: Vec<String>,
    /// The words of all else.
    pub body: Vec<String>,
}

/// In which part of a row the words must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// In the heading.
    Heading,
    /// Anywhere.
    All,
}

impl Dialect {
    /// Selects the numbers of the rows in which the words are.
    pub fn found(self, asked: &Asked, within: Within) -> SelectStatement {
        let (id, matches) = match self.0 {
            DatabaseBackend::Postgres => {
                let column = Expr::col((TABLE, "words"));
                let query = Expr::val(tsquery(asked, within)).cast_as("tsquery");
                ("id", column.binary(BinOper::Custom("@@"), query))
            }
            _ => {
                let query = fts5(asked, within);
                ("rowid", Expr::col(TABLE).binary(BinOper::Custom("MATCH"), Expr::val(query)))
            }
        };
        let mut select = Query::select();
        select.expr_as(Expr::col((TABLE, id)), "id").from(TABLE).and_where(matches);
        if self.0 == DatabaseBackend::Postgres {
            // A fence for the planner: a plan that is kept for any words takes them for frequent, and would go through all rows
            // in the order asked for until enough of them fit.
            select.offset(0);
        }
        select
    }
}

/// Takes rows out of the index.
pub async fn forget<C: ConnectionTrait>(connection: &C, ids: &[i64]) -> Result<()> {
    let dialect = Dialect(connection.get_database_backend());
    let id = if dialect.0 == DatabaseBackend::Postgres { "id" } else { "rowid" };
    let delete =
        Query::delete().from_table(TABLE).and_where(dialect.is_one_of(Expr::col(id), dialect.numbers(ids))).take();
    connection.execute(&delete).await?;
    Ok(())
}

/// Takes all rows out of the index.
pub async fn clear<C: ConnectionTrait>(connection: &C) -> Result<()> {
    let sql = match connection.get_database_backend() {
        DatabaseBackend::Postgres => "DELETE FROM search",
        _ => "INSERT INTO search (search) VALUES ('delete-all')",
    };
    connection.execute_unprepared(sql).await?;
    Ok(())
}

/// Writes rows into the index. Those that are in it already must be forgotten first.
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
                insert.values_panic([id, document.heading.join(" ").into(), document.body.join(" ").into()]);
            }
        }
        connection.execute(&insert).await?;
    }
    Ok(())
}

/// A query of FTS5. Words hold letters and digits only; in quotes they are no operators.
fn fts5(asked: &Asked, within: Within) -> String {
    let term =
        |words: &[String], is_prefix: bool| format!("\"{}\"{}", words.join(" "), if is_prefix { " *" } else { "" });
    let mut all = String::new();
    for wanted in asked.wanted() {
        let and = if all.is_empty() { "" } else { " AND " };
        let column = if within == Within::Heading { "heading : " } else { "" };
        let _ = write!(all, "{and}{column}{}", term(&wanted.words, wanted.is_prefix));
    }
    let excluded: Vec<String> =
        asked.terms.iter().filter(|one| one.is_excluded).map(|one| term(&one.words, one.is_prefix)).collect();
    if excluded.is_empty() { all } else { format!("({all}) NOT ({})", excluded.join(" OR ")) }
}

/// A `tsquery` of PostgreSQL.
fn tsquery(asked: &Asked, within: Within) -> String {
    let mut all = Vec::new();
    for term in &asked.terms {
        let last = term.words.len().saturating_sub(1);
        let words = term.words.iter().enumerate().map(|(at, word)| {
            let star = if term.is_prefix && at == last { "*" } else { "" };
            let weight = if within == Within::Heading && !term.is_excluded { "A" } else { "" };
            let mark = if star.is_empty() && weight.is_empty() { "" } else { ":" };
            format!("'{word}'{mark}{star}{weight}")
        });
        let words = words.collect::<Vec<_>>().join(" <-> ");
        all.push(format!("{}({words})", if term.is_excluded { "!" } else { "" }));
    }
    all.join(" & ")
}

/// A `tsvector` of PostgreSQL: each word with its places, those of the heading weighted A.
fn tsvector(document: &Document) -> String {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (words, from, weight) in [(&document.heading, 1, "A"), (&document.body, BODY, "")] {
        for (at, word) in words.iter().enumerate().filter(|(_, word)| *word != GAP) {
            places.entry(word).or_default().push(format!("{}{weight}", from + at));
        }
    }
    let mut text = String::new();
    for (word, places) in places {
        let _ = write!(text, "'{word}':{} ", places.join(","));
    }
    text
}
