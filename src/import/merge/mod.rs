//! Judgements on two things being one: recorded with who and why, and undone to the letter.

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
use crate::import::validate::cross_record;
use crate::import::validate::cross_record::plain;
use crate::import::{derive, index, temp_tables};

/// The longest reason, in code points.
pub const LONGEST_REASON: usize = 2000;

/// What is judged of two things of one noun.
#[derive(Clone, Debug)]
pub struct Judge {
    /// Actors, places or events.
    pub kind: RecordKind,
    /// The one that stays when they are the same.
    pub left: i64,
    /// The other.
    pub right: i64,
    /// What is judged.
    pub judgement: MergeDecision,
    /// Who judges.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
}

/// Records a judgement, and acts on it; returns its number. The same judgement again is recorded anew.
pub async fn judge(db: &Db, judge: &Judge) -> Result<i64> {
    let transaction = db.write().await?;
    temp_tables::create(&transaction).await?;
    let mut change_log = ChangeLog::open(&transaction, &judge.by).await?;
    let at = change_log.at();
    let id = decide(&transaction, &mut change_log, judge, at).await?;
    make_anew(&transaction).await?;
    change_log.close().await?;
    temp_tables::drop(&transaction).await?;
    db.commit(transaction).await?;
    Ok(id)
}

/// Takes back that a thing is another; both are as they would be had nobody judged. Returns the thing that it was judged to be.
pub async fn unmerge(db: &Db, kind: RecordKind, id: i64, by: &str) -> Result<i64> {
    let transaction = db.write().await?;
    temp_tables::create(&transaction).await?;
    let mut change_log = ChangeLog::open(&transaction, by).await?;
    let before = take_back(&transaction, &mut change_log, kind, id).await?;
    make_anew(&transaction).await?;
    change_log.close().await?;
    temp_tables::drop(&transaction).await?;
    db.commit(transaction).await?;
    Ok(before)
}

/// Judges as of an instant. What is derived is left to be made anew.
pub(crate) async fn decide(
    transaction: &DatabaseTransaction,
    change_log: &mut ChangeLog<'_>,
    judge: &Judge,
    at: i64,
) -> Result<i64> {
    let (left, right) =
        (find(transaction, judge.kind, judge.left).await?, find(transaction, judge.kind, judge.right).await?);
    if judge.left == judge.right {
        return Err(Error::BadInput("Both are the same thing already: give two".into()));
    }
    let (stays, goes) = (root(&left), root(&right));
    if stays == goes {
        let one = if judge.judgement == MergeDecision::Same { "already" } else { "as it was judged: unmerge first" };
        return Err(Error::BadInput(format!("`{}` and `{}` are one thing {one}", left.key, right.key)));
    }
    let earlier = between(transaction, stays, goes).await?;
    if judge.judgement == MergeDecision::Same {
        if let Some(no) = earlier.iter().find(|one| one.judgement == MergeDecision::NotSame) {
            let why = no.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            return Err(Error::Conflict(format!(
                "`{}` and `{}` were judged to be two by {}{why}; judge UNSURE first to open that again",
                left.key, right.key, no.judged_by
            )));
        }
        may_be_one(transaction, judge.kind, stays, goes).await?;
    }
    for one in earlier {
        merge::Entity::delete_by_id(one.id).exec(transaction).await?;
    }
    let id = change_log.draw();
    let row = merge::Model {
        id: MergeId(id),
        left_id: RecordId(stays),
        right_id: RecordId(goes),
        kind: judge.kind,
        judgement: judge.judgement,
        judged_by: judge.by.clone(),
        judged_at: at,
        reason: judge.reason.clone(),
    };
    merge::Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
    if judge.judgement == MergeDecision::Same {
        unite(transaction, judge.kind, stays, goes).await?;
        let after = serde_json::json!({ "same_as_id": stays }).to_string();
        change_log.log((RecordId(goes), judge.kind), Operation::Merge, None, Some(after));
    }
    Ok(id)
}

