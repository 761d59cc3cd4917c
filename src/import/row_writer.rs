//! Writes rows of any noun: new ones by many a statement, known ones only where they differ.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IdenStatic, IntoActiveModel, Iterable,
    ModelTrait, PrimaryKeyToColumn, QueryFilter,
};
use serde::Serialize;
use serde_json::Value;

use crate::db::Dialect;
use crate::db::bulk_insert;
use crate::db::bulk_insert::Target;
use crate::error::Result;
use crate::import::record::Rows;
use entity::record::RecordKind;

/// SQLite takes 32,766 bound values a statement, PostgreSQL 65,535.
const MOST_VALUES: usize = 30_000;

/// Columns that the writer computes from other rows: no difference of a record.
pub(crate) const DERIVED: &[&str] =
    &["standing", "implied", "current", "voice", "voice_id", "position", "band", "x", "y", "z"];

/// A row that was written over: what it was, what it is, and which columns differ.
pub(crate) struct Difference {
    pub(crate) id: i64,
    pub(crate) kind: RecordKind,
    pub(crate) columns: Vec<String>,
    pub(crate) before: Value,
    pub(crate) after: Value,
}

/// Writes all rows of a batch. Ids from `fresh` on are new.
pub(crate) async fn rows(transaction: &DatabaseTransaction, rows: Rows, fresh: i64) -> Result<Vec<Difference>> {
    let mut all = Vec::new();
    macro_rules! write {
        ($($(#[doc = $doc:literal])+ $kind:ident $module:ident,)+) => {$(
            all.extend(noun::<entity::$module::Entity>(transaction, RecordKind::$kind, rows.$module, fresh).await?);
        )+};
    }
    entity::for_each_record_kind!(write);
    Ok(all)
}

/// What is stored of these numbers, of any noun.
pub(crate) async fn stored(transaction: &DatabaseTransaction, ids: &[i64]) -> Result<Vec<(i64, RecordKind, Value)>> {
    let dialect = Dialect(transaction.get_database_backend());
    let mut all = Vec::new();
    macro_rules! read {
        ($($(#[doc = $doc:literal])+ $kind:ident $module:ident,)+) => {$(
            let id = Expr::col((entity::$module::Entity, entity::$module::Column::Id));
            let rows = entity::$module::Entity::find().filter(dialect.is_one_of(id, dialect.numbers(ids)));
            for row in rows.all(transaction).await? {
                all.push((row.id.0, RecordKind::$kind, json(&row)));
            }
        )+};
    }
    entity::for_each_record_kind!(read);
    Ok(all)
}

async fn noun<E>(
    transaction: &DatabaseTransaction,
    kind: RecordKind,
    models: Vec<E::Model>,
    fresh: i64,
) -> Result<Vec<Difference>>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel> + Serialize,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
{
    let id = |model: &E::Model| match E::PrimaryKey::iter().next().map(|key| model.get(key.into_column())) {
        Some(sea_orm::Value::BigInt(Some(id))) => id,
        _ => 0,
    };
    let (new, known): (Vec<_>, Vec<_>) = models.into_iter().partition(|model| id(model) >= fresh);
    insert::<E>(transaction, new).await?;
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let Some(key) = E::PrimaryKey::iter().next().map(PrimaryKeyToColumn::into_column) else { return Ok(Vec::new()) };
    let dialect = Dialect(transaction.get_database_backend());
    let ids: Vec<i64> = known.iter().map(id).collect();
    let stored = E::find()
        .filter(dialect.is_one_of(Expr::col((E::default(), key)), dialect.numbers(&ids)))
        .all(transaction)
        .await?;
    let mut before: HashMap<i64, Value> = HashMap::new();
    for model in &stored {
        before.insert(id(model), json(model));
    }
    let mut differences = Vec::new();
    let (mut changed, mut missing) = (Vec::new(), Vec::new());
    for model in known {
        let after = json(&model);
        let Some(before) = before.remove(&id(&model)) else {
            // Registered before and never written, or its part was taken out and comes back.
            missing.push(model);
            continue;
        };
        let columns: Vec<String> = after
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(column, value)| {
                !DERIVED.contains(&column.as_str()) && before.get(column.as_str()) != Some(*value)
            })
            .map(|(column, _)| column.clone())
            .collect();
        if !columns.is_empty() {
            differences.push(Difference { id: id(&model), kind, columns, before, after });
            changed.push(model);
        }
    }
    insert::<E>(transaction, missing).await?;
    for part in pieces::<E>(changed) {
        let mut conflict = OnConflict::column(key);
        conflict.update_columns(E::Column::iter().filter(|column| column.as_str() != key.as_str()));
        E::insert_many(part.into_iter().map(IntoActiveModel::into_active_model))
            .on_conflict(conflict)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(differences)
}

/// Inserts rows.
pub(crate) async fn insert<E>(transaction: &DatabaseTransaction, models: Vec<E::Model>) -> Result<()>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
{
    let columns: Vec<E::Column> = E::Column::iter().collect();
    let row = |model: E::Model| {
        let mut model = model.into_active_model();
        columns.iter().filter_map(|column| model.take(*column).into_value()).collect()
    };
    let rows = models.into_iter().map(row).collect();
    let names: Vec<&str> = columns.iter().map(IdenStatic::as_str).collect();
    let entity = E::default();
    bulk_insert::insert(transaction, Target { table: entity.table_name(), columns: &names, conflict: "" }, rows).await
}

fn pieces<E: EntityTrait>(models: Vec<E::Model>) -> Vec<Vec<E::Model>> {
    let most = MOST_VALUES / E::Column::iter().count().max(1);
    let mut pieces = Vec::new();
    let mut models = models.into_iter().peekable();
    while models.peek().is_some() {
        pieces.push(models.by_ref().take(most).collect());
    }
    pieces
}

fn json<M: Serialize>(model: &M) -> Value {
    serde_json::to_value(model).unwrap_or(Value::Null)
}
