//! The second pass: references are resolved, and rows are written.
//!
//! A record whose digest is the stored one is unchanged and skipped. The rows of other known records are compared with
//! the stored ones. Only rows that differ are written, and the differences are logged.

use std::collections::{HashMap, HashSet};

use entity::change::Operation;
use entity::id::{ActorId, ArticleId, DatasetId, RecordId, StatementId};
use entity::record::RecordKind;
use entity::{change, record};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{EntityTrait, IntoActiveModel, QueryFilter};

use crate::db::bulk_insert::{Target, insert};
use crate::error::Result;
use crate::import::merge::redirect;
use crate::import::parse::Record;
use crate::import::passes::{ImportAttempt, LinePosition, RecordOutcome};
use crate::import::record::{Ref, Rows};
use crate::import::report::Updated;
use crate::import::sql::id_list;
use crate::import::validate::builder::kind_name;
use crate::import::{derive, index, row_writer, temp_tables};

/// The report's name for authors that feeds give only by name.
const UNREGISTERED_AUTHORS: &str = "authors of articles that are names and not ids of actors";

/// A record of a batch while it is written.
pub(crate) struct StoredRecord {
    pub(crate) at: LinePosition,
    pub(crate) id: RecordId,
    kind: RecordKind,
    pub(crate) kind_name: String,
    is_new: bool,
    pub(crate) key: String,
    digest: String,
    /// The changed columns: those of child records after their pointer. Added and removed child records by their
    /// pointer.
    pub(crate) fields: Vec<String>,
    /// The old and new rows that differ.
    before: Vec<serde_json::Value>,
    after: Vec<serde_json::Value>,
}

/// The records of a batch and their rows, ready to be written.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) records: Vec<StoredRecord>,
    pub(crate) rows: Rows,
    /// For the id of each row, the index of its record and the pointer to it there.
    pub(crate) locations: HashMap<i64, (usize, String)>,
    pub(crate) authors: Vec<(ArticleId, ActorId)>,
    pub(crate) abouts: Vec<(StatementId, RecordId, RecordKind)>,
}

impl Batch {
    /// Returns the record of a row, and the pointer to the row there.
    fn record_of(&mut self, row: i64) -> Option<(&mut StoredRecord, &str)> {
        let (index, pointer) = self.locations.get(&row)?;
        Some((self.records.get_mut(*index)?, pointer))
    }

    /// Notes that a field of the row's record has changed.
    pub(crate) fn add_changed_field(&mut self, row: i64, field: &str) {
        if let Some((record, _)) = self.record_of(row) {
            record.fields.push(field.to_owned());
        }
    }
}