/// Parts a thing from what it was judged to be. What is derived is left to be made anew.
pub(crate) async fn take_back(
    transaction: &DatabaseTransaction,
    change_log: &mut ChangeLog<'_>,
    kind: RecordKind,
    id: i64,
) -> Result<i64> {
    let thing = find(transaction, kind, id).await?;
    let sql = format!(
        "SELECT id AS value FROM merge WHERE right_id = {id} AND judgement = '{}'",
        MergeDecision::Same.to_value()
    );
    let Some(edge) = transaction.query_one_raw(plain(transaction, &sql)).await? else {
        return Err(Error::BadInput(format!("`{}` was not judged to be another thing: give one that was", thing.key)));
    };
    let before = root(&thing);
    merge::Entity::delete_by_id(MergeId(edge.try_get("", "value")?)).exec(transaction).await?;
    let parted = below(transaction, id).await?;
    for (one, same) in parted.iter().map(|one| (*one, if *one == id { "NULL".to_owned() } else { id.to_string() })) {
        transaction.execute_unprepared(&format!("UPDATE record SET same_as_id = {same} WHERE id = {one}")).await?;
    }
    redirect::show(transaction, kind, id).await?;
    redirect::follow(transaction, kind, &parted).await?;
    let was = serde_json::json!({ "same_as_id": before }).to_string();
    change_log.log((RecordId(id), kind), Operation::Unmerge, Some(was), None);
    look_at(transaction, kind, [before, id]).await?;
    Ok(before)
}

pub(crate) async fn find(transaction: &DatabaseTransaction, kind: RecordKind, id: i64) -> Result<record::Model> {
    let found = record::Entity::find_by_id(RecordId(id)).one(transaction).await?;
    found
        .filter(|found| found.kind == kind)
        .ok_or_else(|| Error::NotFound(format!("No {} has this id", crate::import::validate::builder::word(kind))))
}

pub(crate) fn root(record: &record::Model) -> i64 {
    record.same_as_id.unwrap_or(record.id).0
}

/// What was judged of just these two things.
pub(crate) async fn of_pair(transaction: &DatabaseTransaction, one: i64, other: i64) -> Result<Option<merge::Model>> {
    let sql = format!(
        "SELECT * FROM merge WHERE (left_id = {one} AND right_id = {other}) OR (left_id = {other} AND right_id = {one}) ORDER BY id"
    );
    Ok(merge::Entity::find().from_raw_sql(plain(transaction, &sql)).one(transaction).await?)
}

/// Selects a thing and all that were judged to be it.
fn all_of(root: i64) -> String {
    format!("(SELECT id FROM record WHERE id = {root} OR same_as_id = {root})")
}

/// What was judged of two things or of those that they are.
pub(crate) async fn between(transaction: &DatabaseTransaction, one: i64, other: i64) -> Result<Vec<merge::Model>> {
    let (one, other) = (all_of(one), all_of(other));
    let sql = format!(
        "SELECT * FROM merge WHERE (left_id IN {one} AND right_id IN {other}) OR (left_id IN {other} AND right_id IN {one}) ORDER BY id"
    );
    Ok(merge::Entity::find().from_raw_sql(plain(transaction, &sql)).all(transaction).await?)
}

/// A thing and all that were judged to be it, near or far.
async fn below(transaction: &DatabaseTransaction, id: i64) -> Result<Vec<i64>> {
    let sql = format!(
        "WITH RECURSIVE below (id) AS (
            SELECT CAST({id} AS BIGINT)
            UNION SELECT merge.right_id FROM merge JOIN below ON merge.left_id = below.id AND merge.judgement = '{}'
         ) SELECT id FROM below",
        MergeDecision::Same.to_value()
    );
    let rows = transaction.query_all_raw(plain(transaction, &sql)).await?;
    Ok(rows.iter().map(|row| row.try_get("", "id")).collect::<std::result::Result<_, _>>()?)
}

/// A row that ties two things of one noun, by its columns; `field` is what its record calls the second.
pub(crate) struct Tie {
    kind: RecordKind,
    pub(crate) table: &'static str,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) field: &'static str,
}

const fn tie(kind: RecordKind, table: &'static str, from: &'static str, to: &'static str, field: &'static str) -> Tie {
    Tie { kind, table, from, to, field }
}

