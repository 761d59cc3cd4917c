//! Derived columns: the position and voice of statements, which stances are current, and the standing of claims,
//! accounts, participations and events.
//!
//! A write marks what depends on the rows that it touches ([`mark_dependents`]): before the rows change and after.
//! [`derive()`] then computes the columns of the marked rows, with a fixed number of SQL statements over all of them. The
//! rules of voices and standing are described in `docs/data-model.md`.

use sea_orm::{ConnectionTrait, DatabaseTransaction};

use crate::error::Result;
use crate::import::sql::execute;
use crate::import::temp_tables::{CLAIM, EVENT, LINE, STATEMENT};

/// The maximum length of a chain of relays. Validation rejects longer ones and cycles.
const MAX_RELAYS: u32 = 64;

const FOR: &str = "('ASSERTS', 'CONFIRMS', 'SUPPORTS')";
const AGAINST: &str = "('DENIES', 'QUESTIONS')";

/// The event that the subject of a claim is or is part of.
const EVENT_OF_SUBJECT: &str = "CASE claim.subject_kind
    WHEN 'EVENT' THEN claim.subject_id
    WHEN 'ACCOUNT' THEN (SELECT event_id FROM account WHERE account.id = claim.subject_id)
    WHEN 'PARTICIPATION' THEN (SELECT event_id FROM participation WHERE participation.id = claim.subject_id)
    END";

/// Marks what is derived from the rows in `ids` (a query or list of ids), as they are now.
pub(crate) async fn mark_dependents(transaction: &DatabaseTransaction, ids: &str) -> Result<()> {
    // Statements that were touched, whose evidence or article was, and all that relay one of them.
    let sql = format!(
        "INSERT INTO {STATEMENT}
         WITH RECURSIVE affected (id) AS (
            SELECT id FROM statement WHERE id IN ({ids})
            UNION SELECT target_id FROM evidence WHERE target_kind = 'STATEMENT' AND id IN ({ids})
            UNION SELECT id FROM statement WHERE article_id IN ({ids})
            UNION SELECT statement.id FROM statement JOIN affected ON statement.relays_id = affected.id
         )
         SELECT id FROM affected WHERE TRUE ON CONFLICT DO NOTHING"
    );
    execute(transaction, sql).await?;
    mark_claims_and_events(transaction, ids).await
}

/// Marks the claims and events that depend on the rows in `ids`, as they are now.
async fn mark_claims_and_events(transaction: &DatabaseTransaction, ids: &str) -> Result<()> {
    for sql in [
        format!(
            // A union instead of OR: PostgreSQL would scan a list that does not fit its work_mem for every row.
            "INSERT INTO {CLAIM} SELECT id FROM claim WHERE id IN ({ids})
             UNION SELECT claim_id FROM stance WHERE id IN ({ids})
             UNION SELECT claim_id FROM stance WHERE statement_id IN ({ids})
             ON CONFLICT DO NOTHING"
        ),
        format!(
            "INSERT INTO {EVENT} SELECT id FROM event WHERE id IN ({ids})
             UNION SELECT event_id FROM account WHERE id IN ({ids})
             UNION SELECT event_id FROM participation WHERE id IN ({ids})
             ON CONFLICT DO NOTHING"
        ),
    ] {
        execute(transaction, sql).await?;
    }
    let events_of_claims = format!(
        "INSERT INTO {EVENT} SELECT event FROM (
            SELECT {EVENT_OF_SUBJECT} AS event FROM claim WHERE id IN (SELECT id FROM {CLAIM})
         ) AS subject WHERE event IS NOT NULL ON CONFLICT DO NOTHING"
    );
    execute(transaction, events_of_claims).await
}

