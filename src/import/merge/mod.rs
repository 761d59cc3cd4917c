//! Merge decisions (entity resolution): whether two actors, places or events are the same.
//!
//! A decision records who decided, when and why. The decision SAME merges the entities: [`redirect`] sets the row of
//! the other one aside, and lets everything that refers to it refer to the kept one. The `record` table remembers for
//! each merged entity which one survives (`same_as_id`). [`unmerge`] restores the exact state without the merge.
//!
//! Both the API ([`record_merge`]) and the third pass of an import ([`decide`]) make decisions here.

pub(crate) mod redirect;

use entity::change::Operation;
use entity::id::{MergeId, RecordId};
use entity::merge::{self, MergeDecision};
use entity::record::{self, RecordKind};
use sea_orm::{ActiveEnum, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel};

use crate::db::Db;
use crate::error::{Error, Result};
use crate::import::change_log::ChangeLog;
use crate::import::foreign_keys::tables_of;
use crate::import::sql::{execute, id_list, ids, statement};
use crate::import::validate::builder::kind_name;
use crate::import::validate::cross_record;
use crate::import::{derive, index, temp_tables};

/// The maximum length of a reason, in code points.
pub const MAX_REASON_LENGTH: usize = 2000;

/// A merge decision to be recorded.
#[derive(Clone, Debug)]
pub struct MergeRequest {
    /// The node type of both: actor, place or event.
    pub kind: RecordKind,
    /// The id of the entity that is kept if they are the same.
    pub keep: i64,
    /// The id of the other entity.
    pub other: i64,
    /// The decision.
    pub decision: MergeDecision,
    /// The author of the decision.
    pub by: String,
    /// The reason for the decision.
    pub reason: Option<String>,
}

/// Records a merge decision and merges the entities if they are the same. Returns the id of the decision. It replaces
/// earlier decisions on the same pair.
///
/// Errors: `NotFound` for an unknown id; `BadInput` for the same entity twice, for entities that are already merged, and
/// for SAME on entities that are linked to each other, of which only one is an anonymous source, or whose merge would
/// create a cycle; `Conflict` for SAME on a pair that was decided to be NOT_SAME.
pub async fn record_merge(db: &Db, request: &MergeRequest) -> Result<i64> {
    let transaction = db.write().await?;
    temp_tables::create(&transaction).await?;
    let mut change_log = ChangeLog::open(&transaction, &request.by).await?;
    let at = change_log.at();
    let id = decide(&transaction, &mut change_log, request, at).await?;
    rebuild_derived(&transaction).await?;
    change_log.close().await?;
    temp_tables::drop(&transaction).await?;
    db.commit(transaction).await?;
    Ok(id)
}

/// Undoes the merge of an entity into another. Both are then as if they had never been merged. Returns the id of the
/// entity that it was merged into.
///
/// Errors: `NotFound` for an unknown id; `BadInput` for an entity that is not merged into another.
pub async fn unmerge(db: &Db, kind: RecordKind, id: i64, by: &str) -> Result<i64> {
    let transaction = db.write().await?;
    temp_tables::create(&transaction).await?;
    let mut change_log = ChangeLog::open(&transaction, by).await?;
    let survivor = undo(&transaction, &mut change_log, kind, id).await?;
    rebuild_derived(&transaction).await?;
    change_log.close().await?;
    temp_tables::drop(&transaction).await?;
    db.commit(transaction).await?;
    Ok(survivor)
}

/// Records a merge decision made at a time. The caller rebuilds derived data.
pub(crate) async fn decide(
    transaction: &DatabaseTransaction,
    change_log: &mut ChangeLog<'_>,
    request: &MergeRequest,
    at: i64,
) -> Result<i64> {
    let (keep, other) =
        (find(transaction, request.kind, request.keep).await?, find(transaction, request.kind, request.other).await?);
    if request.keep == request.other {
        return Err(Error::BadInput("Both ids are of the same entity: give two different ones".into()));
    }
    let (kept, merged) = (survivor_of(&keep), survivor_of(&other));
    if kept == merged {
        let advice = if request.decision == MergeDecision::Same { "" } else { ": call `unmerge` first" };
        return Err(Error::BadInput(format!("`{}` and `{}` are already merged{advice}", keep.key, other.key)));
    }
    let earlier = decisions_between(transaction, kept, merged).await?;
    if request.decision == MergeDecision::Same {
        if let Some(no) = earlier.iter().find(|one| one.judgement == MergeDecision::NotSame) {
            let why = no.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            return Err(Error::Conflict(format!(
                "`{}` and `{}` were decided to be NOT_SAME by {}{why}; decide UNSURE first to reopen that",
                keep.key, other.key, no.judged_by
            )));
        }
        check_mergeable(transaction, request.kind, kept, merged).await?;
    }
    for one in earlier {
        merge::Entity::delete_by_id(one.id).exec(transaction).await?;
    }
    let id = change_log.new_id();
    let row = merge::Model {
        id: MergeId(id),
        left_id: RecordId(kept),
        right_id: RecordId(merged),
        kind: request.kind,
        judgement: request.decision,
        judged_by: request.by.clone(),
        judged_at: at,
        reason: request.reason.clone(),
    };
    merge::Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
    if request.decision == MergeDecision::Same {
        merge_into(transaction, request.kind, kept, merged).await?;
        let after = serde_json::json!({ "same_as_id": kept }).to_string();
        change_log.log((RecordId(merged), request.kind), Operation::Merge, None, Some(after));
    }
    Ok(id)
}

