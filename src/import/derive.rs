//! Derived columns: positions and voices of statements, which stances count, how claims, accounts, participations
//! and events stand. Each is one statement over all that an import touched, never a row at a time.

use sea_orm::{ConnectionTrait, DatabaseTransaction};

use crate::error::Result;
use crate::import::temp_tables::{CLAIM, EVENT, LINE, STATEMENT};

/// No chain of relays is longer; the checks before refuse cycles.
const LONGEST_RELAY: u32 = 64;

const FOR: &str = "('ASSERTS', 'CONFIRMS', 'SUPPORTS')";
const AGAINST: &str = "('DENIES', 'QUESTIONS')";

/// The event that a claim's subject is or belongs to.
const EVENT_OF_SUBJECT: &str = "CASE claim.subject_kind
    WHEN 'EVENT' THEN claim.subject_id
    WHEN 'ACCOUNT' THEN (SELECT event_id FROM account WHERE account.id = claim.subject_id)
    WHEN 'PARTICIPATION' THEN (SELECT event_id FROM participation WHERE participation.id = claim.subject_id)
    END";

/// Notes all that is derived from the rows selected by `ids` (a select of ids, or a list), as they are now.
pub(crate) async fn note(transaction: &DatabaseTransaction, ids: &str) -> Result<()> {
    // Statements: the touched, those whose evidence or article was, and all that pass one of them on.
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
    transaction.execute_unprepared(&sql).await?;
    touch(transaction, ids).await
}

/// Notes the claims and events that depend on the rows selected by `ids`, as they are now.
pub(crate) async fn touch(transaction: &DatabaseTransaction, ids: &str) -> Result<()> {
    for sql in [
        format!(
            // Not OR: PostgreSQL would go through a list too long for its working memory once a row.
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
        transaction.execute_unprepared(&sql).await?;
    }
    events_of_claims(transaction).await
}

async fn events_of_claims(transaction: &DatabaseTransaction) -> Result<()> {
    let sql = format!(
        "INSERT INTO {EVENT} SELECT event FROM (
            SELECT {EVENT_OF_SUBJECT} AS event FROM claim WHERE id IN (SELECT id FROM {CLAIM})
         ) AS subject WHERE event IS NOT NULL ON CONFLICT DO NOTHING"
    );
    transaction.execute_unprepared(&sql).await?;
    Ok(())
}

/// Computes anew all that depends on what this import touched.
pub(crate) async fn derive(transaction: &DatabaseTransaction) -> Result<()> {
    let run = async |sql: String| -> Result<()> {
        transaction.execute_unprepared(&sql).await?;
        Ok(())
    };
    let touched = format!("SELECT id FROM {LINE}");

    note(transaction, &touched).await?;
    // A voice is the end of the chain of relays, then its speaker. Both are written at once: a row that is written over is
    // entered anew in every index. The plus keeps SQLite from going through all evidence of the article for each of its
    // statements.
    run(format!(
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
    ))
    .await?;
    // A voice travels up a chain of relays one statement a step, until nothing changes any more.
    for _ in 0..LONGEST_RELAY {
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

    // Claims and events that statements found anew take sides on.
    touch(transaction, &format!("SELECT id FROM {STATEMENT}")).await?;
    // Rival accounts and parts stand together, so all claims of a touched event are looked at.
    run(format!(
        "INSERT INTO {CLAIM}
         SELECT id FROM claim WHERE subject_id IN (SELECT id FROM {EVENT})
         UNION SELECT id FROM claim WHERE subject_id IN (SELECT id FROM account WHERE event_id IN (SELECT id FROM {EVENT}))
         UNION SELECT id FROM claim WHERE subject_id IN (SELECT id FROM participation WHERE event_id IN (SELECT id FROM {EVENT}))
         ON CONFLICT DO NOTHING"
    ))
    .await?;
    standings(transaction).await
}

/// Computes which stances count and how everything stands, for the claims and events noted.
async fn standings(transaction: &DatabaseTransaction) -> Result<()> {
    let claims = format!("SELECT id FROM {CLAIM}");
    let events = format!("SELECT id FROM {EVENT}");
    // Joined to nothing, so that both databases enter by the event, and not by the standing that half of all may have.
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
        // Of each voice the last stance counts: by when it was said, published, stands in the article, and by its key and that of
        // its dataset. Joined, since PostgreSQL looks through a list that it cannot hash in its memory again for each row.
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
        // Accounts exclude each other: asserted by different voices they are contested though nobody denies one. Joined to
        // nothing as above: SQLite would go through all stances of a kind for each claim.
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
        transaction.execute_unprepared(&sql).await?;
    }
    Ok(())
}