/// Computes all derived columns that depend on rows that this transaction has touched.
pub(crate) async fn derive(transaction: &DatabaseTransaction) -> Result<()> {
    let touched = format!("SELECT id FROM {LINE}");

    mark_dependents(transaction, &touched).await?;
    // The voice of a statement is that of the last statement in its chain of relays: there, its speaker. All columns
    // are written at once, because an updated row is added to every index again. The plus keeps SQLite from scanning
    // all evidence of the article for each of its statements.
    let columns = format!(
        "UPDATE statement SET
            position = (
                SELECT MIN(start) FROM evidence WHERE evidence.target_id = statement.id
                    AND +evidence.article_id = statement.article_id
            ),
            voice_id = CASE WHEN relays_id IS NOT NULL THEN voice_id
                WHEN attribution = 'NARRATION' THEN (SELECT publisher_id FROM article WHERE article.id = statement.article_id)
                ELSE speaker_id END,
            voice = CASE WHEN relays_id IS NOT NULL THEN voice
                WHEN attribution = 'NOT_RECORDED' THEN NULL
                WHEN attribution = 'UNATTRIBUTED' THEN 'unnamed:' || article_id
                WHEN attribution = 'NARRATION' THEN COALESCE(
                    (SELECT 'actor:' || publisher_id FROM article WHERE article.id = statement.article_id),
                    'article:' || article_id)
                ELSE 'actor:' || speaker_id END
         WHERE id IN (SELECT id FROM {STATEMENT})"
    );
    execute(transaction, columns).await?;
    // Each step copies voices to the next statement up the chains of relays, until nothing changes any more.
    for _ in 0..MAX_RELAYS {
        let step = format!(
            "UPDATE statement SET
                voice = (SELECT relayed.voice FROM statement AS relayed WHERE relayed.id = statement.relays_id),
                voice_id = (SELECT relayed.voice_id FROM statement AS relayed WHERE relayed.id = statement.relays_id)
             WHERE relays_id IS NOT NULL AND id IN (SELECT id FROM {STATEMENT}) AND EXISTS (
                SELECT 1 FROM statement AS relayed WHERE relayed.id = statement.relays_id
                    AND (relayed.voice IS DISTINCT FROM statement.voice OR relayed.voice_id IS DISTINCT FROM statement.voice_id)
             )"
        );
        if transaction.execute_unprepared(&step).await?.rows_affected() == 0 {
            break;
        }
    }

    // Claims and events on which statements with a new voice have stances.
    mark_claims_and_events(transaction, &format!("SELECT id FROM {STATEMENT}")).await?;
    // The standings of an event's accounts and participations depend on each other, so all claims of an event are
    // derived together.
    let claims_of_events = format!(
        "INSERT INTO {CLAIM}
         SELECT id FROM claim WHERE subject_id IN (SELECT id FROM {EVENT})
         UNION SELECT id FROM claim WHERE subject_id IN (SELECT id FROM account WHERE event_id IN (SELECT id FROM {EVENT}))
         UNION SELECT id FROM claim WHERE subject_id IN (SELECT id FROM participation WHERE event_id IN (SELECT id FROM {EVENT}))
         ON CONFLICT DO NOTHING"
    );
    execute(transaction, claims_of_events).await?;
    derive_standings(transaction).await
}

