//! What refers to a thing that was judged to be another refers to that other, and remembers what it was written to refer to.
//!
//! `record.same_as_id` says what a thing was judged to be. A column that would hold such a thing holds the other; the
//! number as written is in `redirect`. So questions read plain columns, and a judgement can be undone to the letter. A row
//! that is judged to be another lies in `merged_<noun>`, as written.
//!
//! A writer puts rows as written before it compares or writes them ([`restore`]), and redirects them anew when all is
//! written ([`settle`]).

use entity::record::RecordKind;
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use crate::db::full_text;
use crate::error::Result;
use crate::import::foreign_keys;
use crate::import::foreign_keys::{MERGED, Reference};
use crate::import::temp_tables::{LINE, WRITTEN};
use crate::import::validate::cross_record::plain;

/// The table of ties whose rows are a set: two that are one leave one tie.
const ABOUT: &str = "statement_about";

/// Whether anything was ever judged to be another.
pub(crate) async fn is_needed(transaction: &DatabaseTransaction) -> Result<bool> {
    let sql = "SELECT id FROM record WHERE same_as_id IS NOT NULL LIMIT 1";
    Ok(transaction.query_one_raw(plain(transaction, sql)).await?.is_some())
}

async fn run(transaction: &DatabaseTransaction, sql: String) -> Result<()> {
    transaction.execute_unprepared(&sql).await?;
    Ok(())
}

async fn ids(transaction: &DatabaseTransaction, sql: &str) -> Result<Vec<i64>> {
    let rows = transaction.query_all_raw(plain(transaction, sql)).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<std::result::Result<_, _>>()?)
}

fn list(ids: &[i64]) -> String {
    ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

/// Notes rows as touched, for what is derived from them.
async fn touch(transaction: &DatabaseTransaction, select: &str) -> Result<()> {
    run(
        transaction,
        format!("INSERT INTO {LINE} (id, file, line, pointer) SELECT id, 0, 0, '' FROM ({select}) AS touched WHERE TRUE ON CONFLICT DO NOTHING"),
    )
    .await
}

/// What a redirected column holds: what its original was judged to be.
fn target_of(reference: &Reference, row: &str) -> String {
    format!(
        "(SELECT COALESCE(record.same_as_id, record.id) FROM redirect JOIN record ON record.id = redirect.original_id
          WHERE redirect.row_id = {row}.{owner} AND redirect.reference = '{name}' AND redirect.ordinal = {ordinal})",
        owner = reference.owner,
        name = reference.name(),
        ordinal = ordinal(reference, row),
    )
}

fn ordinal(reference: &Reference, row: &str) -> String {
    match reference.ordinal() {
        "0" => "0".to_owned(),
        column => format!("{row}.{column}"),
    }
}

/// Whether a column of a row is remembered as another than it holds.
fn is_remembered(reference: &Reference, row: &str, which: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM redirect WHERE redirect.row_id = {row}.{owner} AND redirect.reference = '{name}'
            AND redirect.ordinal = {ordinal} {which})",
        owner = reference.owner,
        name = reference.name(),
        ordinal = ordinal(reference, row),
    )
}

/// Remembers what the columns of the rows for which `which` holds were written as, where that was judged to be another.
async fn remember(transaction: &DatabaseTransaction, reference: &Reference, which: &str) -> Result<()> {
    let (table, owner, column) = (reference.table, reference.owner, reference.column);
    let whole_set = if table == ABOUT {
        // All of a set is remembered, or none.
        format!(
            "{table}.{owner} IN (SELECT tie.{owner} FROM {table} AS tie JOIN record ON record.id = tie.{column} AND record.same_as_id IS NOT NULL)
             AND NOT EXISTS (SELECT 1 FROM redirect WHERE redirect.row_id = {table}.{owner} AND redirect.reference = '{name}')",
            name = reference.name()
        )
    } else {
        format!(
            "EXISTS (SELECT 1 FROM record WHERE record.id = {table}.{column} AND record.same_as_id IS NOT NULL)
             AND NOT {}",
            is_remembered(reference, table, "")
        )
    };
    run(
        transaction,
        format!(
            "INSERT INTO redirect (row_id, reference, ordinal, original_id)
             SELECT {table}.{owner}, '{name}', {ordinal}, {table}.{column} FROM {table} WHERE {which} AND {whole_set}",
            name = reference.name(),
            ordinal = ordinal(reference, table),
        ),
    )
    .await
}

