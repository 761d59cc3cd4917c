//! Taking records away. What others refer to stays: who deletes it deletes those too, or writes them anew without it.

use std::collections::{BTreeMap, HashMap, HashSet};

use entity::change::Operation;
use entity::id::RecordId;
use entity::{dataset, record};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use crate::db::{Db, Dialect};
use crate::error::{Error, Result};
use crate::import::change_log::ChangeLog;
use crate::import::passes::{Options, idempotency};
use crate::import::problem::Problem;
use crate::import::report::Report;
use crate::import::source::whole;
use crate::import::validate::builder::word;
use crate::import::{derive, foreign_keys, index, row_writer, temp_tables};

/// Records that are named as referring to one that was to go.
const MOST_NAMED: usize = 3;

/// Deletes records with their parts: all or nothing, or with `keep_going` all that can be deleted.
pub async fn delete(db: &Db, keys: &[String], options: &Options) -> Result<Report> {
    let transaction = db.write().await?;
    if let Some(report) = idempotency::answered(&transaction, options).await? {
        return Ok(report);
    }
    let key = options.dataset.as_deref().unwrap_or_default();
    let Some(dataset) = dataset::Entity::find().filter(dataset::Column::Key.eq(key)).one(&transaction).await? else {
        return Err(Error::NotFound(format!(
            "No dataset has the key `{key}`: name the one that the records came with"
        )));
    };
    idempotency::unchanged(&transaction, dataset.id, &options.expected).await?;
    let mut deletion = Deletion {
        transaction: &transaction,
        dialect: Dialect(transaction.get_database_backend()),
        lines: HashMap::new(),
        report: Report::default(),
    };
    let mut tops = deletion.find(dataset.id.0, keys).await?;
    loop {
        let parts = deletion.parts(&tops).await?;
        let held = deletion.held(&tops, &parts).await?;
        if held.is_empty() || !options.keep_going {
            deletion.report.problems.sort_by_key(|problem| problem.line);
            if (held.is_empty() && deletion.report.problems.is_empty()) || options.keep_going {
                deletion.take_away(&tops, &parts, &options.by).await?;
            }
            break;
        }
        // What stays may refer to others that were to go.
        tops.retain(|top| !held.contains(&top.id.0));
    }
    let Deletion { mut report, .. } = deletion;
    if options.dry_run || report.total().deleted == 0 {
        transaction.rollback().await?;
        return Ok(report);
    }
    report.written = true;
    idempotency::remember(&transaction, options, &report).await?;
    db.commit(transaction).await?;
    Ok(report)
}

struct Deletion<'a> {
    transaction: &'a DatabaseTransaction,
    dialect: Dialect,
    /// Where each key stands among those given, from 1.
    lines: HashMap<String, u64>,
    report: Report,
}

