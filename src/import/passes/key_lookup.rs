//! What keys, numbers and ids elsewhere name.

use std::collections::{HashMap, HashSet};

use entity::id::RecordId;
use entity::record::RecordKind;
use entity::{dataset, record};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::error::{Result, did_you_mean};
use crate::import::passes::chunks::SEEN;
use crate::import::passes::{At, ImportAttempt};
use crate::import::record::Ref;
use crate::import::temp_tables;
use crate::import::validate::builder::{Known, Mistake, Named, word};
use crate::import::validate::cross_record;

/// So many mistakes are looked at for keys like theirs: each is a query.
const SUGGESTED: usize = 200;

/// Things by an id that they have elsewhere.
type ByExternalId = HashMap<(String, String), Vec<(RecordId, RecordKind)>>;

impl ImportAttempt<'_> {
    /// A mistake of a row, at the place of its record.
    pub(crate) async fn late(&mut self, late: cross_record::Late) -> Result<()> {
        let Some((at, pointer, key, kind)) = self.place(late.id).await? else {
            // A stored row that no longer fits what this import changed.
            self.problem(At { file: 0, line: 0 }, None, None, late.mistake);
            return Ok(());
        };
        let mistake = Mistake { pointer: format!("{pointer}{}", late.mistake.pointer), ..late.mistake };
        self.problem(at, Some(&kind), Some(&key), mistake);
        Ok(())
    }

    /// What was put right in a row, by the place of its record.
    pub(crate) async fn note(&mut self, id: i64, what: &str) -> Result<()> {
        let note = match self.place(id).await? {
            Some((at, pointer, key, _)) => {
                let source = &self.sources[at.file];
                format!("{}:{} ({key}) {pointer}: {what}", source.name, source.raw_line(at.line))
            }
            None => format!("evidence that was stored before: {what}"),
        };
        self.report.notes.push(note);
        Ok(())
    }

    /// Where a row stands: its line, the pointer in it, the key and the kind of its record.
    async fn place(&self, id: i64) -> Result<Option<(At, String, String, String)>> {
        let sql = format!(
            "SELECT file, line, pointer, top.key AS key, top.kind AS kind FROM import_line
             JOIN record AS part ON part.id = import_line.id
             JOIN record AS top ON top.id = COALESCE(part.owner_id, part.id)
             WHERE import_line.id = {id}"
        );
        let found = self.transaction.query_one_raw(cross_record::plain(self.transaction, &sql)).await?;
        let Some(row) = found else { return Ok(None) };
        let (file, line): (i64, i64) = (row.try_get("", "file")?, row.try_get("", "line")?);
        let at = At { file: usize::try_from(file).unwrap_or(0), line: u64::try_from(line).unwrap_or(0) };
        let (pointer, key): (String, String) = (row.try_get("", "pointer")?, row.try_get("", "key")?);
        Ok(Some((at, pointer, key, word(row.try_get("", "kind")?))))
    }

    /// A reference to nothing may be misspelled: names the nearest key of the dataset. Only mistakes pay for it.
    pub(crate) async fn suggest_keys(&mut self) -> Result<()> {
        let Some(dataset) = &self.dataset else { return Ok(()) };
        for (_, problem) in self.mistakes.told.iter_mut().take(SUGGESTED) {
            let Some(key) = problem
                .message
                .strip_suffix("` is neither in the file nor stored")
                .and_then(|rest| rest.strip_prefix('`'))
            else {
                continue;
            };
            let length = key.chars().count();
            let sql = format!(
                "SELECT key FROM record WHERE dataset_id = {} AND length(key) BETWEEN {} AND {} AND key NOT LIKE '%#%' LIMIT 5000",
                dataset.id.0,
                length.saturating_sub(4),
                length + 4
            );
            let mut keys = Vec::new();
            for row in self.transaction.query_all_raw(cross_record::plain(self.transaction, &sql)).await? {
                keys.push(row.try_get::<String>("", "key")?);
            }
            if let Some(near) = did_you_mean(key, keys.iter().map(String::as_str)) {
                problem.suggestion = Some(near);
            }
        }
        Ok(())
    }

    /// What references of records of a dataset name, and its `keys`; these with the digest of the record last written.
    pub(crate) async fn resolve(
        &self,
        dataset: &str,
        wanted: Vec<Ref>,
        mut keys: HashSet<String>,
    ) -> Result<(Known, HashMap<String, Option<String>>)> {
        let mut known = Known::default();
        let mut elsewhere: HashMap<String, HashSet<String>> = HashMap::new();
        let mut external: HashSet<(String, String)> = HashSet::new();
        for reference in wanted {
            match reference {
                Ref::Key(key) => {
                    keys.insert(key);
                }
                Ref::Dataset(other) => {
                    elsewhere.entry(other.dataset).or_default().insert(other.key);
                }
                Ref::External(one) => {
                    external.insert((one.scheme, one.value));
                }
            }
        }
        let is_rejected = |key: &&String| self.earlier.have_key(key) || self.mistakes.have_key(key);
        known.rejected.extend(keys.iter().filter(is_rejected).cloned());
        let mut digests = HashMap::new();
        for (key, (named, digest)) in self.keys(dataset, keys.iter().map(String::as_str)).await? {
            digests.insert(key.clone(), digest);
            known.keys.insert((dataset.to_owned(), key), named);
        }
        for (other, keys) in elsewhere {
            for (key, (named, _)) in self.keys(&other, keys.iter().map(String::as_str)).await? {
                known.keys.insert((other.clone(), key), named);
            }
        }
        known.external = self.external(&external).await?;
        Ok((known, digests))
    }

    /// What keys of a dataset name, with the digest of the record last written.
    pub(crate) async fn keys<'k>(
        &self,
        dataset: &str,
        keys: impl Iterator<Item = &'k str>,
    ) -> Result<HashMap<String, (Named, Option<String>)>> {
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
                let named = Named { id: row.id, kind: row.kind, owner: row.owner_id, written: row.digest.is_some() };
                (row.key, (named, row.digest))
            })
            .collect())
    }

    /// Which of these rows this import has met, and where.
    pub(crate) async fn seen(&self, ids: impl Iterator<Item = i64>) -> Result<HashMap<i64, At>> {
        let ids: Vec<i64> = ids.collect();
        let mut seen = HashMap::new();
        if ids.is_empty() {
            return Ok(seen);
        }
        let these = |id: &'static str| self.dialect.is_one_of(Expr::col(id), self.dialect.numbers(&ids));
        let mut line = Query::select();
        line.column("id").from(temp_tables::LINE).and_where(these("id"));
        let mut queries = vec![line];
        if let Some(run) = self.run {
            let mut earlier = Query::select();
            earlier.expr_as(Expr::col("record_id"), "id").from(SEEN);
            earlier.and_where(Expr::col("run_id").eq(run)).and_where(these("record_id"));
            queries.push(earlier);
        }
        for query in &mut queries {
            for row in self.transaction.query_all(query.columns(["file", "line"])).await? {
                let (id, file, line): (i64, i64, i64) =
                    (row.try_get("", "id")?, row.try_get("", "file")?, row.try_get("", "line")?);
                let at = At { file: usize::try_from(file).unwrap_or(0), line: u64::try_from(line).unwrap_or(0) };
                seen.insert(id, at);
            }
        }
        Ok(seen)
    }

    /// What ids elsewhere name, stored or in this file. Datasets know the same places by the same ids: of several things the
    /// one of the dataset at hand is meant.
    pub(crate) async fn external(&self, wanted: &HashSet<(String, String)>) -> Result<ByExternalId> {
        if wanted.is_empty() {
            return Ok(HashMap::new());
        }
        let here = self.dataset()?.id;
        let (mut found, mut elsewhere) = (ByExternalId::new(), ByExternalId::new());
        for (table, id, kind) in [("external_id", "target_id", "target_kind"), (temp_tables::EXTERNAL, "id", "kind")] {
            let mut target = Expr::col((table, id));
            if self.redirects && table == "external_id" {
                // As it was written, so that it can be parted again.
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
                let is_here = row.try_get::<i64>("", "dataset")? == here.0;
                let named = (RecordId(row.try_get("", "id")?), row.try_get::<RecordKind>("", "kind")?);
                let all = if is_here { &mut found } else { &mut elsewhere }.entry(key).or_default();
                if !all.contains(&named) {
                    all.push(named);
                }
            }
        }
        for (key, all) in elsewhere {
            let near = found.entry(key).or_default();
            let far: Vec<_> = all.into_iter().filter(|(_, kind)| near.iter().all(|(_, other)| other != kind)).collect();
            near.extend(far);
        }
        if self.redirects {
            for all in found.values_mut().filter(|all| all.len() > 1) {
                self.drop_doubles(all).await?;
            }
        }
        Ok(found)
    }

    /// Of things that were judged to be one, keeps that one, or else the first of them.
    async fn drop_doubles(&self, all: &mut Vec<(RecordId, RecordKind)>) -> Result<()> {
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
