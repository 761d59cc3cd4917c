//! Datasets, and the record that each thing came with.

use async_graphql::{ComplexObject, Context, Enum, ID, Object, SimpleObject};
use sea_orm::EntityTrait;
use sea_orm::FromQueryResult;
use sea_orm::sea_query::{Expr, ExprTrait, Func, JoinType, Query};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::OnceCell;

use crate::error::Error;
use crate::graphql::connection::facets::{NodeFacet, Values};
use crate::graphql::connection::keyset::order;
use crate::graphql::filter::{StringFilter, filter};
use crate::graphql::loading::batch::{Batch, Row, node_type};
use crate::graphql::loading::session::{SharedError, session};
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::node::NodeKind;
use entity::dataset::Column;

node_type!(Dataset of dataset, filter DatasetFilter, order DatasetOrderField, facet DatasetFacet);

/// Where a batch of records comes from.
#[Object]
impl Dataset {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        NodeKind::Dataset.global(self.0.id.0)
    }

    /// The name by which imports and references call it, unique.
    async fn key(&self) -> &str {
        &self.0.key
    }

    /// What to call it in a sentence.
    async fn title(&self) -> Option<&String> {
        self.0.title.as_ref()
    }

    /// Under what terms its records may be used: an SPDX identifier where there is one.
    async fn license(&self) -> Option<&String> {
        self.0.licence.as_ref()
    }

    /// Where it is published.
    async fn url(&self) -> Option<&String> {
        self.0.url.as_ref()
    }
}

filter! {
    /// Which datasets.
    DatasetFilter of dataset {
        /// The key.
        key: StringFilter = column(Key);
    }
}

/// By what datasets can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DatasetFacet {
    /// The terms of use.
    License,
}

impl NodeFacet for DatasetFacet {
    fn values(self) -> Values {
        Values::words(Column::Licence)
    }
}

order! {
    /// By what datasets can be ordered.
    DatasetOrderField {
        /// By key, letter for letter.
        Key = Text (entity::dataset::Entity, Column::Key),
    }
}

root_fields! {
    DatasetQuery of Dataset {
        lists {
            /// Where records come from.
            datasets;
        }
    }
}

/// The record that a thing came with.
#[derive(Clone, SimpleObject)]
#[graphql(name = "Provenance", complex)]
pub struct Record {
    /// Its dataset.
    pub dataset: Dataset,
    /// The caller's key, unique in the dataset over all nouns. A part without a key of its own has the key of its record,
    /// `#` and a JSON pointer to it.
    pub key: String,
    /// The record itself, or the one around a part.
    #[graphql(skip)]
    whole: i64,
    #[graphql(skip)]
    versions: Arc<Versions>,
}

/// The last changes of records that were read together.
struct Versions {
    wholes: Vec<i64>,
    loaded: OnceCell<Result<HashMap<i64, i64>, SharedError>>,
}

/// The record that a thing came with.
#[ComplexObject]
impl Record {
    /// The last change of the record or its parts. Give it to `importRecords` to write only if nobody else wrote meanwhile.
    async fn version(&self, ctx: &Context<'_>) -> Option<Result<ID, SharedError>> {
        let loaded = self.versions.loaded.get_or_init(async || {
            let session = session(ctx)?;
            let dialect = session.dialect();
            let select = Query::select()
                .column("record_id")
                .expr_as(Func::max(Expr::col("id")), "version")
                .from("change")
                .and_where(dialect.is_one_of(Expr::col("record_id"), dialect.numbers(&self.versions.wholes)))
                .group_by_col("record_id")
                .take();
            let rows = session.all(&select).await?;
            rows.iter().map(|row| Ok((row.try_get("", "record_id")?, row.try_get("", "version")?))).collect()
        });
        match loaded.await {
            Ok(versions) => versions.get(&self.whole).map(|version| Ok(NodeKind::Change.global(*version))),
            Err(fault) => Some(Err(fault.clone())),
        }
    }
}

/// The record of a row, read for its whole batch at once.
pub(crate) async fn record<E>(row: &Row<E>, ctx: &Context<'_>, id: fn(&E::Model) -> i64) -> Result<Record, SharedError>
where
    E: EntityTrait<Model: Send + Sync>,
{
    let found = row
        .shared(ctx, async |rows| {
            let ids: Vec<i64> = rows.iter().map(id).collect();
            let session = session(ctx)?;
            let dialect = session.dialect();
            let select = Query::select()
                .column(("dataset", sea_orm::sea_query::Asterisk))
                .expr_as(Expr::col(("record", "id")), "record_id")
                .expr_as(Expr::col(("record", "key")), "record_key")
                .expr_as(Func::coalesce([Expr::col(("record", "owner_id")), Expr::col(("record", "id"))]), "whole")
                .from("record")
                .join(JoinType::InnerJoin, "dataset", Expr::col(("dataset", "id")).equals(("record", "dataset_id")))
                .and_where(dialect.is_one_of(Expr::col(("record", "id")), dialect.numbers(&ids)))
                .take();
            let (mut datasets, mut keys) = (Vec::new(), Vec::new());
            for result in session.all(&select).await? {
                datasets.push(entity::dataset::Model::from_query_result(&result, "")?);
                let whole: i64 = result.try_get("", "whole")?;
                keys.push((
                    result.try_get::<i64>("", "record_id")?,
                    result.try_get::<String>("", "record_key")?,
                    whole,
                ));
            }
            let batch = Batch::new(datasets);
            let wholes = keys.iter().map(|(.., whole)| *whole).collect();
            let versions = Arc::new(Versions { wholes, loaded: OnceCell::new() });
            let records = keys.into_iter().enumerate().filter_map(|(at, (id, key, whole))| {
                let dataset = Dataset(Row::get(&batch, at)?);
                Some((id, Record { dataset, key, whole, versions: Arc::clone(&versions) }))
            });
            Ok(records.collect::<HashMap<i64, Record>>())
        })
        .await?;
    found.get(&id(row)).cloned().ok_or_else(|| Error::Broken("a row without a record".into()).into())
}