impl Deletion<'_> {
    fn problem(&mut self, key: &str, kind: &str, message: String, suggestion: &str) {
        self.report.count(kind).rejected += 1;
        let line = self.lines.get(key).copied().unwrap_or(0);
        self.report.tell(Problem::new("keys", line, Some(key), whole(message, suggestion)));
    }

    /// The records of these keys; a key that is none's, or a part's, is a mistake.
    async fn find(&mut self, dataset: i64, keys: &[String]) -> Result<Vec<record::Model>> {
        let mut tops = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            self.lines.entry(key.clone()).or_insert(at as u64 + 1);
        }
        let mut stored = HashMap::new();
        for some in keys.chunks(1000) {
            let list = self.dialect.texts(some.iter().map(String::as_str));
            let found = record::Entity::find()
                .filter(record::Column::DatasetId.eq(dataset))
                .filter(self.dialect.is_one_of(Expr::col((record::Entity, record::Column::Key)), list))
                .all(self.transaction)
                .await?;
            stored.extend(found.into_iter().map(|row| (row.key.clone(), row)));
        }
        let mut seen = HashSet::new();
        for key in keys.iter().filter(|key| seen.insert(key.as_str())) {
            match stored.remove(key) {
                None => self.problem(
                    key,
                    "record",
                    format!("no record of the dataset has the key `{key}`"),
                    "correct the key, or leave it out if the record is gone already",
                ),
                Some(part) if part.owner_id.is_some() => {
                    self.problem(
                        key,
                        &word(part.kind),
                        format!("`{key}` is a part of another record"),
                        "write that record anew without the part",
                    );
                }
                Some(top) => tops.push(top),
            }
        }
        Ok(tops)
    }

    /// The parts of records.
    async fn parts(&self, tops: &[record::Model]) -> Result<Vec<record::Model>> {
        let mut parts = Vec::new();
        for some in tops.chunks(1000) {
            let ids: Vec<i64> = some.iter().map(|top| top.id.0).collect();
            let owner = Expr::col((record::Entity, record::Column::OwnerId));
            let of_these = self.dialect.is_one_of(owner, self.dialect.numbers(&ids));
            parts.extend(record::Entity::find().filter(of_these).all(self.transaction).await?);
        }
        Ok(parts)
    }

    /// Which of the records cannot go, as others refer to them or to their parts; says by whom.
    async fn held(&mut self, tops: &[record::Model], parts: &[record::Model]) -> Result<HashSet<i64>> {
        let top_of: HashMap<i64, i64> = tops
            .iter()
            .map(|top| (top.id.0, top.id.0))
            .chain(parts.iter().map(|part| (part.id.0, part.owner_id.map_or(0, |owner| owner.0))))
            .collect();
        let mut referrers: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        let ids: Vec<i64> = top_of.keys().copied().collect();
        for ids in ids.chunks(1000) {
            for reference in foreign_keys::ALL {
                for table in reference.tables() {
                    let column = |name: &'static str| Expr::col((table.clone(), name));
                    let select = Query::select()
                        .expr_as(column(reference.column), "target")
                        .expr_as(Expr::cust("COALESCE(record.owner_id, record.id)"), "referrer")
                        .expr_as(Expr::cust("record.key"), "key")
                        .from(table.clone())
                        .inner_join("record", Expr::col(("record", "id")).eq(column(reference.owner)))
                        .and_where(self.dialect.is_one_of(column(reference.column), self.dialect.numbers(ids)))
                        .take();
                    for row in self.transaction.query_all(&select).await? {
                        let (target, referrer): (i64, i64) = (row.try_get("", "target")?, row.try_get("", "referrer")?);
                        if !top_of.contains_key(&referrer)
                            && let Some(top) = top_of.get(&target)
                        {
                            let key: String = row.try_get("", "key")?;
                            referrers.entry(*top).or_default().push(format!("`{key}` (as its {})", reference.role));
                        }
                    }
                }
            }
        }
        let mut judged: HashSet<i64> = tops.iter().filter(|top| top.same_as_id.is_some()).map(|top| top.id.0).collect();
        for some in tops.chunks(1000) {
            let ids: Vec<i64> = some.iter().map(|top| top.id.0).collect();
            let same_as = Expr::col((record::Entity, record::Column::SameAsId));
            let others = record::Entity::find().filter(self.dialect.is_one_of(same_as, self.dialect.numbers(&ids)));
            judged
                .extend(others.all(self.transaction).await?.iter().filter_map(|other| other.same_as_id).map(|id| id.0));
        }
        for id in judged {
            referrers.entry(id).or_default().push("a judgement that it is one with another".into());
        }
        for top in tops {
            if let Some(by) = referrers.get(&top.id.0) {
                let named = by.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
                let more = by.len().saturating_sub(MOST_NAMED);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                self.problem(
                    &top.key,
                    &word(top.kind),
                    format!("is referred to by {named}{more}"),
                    "delete those too, write them anew without it, or undo the judgement",
                );
            }
        }
        Ok(referrers.into_keys().collect())
    }

    /// Deletes the records, logs them as they were, and computes anew what depended on them.
    async fn take_away(&mut self, tops: &[record::Model], parts: &[record::Model], by: &str) -> Result<()> {
        temp_tables::create(self.transaction).await?;
        let mut change_log = ChangeLog::open(self.transaction, by).await?;
        let all: Vec<i64> = tops.iter().chain(parts).map(|row| row.id.0).collect();
        let mut before: HashMap<i64, Vec<serde_json::Value>> = HashMap::new();
        for ids in all.chunks(1000) {
            let list = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
            derive::note(self.transaction, &list).await?;
            index::note(self.transaction, &list).await?;
            for (id, kind, row) in row_writer::stored(self.transaction, ids).await? {
                before.entry(id).or_default().push(serde_json::json!({ "kind": word(kind), "row": row }));
            }
        }
        let mut of_top: HashMap<RecordId, Vec<&record::Model>> = HashMap::new();
        for part in parts {
            of_top.entry(part.owner_id.unwrap_or(part.id)).or_default().push(part);
        }
        for top in tops {
            let rows = std::iter::once(top).chain(of_top.remove(&top.id).unwrap_or_default());
            let rows: Vec<_> = rows.flat_map(|row| before.remove(&row.id.0).unwrap_or_default()).collect();
            let rows = serde_json::Value::Array(rows).to_string();
            change_log.log((top.id, top.kind), Operation::Delete, Some(rows), None);
            self.report.count(&word(top.kind)).deleted += 1;
        }
        for some in tops.chunks(1000) {
            let ids: Vec<i64> = some.iter().map(|top| top.id.0).collect();
            let id = Expr::col((record::Entity, record::Column::Id));
            record::Entity::delete_many()
                .filter(self.dialect.is_one_of(id, self.dialect.numbers(&ids)))
                .exec(self.transaction)
                .await?;
        }
        derive::derive(self.transaction).await?;
        // No row is new.
        index::index(self.transaction, Some(i64::MAX)).await?;
        change_log.close().await?;
        temp_tables::drop(self.transaction).await
    }
}