/// Writes into the remembered columns of the rows in `owners` (a select) what their originals were judged to be.
async fn write(transaction: &DatabaseTransaction, reference: &Reference, owners: &str) -> Result<()> {
    let (table, owner, column, name) = (reference.table, reference.owner, reference.column, reference.name());
    if table == ABOUT {
        let of_these = format!("SELECT row_id FROM redirect WHERE reference = '{name}' AND row_id IN ({owners})");
        run(transaction, format!("DELETE FROM {table} WHERE {owner} IN ({of_these})")).await?;
        return run(
            transaction,
            format!(
                "INSERT INTO {table} ({owner}, {column}, target_kind)
                 SELECT DISTINCT redirect.row_id, COALESCE(record.same_as_id, record.id), record.kind
                 FROM redirect JOIN record ON record.id = redirect.original_id
                 WHERE redirect.reference = '{name}' AND redirect.row_id IN ({owners})"
            ),
        )
        .await;
    }
    run(
        transaction,
        format!(
            "UPDATE {table} SET {column} = {target} WHERE {owner} IN ({owners}) AND {remembered}",
            target = target_of(reference, table),
            remembered = is_remembered(reference, table, ""),
        ),
    )
    .await
}

/// Forgets what columns of the rows in `owners` were written as, where they hold that again.
async fn forget(transaction: &DatabaseTransaction, reference: &Reference, owners: &str) -> Result<()> {
    let name = reference.name();
    let still = "SELECT id FROM record WHERE same_as_id IS NOT NULL";
    let none_left = if reference.table == ABOUT {
        format!("row_id NOT IN (SELECT row_id FROM redirect WHERE reference = '{name}' AND original_id IN ({still}))")
    } else {
        format!("original_id NOT IN ({still})")
    };
    run(
        transaction,
        format!("DELETE FROM redirect WHERE reference = '{name}' AND row_id IN ({owners}) AND {none_left}"),
    )
    .await
}

/// Lets all that refers to things of a noun refer to what these were judged to be, now that this has changed.
pub(crate) async fn follow(transaction: &DatabaseTransaction, kind: RecordKind, things: &[i64]) -> Result<()> {
    let things = list(things);
    for reference in foreign_keys::ALL.iter().filter(|reference| reference.may_be(kind)) {
        let (table, owner, column) = (reference.table, reference.owner, reference.column);
        let which = if table == ABOUT {
            format!("{table}.{owner} IN (SELECT {owner} FROM {table} WHERE {column} IN ({things}))")
        } else {
            format!("{table}.{column} IN ({things})")
        };
        remember(transaction, reference, &which).await?;
        let owners = format!(
            "SELECT row_id FROM redirect WHERE reference = '{}' AND original_id IN ({things})",
            reference.name()
        );
        touch(
            transaction,
            &format!(
                "SELECT row_id AS id FROM redirect WHERE reference = '{}' AND original_id IN ({things})",
                reference.name()
            ),
        )
        .await?;
        write(transaction, reference, &owners).await?;
        let owners = ids(transaction, &format!("SELECT DISTINCT row_id FROM ({owners}) AS owners")).await?;
        for owners in owners.chunks(1000) {
            forget(transaction, reference, &list(owners)).await?;
        }
    }
    Ok(())
}

