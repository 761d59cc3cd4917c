//! External ids: the identifiers of actors, places, events and articles in other systems.

use async_graphql::{Context, ID, Object};

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::filter::{IdFilter, RecordFilter, StringFilter, filter, from_record};
use crate::graphql::loading::node_type::node_type;
use crate::graphql::loading::session::SharedError;
use crate::graphql::plan::noun::planned;
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::node::{Node, NodeKind, target};

node_type!(ExternalId of external_id, filter ExternalIdFilter, order ExternalIdOrderField, facet ExternalIdFacet);

planned! {
    ExternalId of external_id as ExternalId, lists [] {
        "scheme" Text Scheme,
        "value" Text Value,
        nodes:
        "target" [TargetId, TargetKind],
    }
}

/// An identifier that another system, such as Wikidata, uses for an actor, place, event or article.
#[Object]
impl ExternalId {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> ID {
        NodeKind::ExternalId.global(self.0.id.0)
    }
    /// The imported record this node was created from: its dataset and key.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// The identifier scheme: `wikidata`, `geonames`, `gdelt`, `acled`, `ucdp`, `ftm`, `twitter`, ...
    async fn scheme(&self) -> &str {
        &self.0.scheme
    }
    /// The identifier, in the format of its scheme.
    async fn value(&self) -> &str {
        &self.0.value
    }
    /// The actor, place, event or article that has this identifier.
    async fn target(&self, ctx: &Context<'_>) -> Result<Node, SharedError> {
        target(&self.0, ctx, |row| Some((row.target_id.0, Some(row.target_kind)))).await
    }
}

filter! {
    /// Filter for external ids.
    ExternalIdFilter of external_id {
        /// Global id.
        id: IdFilter = id(Id of ExternalId);
        /// The imported record this node was created from: its dataset and key.
        record: RecordFilter = with(from_record::<entity::external_id::Entity>);
        /// The identifier scheme; exact match, case-sensitive.
        scheme: StringFilter = column(Scheme);
        /// The identifier; exact match, case-sensitive.
        value: StringFilter = column(Value);
    }
}

facet! {
    /// Facets of external ids.
    ExternalIdFacet of external_id {
        /// The identifier scheme.
        Scheme = FacetValues::column(Column::Scheme),
        /// Node type of the identified node.
        TargetKind = FacetValues::column(Column::TargetKind),
    }
}

order! {
    /// Sort keys for external ids.
    ExternalIdOrderField {
        /// Import order.
        Recorded = Recorded,
    }
}
