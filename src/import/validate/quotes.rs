//! Validation of evidence against the text of its article: the position of the span, and the words that are quoted.

use std::collections::{HashMap, HashSet};

use sea_orm::{ConnectionTrait, DatabaseTransaction};

use crate::error::Result;
use crate::import::sql::{execute, statement};
use crate::import::temp_tables::ARTICLE;
use crate::import::validate::builder::sha256;
use crate::import::validate::cross_record::{MAX_PROBLEMS, RowProblem, either_touched, row_problem, touched};

/// The number of articles that are fetched together.
const ARTICLES_PER_QUERY: usize = 1000;

/// The maximum number of moved rows that are listed one by one.
const MAX_NOTES: usize = 1000;

/// Minimum length of a quote that evidence follows to another position, in code points, if it has fewer than [`MIN_WORDS`].
const MIN_QUOTE: usize = 12;

/// Minimum number of words of a shorter quote that evidence follows.
const MIN_WORDS: usize = 3;

/// Maximum distance over which evidence follows its quote, in code points.
const MAX_DISTANCE: usize = 200;

/// The maximum number of positions that a message lists.
const MAX_LISTED: usize = 3;

/// Evidence that was moved to the position of its quote.
#[derive(Default)]
pub(crate) struct MovedQuotes {
    /// The first rows, each with its id and what was done.
    pub(crate) notes: Vec<(i64, String)>,
    /// The number of further rows.
    pub(crate) more: usize,
}

/// Checks evidence against the length of its article and, if the text is stored, against its words. Quotes are compared
/// with texts that the import touched, or of which it touched evidence. Adds to `problems` and returns the evidence
/// that was moved.
pub(crate) async fn check(transaction: &DatabaseTransaction, problems: &mut Vec<RowProblem>) -> Result<MovedQuotes> {
    let mut moved = MovedQuotes::default();
    let sql = format!("{} ORDER BY id LIMIT {MAX_PROBLEMS}", past_the_end());
    let mut outside = HashSet::new();
    for row in transaction.query_all_raw(statement(transaction, &sql)).await? {
        let (id, end, length): (i64, i32, i32) =
            (row.try_get("", "id")?, row.try_get("", "end")?, row.try_get("", "length")?);
        outside.insert(id);
        let message = format!("{end} is past the end of the text, which has {length} code points");
        problems.push(row_problem(id, "end", message, "count code points, not bytes, from 0"));
    }
    execute(transaction, collect_articles()).await?;
    let mut last = 0;
    loop {
        let articles = format!(
            "SELECT article.id AS id FROM {ARTICLE} AS touched JOIN article ON article.id = touched.id
             WHERE touched.id > {last} AND article.text IS NOT NULL AND EXISTS (
                SELECT 1 FROM evidence WHERE evidence.article_id = article.id
                    AND (evidence.quote IS NOT NULL OR evidence.quote_sha256 IS NOT NULL)
             )
             ORDER BY touched.id LIMIT {ARTICLES_PER_QUERY}"
        );
        let rows = transaction.query_all_raw(statement(transaction, &articles)).await?;
        if rows.is_empty() || problems.len() >= MAX_PROBLEMS {
            return Ok(moved);
        }
        for row in rows {
            last = row.try_get("", "id")?;
            check_article(transaction, last, &outside, problems, &mut moved).await?;
        }
    }
}

/// Selects evidence that ends past the end of its article's text.
fn past_the_end() -> String {
    let query = "SELECT evidence.id AS id, evidence.\"end\" AS \"end\", article.text_length AS length
         FROM evidence JOIN article ON article.id = evidence.article_id WHERE evidence.\"end\" > article.text_length";
    either_touched(query, "evidence", "article")
}

/// Collects the articles whose texts are compared with quotes.
fn collect_articles() -> String {
    let touched = touched();
    format!(
        "INSERT INTO {ARTICLE} SELECT article_id FROM evidence WHERE id {touched} UNION SELECT id FROM article WHERE id {touched}"
    )
}

/// The queries whose plans are tested.
#[cfg(test)]
pub(crate) fn queries() -> [String; 2] {
    [past_the_end(), collect_articles()]
}

