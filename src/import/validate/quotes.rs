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
        let found = quote.as_deref().map(|quote| occurrences(&text, quote)).unwrap_or_default();
        match (found.as_slice(), &in_text) {
            ([only], _) => {
                let length = quote.as_deref().map_or(0, |quote| quote.chars().count());
                let (start, end) =
                    (i32::try_from(*only).unwrap_or(i32::MAX), i32::try_from(only + length).unwrap_or(i32::MAX));
                positions.insert(id, (start, end));
            }
            (_, Some(in_text)) => {
                let in_text: String = if in_text.chars().count() > 60 {
                    in_text.chars().take(57).chain("...".chars()).collect()
                } else {
                    in_text.clone()
                };
                let field = if quote.is_some() { "quote" } else { "quoteSha256" };
                let message = format!("does not match the text of the span, which is \"{in_text}\"");
                problems.push(row_problem(id, field, message, "correct the quote, or start and end"));
            }
            (several, None) => {
                let message = if several.is_empty() {
                    "does not occur in the text".to_owned()
                } else {
                    format!("occurs {} times in the text", several.len())
                };
                problems.push(row_problem(id, "quote", message, "correct the quote, or add start and end"));
            }
        }
    }
    for (id, (start, end)) in positions {
        if moved.notes.len() < MAX_NOTES {
            moved.notes.push((id, format!("moved to {start}..{end}, the only position of its quote")));
        } else {
            moved.more += 1;
        }
        execute(transaction, format!("UPDATE evidence SET start = {start}, \"end\" = {end} WHERE id = {id}")).await?;
    }
    Ok(())
}

/// Returns the positions of a quote in a text, in code points.
fn occurrences(text: &[char], quote: &str) -> Vec<usize> {
    let quote: Vec<char> = quote.chars().collect();
    if quote.is_empty() {
        return Vec::new();
    }
    text.windows(quote.len()).enumerate().filter(|(_, window)| *window == quote).map(|(at, _)| at).collect()
}