/// Undoes the merge of an entity into another. The caller rebuilds derived data. Returns the id of the entity that it
/// was merged into.
pub(crate) async fn undo(
    transaction: &DatabaseTransaction,
    change_log: &mut ChangeLog<'_>,
    kind: RecordKind,
    id: i64,
) -> Result<i64> {
    let entity = find(transaction, kind, id).await?;
    let sql = format!(
        "SELECT id AS value FROM merge WHERE right_id = {id} AND judgement = '{}'",
        MergeDecision::Same.to_value()
    );
    let Some(decision) = transaction.query_one_raw(statement(transaction, &sql)).await? else {
        return Err(Error::BadInput(format!(
            "`{}` is not merged into another entity: give the id of one that is",
            entity.key
        )));
    };
    let survivor = survivor_of(&entity);
    merge::Entity::delete_by_id(MergeId(decision.try_get("", "value")?)).exec(transaction).await?;
    let separated = merged_into(transaction, id).await?;
    for one in &separated {
        let same_as = if *one == id { "NULL".to_owned() } else { id.to_string() };
        execute(transaction, format!("UPDATE record SET same_as_id = {same_as} WHERE id = {one}")).await?;
    }
    redirect::bring_back(transaction, kind, id).await?;
    redirect::update_references(transaction, kind, &separated).await?;
    let before = serde_json::json!({ "same_as_id": survivor }).to_string();
    change_log.log((RecordId(id), kind), Operation::Unmerge, Some(before), None);
    mark_and_check(transaction, kind, [survivor, id]).await?;
    Ok(survivor)
}

/// Returns the registered record of an entity. Errors: `NotFound`.
pub(crate) async fn find(transaction: &DatabaseTransaction, kind: RecordKind, id: i64) -> Result<record::Model> {
    let found = record::Entity::find_by_id(RecordId(id)).one(transaction).await?;
    found
        .filter(|found| found.kind == kind)
        .ok_or_else(|| Error::NotFound(format!("There is no {} with this id", kind_name(kind))))
}

/// Returns the id of the entity that a record stands for after all merges.
fn survivor_of(record: &record::Model) -> i64 {
    record.same_as_id.unwrap_or(record.id).0
}

/// Returns the decision on exactly two entities, in either order.
pub(crate) async fn decision_on(
    transaction: &DatabaseTransaction,
    one: i64,
    other: i64,
) -> Result<Option<merge::Model>> {
    let sql = format!(
        "SELECT * FROM merge WHERE (left_id = {one} AND right_id = {other}) OR (left_id = {other} AND right_id = {one}) ORDER BY id"
    );
    Ok(merge::Entity::find().from_raw_sql(statement(transaction, &sql)).one(transaction).await?)
}

/// Selects an entity and all that are merged into it.
fn all_of(survivor: i64) -> String {
    format!("(SELECT id FROM record WHERE id = {survivor} OR same_as_id = {survivor})")
}

/// Returns the decisions on two entities, or on entities that are merged into them.
pub(crate) async fn decisions_between(
    transaction: &DatabaseTransaction,
    one: i64,
    other: i64,
) -> Result<Vec<merge::Model>> {
    let (one, other) = (all_of(one), all_of(other));
    let sql = format!(
        "SELECT * FROM merge WHERE (left_id IN {one} AND right_id IN {other}) OR (left_id IN {other} AND right_id IN {one}) ORDER BY id"
    );
    Ok(merge::Entity::find().from_raw_sql(statement(transaction, &sql)).all(transaction).await?)
}

/// Returns an entity and all that were merged into it, directly or through others.
async fn merged_into(transaction: &DatabaseTransaction, id: i64) -> Result<Vec<i64>> {
    let sql = format!(
        "WITH RECURSIVE below (id) AS (
            SELECT CAST({id} AS BIGINT)
            UNION SELECT merge.right_id FROM merge JOIN below ON merge.left_id = below.id AND merge.judgement = '{}'
         ) SELECT id FROM below",
        MergeDecision::Same.to_value()
    );
    ids(transaction, &sql).await
}

