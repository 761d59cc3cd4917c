//! Redirects: columns that refer to a merged entity hold the surviving one, and the original reference is remembered.
//!
//! `record.same_as_id` is the surviving entity of a merged one. Every column that would hold the id of a merged entity
//! holds the surviving id; the table `redirect` has the original id, by row and column. Queries therefore read plain
//! columns without knowing of merges, and a merge can be undone exactly. The row of a merged entity is in
//! `merged_<table>`, as it was imported, and not in `<table>`.
//!
//! An import first puts back the original form of rows that it compares or overwrites ([`restore_originals`]), and
//! redirects all touched rows again when everything is written ([`apply_to_import`]).

use entity::record::RecordKind;
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use crate::db::full_text;
use crate::error::Result;
use crate::import::foreign_keys;
use crate::import::foreign_keys::{Reference, mergeable};
use crate::import::sql::{execute, id_list, ids, statement};
use crate::import::temp_tables::{LINE, WRITTEN};

/// The join table of statements and their subjects. Its rows have no ids and form a set: if two subjects of a statement
/// are merged, one row is left. The originals of such a set are therefore remembered all together.
const ABOUT: &str = "statement_about";

/// The number of ids in one list of an SQL statement.
const IDS_PER_STATEMENT: usize = 1000;

/// Returns whether any entity is merged. If not, there is nothing to redirect.
pub(crate) async fn is_needed(transaction: &DatabaseTransaction) -> Result<bool> {
    let sql = "SELECT id FROM record WHERE same_as_id IS NOT NULL LIMIT 1";
    Ok(transaction.query_one_raw(statement(transaction, sql)).await?.is_some())
}

/// Marks rows as touched, so that derived data is rebuilt for them.
async fn mark_touched(transaction: &DatabaseTransaction, select: &str) -> Result<()> {
    execute(
        transaction,
        format!("INSERT INTO {LINE} (id, file, line, pointer) SELECT id, 0, 0, '' FROM ({select}) AS touched WHERE TRUE ON CONFLICT DO NOTHING"),
    )
    .await
}

/// Returns the SQL for the value of a redirected column: the surviving entity of the original reference.
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

/// Returns the SQL condition that a column of a row is redirected.
fn is_redirected(reference: &Reference, row: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM redirect WHERE redirect.row_id = {row}.{owner} AND redirect.reference = '{name}'
            AND redirect.ordinal = {ordinal})",
        owner = reference.owner,
        name = reference.name(),
        ordinal = ordinal(reference, row),
    )
}

/// Remembers the original references of the rows for which `condition` holds, where they are to merged entities.
async fn remember_originals(transaction: &DatabaseTransaction, reference: &Reference, condition: &str) -> Result<()> {
    let (table, owner, column) = (reference.table, reference.owner, reference.column);
    let refers_to_merged = if table == ABOUT {
        format!(
            "{table}.{owner} IN (SELECT about.{owner} FROM {table} AS about JOIN record ON record.id = about.{column} AND record.same_as_id IS NOT NULL)
             AND NOT EXISTS (SELECT 1 FROM redirect WHERE redirect.row_id = {table}.{owner} AND redirect.reference = '{name}')",
            name = reference.name()
        )
    } else {
        format!(
            "EXISTS (SELECT 1 FROM record WHERE record.id = {table}.{column} AND record.same_as_id IS NOT NULL)
             AND NOT {}",
            is_redirected(reference, table)
        )
    };
    execute(
        transaction,
        format!(
            "INSERT INTO redirect (row_id, reference, ordinal, original_id)
             SELECT {table}.{owner}, '{name}', {ordinal}, {table}.{column} FROM {table} WHERE {condition} AND {refers_to_merged}",
            name = reference.name(),
            ordinal = ordinal(reference, table),
        ),
    )
    .await
}

