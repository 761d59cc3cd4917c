//! Lookups: records by key and by external id, and lines by the id of their rows.

use std::collections::{HashMap, HashSet};

use entity::id::RecordId;
use entity::record::RecordKind;
use entity::{dataset, record};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::error::{Error, Result, did_you_mean};
use crate::import::passes::chunks::SEEN;
use crate::import::passes::{ImportAttempt, LinePosition};
use crate::import::problem::Problem;
use crate::import::record::Ref;
use crate::import::sql::statement;
use crate::import::temp_tables;
use crate::import::validate::builder::{FieldProblem, Known, Registered, UNRESOLVED, kind_name};
use crate::import::validate::cross_record::RowProblem;

/// The maximum number of problems for which similar keys are looked up. Each takes a query.
const MAX_SUGGESTIONS: usize = 200;

/// Records by scheme and value of their external ids.
type ByExternalId = HashMap<(String, String), Vec<(RecordId, RecordKind)>>;

/// The place of a stored row.
struct StoredRow {
    /// The dataset and key of its record.
    dataset: String,
    key: String,
    /// The pointer to the row in the record; empty for the record itself.
    pointer: String,
}

impl ImportAttempt<'_> {
    /// Reports a problem of a row at the line of its record, or of a stored record that this import makes invalid.
    pub(crate) async fn row_problem(&mut self, RowProblem { id, problem }: RowProblem) -> Result<()> {
        let Some((at, pointer, key, kind)) = self.line_of(id).await? else {
            let row = self.stored_row(id).await?;
            let problem = FieldProblem { pointer: format!("{}{}", row.pointer, problem.pointer), ..problem };
            self.rejections.add_stored(Problem::of_stored(&row.dataset, &row.key, problem));
            return Ok(());
        };
        let problem = FieldProblem { pointer: format!("{pointer}{}", problem.pointer), ..problem };
        self.problem(at, Some(&kind), Some(&key), problem);
        Ok(())
    }

    /// Adds a note on a row to the report.
    pub(crate) async fn row_note(&mut self, id: i64, what: &str) -> Result<()> {
        let note = match self.line_of(id).await? {
            Some((at, pointer, key, _)) => {
                let source = &self.sources[at.file];
                format!("{}:{} ({key}) {pointer}: {what}", source.name, source.raw_line(at.line))
            }
            None => {
                let StoredRow { dataset, key, pointer } = self.stored_row(id).await?;
                format!("stored record {key} of dataset {dataset} {pointer}: {what}")
            }
        };
        self.report.notes.push(note);
        Ok(())
    }

    /// Returns the line of a row, the pointer to it in its record, and the key and type of that record.
    async fn line_of(&self, id: i64) -> Result<Option<(LinePosition, String, String, String)>> {
        let sql = format!(
            "SELECT file, line, pointer, top.key AS key, top.kind AS kind FROM import_line
             JOIN record AS part ON part.id = import_line.id
             JOIN record AS top ON top.id = COALESCE(part.owner_id, part.id)
             WHERE import_line.id = {id}"
        );
        let found = self.transaction.query_one_raw(statement(self.transaction, &sql)).await?;
        let Some(row) = found else { return Ok(None) };
        let (file, line): (i64, i64) = (row.try_get("", "file")?, row.try_get("", "line")?);
        let at = LinePosition { file: usize::try_from(file).unwrap_or(0), line: u64::try_from(line).unwrap_or(0) };
        let (pointer, key): (String, String) = (row.try_get("", "pointer")?, row.try_get("", "key")?);
        Ok(Some((at, pointer, key, kind_name(row.try_get("", "kind")?))))
    }

    /// Returns the record of a stored row, and the pointer to the row in it. A child record with a key of its own is a record
    /// here.
    async fn stored_row(&self, id: i64) -> Result<StoredRow> {
        let sql = format!(
            "SELECT part.key AS part, top.key AS key, dataset.key AS dataset FROM record AS part
             JOIN record AS top ON top.id = COALESCE(part.owner_id, part.id)
             JOIN dataset ON dataset.id = part.dataset_id WHERE part.id = {id}"
        );
        let found = self.transaction.query_one_raw(statement(self.transaction, &sql)).await?;
        let row = found.ok_or_else(|| Error::Internal(format!("the row {id} has no record")))?;
        let (part, key, dataset): (String, String, String) =
            (row.try_get("", "part")?, row.try_get("", "key")?, row.try_get("", "dataset")?);
        let pointer = part.strip_prefix(key.as_str()).and_then(|rest| rest.strip_prefix('#'));
        Ok(match pointer.filter(|pointer| pointer.starts_with('/')) {
            Some(pointer) => StoredRow { dataset, pointer: pointer.to_owned(), key },
            None => StoredRow { dataset, pointer: String::new(), key: part },
        })
    }

    /// Suggests similar keys of the dataset for unresolved references. Only imports with problems pay for this.
    pub(crate) async fn suggest_keys(&mut self) -> Result<()> {
        let Some(dataset) = &self.dataset else { return Ok(()) };
        for (_, problem) in self.rejections.problems.iter_mut().take(MAX_SUGGESTIONS) {
            let reference = problem.message.strip_suffix(UNRESOLVED);
            let Some(key) = reference.and_then(|key| key.strip_prefix('`')?.strip_suffix('`')) else { continue };
            let length = key.chars().count();
            let sql = format!(
                "SELECT key FROM record WHERE dataset_id = {} AND length(key) BETWEEN {} AND {} AND key NOT LIKE '%#%' LIMIT 5000",
                dataset.id.0,
                length.saturating_sub(4),
                length + 4
            );
            let mut keys = Vec::new();
            for row in self.transaction.query_all_raw(statement(self.transaction, &sql)).await? {
                keys.push(row.try_get::<String>("", "key")?);
            }
            if let Some(near) = did_you_mean(key, keys.iter().map(String::as_str)) {
                problem.suggestion = Some(near);
            }
        }
        Ok(())
    }

    /// Looks up references of records of a dataset, and the given keys of the dataset. For these, also returns the
    /// digest of the stored record.
    pub(crate) async fn resolve(
        &self,
        dataset: &str,
        references: Vec<Ref>,
        mut keys: HashSet<String>,
    ) -> Result<(Known, HashMap<String, Option<String>>)> {
        let mut known = Known::default();
        let mut other_datasets: HashMap<String, HashSet<String>> = HashMap::new();
        let mut external: HashSet<(String, String)> = HashSet::new();
        for reference in references {
            match reference {
                Ref::Key(key) => {
                    keys.insert(key);
                }
                Ref::Dataset(other) => {
                    other_datasets.entry(other.dataset).or_default().insert(other.key);
                }
                Ref::External(one) => {
                    external.insert((one.scheme, one.value));
                }
            }
        }
        let is_rejected = |key: &&String| self.earlier.have_key(key) || self.rejections.have_key(key);
        known.rejected.extend(keys.iter().filter(is_rejected).cloned());
        let mut digests = HashMap::new();
        for (key, (registered, digest)) in self.keys(dataset, keys.iter().map(String::as_str)).await? {
            digests.insert(key.clone(), digest);
            known.keys.insert((dataset.to_owned(), key), registered);
        }
        for (other, keys) in other_datasets {
            for (key, (registered, _)) in self.keys(&other, keys.iter().map(String::as_str)).await? {
                known.keys.insert((other.clone(), key), registered);
            }
        }
        known.external = self.external_ids(&external).await?;
        Ok((known, digests))
    }

    /// Looks up keys of a dataset. Also returns the digest of the stored record.
    pub(crate) async fn keys<'k>(
        &self,
        dataset: &str,
        keys: impl Iterator<Item = &'k str>,
    ) -> Result<HashMap<String, (Registered, Option<String>)>> {
        let Some(dataset) = (match &self.dataset {
            Some(open) if open.key == dataset => Some(open.id),
            _ => dataset::Entity::find()
                .filter(dataset::Column::Key.eq(dataset))
                .one(self.transaction)
                .await?
                .map(|stored| stored.id),
        }) else {
            return Ok(HashMap::new());
        };
        let found = record::Entity::find()
            .filter(record::Column::DatasetId.eq(dataset))
            .filter(self.dialect.is_one_of(Expr::col((record::Entity, record::Column::Key)), self.dialect.texts(keys)))
            .all(self.transaction)
            .await?;
        Ok(found
            .into_iter()
            .map(|row| {
                let registered =
                    Registered { id: row.id, kind: row.kind, owner: row.owner_id, written: row.digest.is_some() };
                (row.key, (registered, row.digest))
            })
            .collect())
    }

    /// Returns which of the rows this import has read, including its earlier chunks, and on which lines.
    pub(crate) async fn seen(&self, ids: impl Iterator<Item = i64>) -> Result<HashMap<i64, LinePosition>> {
        let ids: Vec<i64> = ids.collect();
        let mut seen = HashMap::new();
        if ids.is_empty() {
            return Ok(seen);
        }
        let these = |id: &'static str| self.dialect.is_one_of(Expr::col(id), self.dialect.numbers(&ids));
        let mut line = Query::select();
        line.column("id").from(temp_tables::LINE).and_where(these("id"));
        let mut queries = vec![line];
        if let Some(run) = self.run_id {
            let mut earlier = Query::select();
            earlier.expr_as(Expr::col("record_id"), "id").from(SEEN);
            earlier.and_where(Expr::col("run_id").eq(run)).and_where(these("record_id"));
            queries.push(earlier);
        }
        for query in &mut queries {
            for row in self.transaction.query_all(query.columns(["file", "line"])).await? {
                let (id, file, line): (i64, i64, i64) =
                    (row.try_get("", "id")?, row.try_get("", "file")?, row.try_get("", "line")?);
                let at =
                    LinePosition { file: usize::try_from(file).unwrap_or(0), line: u64::try_from(line).unwrap_or(0) };
                seen.insert(id, at);
            }
        }
        Ok(seen)
    }

    /// Looks up external ids, stored or in this file. If records of several datasets have an id, the one in the open
    /// dataset is returned.
    async fn external_ids(&self, wanted: &HashSet<(String, String)>) -> Result<ByExternalId> {
        if wanted.is_empty() {
            return Ok(HashMap::new());
        }
        let dataset = self.dataset()?.id;
        let (mut found, mut elsewhere) = (ByExternalId::new(), ByExternalId::new());
        for (table, id, kind) in [("external_id", "target_id", "target_kind"), (temp_tables::EXTERNAL, "id", "kind")] {
            let mut target = Expr::col((table, id));
            if self.has_merges && table == "external_id" {
                // The original bearer, so that the reference is right after the merge is undone.
                target = Expr::cust(
                    "COALESCE((SELECT original_id FROM redirect WHERE row_id = external_id.id
                        AND reference = 'external_id.target_id'), external_id.target_id)",
                );
            }
            let query = Query::select()
                .expr_as(Expr::col((table, "scheme")), "scheme")
                .expr_as(Expr::col((table, "value")), "value")
                .expr_as(target.clone(), "id")
                .expr_as(Expr::col((table, kind)), "kind")
                .expr_as(Expr::col((record::Entity, record::Column::DatasetId)), "dataset")
                .from(table)
                .inner_join(record::Entity, Expr::col((record::Entity, record::Column::Id)).eq(target))
                .and_where(self.dialect.is_one_of(
                    Expr::col((table, "value")),
                    self.dialect.texts(wanted.iter().map(|(_, value)| value.as_str())),
                ))
                .take();
            for row in self.transaction.query_all(&query).await? {
                let key = (row.try_get("", "scheme")?, row.try_get("", "value")?);
                let is_here = row.try_get::<i64>("", "dataset")? == dataset.0;
                let record = (RecordId(row.try_get("", "id")?), row.try_get::<RecordKind>("", "kind")?);
                let all = if is_here { &mut found } else { &mut elsewhere }.entry(key).or_default();
                if !all.contains(&record) {
                    all.push(record);
                }
            }
        }
        for (key, all) in elsewhere {
            let here = found.entry(key).or_default();
            let others: Vec<_> =
                all.into_iter().filter(|(_, kind)| here.iter().all(|(_, other)| other != kind)).collect();
            here.extend(others);
        }
        if self.has_merges {
            for all in found.values_mut().filter(|all| all.len() > 1) {
                self.drop_merged(all).await?;
            }
        }
        Ok(found)
    }

    /// Keeps one of records that are merged with each other: the surviving one, or else the first.
    async fn drop_merged(&self, all: &mut Vec<(RecordId, RecordKind)>) -> Result<()> {
        let ids: Vec<i64> = all.iter().map(|(id, _)| id.0).collect();
        let id = Expr::col((record::Entity, record::Column::Id));
        let rows = record::Entity::find().filter(self.dialect.is_one_of(id, self.dialect.numbers(&ids)));
        let same_as: HashMap<RecordId, Option<RecordId>> =
            rows.all(self.transaction).await?.into_iter().map(|row| (row.id, row.same_as_id)).collect();
        let same_as = |id: RecordId| same_as.get(&id).copied().flatten();
        all.sort_by_key(|(id, _)| (same_as(*id).is_some(), *id));
        let mut seen = HashSet::new();
        all.retain(|(id, _)| seen.insert(same_as(*id).unwrap_or(*id)));
        Ok(())
    }
}