async fn check_article(
    transaction: &DatabaseTransaction,
    article: i64,
    outside: &HashSet<i64>,
    problems: &mut Vec<RowProblem>,
    moved: &mut MovedQuotes,
) -> Result<()> {
    let sql = format!("SELECT text FROM article WHERE id = {article}");
    let Some(row) = transaction.query_one_raw(statement(transaction, &sql)).await? else {
        return Ok(());
    };
    let text: Vec<char> = row.try_get::<String>("", "text")?.chars().collect();
    let sql = format!(
        "SELECT id, start, \"end\", quote, quote_sha256 FROM evidence WHERE article_id = {article}
            AND (quote IS NOT NULL OR quote_sha256 IS NOT NULL) ORDER BY id"
    );
    let mut positions: HashMap<i64, (i32, i32)> = HashMap::new();
    for row in transaction.query_all_raw(statement(transaction, &sql)).await? {
        let id: i64 = row.try_get("", "id")?;
        if outside.contains(&id) {
            continue;
        }
        let (start, end): (Option<i32>, Option<i32>) = (row.try_get("", "start")?, row.try_get("", "end")?);
        let (quote, digest): (Option<String>, Option<String>) =
            (row.try_get("", "quote")?, row.try_get("", "quote_sha256")?);
        let span =
            start.zip(end).and_then(|(start, end)| Some((usize::try_from(start).ok()?, usize::try_from(end).ok()?)));
        let in_text: Option<String> =
            span.and_then(|(start, end)| text.get(start..end)).map(|part| part.iter().collect());
        if in_text.as_deref().is_some_and(|in_text| digest.as_deref() == Some(&sha256(in_text))) {
            continue;
        }
        let occurrences = quote.as_deref().map(|quote| occurrences(&text, quote)).unwrap_or_default();
        match (position(&text, span, quote.as_deref(), &occurrences), &in_text) {
            (Some((start, end)), _) => {
                let as_column = |at: usize| i32::try_from(at).unwrap_or(i32::MAX);
                positions.insert(id, (as_column(start), as_column(end)));
            }
            (None, Some(in_text)) => {
                let field = if quote.is_some() { "quote" } else { "quoteSha256" };
                let length = quote.as_deref().map_or(0, |quote| quote.chars().count());
                let elsewhere = listed(&occurrences, length);
                let message =
                    format!("does not match the text of the span, which is \"{}\"{elsewhere}", excerpt(in_text));
                problems.push(row_problem(id, field, message, "correct the quote, or start and end"));
            }
            (None, None) => {
                let message = if occurrences.is_empty() {
                    "does not occur in the text".to_owned()
                } else {
                    format!("occurs {} times in the text", occurrences.len())
                };
                problems.push(row_problem(id, "quote", message, "correct the quote, or add start and end"));
            }
        }
    }
    for (id, (start, end)) in positions {
        if moved.notes.len() < MAX_NOTES {
            moved.notes.push((id, format!("moved to {start}..{end}, the position of its quote")));
        } else {
            moved.more += 1;
        }
        execute(transaction, format!("UPDATE evidence SET start = {start}, \"end\" = {end} WHERE id = {id}")).await?;
    }
    Ok(())
}

/// Returns the span of a quote whose span is missing or has other words; `None` if that is not certain.
///
/// Without a span, the quote must occur once. With one, blanks at its ends are left out; else the quote must be long enough, occur
/// once, and start near the span. A few letters may occur anywhere, and another article text may have the same words far away.
fn position(
    text: &[char],
    span: Option<(usize, usize)>,
    quote: Option<&str>,
    occurrences: &[usize],
) -> Option<(usize, usize)> {
    let quote = quote?;
    let length = quote.chars().count();
    if let Some((start, end)) = span
        && let Some(part) = text.get(start..end)
    {
        let blanks = part.iter().take_while(|c| c.is_whitespace()).count();
        let start = start + blanks;
        if text.get(start..end).is_some_and(|part| part.iter().collect::<String>().trim_end() == quote) {
            return Some((start, start + length));
        }
    }
    let [only] = occurrences else { return None };
    let is_certain = span.is_none_or(|(start, _)| {
        let is_long = length >= MIN_QUOTE || quote.split_whitespace().count() >= MIN_WORDS;
        is_long && only.abs_diff(start) <= MAX_DISTANCE
    });
    is_certain.then_some((*only, only + length))
}

/// Lists the first positions of a quote for a message.
fn listed(occurrences: &[usize], length: usize) -> String {
    if occurrences.is_empty() {
        return String::new();
    }
    let first: Vec<String> =
        occurrences.iter().take(MAX_LISTED).map(|start| format!("{start}..{}", start + length)).collect();
    let more = occurrences.len().saturating_sub(MAX_LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("; the quote is at {}{more}", first.join(", "))
}

fn excerpt(text: &str) -> String {
    if text.chars().count() > 60 { text.chars().take(57).chain("...".chars()).collect() } else { text.to_owned() }
}

/// Returns the positions of a quote in a text, in code points.
fn occurrences(text: &[char], quote: &str) -> Vec<usize> {
    let quote: Vec<char> = quote.chars().collect();
    if quote.is_empty() {
        return Vec::new();
    }
    text.windows(quote.len()).enumerate().filter(|(_, window)| *window == quote).map(|(at, _)| at).collect()
}
