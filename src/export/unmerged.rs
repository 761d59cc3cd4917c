//! Rows as they were written, whatever was judged since: judgements are records of their own (see `import::redirect`).

use std::collections::HashMap;

use entity::record::RecordKind;
use entity::row::FromRow;
use entity::{article_author, statement_about};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ActiveModelTrait, EntityTrait, IdenStatic, IntoActiveModel, Iterable, ModelTrait, PrimaryKeyToColumn, TryIntoModel,
};

use crate::error::Result;
use crate::export::source::Source;

/// What columns of rows were written as, where that was judged to be another: by row, then table and column.
#[derive(Default)]
pub(crate) struct Originals(HashMap<i64, Vec<Original>>);

struct Original {
    /// `table.column`.
    reference: String,
    ordinal: i32,
    id: i64,
}

/// The tables of ties.
const AUTHOR: &str = "article_author.actor_id";
const ABOUT: &str = "statement_about.target_id";

impl Source {
    /// What columns of these rows were written as.
    pub(crate) async fn originals(&mut self, rows: &[i64]) -> Result<Originals> {
        let select = Query::select()
            .columns(["row_id", "reference", "ordinal", "original_id"])
            .from("redirect")
            .and_where(self.one_of(Expr::col("row_id"), rows))
            .take();
        let mut originals = Originals::default();
        for row in self.rows(&select).await? {
            originals.0.entry(row.try_get("", "row_id")?).or_default().push(Original {
                reference: row.try_get("", "reference")?,
                ordinal: row.try_get("", "ordinal")?,
                id: row.try_get("", "original_id")?,
            });
        }
        Ok(originals)
    }

    /// The rows of a noun with these numbers, as they were written, in the order of their numbers.
    pub(crate) async fn written<E>(
        &mut self,
        kind: RecordKind,
        numbers: &[i64],
        originals: &Originals,
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
        let mut rows = self.by::<E>(key, numbers).await?;
        if rows.len() < numbers.len()
            && matches!(kind, RecordKind::Actor | RecordKind::Place | RecordKind::Event | RecordKind::Claim)
        {
            // What was judged to be another lies aside, as it was written.
            let aside = format!("merged_{}", kind.table());
            let mut select = Query::select();
            for column in E::Column::iter() {
                select.column(column.as_str().to_owned());
            }
            select.from(aside).and_where(self.one_of(Expr::col("id"), numbers));
            rows.extend(self.models::<E>(&select).await?);
            rows.sort_by_key(id);
        }
        for row in &mut rows {
            let Some(all) = originals.0.get(&id(row)) else { continue };
            let mut active = row.clone().into_active_model();
            for original in all {
                let of_row = |column: &E::Column| format!("{}.{}", kind.table(), column.as_str()) == original.reference;
                if let Some(column) = E::Column::iter().find(of_row) {
                    active.set(column, sea_orm::Value::BigInt(Some(original.id)));
                }
            }
            *row = active.try_into_model()?;
        }
        Ok(rows)
    }
}

impl Originals {
    /// Who wrote articles, as their records say.
    pub(crate) fn authors(&self, mut rows: Vec<article_author::Model>) -> Vec<article_author::Model> {
        for row in &mut rows {
            let of_row = |one: &&Original| one.reference == AUTHOR && one.ordinal == row.ordinal;
            if let Some(original) = self.0.get(&row.article_id.0).and_then(|all| all.iter().find(of_row)) {
                row.actor_id.0 = original.id;
            }
        }
        rows
    }

    /// What statements are about, as their records say: all that one is about is remembered, or nothing.
    pub(crate) fn abouts(&self, mut rows: Vec<statement_about::Model>) -> Vec<statement_about::Model> {
        let remembered = |statement: i64| {
            self.0.get(&statement).into_iter().flatten().filter(|one| one.reference == ABOUT).map(|one| one.id)
        };
        let mut all: Vec<statement_about::Model> = Vec::new();
        rows.sort_by_key(|row| row.statement_id.0);
        for of_one in rows.chunk_by(|left, right| left.statement_id == right.statement_id) {
            let Some(first) = of_one.first() else { continue };
            let mut originals = remembered(first.statement_id.0).peekable();
            if originals.peek().is_none() {
                all.extend(of_one.iter().cloned());
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
