//! What can be judged only when all rows are in: spans against texts, cycles, parts of different wholes.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement};

use crate::error::Result;
use crate::import::foreign_keys::tables_of;
use crate::import::merge::{TIES, Tie};
use crate::import::temp_tables::{ARTICLE, LINE};
use crate::import::validate::builder::{Mistake, sha256};

/// A mistake found by a row's id.
pub(crate) struct Late {
    pub(crate) id: i64,
    pub(crate) mistake: Mistake,
}

/// No tree of places, events, figures or relays is deeper.
const DEEPEST: u32 = 64;

fn late(id: i64, field: &str, message: impl Into<String>, suggestion: &str) -> Late {
    Late {
        id,
        mistake: Mistake {
            pointer: format!("/{field}"),
            message: message.into(),
            suggestion: Some(suggestion.to_owned()),
        },
    }
}

/// So many mistakes of a kind are looked for: they are held in memory.
pub(crate) const MOST: usize = 100_000;

/// So many rows that were put right are told one by one.
const NOTED: usize = 1000;

/// Rows that were put right, the first with what was done.
#[derive(Default)]
pub(crate) struct Moved {
    pub(crate) told: Vec<(i64, String)>,
    pub(crate) more: usize,
}

/// Everything wrong with the rows of this import as they now stand beside all others, and what was put right.
pub(crate) async fn check(transaction: &DatabaseTransaction) -> Result<(Vec<Late>, Moved)> {
    let mut found = cycles(transaction, |_| format!("id IN (SELECT id FROM {LINE})")).await?;
    let mut moved = Moved::default();
    wholes(transaction, &mut found).await?;
    spans(transaction, &mut found, &mut moved).await?;
    Ok((found, moved))
}

/// Things that are, step by step, parts of themselves; looked for from the rows for which `begin` holds, told the column
/// that names the whole.
pub(crate) async fn cycles(transaction: &DatabaseTransaction, begin: impl Fn(&str) -> String) -> Result<Vec<Late>> {
    let mut found = Vec::new();
    for (table, column, field, what) in [
        ("place", "parent_id", "parent", "lies within itself"),
        ("event", "parent_id", "parent", "is a part of itself"),
        ("statement", "relays_id", "relays", "passes itself on"),
        ("figure", "part_of_id", "partOf", "is a part of itself"),
    ] {
        let begin = begin(column);
        // Going up from every touched row that has a parent: who meets itself is on a cycle.
        let sql = format!(
            "WITH RECURSIVE up (id, above, hops) AS (
                SELECT id, {column}, 1 FROM {table} WHERE {column} IS NOT NULL AND {begin}
                UNION ALL
                SELECT up.id, {table}.{column}, hops + 1 FROM up JOIN {table} ON {table}.id = up.above
                    WHERE {table}.{column} IS NOT NULL AND up.above <> up.id AND hops < {DEEPEST}
             )
             SELECT up.id AS id, MAX(CASE WHEN above = up.id THEN 1 ELSE 0 END) AS cycle, MIN(record.key) AS key
             FROM up JOIN record ON record.id = up.id
             WHERE above = up.id OR hops >= {DEEPEST} GROUP BY up.id ORDER BY up.id LIMIT {MOST}"
        );
        for row in transaction.query_all_raw(plain(transaction, &sql)).await? {
            let (id, cycle, key): (i64, i32, String) =
                (row.try_get("", "id")?, row.try_get("", "cycle")?, row.try_get("", "key")?);
            found.push(if cycle == 1 {
                late(id, field, format!("makes a cycle: `{key}` {what}"), "name another, or leave it out")
            } else {
                late(id, field, format!("stands more than {DEEPEST} deep"), "name one nearer to the root")
            });
        }
    }
    Ok(found)
}

