//! Datasets, and the provenance of nodes: the record that each was imported from.

use std::sync::LazyLock;

use async_graphql::registry::Registry;
use async_graphql::{Enum, ID};
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query};

use crate::graphql::connection::facets::{FacetValues, NodeFacet};
use crate::graphql::connection::order_by::order;
use crate::graphql::filter::{StringFilter, filter};
use crate::graphql::plan::computed::{Call, FunctionFuture};
use crate::graphql::schema::connection::List;
use crate::graphql::schema::field::fields;
use crate::graphql::schema::node_type::{NodeType, OfNodeType, node_type};
use crate::graphql::schema::object::{declared, register_object};
use crate::graphql::schema::root::root_fields;
use crate::graphql::types::node::NodeKind;
use entity::dataset::Column;

node_type! {
    /// A source of records, such as one data feed or one curated file.
    Dataset of dataset as Dataset, filter DatasetFilter, order DatasetOrderField, facet DatasetFacet {
        /// Unique name of the dataset, used by imports and references.
        key: String = column(Key);
        /// Title for display.
        title: Option<String> = column(Title);
        /// Terms of use of the dataset's records: an SPDX identifier if there is one.
        license: Option<String> = column(License);
        /// Address at which the dataset is published.
        url: Option<String> = column(Url);
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
    root_fields {
        /// Paginated list of datasets: the sources of records.
        datasets: Option<List<Dataset>> = list;
    }
}

declared! {
    /// The provenance of a node: the imported record that it was created from.
    Provenance, registered by |registry: &mut Registry| {
        let node_type = Provenance::node_type();
        register_object::<Provenance>(registry, &node_type.description, &node_type.fields)
    }
}

impl OfNodeType for Provenance {
    /// The record has the id of the node.
    fn node_type() -> &'static NodeType {
        static NODE_TYPE: LazyLock<NodeType> = LazyLock::new(|| {
            let fields = fields!((Provenance), record {
                /// Dataset of the record.
                dataset: Dataset = one(DatasetId);
                /// Key of the record, chosen by the importer; unique within the dataset, across all record types. A child record without
                /// its own key has the key of the enclosing record, followed by `#` and a JSON Pointer to the child.
                key: String = column(Key);
                /// Version of the record: the id of the last change of the record or its child records. Pass it to `importRecords` for
                /// optimistic locking: the write is then rejected if the record changed meanwhile.
                version: Option<ID> = function(record_versions);
            });
            let description = "The provenance of a node: the imported record that it was created from.";
            NodeType::unlisted("Provenance", description, NodeKind::Dataset, "record", fields)
        });
        &NODE_TYPE
    }
}

/// Finds the versions of records; that of a child record is the version of the record that contains it.
fn record_versions<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
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
