//! Ids that other systems gave.

use async_graphql::{Context, ID, Object};

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::keyset::order;
use crate::graphql::filter::{IdFilter, RecordFilter, StringFilter, filter, from_record};
use crate::graphql::loading::batch::node_type;
use crate::graphql::loading::session::SharedError;
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::node::{Node, NodeKind, target};

node_type!(ExternalId of external_id, filter ExternalIdFilter, order ExternalIdOrderField, facet ExternalIdFacet);

/// An id that another system gave to an actor, place, event or article.
#[Object]
impl ExternalId {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        NodeKind::ExternalId.global(self.0.id.0)
    }
    /// The record that it came with.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// Who gives such ids: `wikidata`, `geonames`, `gdelt`, `acled`, `ucdp`, `ftm`, `twitter`, ...
    async fn scheme(&self) -> &str {
        &self.0.scheme
    }
    /// The id, in the form that its scheme has.
    async fn value(&self) -> &str {
        &self.0.value
    }
    /// Whose id it is.
    async fn target(&self, ctx: &Context<'_>) -> Result<Node, SharedError> {
        target(&self.0, ctx, |row| Some((row.target_id.0, Some(row.target_kind)))).await
    }
}

filter! {
    /// Which ids elsewhere.
    ExternalIdFilter of external_id {
        /// The id.
        id: IdFilter = id(Id of ExternalId);
        /// The record that it came with.
        record: RecordFilter = with(from_record::<entity::external_id::Entity>);
        /// The scheme.
        scheme: StringFilter = column(Scheme);
        /// The id in its scheme.
        value: StringFilter = column(Value);
    }
}

facet! {
    /// By what external ids can be counted.
    ExternalIdFacet of external_id {
        /// Who gives such ids.
        Scheme = Values::words(Column::Scheme),
        /// The noun of what has it.
        TargetKind = Values::words(Column::TargetKind),
    }
}

order! {
    /// By what ids elsewhere can be ordered.
    ExternalIdOrderField {
        /// In the order in which they were recorded.
        Recorded = Recorded,
    }
}