impl ImportAttempt<'_> {
    /// Resolves the references of records and writes their rows.
    pub(crate) async fn store(&mut self, records: Vec<(LinePosition, Record)>) -> Result<()> {
        let dataset = self.dataset()?.clone();
        let (mut references, mut keys): (Vec<Ref>, HashSet<String>) = (Vec::new(), HashSet::new());
        // Problems of a record alone, which the first pass has reported.
        let mut reported: HashSet<(u64, String, String)> = HashSet::new();
        for (at, record) in &records {
            keys.extend(record.entries.iter().map(|entry| entry.key.clone()));
            references.extend(record.references.iter().cloned());
            let problems = record.problems.iter().cloned();
            reported.extend(problems.map(|problem| (at.line, problem.pointer, problem.message)));
        }
        let (mut known, digests) = self.resolve(&dataset.key, references, keys).await?;
        known.of_feed = records.first().is_some_and(|(at, _)| self.sources[at.file].feed.is_some());

        let shared: Vec<_> = records
            .iter()
            .filter(|(at, _)| self.sources[at.file].feed.as_ref().is_some_and(|feed| feed.is_shared(at.line)))
            .filter(|(_, record)| {
                digests.get(&record.key).and_then(Option::as_ref).is_some_and(|digest| *digest != record.digest)
            })
            .filter_map(|(_, record)| known.keys.get(&(dataset.key.clone(), record.key.clone())))
            .map(|registered| (registered.kind, registered.id.0))
            .collect();
        let shared = self.stored_shared(&shared).await?;
        let mut batch = Batch::default();
        for (at, record) in records {
            let entries = &record.entries;
            let Some(registered) = known.keys.get(&(dataset.key.clone(), record.key.clone())) else { continue };
            let kind = entries.first().map_or(registered.kind, |entry| entry.kind);
            let kind_name = kind_name(kind);
            let is_rejected = self.is_rejected(at);
            let is_new = registered.id.0 >= self.first_new_id || !registered.written;
            let stored = digests.get(&record.key).and_then(Option::as_ref).filter(|_| !is_new);
            // Rows of feeds share records, such as places. The first import of a shared record counts.
            let feed = self.sources[at.file].feed.as_ref();
            let is_shared =
                stored.is_some() && feed.is_some_and(|feed| feed.is_shared(at.line) && !feed.is_determined(at.line));
            let completes = shared.get(&registered.id).filter(|_| is_shared);
            let is_same = |digest: &String| *digest == record.digest || (is_shared && completes.is_none());
            if !is_rejected && stored.is_some_and(is_same) {
                self.report.count(&kind_name).unchanged += 1;
                continue;
            }
            let ids: Vec<RecordId> = entries
                .iter()
                .filter_map(|entry| known.keys.get(&(dataset.key.clone(), entry.key.clone())).map(|one| one.id))
                .collect();
            let (mut built, builder) = record.build(&dataset.key, Some(&known), &ids);
            if builder.unregistered_authors > 0 {
                *self.report.unmapped.entry(UNREGISTERED_AUTHORS.to_owned()).or_default() +=
                    builder.unregistered_authors;
            }
            if is_rejected || !builder.problems.is_empty() {
                for problem in builder.problems {
                    if !reported.contains(&(at.line, problem.pointer.clone(), problem.message.clone())) {
                        self.problem(at, Some(&kind_name), Some(&record.key), problem);
                    }
                }
                continue;
            }
            if completes.is_some_and(|stored| !stored.is_completed_by(&mut built)) {
                self.report.count(&kind_name).unchanged += 1;
                continue;
            }
            for (id, entry) in ids.iter().zip(entries) {
                batch.locations.insert(id.0, (batch.records.len(), entry.pointer.clone()));
            }
            built.into_iter().for_each(|row| batch.rows.push(row));
            batch.authors.extend(builder.authors);
            batch.abouts.extend(builder.abouts);
            batch.records.push(StoredRecord {
                at,
                id: registered.id,
                kind: registered.kind,
                kind_name,
                is_new,
                key: record.key.clone(),
                digest: record.digest.clone(),
                fields: Vec::new(),
                before: Vec::new(),
                after: Vec::new(),
            });
        }
        if self.has_merges {
            let known: Vec<i64> = batch.locations.keys().copied().filter(|id| *id < self.first_new_id).collect();
            redirect::restore_originals(self.transaction, &known).await?;
        }
        self.write(dataset.id, batch).await
    }

    async fn write(&mut self, dataset: DatasetId, mut batch: Batch) -> Result<()> {
        self.take_slugs(&mut batch).await?;
        self.remove_missing_children(&mut batch).await?;
        let articles: Vec<i64> = batch.rows.article.iter().map(|row| row.id.0).collect();
        let statements: Vec<i64> = batch.rows.statement.iter().map(|row| row.id.0).collect();
        let rows = std::mem::take(&mut batch.rows);
        for difference in row_writer::rows(self.transaction, rows, self.first_new_id).await? {
            if let Some((record, pointer)) = batch.record_of(difference.id) {
                let name = |column: &String| {
                    if pointer.is_empty() { column.clone() } else { format!("{pointer}/{column}") }
                };
                record.fields.extend(difference.columns.iter().map(name));
                let kind = kind_name(difference.kind);
                record.before.push(serde_json::json!({ "kind": kind, "row": difference.before }));
                record.after.push(serde_json::json!({ "kind": kind, "row": difference.after }));
            }
        }
        // New child records of known records.
        for (id, (index, pointer)) in &batch.locations {
            if *id >= self.first_new_id && !batch.records[*index].is_new {
                batch.records[*index].fields.push(pointer.clone());
            }
        }
        self.store_join_tables(&articles, &statements, &mut batch).await?;
        self.mark_written(batch.locations.keys()).await?;
        self.update_digests(dataset, &batch.records).await?;
        self.log(batch.records).await
    }

    /// Stores the digests of known records. Those of new records were registered with their keys.
    async fn update_digests(&self, dataset: DatasetId, records: &[StoredRecord]) -> Result<()> {
        let known = records.iter().filter(|record| record.id.0 < self.first_new_id);
        let rows: Vec<_> = known
            .map(|known| record::Model {
                id: known.id,
                dataset_id: dataset,
                key: known.key.clone(),
                kind: known.kind,
                owner_id: None,
                digest: Some(known.digest.clone()),
                same_as_id: None,
            })
            .collect();
        if !rows.is_empty() {
            record::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model))
                .on_conflict(OnConflict::column(record::Column::Id).update_column(record::Column::Digest).to_owned())
                .exec_without_returning(self.transaction)
                .await?;
        }
        Ok(())
    }

    /// Counts the outcome of each record and writes the audit log.
    async fn log(&mut self, records: Vec<StoredRecord>) -> Result<()> {
        let mut changes = Vec::new();
        for mut record in records {
            let outcome = match (record.is_new, record.fields.is_empty()) {
                (true, _) => RecordOutcome::Created,
                (false, false) => RecordOutcome::Updated,
                (false, true) => RecordOutcome::Unchanged,
            };
            outcome.count(self.report.count(&record.kind_name));
            let operation = match outcome {
                RecordOutcome::Created => Operation::Create,
                RecordOutcome::Updated => Operation::Update,
                RecordOutcome::Unchanged => continue,
            };
            let json = |rows: Vec<serde_json::Value>| {
                (operation == Operation::Update).then(|| serde_json::Value::Array(rows).to_string())
            };
            changes.push(change::Model {
                id: self.next_change.into(),
                at: self.started_at,
                by: self.options.by.clone(),
                batch: self.batch.clone(),
                kind: record.kind,
                record_id: record.id,
                operation,
                before: json(std::mem::take(&mut record.before)),
                after: json(std::mem::take(&mut record.after)),
            });
            self.next_change += 1;
            if operation == Operation::Update {
                record.fields.sort();
                self.report.update(Updated {
                    file: self.sources[record.at.file].name.clone(),
                    line: self.sources[record.at.file].raw_line(record.at.line),
                    key: record.key,
                    fields: record.fields,
                });
            }
        }
        row_writer::insert::<change::Entity>(self.transaction, changes).await
    }

    /// Deletes child records that known records no longer have. Also marks what depends on the stored rows of known
    /// records, before they change.
    async fn remove_missing_children(&mut self, batch: &mut Batch) -> Result<()> {
        let known: Vec<i64> = batch.records.iter().filter(|record| !record.is_new).map(|record| record.id.0).collect();
        if known.is_empty() {
            return Ok(());
        }
        let owner = Expr::col((record::Entity, record::Column::OwnerId));
        let is_child = self.dialect.is_one_of(owner, self.dialect.numbers(&known));
        let children = record::Entity::find().filter(is_child).all(self.transaction).await?;
        let all: Vec<i64> = known.iter().copied().chain(children.iter().map(|child| child.id.0)).collect();
        for ids in all.chunks(1000) {
            let ids = id_list(ids);
            derive::mark_dependents(self.transaction, &ids).await?;
            index::mark_bearers(self.transaction, &ids).await?;
        }
        let missing: Vec<_> = children.into_iter().filter(|child| !batch.locations.contains_key(&child.id.0)).collect();
        for child in &missing {
            if let Some(record) = batch.records.iter_mut().find(|record| Some(record.id) == child.owner_id) {
                let pointer = child.key.strip_prefix(&format!("{}#", record.key)).unwrap_or(&child.key);
                record.fields.push(pointer.to_owned());
                record.before.push(serde_json::json!({ "kind": kind_name(child.kind), "key": child.key }));
            }
        }
        let ids: Vec<i64> = missing.iter().map(|child| child.id.0).collect();
        if !ids.is_empty() {
            let id = Expr::col((record::Entity, record::Column::Id));
            record::Entity::delete_many()
                .filter(self.dialect.is_one_of(id, self.dialect.numbers(&ids)))
                .exec(self.transaction)
                .await?;
        }
        Ok(())
    }

    /// Marks rows as written, for the indexes.
    async fn mark_written(&self, ids: impl Iterator<Item = &i64>) -> Result<()> {
        let target = Target { table: temp_tables::WRITTEN, columns: &["id"], conflict: "ON CONFLICT DO NOTHING" };
        insert(self.transaction, target, ids.map(|id| vec![(*id).into()]).collect()).await
    }
}
