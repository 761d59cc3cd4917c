//! Reads rows with merges undone, as they were imported.
//!
//! A merge moves references from the merged entity to the surviving one, and moves the row of the merged entity to a
//! table `merged_*`. The table `redirect` remembers the original references (see `import::merge::redirect`). An
//! export of records contains the rows before merges, and the merges as records of their own.

use std::collections::HashMap;

use entity::record::RecordKind;
use entity::row::FromRow;
use entity::{article_author, statement_about};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ActiveModelTrait, EntityTrait, IdenStatic, IntoActiveModel, Iterable, ModelTrait, PrimaryKeyToColumn, TryIntoModel,
};

use crate::error::Result;
use crate::export::snapshot_reader::SnapshotReader;

/// The original values of references that a merge changed, by the id of the row they are in.
#[derive(Default)]
pub(super) struct OriginalReferences(HashMap<i64, Vec<OriginalReference>>);

struct OriginalReference {
    /// The column, as `table.column`.
    column: String,
    /// The position of an author in the byline; 0 for other references.
    ordinal: i32,
    /// The id that the reference had.
    id: i64,
}

/// References that are in join tables.
const AUTHOR: &str = "article_author.actor_id";
const ABOUT: &str = "statement_about.target_id";

impl SnapshotReader {
    /// Returns the original references of the rows with these ids.
    pub(super) async fn original_references(&mut self, ids: &[i64]) -> Result<OriginalReferences> {
        let select = Query::select()
            .columns(["row_id", "reference", "ordinal", "original_id"])
            .from("redirect")
            .and_where(self.is_one_of(Expr::col("row_id"), ids))
            .take();
        let mut originals = OriginalReferences::default();
        for row in self.rows(&select).await?.iter() {
            originals.0.entry(row.get("row_id")?).or_default().push(OriginalReference {
                column: row.get("reference")?,
                ordinal: row.get("ordinal")?,
                id: row.get("original_id")?,
            });
        }
        Ok(originals)
    }

    /// Returns the rows of a node type with these ids, as they were before merges, in the order of their ids.
    pub(super) async fn unmerged_rows<E>(
        &mut self,
        kind: RecordKind,
        ids: &[i64],
        originals: &OriginalReferences,
    ) -> Result<Vec<E::Model>>
    where
        E: EntityTrait,
        E::Model: FromRow + IntoActiveModel<E::ActiveModel>,
        E::ActiveModel: ActiveModelTrait<Entity = E> + TryIntoModel<E::Model> + Send,
    {
        let Some(key) = E::PrimaryKey::iter().next().map(PrimaryKeyToColumn::into_column) else {
            return Ok(Vec::new());
        };
        let id = |model: &E::Model| match model.get(key) {
            sea_orm::Value::BigInt(Some(id)) => id,
            _ => 0,
        };
        let mut rows = self.find_by::<E>(key, ids).await?;
        if rows.len() < ids.len() && kind.is_mergeable() {
            // Merged entities are in a table of their own.
            let merged_table = format!("merged_{}", kind.table());
            let mut select = Query::select();
            for column in E::Column::iter() {
                select.column(column.as_str().to_owned());
            }
            select.from(merged_table).and_where(self.is_one_of(Expr::col("id"), ids));
            rows.extend(self.models::<E>(&select).await?);
            rows.sort_by_key(id);
        }
        for row in &mut rows {
            let Some(references) = originals.0.get(&id(row)) else { continue };
            let mut active = row.clone().into_active_model();
            for original in references {
                let of_row = |column: &E::Column| format!("{}.{}", kind.table(), column.as_str()) == original.column;
                if let Some(column) = E::Column::iter().find(of_row) {
                    active.set(column, sea_orm::Value::BigInt(Some(original.id)));
                }
            }
            *row = active.try_into_model()?;
        }
        Ok(rows)
    }
}

impl OriginalReferences {
    /// Returns the authors of articles as they were before merges.
    pub(super) fn unmerged_authors(&self, mut rows: Vec<article_author::Model>) -> Vec<article_author::Model> {
        for row in &mut rows {
            let is_this_row = |one: &&OriginalReference| one.column == AUTHOR && one.ordinal == row.ordinal;
            if let Some(original) = self.0.get(&row.article_id.0).and_then(|all| all.iter().find(is_this_row)) {
                row.actor_id.0 = original.id;
            }
        }
        rows
    }

    /// Returns the subjects of statements as they were before merges. If a merge changed one of them, the table
    /// `redirect` remembers all subjects of that statement.
    pub(super) fn unmerged_abouts(&self, mut rows: Vec<statement_about::Model>) -> Vec<statement_about::Model> {
        let remembered = |statement: i64| {
            self.0.get(&statement).into_iter().flatten().filter(|one| one.column == ABOUT).map(|one| one.id)
        };
        let mut all: Vec<statement_about::Model> = Vec::new();
        rows.sort_by_key(|row| row.statement_id.0);
        for of_statement in rows.chunk_by(|left, right| left.statement_id == right.statement_id) {
            let Some(first) = of_statement.first() else { continue };
            let mut originals = remembered(first.statement_id.0).peekable();
            if originals.peek().is_none() {
                all.extend(of_statement.iter().cloned());
            } else {
                all.extend(originals.map(|id| {
                    let mut row = first.clone();
                    row.target_id.0 = id;
                    row
                }));
            }
        }
        all
    }
}
