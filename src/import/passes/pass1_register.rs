//! The first pass: datasets are opened, every key gets an id, and records are checked for keys that are used twice.

use std::collections::HashMap;

use entity::id::{DatasetId, RecordId};
use entity::record::RecordKind;
use entity::{dataset, record};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Value};

use crate::db::bulk_insert::{Target, insert};
use crate::error::Result;
use crate::import::parse::Record;
use crate::import::passes::batches::Pass;
use crate::import::passes::{ImportAttempt, LinePosition, RecordOutcome};
use crate::import::record::DatasetRecord;
use crate::import::validate::builder::{FieldProblem, kind_name};
use crate::import::{row_writer, temp_tables};

impl ImportAttempt<'_> {
    /// Opens a dataset for the records that follow. Creates it if it is new, and updates its fields if the record gives
    /// any.
    pub(crate) async fn open_dataset(&mut self, record: &DatasetRecord, pass: Pass) -> Result<()> {
        let stored = dataset::Entity::find().filter(dataset::Column::Key.eq(&record.key)).one(self.transaction).await?;
        let has_fields = record.title.is_some() || record.license.is_some() || record.url.is_some();
        let outcome = match &stored {
            None => RecordOutcome::Created,
            Some(stored)
                if has_fields
                    && (&stored.title, &stored.license, &stored.url)
                        != (&record.title, &record.license, &record.url) =>
            {
                RecordOutcome::Updated
            }
            Some(_) => RecordOutcome::Unchanged,
        };
        let id = match &stored {
            Some(stored) => stored.id,
            None => DatasetId(self.new_id()),
        };
        let model = match (&outcome, stored) {
            (RecordOutcome::Unchanged, Some(stored)) => stored,
            _ => {
                let model = dataset::Model {
                    id,
                    key: record.key.clone(),
                    title: record.title.clone(),
                    license: record.license.clone(),
                    url: record.url.clone(),
                };
                dataset::Entity::insert(model.clone().into_active_model())
                    .on_conflict(
                        OnConflict::column(dataset::Column::Id)
                            .update_columns([dataset::Column::Title, dataset::Column::License, dataset::Column::Url])
                            .to_owned(),
                    )
                    .exec_without_returning(self.transaction)
                    .await?;
                model
            }
        };
        if pass == Pass::Register {
            outcome.count(self.report.count("dataset"));
        }
        self.dataset = Some(model);
        Ok(())
    }

    /// Returns a new id.
    pub(crate) fn new_id(&mut self) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// Registers the keys of a batch: new records and nested records get an id and an entry in the table `record`. Also
    /// collects where each entry is in the files, and the external ids, in temporary tables.
    pub(crate) async fn register(&mut self, batch: Vec<(LinePosition, Record)>) -> Result<()> {
        let dataset = self.dataset()?.clone();
        let entries = batch.iter().flat_map(|(_, record)| &record.entries);
        let known = self.keys(&dataset.key, entries.map(|entry| entry.key.as_str())).await?;
        let seen = self.seen(known.values().map(|(registered, _)| registered.id.0)).await?;
        let mut in_batch: HashMap<String, LinePosition> = HashMap::new();
        let (mut records, mut lines, mut external_ids) = (Vec::new(), Vec::new(), Vec::new());
        for (at, record) in &batch {
            let entries = &record.entries;
            let mut problems = record.problems.clone();
            let mut key_taken = false;
            let top = known.get(&record.key).map(|(registered, _)| registered.id);
            for entry in entries {
                let problem = |message: String, suggestion: &str| FieldProblem {
                    pointer: format!("{}/key", entry.pointer),
                    message,
                    suggestion: Some(suggestion.to_owned()),
                };
                let earlier = in_batch.insert(entry.key.clone(), *at);
                let earlier = earlier
                    .or_else(|| known.get(&entry.key).and_then(|(registered, _)| seen.get(&registered.id.0)).copied());
                if let Some(earlier) = earlier {
                    key_taken = true;
                    let other = if earlier.file == at.file {
                        String::new()
                    } else {
                        format!("{}:", self.sources[earlier.file].name)
                    };
                    problems.push(problem(
                        format!(
                            "`{}` is already the key on line {other}{}",
                            entry.key,
                            self.sources[earlier.file].raw_line(earlier.line)
                        ),
                        "give each record its own key",
                    ));
                } else if let Some((registered, _)) = known.get(&entry.key) {
                    let owner = top.filter(|_| !entry.pointer.is_empty());
                    key_taken = registered.kind != entry.kind || registered.owner != owner;
                    if registered.kind != entry.kind {
                        problems.push(problem(
                            format!("`{}` is already the key of a stored {}", entry.key, kind_name(registered.kind)),
                            "choose another key: the type of a record cannot change",
                        ));
                    } else if registered.owner != owner {
                        problems.push(problem(
                            format!(
                                "`{}` is already the key of a record that was stored with another parent, or with none",
                                entry.key
                            ),
                            "nest the record as it was stored before, or choose another key",
                        ));
                    }
                }
            }
            if !problems.is_empty() {
                let kind = entries.first().map(|entry| kind_name(entry.kind));
                for problem in problems {
                    self.problem(*at, kind.as_deref(), Some(&record.key), problem);
                }
            }
            // An invalid record is registered anyway, so that references to it are not reported as unresolved. A record
            // whose key is taken is not: references by that key are to the other record.
            if key_taken {
                continue;
            }
            let top = top.unwrap_or(RecordId(self.next_id));
            let mut ids: HashMap<&str, (RecordId, RecordKind)> = HashMap::new();
            for entry in entries {
                let id = match known.get(&entry.key) {
                    Some((registered, _)) => registered.id,
                    None => {
                        let id = RecordId(self.new_id());
                        records.push(record::Model {
                            id,
                            dataset_id: dataset.id,
                            key: entry.key.clone(),
                            kind: entry.kind,
                            owner_id: (!entry.pointer.is_empty()).then_some(top),
                            digest: entry.pointer.is_empty().then(|| record.digest.clone()),
                            same_as_id: None,
                        });
                        id
                    }
                };
                ids.insert(&entry.pointer, (id, entry.kind));
                lines.push(vec![id.0.into(), number(at.file), number(at.line), entry.pointer.clone().into()]);
            }
            for (part, scheme, value) in &record.external_ids {
                let enclosing = entries.get(*part).and_then(|entry| enclosing_pointer(&entry.pointer));
                if let Some((target, kind)) = enclosing.and_then(|pointer| ids.get(pointer)) {
                    external_ids.push(vec![scheme.into(), value.into(), target.0.into(), kind.to_value().into()]);
                }
            }
        }
        row_writer::insert::<record::Entity>(self.transaction, records).await?;
        let target = Target { table: temp_tables::LINE, columns: &["id", "file", "line", "pointer"], conflict: "" };
        insert(self.transaction, target, lines).await?;
        let target = Target { table: temp_tables::EXTERNAL, columns: &["scheme", "value", "id", "kind"], conflict: "" };
        insert(self.transaction, target, external_ids).await
    }
}

/// Converts a number to the value of a column.
fn number(number: impl TryInto<i64>) -> Value {
    number.try_into().unwrap_or(i64::MAX).into()
}

/// Returns the pointer to the record that encloses a nested one.
fn enclosing_pointer(pointer: &str) -> Option<&str> {
    let (list, _) = pointer.rsplit_once('/')?;
    list.rsplit_once('/').map(|(enclosing, _)| enclosing)
}