/// Ties between things that were judged to be one: who is tied cannot be judged so, in whatever order it comes.
pub(crate) async fn ties(transaction: &DatabaseTransaction) -> Result<Vec<Late>> {
    let mut found = Vec::new();
    for Tie { table, from, to, field, .. } in TIES {
        let written = |column: &str| {
            format!(
                "COALESCE((SELECT original_id FROM redirect WHERE row_id = tie.id AND reference = '{table}.{column}'), tie.{column})"
            )
        };
        let is = |column: &str| format!("(SELECT COALESCE(same_as_id, id) FROM record WHERE id = tie.{column})");
        for stored in tables_of(table) {
            let sql = format!(
                "SELECT tie.id AS id FROM {stored} AS tie JOIN {LINE} ON {LINE}.id = tie.id
                 WHERE tie.{to} IS NOT NULL AND {} <> {} AND {} = {} ORDER BY tie.id LIMIT {MOST}",
                written(from),
                written(to),
                is(from),
                is(to),
            );
            for row in transaction.query_all_raw(plain(transaction, &sql)).await? {
                let suggestion = "leave the tie out, or take the judgement back first";
                found.push(late(
                    row.try_get("", "id")?,
                    field,
                    "is tied to what was judged to be the same",
                    suggestion,
                ));
            }
        }
    }
    Ok(found)
}

/// So many articles are looked at together.
const TOGETHER: usize = 1000;

/// Whether a row was touched.
fn touched() -> String {
    format!("IN (SELECT id FROM {LINE})")
}

/// A question of two rows that belong together, of which either may have been touched. Not OR, for which a database goes through
/// both tables: what one record costs does not grow with the graph.
fn either(question: &str, one: &str, other: &str) -> String {
    let touched = touched();
    format!("{question} AND {one}.id {touched} UNION {question} AND {other}.id {touched}")
}

