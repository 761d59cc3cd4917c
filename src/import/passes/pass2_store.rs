//! The second reading: references are resolved and rows are written.

use std::collections::{HashMap, HashSet};

use entity::change::Operation;
use entity::id::{ActorId, ArticleId, DatasetId, RecordId, StatementId};
use entity::record::RecordKind;
use entity::{article_author, change, record, statement_about};
use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};

use crate::db::bulk_insert::{Target, insert};
use crate::error::Result;
use crate::import::foreign_keys::MERGED;
use crate::import::merge::redirect;
use crate::import::passes::{At, Fate, ImportAttempt};
use crate::import::record::{Ref, Rows};
use crate::import::report::Updated;
use crate::import::source::Record;
use crate::import::validate::builder::{Mistake, word};
use crate::import::{derive, index, row_writer, temp_tables};

/// What authors of articles of a feed are counted as that are no actors.
const MERE_NAMES: &str = "authors of articles that are names and no ids of actors";

impl ImportAttempt<'_> {
    /// The second reading: resolves references and writes rows.
    pub(crate) async fn write(&mut self, batch: Vec<(At, Record)>) -> Result<()> {
        let dataset = self.dataset()?.clone();
        let (mut wanted, mut keys): (Vec<Ref>, HashSet<String>) = (Vec::new(), HashSet::new());
        // What the first reading found wrong with a record, it said.
        let mut said: HashSet<(u64, String, String)> = HashSet::new();
        for (at, record) in &batch {
            keys.extend(record.entries.iter().map(|entry| entry.key.clone()));
            wanted.extend(record.wanted.iter().cloned());
            let mistakes = record.mistakes.iter().cloned();
            said.extend(mistakes.map(|mistake| (at.line, mistake.pointer, mistake.message)));
        }
        let (mut known, digests) = self.resolve(&dataset.key, wanted, keys).await?;
        known.of_feed = batch.first().is_some_and(|(at, _)| self.sources[at.file].feed.is_some());

        let (mut rows, mut tops) = (Rows::default(), Vec::new());
        let (mut authors, mut abouts) = (Vec::new(), Vec::new());
        let mut kept: HashSet<i64> = HashSet::new();
        let mut pointers: HashMap<i64, (usize, String)> = HashMap::new();
        for (at, record) in batch {
            let entries = &record.entries;
            let Some(top) = known.keys.get(&(dataset.key.clone(), record.key.clone())) else { continue };
            let kind = entries.first().map_or_else(|| word(top.kind), |entry| word(entry.kind));
            let wrong = self.is_wrong(at);
            let new = top.id.0 >= self.fresh || !top.written;
            let stored = digests.get(&record.key).and_then(Option::as_ref).filter(|_| !new);
            let stays = self.sources[at.file].feed.as_ref().is_some_and(|feed| feed.is_shared(at.line));
            if !wrong && stored.is_some_and(|digest| stays || *digest == record.digest) {
                self.report.count(&kind).unchanged += 1;
                continue;
            }
            let ids: Vec<RecordId> = entries
                .iter()
                .filter_map(|entry| known.keys.get(&(dataset.key.clone(), entry.key.clone())).map(|named| named.id))
                .collect();
            let (built, builder) = record.build(&dataset.key, Some(&known), &ids);
            if builder.mere_names > 0 {
                *self.report.unmapped.entry(MERE_NAMES.to_owned()).or_default() += builder.mere_names;
            }
            if wrong || !builder.mistakes.is_empty() {
                for mistake in builder.mistakes {
                    if !said.contains(&(at.line, mistake.pointer.clone(), mistake.message.clone())) {
                        self.problem(at, Some(&kind), Some(&record.key), mistake);
                    }
                }
                continue;
            }
            for (id, entry) in ids.iter().zip(entries) {
                kept.insert(id.0);
                pointers.insert(id.0, (tops.len(), entry.pointer.clone()));
            }
            built.into_iter().for_each(|row| rows.push(row));
            authors.extend(builder.authors);
            abouts.extend(builder.abouts);
            tops.push(Top {
                at,
                id: top.id,
                kind: top.kind,
                word: kind,
                new,
                key: record.key.clone(),
                digest: record.digest.clone(),
                fields: Vec::new(),
                before: Vec::new(),
                after: Vec::new(),
            });
        }
        if self.redirects {
            let known: Vec<i64> = kept.iter().copied().filter(|id| *id < self.fresh).collect();
            redirect::restore(self.transaction, &known).await?;
        }
        self.write_tops(dataset.id, rows, tops, &kept, &pointers, authors, abouts).await
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one batch, used once")]
    async fn write_tops(
        &mut self,
        dataset: DatasetId,
        mut rows: Rows,
        mut tops: Vec<Top>,
        kept: &HashSet<i64>,
        pointers: &HashMap<i64, (usize, String)>,
        authors: Vec<(ArticleId, ActorId)>,
        abouts: Vec<(StatementId, RecordId, RecordKind)>,
    ) -> Result<()> {
        self.slugs(&mut rows, &tops, pointers).await?;
        let known: Vec<i64> = tops.iter().filter(|top| !top.new).map(|top| top.id.0).collect();
        if !known.is_empty() {
            self.take_out_parts(&known, kept, &mut tops).await?;
        }
        let articles: Vec<i64> =
            rows.article.iter().map(|article| article.id.0).filter(|id| *id < self.fresh).collect();
        let statements: Vec<i64> =
            rows.statement.iter().map(|statement| statement.id.0).filter(|id| *id < self.fresh).collect();
        for difference in row_writer::rows(self.transaction, rows, self.fresh).await? {
            if let Some((top, pointer)) = pointers.get(&difference.id) {
                let top = &mut tops[*top];
                for column in &difference.columns {
                    top.fields.push(if pointer.is_empty() { column.clone() } else { format!("{pointer}/{column}") });
                }
                let kind = word(difference.kind);
                top.before.push(serde_json::json!({ "kind": kind, "row": difference.before }));
                top.after.push(serde_json::json!({ "kind": kind, "row": difference.after }));
            }
        }
        for id in kept.iter().filter(|id| **id >= self.fresh) {
            if let Some((top, pointer)) = pointers.get(id)
                && !tops[*top].new
            {
                tops[*top].fields.push(pointer.clone());
            }
        }
        self.join_tables(&articles, authors, &statements, abouts, &mut tops, pointers).await?;
        self.note_written(kept).await?;
        // The digest of a new record was registered with its key.
        let known: Vec<_> = tops.iter().filter(|top| top.id.0 < self.fresh).collect();
        let is_known = !known.is_empty();
        let digests = known.into_iter().map(|top| record::Model {
            id: top.id,
            dataset_id: dataset,
            key: top.key.clone(),
            kind: top.kind,
            owner_id: None,
            digest: Some(top.digest.clone()),
            same_as_id: None,
        });
        if is_known {
            record::Entity::insert_many(digests.map(IntoActiveModel::into_active_model))
                .on_conflict(OnConflict::column(record::Column::Id).update_column(record::Column::Digest).to_owned())
                .exec_without_returning(self.transaction)
                .await?;
        }
        self.log(tops).await
    }

    /// Counts what became of each record and writes the log.
    async fn log(&mut self, tops: Vec<Top>) -> Result<()> {
        let mut changes = Vec::new();
        for mut top in tops {
            let fate = match (top.new, top.fields.is_empty()) {
                (true, _) => Fate::Created,
                (false, false) => Fate::Updated,
                (false, true) => Fate::Unchanged,
            };
            fate.count(self.report.count(&top.word));
            let operation = match fate {
                Fate::Created => Operation::Create,
                Fate::Updated => Operation::Update,
                Fate::Unchanged => continue,
            };
            let json = |rows: Vec<serde_json::Value>| {
                (operation == Operation::Update).then(|| serde_json::Value::Array(rows).to_string())
            };
            changes.push(change::Model {
                id: self.next_change.into(),
                at: self.at,
                by: self.options.by.clone(),
                batch: self.batch.clone(),
                kind: top.kind,
                record_id: top.id,
                operation,
                before: json(std::mem::take(&mut top.before)),
                after: json(std::mem::take(&mut top.after)),
            });
            self.next_change += 1;
            if operation == Operation::Update {
                top.fields.sort();
                self.report.update(Updated {
                    file: self.sources[top.at.file].name.clone(),
                    line: self.sources[top.at.file].raw_line(top.at.line),
                    key: top.key,
                    fields: top.fields,
                });
            }
        }
        row_writer::insert::<change::Entity>(self.transaction, changes).await
    }

    /// Takes out the parts that known records no longer have, and notes what depended on them.
    async fn take_out_parts(&mut self, known: &[i64], kept: &HashSet<i64>, tops: &mut [Top]) -> Result<()> {
        let parts = record::Entity::find()
            .filter(
                self.dialect
                    .is_one_of(Expr::col((record::Entity, record::Column::OwnerId)), self.dialect.numbers(known)),
            )
            .all(self.transaction)
            .await?;
        let listed =
            known.iter().map(i64::to_string).chain(parts.iter().map(|part| part.id.0.to_string())).collect::<Vec<_>>();
        for ids in listed.chunks(1000) {
            let ids = ids.join(", ");
            derive::note(self.transaction, &ids).await?;
            index::note(self.transaction, &ids).await?;
        }
        let gone: Vec<_> = parts.into_iter().filter(|part| !kept.contains(&part.id.0)).collect();
        for part in &gone {
            if let Some(top) = tops.iter_mut().find(|top| Some(top.id) == part.owner_id) {
                top.fields.push(part.key.strip_prefix(&format!("{}#", top.key)).unwrap_or(&part.key).to_owned());
                top.before.push(serde_json::json!({ "kind": word(part.kind), "key": part.key }));
            }
        }
        let ids: Vec<i64> = gone.iter().map(|part| part.id.0).collect();
        if !ids.is_empty() {
            record::Entity::delete_many()
                .filter(
                    self.dialect.is_one_of(Expr::col((record::Entity, record::Column::Id)), self.dialect.numbers(&ids)),
                )
                .exec(self.transaction)
                .await?;
        }
        Ok(())
    }

    /// Authors of articles and subjects of statements: replaced where the article or statement was known.
    async fn join_tables(
        &mut self,
        articles: &[i64],
        authors: Vec<(ArticleId, ActorId)>,
        statements: &[i64],
        abouts: Vec<(StatementId, RecordId, RecordKind)>,
        tops: &mut [Top],
        pointers: &HashMap<i64, (usize, String)>,
    ) -> Result<()> {
        let mut ordinals: HashMap<ArticleId, i32> = HashMap::new();
        let authors: Vec<_> = authors
            .into_iter()
            .map(|(article_id, actor_id)| {
                let ordinal = ordinals.entry(article_id).or_insert(-1);
                *ordinal += 1;
                article_author::Model { article_id, ordinal: *ordinal, actor_id }
            })
            .collect();
        let mut seen = HashSet::new();
        let abouts: Vec<_> = abouts
            .into_iter()
            .filter(|(statement, target, _)| seen.insert((*statement, *target)))
            .map(|(statement_id, target_id, target_kind)| statement_about::Model {
                statement_id,
                target_id,
                target_kind,
            })
            .collect();
        let mut changed = |id: i64, field: &str| {
            if let Some((top, _)) = pointers.get(&id) {
                tops[*top].fields.push(field.to_owned());
            }
        };
        if !articles.is_empty() {
            let of_known = self.dialect.is_one_of(
                Expr::col((article_author::Entity, article_author::Column::ArticleId)),
                self.dialect.numbers(articles),
            );
            let before: HashSet<_> = article_author::Entity::find()
                .filter(of_known.clone())
                .all(self.transaction)
                .await?
                .into_iter()
                .map(|row| (row.article_id.0, row.ordinal, row.actor_id))
                .collect();
            let after: HashSet<_> = authors
                .iter()
                .filter(|row| articles.contains(&row.article_id.0))
                .map(|row| (row.article_id.0, row.ordinal, row.actor_id))
                .collect();
            before
                .symmetric_difference(&after)
                .map(|row| row.0)
                .collect::<HashSet<_>>()
                .into_iter()
                .for_each(|id| changed(id, "authors"));
            article_author::Entity::delete_many().filter(of_known).exec(self.transaction).await?;
        }
        if !statements.is_empty() {
            let of_known = self.dialect.is_one_of(
                Expr::col((statement_about::Entity, statement_about::Column::StatementId)),
                self.dialect.numbers(statements),
            );
            let before: HashSet<_> = statement_about::Entity::find()
                .filter(of_known.clone())
                .all(self.transaction)
                .await?
                .into_iter()
                .map(|row| (row.statement_id.0, row.target_id))
                .collect();
            let after: HashSet<_> = abouts
                .iter()
                .filter(|row| statements.contains(&row.statement_id.0))
                .map(|row| (row.statement_id.0, row.target_id))
                .collect();
            before
                .symmetric_difference(&after)
                .map(|row| row.0)
                .collect::<HashSet<_>>()
                .into_iter()
                .for_each(|id| changed(id, "about"));
            statement_about::Entity::delete_many().filter(of_known).exec(self.transaction).await?;
        }
        row_writer::insert::<article_author::Entity>(self.transaction, authors).await?;
        row_writer::insert::<statement_about::Entity>(self.transaction, abouts).await
    }

    /// Notes which rows were written, for what is made from them at the end.
    async fn note_written(&self, ids: &HashSet<i64>) -> Result<()> {
        let target = Target { table: temp_tables::WRITTEN, columns: &["id"], conflict: "ON CONFLICT DO NOTHING" };
        insert(self.transaction, target, ids.iter().map(|id| vec![(*id).into()]).collect()).await
    }

    /// A slug is one thing's in its noun. A second one is a mistake, and is taken off so that the others of the batch can
    /// be written and judged.
    async fn slugs(&mut self, rows: &mut Rows, tops: &[Top], pointers: &HashMap<i64, (usize, String)>) -> Result<()> {
        let tables: [(&str, Vec<Slug<'_>>); 4] = [
            ("article", rows.article.iter_mut().map(|row| (row.id.0, &mut row.slug)).collect()),
            ("actor", rows.actor.iter_mut().map(|row| (row.id.0, &mut row.slug)).collect()),
            ("place", rows.place.iter_mut().map(|row| (row.id.0, &mut row.slug)).collect()),
            ("event", rows.event.iter_mut().map(|row| (row.id.0, &mut row.slug)).collect()),
        ];
        for (table, mut slugs) in tables {
            slugs.retain(|(_, slug)| slug.is_some());
            if slugs.is_empty() {
                continue;
            }
            let list = self.dialect.texts(slugs.iter().filter_map(|(_, slug)| slug.as_deref()));
            let mut owners: HashMap<String, i64> = HashMap::new();
            // What was judged to be another keeps its slug.
            let aside = MERGED.iter().any(|(_, merged)| *merged == table).then(|| format!("merged_{table}"));
            for stored in [Some(table.to_owned()), aside].into_iter().flatten() {
                let is_one = self.dialect.is_one_of(Expr::col("slug"), list.clone());
                let query = Query::select().columns(["id", "slug"]).from(stored).and_where(is_one).take();
                for row in self.transaction.query_all(&query).await? {
                    owners.insert(row.try_get("", "slug")?, row.try_get("", "id")?);
                }
            }
            for (id, slug) in slugs {
                let owner = slug.as_ref().map(|slug| *owners.entry(slug.clone()).or_insert(id));
                if owner == Some(id) {
                    continue;
                }
                if let (Some(slug), Some((top, pointer))) = (slug.take(), pointers.get(&id)) {
                    let top = &tops[*top];
                    let mistake = Mistake {
                        pointer: format!("{pointer}/slug"),
                        message: format!("`{slug}` is already the slug of another {table}"),
                        suggestion: Some("choose another slug".into()),
                    };
                    self.problem(top.at, Some(&top.word.clone()), Some(&top.key.clone()), mistake);
                }
            }
        }
        Ok(())
    }
}

/// A row's number and its slug.
type Slug<'r> = (i64, &'r mut Option<String>);

/// A record of a batch while it is written.
struct Top {
    at: At,
    id: RecordId,
    kind: RecordKind,
    word: String,
    new: bool,
    key: String,
    digest: String,
    fields: Vec<String>,
    before: Vec<serde_json::Value>,
    after: Vec<serde_json::Value>,
}
