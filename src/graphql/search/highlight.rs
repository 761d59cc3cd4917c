//! Highlights: the positions of the search words in the texts of a hit.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, Order, Query};

use crate::db::full_text::INDEXED;
use crate::graphql::filter::NameQuery;
use crate::graphql::long_texts::read_texts;
use crate::graphql::plan::computed::Computed;
use crate::graphql::schema::object::object;
use crate::graphql::search::candidate::Candidate;
use crate::graphql::session::{Session, SharedError};
use crate::text::search::{Query as Words, name_spans, spans};

/// Maximum number of highlights of one hit.
pub(crate) const MAX_HIGHLIGHTS: usize = 10;
/// Maximum length of an excerpt, in code points.
const MAX_EXCERPT: usize = 240;
/// Length of the text that an excerpt shows before the first word found, in code points.
const CONTEXT_BEFORE: usize = 60;

object! {
    /// A text of a hit, or an excerpt of a long one, with the positions of the search words.
    Highlight {
        /// Name of the field, such as `summary`; `name` for a name.
        field: String = own;
        /// The text, or an excerpt of at most 240 code points around the first word found.
        text: String = own;
        /// Start of the excerpt in the field, in Unicode code points; 0 for a whole text.
        start: i32 = own;
        /// Positions of the search words in the whole field, in order.
        ranges: Vec<HighlightRange> = own;
        /// The excerpt as HTML: escaped, with the search words in `<mark>` elements.
        marked: String = own;
    }
}

object! {
    /// A range of text in Unicode code points.
    HighlightRange {
        /// Start of the range, from 0.
        start: i32 = own;
        /// End of the range, exclusive.
        end: i32 = own;
    }
}

/// The texts of hits by id: field name and text, in the order of the full-text index.
#[derive(Default)]
pub(super) struct Texts(HashMap<i64, Vec<(&'static str, String)>>);

impl Texts {
    pub(super) async fn read(session: &Session, candidates: &[Candidate]) -> Result<Self, SharedError> {
        let dialect = session.dialect();
        let mut all: HashMap<i64, Vec<(&'static str, String)>> = HashMap::new();
        for node_type in INDEXED {
            let ids: Vec<i64> = candidates.iter().filter(|one| one.kind == node_type.kind).map(|one| one.id).collect();
            if ids.is_empty() {
                continue;
            }
            let columns: Vec<&'static str> = node_type.heading.iter().chain(node_type.body).copied().collect();
            for (id, texts) in read_texts(session, node_type.table, &columns, &ids).await? {
                let texts = texts.into_iter().filter_map(|(column, text)| Some((field(column), text?)));
                all.entry(id).or_default().extend(texts);
            }
            if node_type.is_named {
                let select = Query::select()
                    .columns(["target_id", "text"])
                    .from("name")
                    .and_where(dialect.is_one_of(Expr::col(("name", "target_id")), dialect.numbers(&ids)))
                    .order_by("id", Order::Asc)
                    .take();
                for row in session.all(&select).await?.iter() {
                    all.entry(row.get("target_id")?).or_default().push(("name", row.get("text")?));
                }
            }
        }
        Ok(Self(all))
    }

    pub(super) fn highlights(&self, hit: &Candidate, words: &Words, name_query: Option<&NameQuery>) -> Vec<Computed> {
        let mut all = Vec::new();
        if let (Some(name), Some(name_query)) = (&hit.name, name_query) {
            all.extend(highlight("name", &name.text, &name_spans(&name.text, words, name_query.sound())));
        }
        for (field, text) in self.0.get(&hit.id).into_iter().flatten() {
            if hit.name.as_ref().is_none_or(|name| *field != "name" || name.text != *text) {
                all.extend(highlight(field, text, &spans(text, words)));
            }
        }
        all.truncate(MAX_HIGHLIGHTS);
        all
    }
}

/// Returns the GraphQL name of a column.
fn field(column: &'static str) -> &'static str {
    match column {
        "place_note" => "placeNote",
        "speaker_text" => "speakerText",
        column => column,
    }
}

fn highlight(field: &str, text: &str, spans: &[(usize, usize)]) -> Option<Computed> {
    let (first, _) = *spans.first()?;
    let letters: Vec<char> = text.chars().collect();
    let (start, end) = if letters.len() <= MAX_EXCERPT {
        (0, letters.len())
    } else {
        let start = first.saturating_sub(CONTEXT_BEFORE).min(letters.len() - MAX_EXCERPT);
        // The excerpt starts and ends at word boundaries where there are any.
        let start = (start..=first).find(|at| *at == 0 || letters[at - 1].is_whitespace()).unwrap_or(start);
        let end = (start + MAX_EXCERPT).min(letters.len());
        let cut = (first..end).rev().find(|at| letters[*at].is_whitespace()).unwrap_or(end);
        (start, if end == letters.len() { end } else { cut })
    };
    let mut marked = String::new();
    let mut at = start;
    for (from, to) in spans.iter().filter(|(from, to)| *from >= start && *to <= end) {
        escape(&letters[at..*from], &mut marked);
        marked.push_str("<mark>");
        escape(&letters[*from..*to], &mut marked);
        marked.push_str("</mark>");
        at = *to;
    }
    escape(&letters[at..end], &mut marked);
    let number = |position: usize| i32::try_from(position).unwrap_or(i32::MAX);
    let range = |(from, to): &(usize, usize)| {
        Computed::object("HighlightRange", [("start", number(*from).into()), ("end", number(*to).into())])
    };
    Some(Computed::object(
        "Highlight",
        [
            ("field", field.into()),
            ("text", letters[start..end].iter().collect::<String>().into()),
            ("start", number(start).into()),
            ("ranges", Computed::List(spans.iter().map(range).collect())),
            ("marked", marked.into()),
        ],
    ))
}

fn escape(letters: &[char], html: &mut String) {
    for c in letters {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(*c),
        }
    }
}
