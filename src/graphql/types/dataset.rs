//! Datasets, and the provenance of nodes: the record that each was imported from.

use async_graphql::{ComplexObject, Context, Enum, ID, Object, SimpleObject};
use entity::row::{ColumnMask, FromRow};
use sea_orm::sea_query::{Expr, ExprTrait, Func, JoinType, Query};
use sea_orm::{EntityTrait, Iterable};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::OnceCell;

use crate::error::Error;
use crate::graphql::connection::facets::{FacetValues, NodeFacet};
use crate::graphql::connection::order_by::order;
use crate::graphql::filter::{StringFilter, filter};
use crate::graphql::loading::batch::{Batch, Row};
use crate::graphql::loading::node_type::node_type;
use crate::graphql::loading::session::{SharedError, session};
use crate::graphql::plan::computed::{Call, FunctionFuture};
use crate::graphql::plan::noun::planned;
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::node::NodeKind;
use entity::dataset::Column;

node_type!(Dataset of dataset, filter DatasetFilter, order DatasetOrderField, facet DatasetFacet);

planned! {
    Dataset of dataset as Dataset, lists [] {
        "key" Text Key,
        "title" Text Title,
        "license" Text License,
        "url" Text Url,
    }
}

/// A source of records, such as one data feed or one curated file.
#[Object]
impl Dataset {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> ID {
        NodeKind::Dataset.global(self.0.id.0)
    }

    /// Unique name of the dataset, used by imports and references.
    async fn key(&self) -> &str {
        &self.0.key
    }

    /// Title for display.
    async fn title(&self) -> Option<&String> {
        self.0.title.as_ref()
    }

    /// Terms of use of the dataset's records: an SPDX identifier if there is one.
    async fn license(&self) -> Option<&String> {
        self.0.license.as_ref()
    }

    /// Address at which the dataset is published.
    async fn url(&self) -> Option<&String> {
        self.0.url.as_ref()
    }
}

filter! {
    /// Filter for datasets.
    DatasetFilter of dataset {
        /// Unique name of the dataset; exact match, case-sensitive.
        key: StringFilter = column(Key);
    }
}

/// Facets of datasets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DatasetFacet {
    /// Terms of use.
    License,
}

impl NodeFacet for DatasetFacet {
    fn values(self) -> FacetValues {
        FacetValues::column(Column::License)
    }
}

order! {
    /// Sort keys for datasets.
    DatasetOrderField {
        /// The key, compared by code point.
        Key = Text (entity::dataset::Entity, Column::Key),
    }
}

root_fields! {
    DatasetQuery of Dataset {
        lists {
            /// Paginated list of datasets: the sources of records.
            datasets;
        }
    }
}

/// The provenance of a node: the imported record that it was created from.
#[derive(Clone, SimpleObject)]
#[graphql(name = "Provenance", complex)]
pub struct Record {
    /// Dataset of the record.
    pub dataset: Dataset,
    /// Key of the record, chosen by the importer; unique within the dataset, across all record types. A child record without
    /// its own key has the key of the enclosing record, followed by `#` and a JSON Pointer to the child.
    pub key: String,
    /// Id of the record; for a child record, of the record that contains it.
    #[graphql(skip)]
    top_level_id: i64,
    #[graphql(skip)]
    versions: Arc<Versions>,
}

/// The versions of records that were loaded together; read on first use.
struct Versions {
    record_ids: Vec<i64>,
    loaded: OnceCell<Result<HashMap<i64, i64>, SharedError>>,
}