/// Takes a row out of its noun: it is another now.
pub(crate) async fn hide(transaction: &DatabaseTransaction, kind: RecordKind, id: i64) -> Result<()> {
    restore(transaction, &[id]).await?;
    let Some((_, table)) = MERGED.iter().find(|(merged, _)| *merged == kind) else { return Ok(()) };
    // What is derived is no part of what was written, and depends on what was judged first.
    let underived = match kind {
        RecordKind::Event => Some("standing = NULL"),
        RecordKind::Claim => Some("standing = 'UNSUPPORTED', implied = FALSE"),
        _ => None,
    };
    if let Some(underived) = underived {
        run(transaction, format!("UPDATE {table} SET {underived} WHERE id = {id}")).await?;
    }
    for sql in [
        format!("INSERT INTO merged_{table} SELECT * FROM {table} WHERE id = {id}"),
        format!("DELETE FROM {table} WHERE id = {id}"),
    ] {
        run(transaction, sql).await?;
    }
    full_text::forget(transaction, &[id]).await
}

/// Puts a row back among its noun.
pub(crate) async fn show(transaction: &DatabaseTransaction, kind: RecordKind, id: i64) -> Result<()> {
    let Some((_, table)) = MERGED.iter().find(|(merged, _)| *merged == kind) else { return Ok(()) };
    for sql in [
        format!("INSERT INTO {table} SELECT * FROM merged_{table} WHERE id = {id}"),
        format!("DELETE FROM merged_{table} WHERE id = {id}"),
        format!("INSERT INTO {WRITTEN} (id) VALUES ({id}) ON CONFLICT DO NOTHING"),
    ] {
        run(transaction, sql).await?;
    }
    let one = format!("SELECT id FROM record WHERE id = {id}");
    touch(transaction, &one).await?;
    rows(transaction, &one).await
}

/// Redirects the columns of the rows in `owners` (a select), which are as written.
async fn rows(transaction: &DatabaseTransaction, owners: &str) -> Result<()> {
    for reference in foreign_keys::ALL {
        let which = format!("{}.{} IN ({owners})", reference.table, reference.owner);
        remember(transaction, reference, &which).await?;
        write(transaction, reference, owners).await?;
    }
    Ok(())
}

/// Puts rows as they were written, so that they can be compared with a record and written over.
pub(crate) async fn restore(transaction: &DatabaseTransaction, rows: &[i64]) -> Result<()> {
    for some in rows.chunks(1000) {
        let some = list(some);
        for (_, table) in MERGED {
            for sql in [
                format!("INSERT INTO {table} SELECT * FROM merged_{table} WHERE id IN ({some})"),
                format!("DELETE FROM merged_{table} WHERE id IN ({some})"),
            ] {
                run(transaction, sql).await?;
            }
        }
        for reference in foreign_keys::ALL {
            let (table, owner, column, name) = (reference.table, reference.owner, reference.column, reference.name());
            let remembered = format!("reference = '{name}' AND row_id IN ({some})");
            if table == ABOUT {
                let owners = format!("SELECT row_id FROM redirect WHERE {remembered}");
                run(transaction, format!("DELETE FROM {table} WHERE {owner} IN ({owners})")).await?;
                run(
                    transaction,
                    format!(
                        "INSERT INTO {table} ({owner}, {column}, target_kind)
                         SELECT redirect.row_id, redirect.original_id, record.kind
                         FROM redirect JOIN record ON record.id = redirect.original_id WHERE {remembered}"
                    ),
                )
                .await?;
            } else {
                let original = format!(
                    "(SELECT original_id FROM redirect WHERE row_id = {table}.{owner} AND reference = '{name}' AND ordinal = {})",
                    ordinal(reference, table)
                );
                run(
                    transaction,
                    format!(
                        "UPDATE {table} SET {column} = {original} WHERE {owner} IN ({some}) AND {}",
                        is_remembered(reference, table, "")
                    ),
                )
                .await?;
            }
        }
        run(transaction, format!("DELETE FROM redirect WHERE row_id IN ({some})")).await?;
    }
    Ok(())
}