/// Computes which stances are current, and the standing of the marked claims and events.
async fn derive_standings(transaction: &DatabaseTransaction) -> Result<()> {
    let claims = format!("SELECT id FROM {CLAIM}");
    let events = format!("SELECT id FROM {EVENT}");
    // The concatenation with an empty text keeps both databases from using the index on standing, which many rows may
    // share.
    let contested = [("claim", "subject_id"), ("account", "event_id"), ("participation", "event_id")]
        .map(|(table, of)| {
            format!(
                "EXISTS (SELECT 1 FROM {table} WHERE {table}.{of} = event.id AND {table}.standing || '' = 'CONTESTED')"
            )
        })
        .join(" OR ");
    let has = |stances: &str| {
        format!(
            "EXISTS (SELECT 1 FROM stance WHERE stance.claim_id = claim.id AND stance.current AND stance.stance IN {stances})"
        )
    };
    for sql in [
        // The last stance of each voice is current: ordered by when it was said, by when it was published, by its
        // position in the article, by its key and by that of its dataset. A join, because PostgreSQL scans a list that
        // does not fit its work_mem for every row.
        format!(
            "UPDATE stance SET current = ordered.counts FROM (
                SELECT stance.id AS id, statement.voice IS NOT NULL AND ROW_NUMBER() OVER (
                    PARTITION BY stance.claim_id, statement.voice
                    ORDER BY COALESCE(statement.earliest, article.published_earliest, 0) DESC,
                        COALESCE(article.published_earliest, 0) DESC, COALESCE(statement.position, 0) DESC, record.key DESC, dataset.key DESC
                ) = 1 AS counts
                FROM stance JOIN statement ON statement.id = stance.statement_id
                JOIN record ON record.id = stance.id JOIN dataset ON dataset.id = record.dataset_id
                LEFT JOIN article ON article.id = statement.article_id
                WHERE stance.claim_id IN ({claims})
             ) AS ordered WHERE ordered.id = stance.id"
        ),
        format!(
            "UPDATE claim SET implied = FALSE, standing = CASE
                WHEN {both_for} AND {both_against} THEN 'CONTESTED'
                WHEN {both_for} THEN 'UNCONTESTED'
                WHEN {retracted} THEN 'RETRACTED'
                WHEN {denied} THEN 'DENIED'
                ELSE 'UNSUPPORTED' END
             WHERE id IN ({claims})",
            both_for = has(FOR),
            both_against = has(AGAINST),
            retracted = has("('RETRACTS')"),
            denied = has("('DENIES')"),
        ),
        // Accounts exclude each other: if different voices assert different ones, they are contested though nobody
        // denies one. The concatenation keeps SQLite from scanning all stances of a kind for each claim.
        format!(
            "UPDATE claim SET implied = TRUE, standing = 'CONTESTED'
             WHERE id IN ({claims}) AND subject_kind = 'ACCOUNT' AND standing = 'UNCONTESTED' AND EXISTS (
                SELECT 1 FROM account AS mine
                JOIN account AS rival ON rival.event_id = mine.event_id AND rival.id <> mine.id
                JOIN claim AS other ON other.subject_id = rival.id
                JOIN stance AS theirs ON theirs.claim_id = other.id AND theirs.current AND theirs.stance || '' IN {FOR}
                JOIN statement AS they ON they.id = theirs.statement_id
                JOIN stance AS ours ON ours.claim_id = claim.id AND ours.current AND ours.stance || '' IN {FOR}
                JOIN statement AS we ON we.id = ours.statement_id
                WHERE mine.id = claim.subject_id AND we.voice <> they.voice
             )"
        ),
        format!(
            "UPDATE account SET
                standing = (SELECT claim.standing FROM claim WHERE claim.subject_id = account.id),
                implied = COALESCE((SELECT claim.implied FROM claim WHERE claim.subject_id = account.id), FALSE)
             WHERE event_id IN ({events})
                AND (implied OR standing IS NOT NULL OR EXISTS (SELECT 1 FROM claim WHERE claim.subject_id = account.id))"
        ),
        format!(
            "UPDATE participation SET standing = COALESCE(
                (SELECT claim.standing FROM claim WHERE claim.subject_id = participation.id),
                (SELECT account.standing FROM account WHERE account.id = participation.account_id))
             WHERE event_id IN ({events}) AND (standing IS NOT NULL OR account_id IS NOT NULL
                OR EXISTS (SELECT 1 FROM claim WHERE claim.subject_id = participation.id))"
        ),
        format!(
            "UPDATE event SET standing = CASE WHEN {contested} THEN 'CONTESTED'
                ELSE (SELECT claim.standing FROM claim WHERE claim.subject_id = event.id) END
             WHERE id IN ({events}) AND (standing IS NOT NULL
                OR EXISTS (SELECT 1 FROM claim WHERE claim.subject_id = event.id) OR {contested})"
        ),
    ] {
        execute(transaction, sql).await?;
    }
    Ok(())
}
