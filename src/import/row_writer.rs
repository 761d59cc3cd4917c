//! Writes rows of all node types: new rows in bulk, known rows only if they differ from the stored ones.

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

/// The maximum number of bound values of a statement. SQLite allows 32,766, PostgreSQL 65,535.
const MAX_VALUES: usize = 30_000;

/// Derived columns. They are computed from other rows, so they are not compared.
pub(crate) const DERIVED: &[&str] =
    &["standing", "implied", "current", "voice", "voice_id", "position", "band", "x", "y", "z"];

/// A row that was overwritten: its old and new values, and the columns that differ.
pub(crate) struct Difference {
    pub(crate) id: i64,
    pub(crate) kind: RecordKind,
    pub(crate) columns: Vec<String>,
    pub(crate) before: Value,
    pub(crate) after: Value,
}

/// Writes all rows of a batch. Rows with ids from `first_new_id` on are new. Returns the known rows that differed.
pub(crate) async fn rows(transaction: &DatabaseTransaction, rows: Rows, first_new_id: i64) -> Result<Vec<Difference>> {
    let mut all = Vec::new();
    macro_rules! write {
        ($($(#[doc = $doc:literal])+ $kind:ident $module:ident,)+) => {$(
            all.extend(write_type::<entity::$module::Entity>(transaction, RecordKind::$kind, rows.$module, first_new_id).await?);
        )+};
    }
    entity::for_each_record_kind!(write);
    Ok(all)
}

/// Returns the stored rows with the given ids, of all node types, as JSON.
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

/// Writes the rows of one node type.
async fn write_type<E>(
    transaction: &DatabaseTransaction,
    kind: RecordKind,
    models: Vec<E::Model>,
    first_new_id: i64,
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
    let (new, known): (Vec<_>, Vec<_>) = models.into_iter().partition(|model| id(model) >= first_new_id);
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
            // It is registered but has no row: its record was rejected before.
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
    for rows in chunks::<E>(changed) {
        let mut conflict = OnConflict::column(key);
        conflict.update_columns(E::Column::iter().filter(|column| column.as_str() != key.as_str()));
        E::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model))
            .on_conflict(conflict)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(differences)
}

/// Inserts new rows.
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

/// Splits rows so that the columns of each chunk can be bound in one statement.
fn chunks<E: EntityTrait>(models: Vec<E::Model>) -> Vec<Vec<E::Model>> {
    let rows = MAX_VALUES / E::Column::iter().count().max(1);
    let mut chunks = Vec::new();
    let mut models = models.into_iter().peekable();
    while models.peek().is_some() {
        chunks.push(models.by_ref().take(rows).collect());
    }
    chunks
}

fn json<M: Serialize>(model: &M) -> Value {
    serde_json::to_value(model).unwrap_or(Value::Null)
}