/// What is wrong with rows beside others: which, the field, the message, the suggestion.
fn wrong() -> [(String, &'static str, &'static str, &'static str); 5] {
    let touched = touched();
    // Of two that were judged to be one, each may say it.
    let apart = |column: &str| {
        let (table, _) = column.split_once('.').unwrap_or((column, ""));
        format!(
            "NOT EXISTS (SELECT 1 FROM redirect WHERE redirect.row_id IN ({table}.id, other.id) AND redirect.reference = '{column}')"
        )
    };
    [
        (
            either(
                "SELECT participation.id AS id FROM participation JOIN account ON account.id = participation.account_id
                 WHERE participation.event_id <> account.event_id",
                "participation",
                "account",
            ),
            "account",
            "is an account of another event",
            "name an account of the same event",
        ),
        (
            either(
                "SELECT statement.id AS id FROM statement JOIN actor ON actor.id = statement.speaker_id
                 WHERE (statement.attribution = 'ANONYMOUS') <> (actor.kind = 'ANONYMOUS_SOURCE')",
                "statement",
                "actor",
            ),
            "attribution",
            "is ANONYMOUS exactly when the speaker is an anonymous source",
            "change the attribution or the speaker",
        ),
        (
            format!(
                "SELECT claim.id AS id FROM claim WHERE claim.subject_kind <> 'ACTOR' AND claim.id {touched}
                    AND EXISTS (SELECT 1 FROM claim AS other WHERE other.subject_id = claim.subject_id AND other.id <> claim.id)"
            ),
            "subject",
            "has a claim already, and all but an actor have at most one",
            "let the statements take sides on that claim",
        ),
        (
            format!(
                "SELECT stance.id AS id FROM stance WHERE stance.id {touched}
                    AND EXISTS (SELECT 1 FROM stance AS other WHERE other.statement_id = stance.statement_id
                        AND other.claim_id = stance.claim_id AND other.id <> stance.id AND {})",
                apart("stance.claim_id")
            ),
            "claim",
            "is taken a side on by this statement already",
            "keep one stance for each claim",
        ),
        (
            format!(
                "SELECT external_id.id AS id FROM external_id WHERE external_id.id {touched}
                    AND EXISTS (SELECT 1 FROM external_id AS other WHERE other.target_id = external_id.target_id
                        AND other.scheme = external_id.scheme AND other.value = external_id.value AND other.id <> external_id.id AND {})",
                apart("external_id.target_id")
            ),
            "value",
            "is given twice",
            "keep one of the two",
        ),
    ]
}

async fn wholes(transaction: &DatabaseTransaction, found: &mut Vec<Late>) -> Result<()> {
    for (sql, field, message, suggestion) in wrong() {
        for row in transaction.query_all_raw(plain(transaction, &format!("{sql} ORDER BY id LIMIT {MOST}"))).await? {
            found.push(late(row.try_get("", "id")?, field, message, suggestion));
        }
    }
    Ok(())
}

/// Evidence that ends behind the text of its article.
fn beyond() -> String {
    let question = "SELECT evidence.id AS id, evidence.\"end\" AS \"end\", article.text_length AS length
         FROM evidence JOIN article ON article.id = evidence.article_id WHERE evidence.\"end\" > article.text_length";
    either(question, "evidence", "article")
}

/// Notes the articles whose texts are compared with quotes.
fn note_articles() -> String {
    let touched = touched();
    format!(
        "INSERT INTO {ARTICLE} SELECT article_id FROM evidence WHERE id {touched} UNION SELECT id FROM article WHERE id {touched}"
    )
}

/// Evidence against the length of its article and, where the text is kept, against its words.
async fn spans(transaction: &DatabaseTransaction, found: &mut Vec<Late>, notes: &mut Moved) -> Result<()> {
    let sql = format!("{} ORDER BY id LIMIT {MOST}", beyond());
    let mut outside = std::collections::HashSet::new();
    for row in transaction.query_all_raw(plain(transaction, &sql)).await? {
        let (id, end, length): (i64, i32, i32) =
            (row.try_get("", "id")?, row.try_get("", "end")?, row.try_get("", "length")?);
        outside.insert(id);
        found.push(late(
            id,
            "end",
            format!("{end} lies outside of the text, which has {length} code points"),
            "count code points, not bytes, from 0",
        ));
    }
    transaction.execute_unprepared(&note_articles()).await?;
    let mut last = 0;
    loop {
        let articles = format!(
            "SELECT article.id AS id FROM {ARTICLE} AS touched JOIN article ON article.id = touched.id
             WHERE touched.id > {last} AND article.text IS NOT NULL AND EXISTS (
                SELECT 1 FROM evidence WHERE evidence.article_id = article.id
                    AND (evidence.quote IS NOT NULL OR evidence.quote_sha256 IS NOT NULL)
             )
             ORDER BY touched.id LIMIT {TOGETHER}"
        );
        let rows = transaction.query_all_raw(plain(transaction, &articles)).await?;
        if rows.is_empty() || found.len() >= MOST {
            return Ok(());
        }
        for row in rows {
            last = row.try_get("", "id")?;
            quotes(transaction, last, &outside, found, notes).await?;
        }
    }
}

async fn quotes(
    transaction: &DatabaseTransaction,
    article: i64,
    outside: &std::collections::HashSet<i64>,
    found: &mut Vec<Late>,
    notes: &mut Moved,
) -> Result<()> {
    let Some(row) = transaction
        .query_one_raw(plain(transaction, &format!("SELECT text FROM article WHERE id = {article}")))
        .await?
    else {
        return Ok(());
    };
    let text: Vec<char> = row.try_get::<String>("", "text")?.chars().collect();
    let sql = format!(
        "SELECT id, start, \"end\", quote, quote_sha256 FROM evidence WHERE article_id = {article}
            AND (quote IS NOT NULL OR quote_sha256 IS NOT NULL) ORDER BY id"
    );
    let mut moved: HashMap<i64, (i32, i32)> = HashMap::new();
    for row in transaction.query_all_raw(plain(transaction, &sql)).await? {
        let id: i64 = row.try_get("", "id")?;
        if outside.contains(&id) {
            continue;
        }
        let (start, end): (Option<i32>, Option<i32>) = (row.try_get("", "start")?, row.try_get("", "end")?);
        let (quote, digest): (Option<String>, Option<String>) =
            (row.try_get("", "quote")?, row.try_get("", "quote_sha256")?);
        let span =
            start.zip(end).and_then(|(start, end)| Some((usize::try_from(start).ok()?, usize::try_from(end).ok()?)));
        let there: Option<String> =
            span.and_then(|(start, end)| text.get(start..end)).map(|part| part.iter().collect());
        if there.as_deref().is_some_and(|there| digest.as_deref() == Some(&sha256(there))) {
            continue;
        }
        let at = quote.as_deref().map(|quote| occurrences(&text, quote)).unwrap_or_default();
        match (at.as_slice(), &there) {
            ([only], _) => {
                let length = quote.as_deref().map_or(0, |quote| quote.chars().count());
                let (start, end) =
                    (i32::try_from(*only).unwrap_or(i32::MAX), i32::try_from(only + length).unwrap_or(i32::MAX));
                moved.insert(id, (start, end));
            }
            (_, Some(there)) => {
                let there: String = if there.chars().count() > 60 {
                    there.chars().take(57).chain("...".chars()).collect()
                } else {
                    there.clone()
                };
                let field = if quote.is_some() { "quote" } else { "quoteSha256" };
                found.push(late(
                    id,
                    field,
                    format!("does not match the text there, which reads \"{there}\""),
                    "correct the quote, or start and end",
                ));
            }
            (several, None) => found.push(late(
                id,
                "quote",
                if several.is_empty() {
                    "does not occur in the text".to_owned()
                } else {
                    format!("occurs {} times in the text", several.len())
                },
                "correct the quote, or add start and end",
            )),
        }
    }
    for (id, (start, end)) in moved {
        if notes.told.len() < NOTED {
            notes.told.push((id, format!("was moved to {start}..{end}, where its quote stands")));
        } else {
            notes.more += 1;
        }
        transaction
            .execute_unprepared(&format!("UPDATE evidence SET start = {start}, \"end\" = {end} WHERE id = {id}"))
            .await?;
    }
    Ok(())
}

/// Where a quote begins in a text, in code points.
fn occurrences(text: &[char], quote: &str) -> Vec<usize> {
    let quote: Vec<char> = quote.chars().collect();
    if quote.is_empty() {
        return Vec::new();
    }
    text.windows(quote.len()).enumerate().filter(|(_, window)| *window == quote).map(|(at, _)| at).collect()
}

/// A statement of SQL with nothing bound: every value in it is a number or a name of ours.
pub(crate) fn plain(transaction: &DatabaseTransaction, sql: &str) -> Statement {
    Statement::from_string(transaction.get_database_backend(), sql)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use crate::db::Db;
    use crate::import::temp_tables;
    use crate::import::validate::cross_record::*;

    /// What one record costs does not grow with the graph: SQLite plans without figures, so an empty graph tells.
    #[tokio::test]
    async fn only_what_was_touched_is_judged() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::connect(&format!("sqlite://{}", folder.path().join("graph.db").display())).await.unwrap();
        db.migrate().await.unwrap();
        let transaction = db.write().await.unwrap();
        temp_tables::create(&transaction).await.unwrap();
        let mut asked: Vec<String> = wrong().into_iter().map(|(sql, ..)| sql).collect();
        asked.extend([beyond(), note_articles()]);
        for sql in asked {
            let plan = plain(&transaction, &format!("EXPLAIN QUERY PLAN {sql}"));
            let rows = transaction.query_all_raw(plan).await.unwrap();
            let steps: Vec<String> = rows.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
            let all =
                steps.iter().filter(|step| step.starts_with("SCAN ") && !step.starts_with(&format!("SCAN {LINE}")));
            assert_eq!(all.count(), 0, "{sql}\n{steps:#?}");
            assert!(steps.iter().any(|step| step.starts_with("SEARCH ")), "{sql}\n{steps:#?}");
        }
    }
}
