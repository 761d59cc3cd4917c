//! Deletion of records. Deletes never cascade: a record that others refer to is kept, and the report lists the
//! records that refer to it.

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
use crate::import::sql::id_list;
use crate::import::validate::builder::{FieldProblem, kind_name};
use crate::import::{derive, foreign_keys, index, row_writer, temp_tables};

/// The maximum number of references that are listed for a record that cannot be deleted.
const MAX_LISTED: usize = 3;

/// Deletes records with their child records: all or nothing, or with `keep_going` all that can be deleted.
///
/// Unknown keys and referenced records are problems in the report. Errors: `NotFound` for an unknown dataset;
/// `Conflict` for an idempotency key that was used for another write, and for a record that has another version than
/// expected.
pub async fn delete(db: &Db, keys: &[String], options: &Options) -> Result<Report> {
    let transaction = db.write().await?;
    if let Some(report) = idempotency::stored_report(&transaction, options).await? {
        return Ok(report);
    }
    let key = options.dataset.as_deref().unwrap_or_default();
    let Some(dataset) = dataset::Entity::find().filter(dataset::Column::Key.eq(key)).one(&transaction).await? else {
        return Err(Error::NotFound(format!("No dataset has the key `{key}`: give the dataset of the records")));
    };
    idempotency::check_versions(&transaction, dataset.id, &options.expected).await?;
    let mut deletion = Deletion::new(&transaction);
    let mut records = deletion.find(dataset.id.0, keys).await?;
    loop {
        let children = deletion.children(&records).await?;
        let referenced = deletion.referenced(&records, &children).await?;
        if referenced.is_empty() || !options.keep_going {
            deletion.report.problems.sort_by_key(|problem| problem.line);
            if (referenced.is_empty() && deletion.report.problems.is_empty()) || options.keep_going {
                deletion.delete(&records, &children, &options.by).await?;
            }
            break;
        }
        // The kept records may refer to others that were to be deleted.
        records.retain(|record| !referenced.contains(&record.id.0));
    }
    let mut report = deletion.report;
    if options.dry_run || report.total().deleted == 0 {
        transaction.rollback().await?;
        return Ok(report);
    }
    report.written = true;
    idempotency::store_report(&transaction, options, &report).await?;
    db.commit(transaction).await?;
    Ok(report)
}

/// A deletion of records of one dataset.
pub(crate) struct Deletion<'a> {
    transaction: &'a DatabaseTransaction,
    dialect: Dialect,
    /// The position of each key among those given, from 1.
    lines: HashMap<String, u64>,
    report: Report,
}

impl<'a> Deletion<'a> {
    pub(crate) fn new(transaction: &'a DatabaseTransaction) -> Self {
        Self {
            transaction,
            dialect: Dialect(transaction.get_database_backend()),
            lines: HashMap::new(),
            report: Report::default(),
        }
    }

    /// Removes those of the records with the given keys that exist and that nothing else refers to. Returns how many
    /// records of each node type were removed.
    pub(crate) async fn remove_unreferenced(
        mut self,
        dataset: i64,
        keys: &[String],
        change_log: &mut ChangeLog<'_>,
    ) -> Result<Report> {
        let mut records = self.find(dataset, keys).await?;
        loop {
            let children = self.children(&records).await?;
            let referenced = self.referenced(&records, &children).await?;
            if referenced.is_empty() {
                // Unknown and referenced records are expected here.
                self.report = Report::default();
                self.remove(&records, &children, change_log).await?;
                return Ok(self.report);
            }
            records.retain(|record| !referenced.contains(&record.id.0));
        }
    }

    fn problem(&mut self, key: &str, kind: &str, message: String, suggestion: &str) {
        self.report.count(kind).rejected += 1;
        let line = self.lines.get(key).copied().unwrap_or(0);
        self.report.add_problem(Problem::new("keys", line, Some(key), FieldProblem::of_record(message, suggestion)));
    }