/// Redirects all that an import has written, and hides what of it was judged to be another.
pub(crate) async fn settle(transaction: &DatabaseTransaction) -> Result<()> {
    rows(transaction, &format!("SELECT id FROM {LINE}")).await?;
    let events = ids(
        transaction,
        &format!(
            "SELECT DISTINCT claim.subject_id FROM claim JOIN {LINE} ON {LINE}.id = claim.id
             JOIN redirect ON redirect.row_id = claim.id AND redirect.reference = 'claim.subject_id'
             WHERE claim.subject_kind = 'EVENT'
             UNION SELECT DISTINCT claim.subject_id FROM claim JOIN {LINE} ON {LINE}.id = claim.id
             JOIN record ON record.same_as_id = claim.subject_id WHERE claim.subject_kind = 'EVENT'"
        ),
    )
    .await?;
    for event in events {
        claims(transaction, event).await?;
    }
    for (kind, table) in MERGED {
        let hidden = format!(
            "SELECT {table}.id FROM {table} JOIN {LINE} ON {LINE}.id = {table}.id
             JOIN record ON record.id = {table}.id AND record.same_as_id IS NOT NULL"
        );
        for id in ids(transaction, &hidden).await? {
            hide(transaction, *kind, id).await?;
        }
    }
    Ok(())
}

/// One event has one claim: of those on the events that were judged to be one, the event's own stays, else the
/// first of the first dataset: an export keeps that order.
pub(crate) async fn claims(transaction: &DatabaseTransaction, event: i64) -> Result<()> {
    let is_this = format!(
        "COALESCE((SELECT COALESCE(record.same_as_id, record.id) FROM redirect JOIN record ON record.id = redirect.original_id
            WHERE redirect.row_id = claim.id AND redirect.reference = 'claim.subject_id'),
          (SELECT COALESCE(record.same_as_id, record.id) FROM record WHERE record.id = claim.subject_id)) = {event}"
    );
    let originally = "COALESCE((SELECT original_id FROM redirect WHERE row_id = claim.id AND reference = 'claim.subject_id'), claim.subject_id)";
    let one = |table: &str| {
        format!(
            "SELECT claim.id AS id, {originally} AS original FROM {table} AS claim
             WHERE claim.subject_kind = 'EVENT' AND (claim.subject_id = {event}
                OR claim.subject_id IN (SELECT id FROM record WHERE same_as_id = {event})) AND {is_this}"
        )
    };
    let all = ids(
        transaction,
        &format!(
            "SELECT id FROM ({} UNION ALL {}) AS claims ORDER BY CASE WHEN original = {event} THEN 0 ELSE 1 END,
                (SELECT dataset_id FROM record WHERE record.id = claims.id), id",
            one("claim"),
            one("merged_claim")
        ),
    )
    .await?;
    let Some((stays, others)) = all.split_first() else { return Ok(()) };
    let hidden = ids(transaction, &format!("SELECT id FROM merged_claim WHERE id IN ({})", list(&all))).await?;
    run(transaction, format!("UPDATE record SET same_as_id = NULL WHERE id = {stays} AND same_as_id IS NOT NULL"))
        .await?;
    if !others.is_empty() {
        run(transaction, format!("UPDATE record SET same_as_id = {stays} WHERE id IN ({})", list(others))).await?;
    }
    if hidden.contains(stays) {
        show(transaction, RecordKind::Claim, *stays).await?;
    }
    touch(transaction, &format!("SELECT id FROM record WHERE id IN ({})", list(&all))).await?;
    follow(transaction, RecordKind::Claim, &all).await?;
    for other in others.iter().filter(|other| !hidden.contains(other)) {
        hide(transaction, RecordKind::Claim, *other).await?;
    }
    Ok(())
}
