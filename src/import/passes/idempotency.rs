//! Idempotency keys (a repeated write returns its first report) and expected versions (optimistic concurrency control).

use std::collections::HashMap;

use entity::id::DatasetId;
use entity::request::{self, Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait, Func, JoinType, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter};

use crate::db::{Dialect, now};
use crate::error::{Error, Result};
use crate::import::passes::Options;
use crate::import::report::Report;

/// The time for which the report of a write is stored, in seconds: 7 days.
const STORED_SECONDS: i64 = 7 * 24 * 60 * 60;

/// The client's key of a write.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    /// The key, unique among the writes of one user.
    pub key: String,
    /// A digest of the records and options of the write. The same key with another digest is a conflict.
    pub digest: String,
}

/// The version of a record that a writer has read.
#[derive(Clone, Debug)]
pub struct RecordVersion {
    /// The key of the record, in the dataset that is written to.
    pub key: String,
    /// The id of its last change; none if the record must not exist.
    pub version: Option<i64>,
}

/// Returns the report of an earlier write with the same idempotency key. Errors: `Conflict` if that was another write.
pub(crate) async fn stored_report(transaction: &DatabaseTransaction, options: &Options) -> Result<Option<Report>> {
    let Some(idempotency) = &options.idempotency else { return Ok(None) };
    let same = Entity::find().filter(Column::By.eq(&options.by)).filter(Column::Key.eq(&idempotency.key));
    let Some(before) = same.one(transaction).await? else { return Ok(None) };
    if before.digest != idempotency.digest {
        return Err(Error::Conflict(format!(
            "The idempotency key `{}` was used for another write: use a new key",
            idempotency.key
        )));
    }
    serde_json::from_str(&before.report).map(Some).map_err(|error| Error::Internal(error.to_string()))
}

/// Stores the report of a write, and deletes old ones.
pub(crate) async fn store_report(transaction: &DatabaseTransaction, options: &Options, report: &Report) -> Result<()> {
    let Some(idempotency) = &options.idempotency else { return Ok(()) };
    let row = request::Model {
        by: options.by.clone(),
        key: idempotency.key.clone(),
        at: now(),
        digest: idempotency.digest.clone(),
        report: serde_json::to_string(report).map_err(|error| Error::Internal(error.to_string()))?,
    };
    Entity::delete_many().filter(Column::At.lt(now() - STORED_SECONDS)).exec(transaction).await?;
    Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
    Ok(())
}

/// Checks that records have the versions that the writer expects. Errors: `Conflict`.
pub(crate) async fn check_versions(
    transaction: &DatabaseTransaction,
    dataset: DatasetId,
    all_expected: &[RecordVersion],
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
                (None, _) => "does not exist",
                (Some(_), None) => "already exists",
                _ => "was changed since you read it",
            };
            let key = &expected.key;
            return Err(Error::Conflict(format!("`{key}` {what}: read it again and repeat the write")));
        }
    }
    Ok(())
}