/// Who is tied so is not one.
pub(crate) const TIES: &[Tie] = &[
    tie(RecordKind::Actor, "relation", "subject_id", "object_id", "object"),
    tie(RecordKind::Actor, "actor", "id", "close_to_id", "closeTo"),
    tie(RecordKind::Place, "place", "id", "parent_id", "parent"),
    tie(RecordKind::Place, "place", "id", "capital_of_id", "capitalOf"),
    tie(RecordKind::Event, "event", "id", "parent_id", "parent"),
    tie(RecordKind::Event, "event_link", "from_id", "to_id", "to"),
];

/// Two things that the graph ties to each other are not one, and who is not named is nobody else.
async fn may_be_one(transaction: &DatabaseTransaction, kind: RecordKind, one: i64, other: i64) -> Result<()> {
    if kind == RecordKind::Actor {
        let sql = format!(
            "SELECT one.id AS value FROM actor AS one JOIN actor AS other ON other.id = {other}
             WHERE one.id = {one} AND (one.kind = 'ANONYMOUS_SOURCE') <> (other.kind = 'ANONYMOUS_SOURCE')"
        );
        if transaction.query_one_raw(plain(transaction, &sql)).await?.is_some() {
            return Err(Error::BadInput(
                "An anonymous source can be one with another anonymous source only: its statements are attributed to nobody by name"
                    .into(),
            ));
        }
    }
    let (one, other) = (all_of(one), all_of(other));
    for Tie { table, from, to, .. } in TIES.iter().filter(|tie| tie.kind == kind) {
        let ties = tables_of(table).into_iter().flat_map(|table| {
            [(&one, &other), (&other, &one)]
                .map(|(one, other)| format!("SELECT id FROM {table} WHERE {from} IN {one} AND {to} IN {other}"))
        });
        let ties = ties.collect::<Vec<_>>().join(" UNION ");
        let sql = format!("SELECT record.key AS key FROM record WHERE id IN ({ties}) ORDER BY record.id LIMIT 1");
        if let Some(row) = transaction.query_one_raw(plain(transaction, &sql)).await? {
            let key: String = row.try_get("", "key")?;
            return Err(Error::BadInput(format!(
                "`{key}` ties the two to each other, so they are not one: correct or delete that first"
            )));
        }
    }
    Ok(())
}

async fn unite(transaction: &DatabaseTransaction, kind: RecordKind, stays: i64, goes: i64) -> Result<()> {
    let united = below(transaction, goes).await?;
    let list = united.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    transaction.execute_unprepared(&format!("UPDATE record SET same_as_id = {stays} WHERE id IN ({list})")).await?;
    redirect::follow(transaction, kind, &united).await?;
    redirect::hide(transaction, kind, goes).await?;
    look_at(transaction, kind, [stays, goes]).await
}

/// Notes what depends on what was moved, and looks whether it may stand so.
async fn look_at(transaction: &DatabaseTransaction, kind: RecordKind, both: [i64; 2]) -> Result<()> {
    if kind == RecordKind::Event {
        for event in both {
            redirect::claims(transaction, event).await?;
        }
    }
    for id in both {
        for table in [
            format!("{} (id, file, line, pointer) VALUES ({id}, 0, 0, '')", temp_tables::LINE),
            format!("{} (id) VALUES ({id})", temp_tables::WRITTEN),
        ] {
            transaction.execute_unprepared(&format!("INSERT INTO {table} ON CONFLICT DO NOTHING")).await?;
        }
    }
    // A new cycle leads through one of the two. An import may have touched all of the graph.
    let [one, other] = both;
    let near = |column: &str| format!("(id IN ({one}, {other}) OR {column} IN ({one}, {other}))");
    if let Some(cycle) = cross_record::cycles(transaction, near).await?.into_iter().next() {
        return Err(Error::BadInput(format!("If the two were one, it {}", cycle.mistake.message)));
    }
    Ok(())
}

/// Makes anew what is derived from what was moved.
async fn make_anew(transaction: &DatabaseTransaction) -> Result<()> {
    derive::derive(transaction).await?;
    // No row is new: all keys and documents of what was written are made anew.
    index::index(transaction, Some(i64::MAX)).await
}
