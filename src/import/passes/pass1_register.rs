//! The first reading: every key gets its number.

use std::collections::HashMap;

use entity::id::{DatasetId, RecordId};
use entity::record::RecordKind;
use entity::{dataset, record};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Value};

use crate::db::bulk_insert::{Target, insert};
use crate::error::Result;
use crate::import::passes::batches::Pass;
use crate::import::passes::{At, Fate, ImportAttempt};
use crate::import::record::DatasetRecord;
use crate::import::source::Record;
use crate::import::validate::builder::{Mistake, word};
use crate::import::{row_writer, temp_tables};

impl ImportAttempt<'_> {
    pub(crate) async fn open_dataset(&mut self, record: &DatasetRecord, pass: Pass) -> Result<()> {
        let stored = dataset::Entity::find().filter(dataset::Column::Key.eq(&record.key)).one(self.transaction).await?;
        let said = record.title.is_some() || record.licence.is_some() || record.url.is_some();
        let fate = match &stored {
            None => Fate::Created,
            Some(stored)
                if said
                    && (&stored.title, &stored.licence, &stored.url)
                        != (&record.title, &record.licence, &record.url) =>
            {
                Fate::Updated
            }
            Some(_) => Fate::Unchanged,
        };
        let id = match &stored {
            Some(stored) => stored.id,
            None => DatasetId(self.draw()),
        };
        let model = match (&fate, stored) {
            (Fate::Unchanged, Some(stored)) => stored,
            _ => {
                let model = dataset::Model {
                    id,
                    key: record.key.clone(),
                    title: record.title.clone(),
                    licence: record.licence.clone(),
                    url: record.url.clone(),
                };
                dataset::Entity::insert(model.clone().into_active_model())
                    .on_conflict(
                        OnConflict::column(dataset::Column::Id)
                            .update_columns([dataset::Column::Title, dataset::Column::Licence, dataset::Column::Url])
                            .to_owned(),
                    )
                    .exec_without_returning(self.transaction)
                    .await?;
                model
            }
        };
        if pass == Pass::Register {
            fate.count(self.report.count("dataset"));
        }
        self.dataset = Some(model);
        Ok(())
    }

    pub(crate) fn draw(&mut self) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// The first reading: gives every key its number.
    pub(crate) async fn register(&mut self, batch: Vec<(At, Record)>) -> Result<()> {
        let dataset = self.dataset()?.clone();
        let entries = batch.iter().flat_map(|(_, record)| &record.entries);
        let known = self.keys(&dataset.key, entries.map(|entry| entry.key.as_str())).await?;
        let seen = self.seen(known.values().map(|(named, _)| named.id.0)).await?;
        let mut in_batch: HashMap<String, At> = HashMap::new();
        let (mut records, mut lines, mut external) = (Vec::new(), Vec::new(), Vec::new());
        for (at, record) in &batch {
            let entries = &record.entries;
            let mut mistakes = record.mistakes.clone();
            let mut taken = false;
            let top = known.get(&record.key).map(|(named, _)| named.id);
            for entry in entries {
                let mistake = |message: String, suggestion: &str| Mistake {
                    pointer: format!("{}/key", entry.pointer),
                    message,
                    suggestion: Some(suggestion.to_owned()),
                };
                let earlier = in_batch.insert(entry.key.clone(), *at);
                let earlier =
                    earlier.or_else(|| known.get(&entry.key).and_then(|(named, _)| seen.get(&named.id.0)).copied());
                if let Some(earlier) = earlier {
                    taken = true;
                    let other = if earlier.file == at.file {
                        String::new()
                    } else {
                        format!("{}:", self.sources[earlier.file].name)
                    };
                    mistakes.push(mistake(
                        format!(
                            "`{}` is already the key on line {other}{}",
                            entry.key,
                            self.sources[earlier.file].raw_line(earlier.line)
                        ),
                        "give each record a key of its own",
                    ));
                } else if let Some((named, _)) = known.get(&entry.key) {
                    taken = named.kind != entry.kind || named.owner != top.filter(|_| !entry.pointer.is_empty());
                    if named.kind != entry.kind {
                        mistakes.push(mistake(
                            format!("`{}` is stored as the key of a thing of kind {}", entry.key, word(named.kind)),
                            "choose another key: what a thing is cannot change",
                        ));
                    } else if named.owner != top.filter(|_| !entry.pointer.is_empty()) {
                        mistakes.push(mistake(
                            format!(
                                "`{}` is stored as the key of another record's part or of a record of its own",
                                entry.key
                            ),
                            "keep the part where it was, or choose another key",
                        ));
                    }
                }
            }
            if !mistakes.is_empty() {
                let kind = entries.first().map(|entry| word(entry.kind));
                for mistake in mistakes {
                    self.problem(*at, kind.as_deref(), Some(&record.key), mistake);
                }
            }
            // Others may refer to a record that has mistakes; to one whose key is another's they would not.
            if taken {
                continue;
            }
            let top = top.unwrap_or(RecordId(self.next_id));
            let mut ids: HashMap<&str, (RecordId, RecordKind)> = HashMap::new();
            for entry in entries {
                let id = match known.get(&entry.key) {
                    Some((named, _)) => named.id,
                    None => {
                        let id = RecordId(self.draw());
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
            for (part, scheme, value) in &record.external {
                let whole = entries.get(*part).and_then(|entry| whole_of(&entry.pointer));
                if let Some((target, kind)) = whole.and_then(|whole| ids.get(whole)) {
                    external.push(vec![scheme.into(), value.into(), target.0.into(), kind.to_value().into()]);
                }
            }
        }
        row_writer::insert::<record::Entity>(self.transaction, records).await?;
        let target = Target { table: temp_tables::LINE, columns: &["id", "file", "line", "pointer"], conflict: "" };
        insert(self.transaction, target, lines).await?;
        let target = Target { table: temp_tables::EXTERNAL, columns: &["scheme", "value", "id", "kind"], conflict: "" };
        insert(self.transaction, target, external).await
    }
}

/// A number as a column holds it.
fn number(number: impl TryInto<i64>) -> Value {
    number.try_into().unwrap_or(i64::MAX).into()
}

/// The pointer of the whole around a part.
fn whole_of(pointer: &str) -> Option<&str> {
    let (list, _) = pointer.rsplit_once('/')?;
    list.rsplit_once('/').map(|(whole, _)| whole)
}
