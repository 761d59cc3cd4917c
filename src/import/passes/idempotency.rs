//! Writes that may be asked for twice, and writes that rely on what their writer has seen.

use std::collections::HashMap;

use entity::id::DatasetId;
use entity::request::{self, Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait, Func, JoinType, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter};

use crate::db::{Dialect, now};
use crate::error::{Error, Result};
use crate::import::passes::{Options, Report};

/// For how long a write is remembered.
const REMEMBERED: i64 = 7 * 24 * 60 * 60;

/// What a write is called by its writer, and what it is to write.
#[derive(Clone, Debug)]
pub struct Once {
    /// The writer's key of it.
    pub key: String,
    /// A digest of all that is to be written, and how.
    pub digest: String,
}

/// A record as its writer has seen it.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Its key, in the dataset of the write.
    pub key: String,
    /// The number of its last change; none when there was no such record.
    pub version: Option<i64>,
}

/// What was answered when this write was done before.
pub(crate) async fn answered(transaction: &DatabaseTransaction, options: &Options) -> Result<Option<Report>> {
    let Some(once) = &options.once else { return Ok(None) };
    let same = Entity::find().filter(Column::By.eq(&options.by)).filter(Column::Key.eq(&once.key));
    let Some(before) = same.one(transaction).await? else { return Ok(None) };
    if before.digest != once.digest {
        return Err(Error::Conflict(format!(
            "Another write was called `{}` before: call this one by a key of its own",
            once.key
        )));
    }
    serde_json::from_str(&before.report).map(Some).map_err(|error| Error::Broken(error.to_string()))
}

/// Keeps the answer of a write, and forgets old ones.
pub(crate) async fn remember(transaction: &DatabaseTransaction, options: &Options, report: &Report) -> Result<()> {
    let Some(once) = &options.once else { return Ok(()) };
    let row = request::Model {
        by: options.by.clone(),
        key: once.key.clone(),
        at: now(),
        digest: once.digest.clone(),
        report: serde_json::to_string(report).map_err(|error| Error::Broken(error.to_string()))?,
    };
    Entity::delete_many().filter(Column::At.lt(now() - REMEMBERED)).exec(transaction).await?;
    Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
    Ok(())
}

/// Refuses a write whose writer has not seen the last change of a record.
pub(crate) async fn unchanged(
    transaction: &DatabaseTransaction,
    dataset: DatasetId,
    all_expected: &[Expected],
) -> Result<()> {
    if all_expected.is_empty() {
        return Ok(());
    }
    let dialect = Dialect(transaction.get_database_backend());
    let list = dialect.texts(all_expected.iter().map(|one| one.key.as_str()));
    let select = Query::select()
        .expr_as(Expr::col(("record", "key")), "key")
        .expr_as(Func::max(Expr::col(("change", "id"))), "version")
        .from("record")
        .join(JoinType::InnerJoin, "change", Expr::col(("change", "record_id")).equals(("record", "id")))
        .and_where(Expr::col(("record", "dataset_id")).eq(dataset.0))
        .and_where(dialect.is_one_of(Expr::col(("record", "key")), list))
        .group_by_col(("record", "key"))
        .take();
    let mut stored = HashMap::new();
    for row in transaction.query_all(&select).await? {
        stored.insert(row.try_get::<String>("", "key")?, row.try_get::<i64>("", "version")?);
    }
    for expected in all_expected {
        let found = stored.get(&expected.key).copied();
        if found != expected.version {
            let what = match (found, expected.version) {
                (None, _) => "is not there",
                (Some(_), None) => "is there already",
                _ => "was changed meanwhile",
            };
            let key = &expected.key;
            return Err(Error::Conflict(format!("`{key}` {what}: read it again, and write on top of that")));
        }
    }
    Ok(())
}