/// The provenance of a node: the imported record that it was created from.
#[ComplexObject]
impl Record {
    /// Version of the record: the id of the last change of the record or its child records. Pass it to `importRecords` for
    /// optimistic locking: the write is then rejected if the record changed meanwhile.
    async fn version(&self, ctx: &Context<'_>) -> Option<Result<ID, SharedError>> {
        let loaded = self.versions.loaded.get_or_init(async || {
            let session = session(ctx)?;
            let dialect = session.dialect();
            let select = Query::select()
                .column("record_id")
                .expr_as(Func::max(Expr::col("id")), "version")
                .from("change")
                .and_where(dialect.is_one_of(Expr::col("record_id"), dialect.numbers(&self.versions.record_ids)))
                .group_by_col("record_id")
                .take();
            let rows = session.all(&select).await?;
            rows.iter().map(|row| Ok((row.get("record_id")?, row.get("version")?))).collect()
        });
        match loaded.await {
            Ok(versions) => versions.get(&self.top_level_id).map(|version| Ok(NodeKind::Change.global(*version))),
            Err(error) => Some(Err(error.clone())),
        }
    }
}

/// Finds the versions of records; that of a child record is the version of the record that contains it.
pub(crate) fn record_versions<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let dialect = call.session.dialect();
        let top_level = Func::coalesce([Expr::col(("record", "owner_id")), Expr::col(("record", "id"))]);
        let last = Query::select()
            .expr(Func::max(Expr::col(("change", "id"))))
            .from("change")
            .and_where(Expr::col(("change", "record_id")).eq(top_level))
            .take();
        let select = Query::select()
            .column(("record", "id"))
            .expr_as(Expr::SubQuery(None, Box::new(last.into())), "version")
            .from("record")
            .and_where(dialect.is_one_of(Expr::col(("record", "id")), dialect.numbers(call.ids)))
            .take();
        let rows = call.session.all(&select).await?;
        let version = |version: Option<i64>| version.map(|version| NodeKind::Change.global(version).to_string());
        rows.iter().map(|row| Ok((row.get("id")?, version(row.get("version")?).into()))).collect()
    })
}

/// Returns the record of a row; the records of the row's whole batch are loaded at once.
pub(crate) async fn record<E>(row: &Row<E>, ctx: &Context<'_>, id: fn(&E::Model) -> i64) -> Result<Record, SharedError>
where
    E: EntityTrait<Model: Send + Sync>,
{
    let found = row
        .load_for_batch(ctx, async |rows| {
            let ids: Vec<i64> = rows.iter().map(id).collect();
            let session = session(ctx)?;
            let dialect = session.dialect();
            let select = Query::select()
                .columns(Column::iter().map(|column| (entity::dataset::Entity, column)))
                .expr_as(Expr::col(("record", "id")), "record_id")
                .expr_as(Expr::col(("record", "key")), "record_key")
                .expr_as(
                    Func::coalesce([Expr::col(("record", "owner_id")), Expr::col(("record", "id"))]),
                    "top_level_id",
                )
                .from("record")
                .join(JoinType::InnerJoin, "dataset", Expr::col(("dataset", "id")).equals(("record", "dataset_id")))
                .and_where(dialect.is_one_of(Expr::col(("record", "id")), dialect.numbers(&ids)))
                .take();
            let (mut datasets, mut keys) = (Vec::new(), Vec::new());
            for result in session.all(&select).await?.iter() {
                datasets.push(entity::dataset::Model::read(result, 0, ColumnMask::default())?);
                let top_level_id: i64 = result.get("top_level_id")?;
                keys.push((result.get::<i64>("record_id")?, result.get::<String>("record_key")?, top_level_id));
            }
            let batch = Batch::new(datasets);
            let record_ids = keys.iter().map(|(.., top_level_id)| *top_level_id).collect();
            let versions = Arc::new(Versions { record_ids, loaded: OnceCell::new() });
            let records = keys.into_iter().enumerate().filter_map(|(at, (id, key, top_level_id))| {
                let dataset = Dataset(Row::get(&batch, at)?);
                Some((id, Record { dataset, key, top_level_id, versions: Arc::clone(&versions) }))
            });
            Ok(records.collect::<HashMap<i64, Record>>())
        })
        .await?;
    found.get(&id(row)).cloned().ok_or_else(|| Error::Internal("a row without a record".into()).into())
}