/// Writes the surviving entities into the redirected columns of the rows in `owners` (a query).
async fn write_survivors(transaction: &DatabaseTransaction, reference: &Reference, owners: &str) -> Result<()> {
    let (table, owner, column, name) = (reference.table, reference.owner, reference.column, reference.name());
    if table == ABOUT {
        let redirected = format!("SELECT row_id FROM redirect WHERE reference = '{name}' AND row_id IN ({owners})");
        execute(transaction, format!("DELETE FROM {table} WHERE {owner} IN ({redirected})")).await?;
        return execute(
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
    execute(
        transaction,
        format!(
            "UPDATE {table} SET {column} = {target} WHERE {owner} IN ({owners}) AND {redirected}",
            target = target_of(reference, table),
            redirected = is_redirected(reference, table),
        ),
    )
    .await
}

/// Deletes redirects of the rows in `owners` whose originals are no longer merged: the columns hold the originals
/// again.
async fn delete_obsolete(transaction: &DatabaseTransaction, reference: &Reference, owners: &str) -> Result<()> {
    let name = reference.name();
    let merged = "SELECT id FROM record WHERE same_as_id IS NOT NULL";
    let none_left = if reference.table == ABOUT {
        format!("row_id NOT IN (SELECT row_id FROM redirect WHERE reference = '{name}' AND original_id IN ({merged}))")
    } else {
        format!("original_id NOT IN ({merged})")
    };
    execute(
        transaction,
        format!("DELETE FROM redirect WHERE reference = '{name}' AND row_id IN ({owners}) AND {none_left}"),
    )
    .await
}

/// Updates all references to entities of a node type after their `same_as_id` has changed.
pub(crate) async fn update_references(
    transaction: &DatabaseTransaction,
    kind: RecordKind,
    entities: &[i64],
) -> Result<()> {
    let entities = id_list(entities);
    for reference in foreign_keys::ALL.iter().filter(|reference| reference.may_be(kind)) {
        let (table, owner, column) = (reference.table, reference.owner, reference.column);
        let condition = if table == ABOUT {
            format!("{table}.{owner} IN (SELECT {owner} FROM {table} WHERE {column} IN ({entities}))")
        } else {
            format!("{table}.{column} IN ({entities})")
        };
        remember_originals(transaction, reference, &condition).await?;
        let redirected = format!("WHERE reference = '{}' AND original_id IN ({entities})", reference.name());
        mark_touched(transaction, &format!("SELECT row_id AS id FROM redirect {redirected}")).await?;
        let owners = format!("SELECT row_id FROM redirect {redirected}");
        write_survivors(transaction, reference, &owners).await?;
        let owners = ids(transaction, &format!("SELECT DISTINCT row_id FROM ({owners}) AS owners")).await?;
        for owners in owners.chunks(IDS_PER_STATEMENT) {
            delete_obsolete(transaction, reference, &id_list(owners)).await?;
        }
    }
    Ok(())
}

/// Moves the row of a merged entity out of its table, in its original form.
pub(crate) async fn set_aside(transaction: &DatabaseTransaction, kind: RecordKind, id: i64) -> Result<()> {
    restore_originals(transaction, &[id]).await?;
    if !kind.is_mergeable() {
        return Ok(());
    }
    let table = kind.table();
    // Derived columns are not part of the original form: they depend on the order of merges.
    let reset = match kind {
        RecordKind::Event => Some("standing = NULL"),
        RecordKind::Claim => Some("standing = 'UNSUPPORTED', implied = FALSE"),
        _ => None,
    };
    if let Some(reset) = reset {
        execute(transaction, format!("UPDATE {table} SET {reset} WHERE id = {id}")).await?;
    }
    for sql in [
        format!("INSERT INTO merged_{table} SELECT * FROM {table} WHERE id = {id}"),
        format!("DELETE FROM {table} WHERE id = {id}"),
    ] {
        execute(transaction, sql).await?;
    }
    full_text::remove(transaction, &[id]).await
}

/// Moves the row of an entity that is no longer merged back into its table.
pub(crate) async fn bring_back(transaction: &DatabaseTransaction, kind: RecordKind, id: i64) -> Result<()> {
    if !kind.is_mergeable() {
        return Ok(());
    }
    let table = kind.table();
    for sql in [
        format!("INSERT INTO {table} SELECT * FROM merged_{table} WHERE id = {id}"),
        format!("DELETE FROM merged_{table} WHERE id = {id}"),
        format!("INSERT INTO {WRITTEN} (id) VALUES ({id}) ON CONFLICT DO NOTHING"),
    ] {
        execute(transaction, sql).await?;
    }
    let row = format!("SELECT id FROM record WHERE id = {id}");
    mark_touched(transaction, &row).await?;
    redirect_rows(transaction, &row).await
}

/// Redirects the columns of the rows in `owners` (a query), which are in their original form.
async fn redirect_rows(transaction: &DatabaseTransaction, owners: &str) -> Result<()> {
    for reference in foreign_keys::ALL {
        let condition = format!("{}.{} IN ({owners})", reference.table, reference.owner);
        remember_originals(transaction, reference, &condition).await?;
        write_survivors(transaction, reference, owners).await?;
    }
    Ok(())
}

/// Puts rows back into their original form, so that they can be compared with records and overwritten.
pub(crate) async fn restore_originals(transaction: &DatabaseTransaction, rows: &[i64]) -> Result<()> {
    for some in rows.chunks(IDS_PER_STATEMENT) {
        let some = id_list(some);
        for table in mergeable().map(RecordKind::table) {
            for sql in [
                format!("INSERT INTO {table} SELECT * FROM merged_{table} WHERE id IN ({some})"),
                format!("DELETE FROM merged_{table} WHERE id IN ({some})"),
            ] {
                execute(transaction, sql).await?;
            }
        }
        for reference in foreign_keys::ALL {
            let (table, owner, column, name) = (reference.table, reference.owner, reference.column, reference.name());
            let redirected = format!("reference = '{name}' AND row_id IN ({some})");
            if table == ABOUT {
                let owners = format!("SELECT row_id FROM redirect WHERE {redirected}");
                execute(transaction, format!("DELETE FROM {table} WHERE {owner} IN ({owners})")).await?;
                execute(
                    transaction,
                    format!(
                        "INSERT INTO {table} ({owner}, {column}, target_kind)
                         SELECT redirect.row_id, redirect.original_id, record.kind
                         FROM redirect JOIN record ON record.id = redirect.original_id WHERE {redirected}"
                    ),
                )
                .await?;
            } else {
                let original = format!(
                    "(SELECT original_id FROM redirect WHERE row_id = {table}.{owner} AND reference = '{name}' AND ordinal = {})",
                    ordinal(reference, table)
                );
                execute(
                    transaction,
                    format!(
                        "UPDATE {table} SET {column} = {original} WHERE {owner} IN ({some}) AND {}",
                        is_redirected(reference, table)
                    ),
                )
                .await?;
            }
        }
        execute(transaction, format!("DELETE FROM redirect WHERE row_id IN ({some})")).await?;
    }
    Ok(())
}

/// Redirects all rows that an import has touched, and sets the rows of merged entities aside.
pub(crate) async fn apply_to_import(transaction: &DatabaseTransaction) -> Result<()> {
    redirect_rows(transaction, &format!("SELECT id FROM {LINE}")).await?;
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
        unify_claims(transaction, event).await?;
    }
    for kind in mergeable() {
        let table = kind.table();
        let merged = format!(
            "SELECT {table}.id FROM {table} JOIN {LINE} ON {LINE}.id = {table}.id
             JOIN record ON record.id = {table}.id AND record.same_as_id IS NOT NULL"
        );
        for id in ids(transaction, &merged).await? {
            set_aside(transaction, kind, id).await?;
        }
    }
    Ok(())
}

/// Merges the claims on merged events into one: an event has at most one claim. The event's own claim is kept if there
/// is one, else the first claim of the first dataset. That order survives an export and import.
pub(crate) async fn unify_claims(transaction: &DatabaseTransaction, event: i64) -> Result<()> {
    let is_on_event = format!(
        "COALESCE((SELECT COALESCE(record.same_as_id, record.id) FROM redirect JOIN record ON record.id = redirect.original_id
            WHERE redirect.row_id = claim.id AND redirect.reference = 'claim.subject_id'),
          (SELECT COALESCE(record.same_as_id, record.id) FROM record WHERE record.id = claim.subject_id)) = {event}"
    );
    let original = "COALESCE((SELECT original_id FROM redirect WHERE row_id = claim.id AND reference = 'claim.subject_id'), claim.subject_id)";
    let claims_in = |table: &str| {
        format!(
            "SELECT claim.id AS id, {original} AS original FROM {table} AS claim
             WHERE claim.subject_kind = 'EVENT' AND (claim.subject_id = {event}
                OR claim.subject_id IN (SELECT id FROM record WHERE same_as_id = {event})) AND {is_on_event}"
        )
    };
    let all = ids(
        transaction,
        &format!(
            "SELECT id FROM ({} UNION ALL {}) AS claims ORDER BY CASE WHEN original = {event} THEN 0 ELSE 1 END,
                (SELECT dataset_id FROM record WHERE record.id = claims.id), id",
            claims_in("claim"),
            claims_in("merged_claim")
        ),
    )
    .await?;
    let Some((kept, others)) = all.split_first() else { return Ok(()) };
    let set_aside_before =
        ids(transaction, &format!("SELECT id FROM merged_claim WHERE id IN ({})", id_list(&all))).await?;
    execute(transaction, format!("UPDATE record SET same_as_id = NULL WHERE id = {kept} AND same_as_id IS NOT NULL"))
        .await?;
    if !others.is_empty() {
        execute(transaction, format!("UPDATE record SET same_as_id = {kept} WHERE id IN ({})", id_list(others)))
            .await?;
    }
    if set_aside_before.contains(kept) {
        bring_back(transaction, RecordKind::Claim, *kept).await?;
    }
    mark_touched(transaction, &format!("SELECT id FROM record WHERE id IN ({})", id_list(&all))).await?;
    update_references(transaction, RecordKind::Claim, &all).await?;
    for other in others.iter().filter(|other| !set_aside_before.contains(other)) {
        set_aside(transaction, RecordKind::Claim, *other).await?;
    }
    Ok(())
}