    /// Returns the records with the given keys. An unknown key, or that of a nested record, is a problem.
    async fn find(&mut self, dataset: i64, keys: &[String]) -> Result<Vec<record::Model>> {
        let mut records = Vec::new();
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
                    "correct the key, or leave it out if the record is deleted already",
                ),
                Some(child) if child.owner_id.is_some() => {
                    self.problem(
                        key,
                        &kind_name(child.kind),
                        format!("`{key}` is nested in another record"),
                        "import that record again without it",
                    );
                }
                Some(record) => records.push(record),
            }
        }
        Ok(records)
    }

    /// Returns the child records of records.
    async fn children(&self, records: &[record::Model]) -> Result<Vec<record::Model>> {
        let mut children = Vec::new();
        for some in records.chunks(1000) {
            let ids: Vec<i64> = some.iter().map(|record| record.id.0).collect();
            let owner = Expr::col((record::Entity, record::Column::OwnerId));
            let of_these = self.dialect.is_one_of(owner, self.dialect.numbers(&ids));
            children.extend(record::Entity::find().filter(of_these).all(self.transaction).await?);
        }
        Ok(children)
    }

    /// Returns the records that cannot be deleted because other records refer to them or to their children. Reports the
    /// references.
    async fn referenced(&mut self, records: &[record::Model], children: &[record::Model]) -> Result<HashSet<i64>> {
        let record_of: HashMap<i64, i64> = records
            .iter()
            .map(|record| (record.id.0, record.id.0))
            .chain(children.iter().map(|child| (child.id.0, child.owner_id.map_or(0, |owner| owner.0))))
            .collect();
        let mut referrers: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        let ids: Vec<i64> = record_of.keys().copied().collect();
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
                        if !record_of.contains_key(&referrer)
                            && let Some(record) = record_of.get(&target)
                        {
                            let key: String = row.try_get("", "key")?;
                            referrers.entry(*record).or_default().push(format!("`{key}` (as its {})", reference.role));
                        }
                    }
                }
            }
        }
        let mut merged: HashSet<i64> =
            records.iter().filter(|record| record.same_as_id.is_some()).map(|record| record.id.0).collect();
        for some in records.chunks(1000) {
            let ids: Vec<i64> = some.iter().map(|record| record.id.0).collect();
            let same_as = Expr::col((record::Entity, record::Column::SameAsId));
            let others = record::Entity::find().filter(self.dialect.is_one_of(same_as, self.dialect.numbers(&ids)));
            merged
                .extend(others.all(self.transaction).await?.iter().filter_map(|other| other.same_as_id).map(|id| id.0));
        }
        for id in merged {
            referrers.entry(id).or_default().push("a merge with another record".into());
        }
        for record in records {
            if let Some(by) = referrers.get(&record.id.0) {
                let listed = by.iter().take(MAX_LISTED).cloned().collect::<Vec<_>>().join(", ");
                let more = by.len().saturating_sub(MAX_LISTED);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                self.problem(
                    &record.key,
                    &kind_name(record.kind),
                    format!("is referenced by {listed}{more}"),
                    "delete those records too, import them again without the reference, or undo the merge",
                );
            }
        }
        Ok(referrers.into_keys().collect())
    }

    /// Deletes records, logs their old rows, and updates derived data and indexes.
    async fn delete(&mut self, records: &[record::Model], children: &[record::Model], by: &str) -> Result<()> {
        temp_tables::create(self.transaction).await?;
        let mut change_log = ChangeLog::open(self.transaction, by).await?;
        self.remove(records, children, &mut change_log).await?;
        derive::derive(self.transaction).await?;
        // No row is new.
        index::index(self.transaction, Some(i64::MAX)).await?;
        change_log.close().await?;
        temp_tables::drop(self.transaction).await
    }

    /// Deletes records, logs their old rows, and marks what is derived from them.
    async fn remove(
        &mut self,
        records: &[record::Model],
        children: &[record::Model],
        change_log: &mut ChangeLog<'_>,
    ) -> Result<()> {
        let all: Vec<i64> = records.iter().chain(children).map(|row| row.id.0).collect();
        let mut before: HashMap<i64, Vec<serde_json::Value>> = HashMap::new();
        for ids in all.chunks(1000) {
            let list = id_list(ids);
            derive::mark_dependents(self.transaction, &list).await?;
            index::mark_bearers(self.transaction, &list).await?;
            for (id, kind, row) in row_writer::stored(self.transaction, ids).await? {
                before.entry(id).or_default().push(serde_json::json!({ "kind": kind_name(kind), "row": row }));
            }
        }
        let mut children_of: HashMap<RecordId, Vec<&record::Model>> = HashMap::new();
        for child in children {
            children_of.entry(child.owner_id.unwrap_or(child.id)).or_default().push(child);
        }
        for record in records {
            let rows = std::iter::once(record).chain(children_of.remove(&record.id).unwrap_or_default());
            let rows: Vec<_> = rows.flat_map(|row| before.remove(&row.id.0).unwrap_or_default()).collect();
            let rows = serde_json::Value::Array(rows).to_string();
            change_log.log((record.id, record.kind), Operation::Delete, Some(rows), None);
            self.report.count(&kind_name(record.kind)).deleted += 1;
        }
        for some in records.chunks(1000) {
            let ids: Vec<i64> = some.iter().map(|record| record.id.0).collect();
            let id = Expr::col((record::Entity, record::Column::Id));
            record::Entity::delete_many()
                .filter(self.dialect.is_one_of(id, self.dialect.numbers(&ids)))
                .exec(self.transaction)
                .await?;
        }
        Ok(())
    }
}