/// Two columns of a table that link two entities of one node type.
pub(crate) struct Link {
    kind: RecordKind,
    pub(crate) table: &'static str,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    /// The field of the record for the column `to`.
    pub(crate) field: &'static str,
}

const fn link(
    kind: RecordKind,
    table: &'static str,
    from: &'static str,
    to: &'static str,
    field: &'static str,
) -> Link {
    Link { kind, table, from, to, field }
}

/// The links that prove that two entities are different.
pub(crate) const LINKS: &[Link] = &[
    link(RecordKind::Actor, "relation", "subject_id", "object_id", "object"),
    link(RecordKind::Actor, "actor", "id", "close_to_id", "closeTo"),
    link(RecordKind::Place, "place", "id", "parent_id", "parent"),
    link(RecordKind::Place, "place", "id", "capital_of_id", "capitalOf"),
    link(RecordKind::Event, "event", "id", "parent_id", "parent"),
    link(RecordKind::Event, "event_link", "from_id", "to_id", "to"),
];

/// Checks that two entities may be merged. Linked entities are different, and an anonymous source merges only with
/// another anonymous source.
async fn check_mergeable(transaction: &DatabaseTransaction, kind: RecordKind, one: i64, other: i64) -> Result<()> {
    if kind == RecordKind::Actor {
        let sql = format!(
            "SELECT one.id AS value FROM actor AS one JOIN actor AS other ON other.id = {other}
             WHERE one.id = {one} AND (one.kind = 'ANONYMOUS_SOURCE') <> (other.kind = 'ANONYMOUS_SOURCE')"
        );
        if transaction.query_one_raw(statement(transaction, &sql)).await?.is_some() {
            return Err(Error::BadInput(
                "An anonymous source can only be merged with another anonymous source: its statements would be attributed to a named actor"
                    .into(),
            ));
        }
    }
    let (one, other) = (all_of(one), all_of(other));
    for Link { table, from, to, .. } in LINKS.iter().filter(|link| link.kind == kind) {
        let links = tables_of(table).into_iter().flat_map(|table| {
            [(&one, &other), (&other, &one)]
                .map(|(one, other)| format!("SELECT id FROM {table} WHERE {from} IN {one} AND {to} IN {other}"))
        });
        let links = links.collect::<Vec<_>>().join(" UNION ");
        let sql = format!("SELECT record.key AS key FROM record WHERE id IN ({links}) ORDER BY record.id LIMIT 1");
        if let Some(row) = transaction.query_one_raw(statement(transaction, &sql)).await? {
            let key: String = row.try_get("", "key")?;
            return Err(Error::BadInput(format!(
                "`{key}` links the two entities to each other, so they are different: correct or delete that record first"
            )));
        }
    }
    Ok(())
}

/// Merges an entity, and all that were merged into it before, into another.
async fn merge_into(transaction: &DatabaseTransaction, kind: RecordKind, kept: i64, merged: i64) -> Result<()> {
    let all = merged_into(transaction, merged).await?;
    execute(transaction, format!("UPDATE record SET same_as_id = {kept} WHERE id IN ({})", id_list(&all))).await?;
    redirect::update_references(transaction, kind, &all).await?;
    redirect::set_aside(transaction, kind, merged).await?;
    mark_and_check(transaction, kind, [kept, merged]).await
}

/// Marks two entities as touched, for derived data and indexes, and checks that no hierarchy has a cycle now.
async fn mark_and_check(transaction: &DatabaseTransaction, kind: RecordKind, both: [i64; 2]) -> Result<()> {
    if kind == RecordKind::Event {
        for event in both {
            redirect::unify_claims(transaction, event).await?;
        }
    }
    for id in both {
        for table in [
            format!("{} (id, file, line, pointer) VALUES ({id}, 0, 0, '')", temp_tables::LINE),
            format!("{} (id) VALUES ({id})", temp_tables::WRITTEN),
        ] {
            execute(transaction, format!("INSERT INTO {table} ON CONFLICT DO NOTHING")).await?;
        }
    }
    // A new cycle contains one of the two. Starting there avoids a search from all rows that an import has touched.
    let [one, other] = both;
    let near = |column: &str| format!("(id IN ({one}, {other}) OR {column} IN ({one}, {other}))");
    if let Some(cycle) = cross_record::cycles(transaction, near).await?.into_iter().next() {
        return Err(Error::BadInput(format!("The merge {}", cycle.problem.message)));
    }
    Ok(())
}

/// Rebuilds derived columns and indexes of the touched rows.
async fn rebuild_derived(transaction: &DatabaseTransaction) -> Result<()> {
    derive::derive(transaction).await?;
    // No row is new, so the index entries of all written rows are replaced.
    index::index(transaction, Some(i64::MAX)).await
}
