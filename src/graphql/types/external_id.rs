//! Ids that other systems gave.

use async_graphql::{Context, ID, Object};

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::keyset::order;
use crate::graphql::filter::{IdFilter, RecordFilter, StringFilter, came_with, filter};
use crate::graphql::loading::batch::noun;
use crate::graphql::loading::session::Fault;
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::node::{Kind, Node, target};

noun!(ExternalId of external_id, filter ExternalIdFilter, order ExternalIdOrderField, facet ExternalIdFacet);

/// An id that another system gave to an actor, place, event or article.
#[Object]
impl ExternalId {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        Kind::ExternalId.global(self.0.id.0)
    }
    /// The record that it came with.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, Fault> {
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
    async fn target(&self, ctx: &Context<'_>) -> Result<Node, Fault> {
        target(&self.0, ctx, |row| Some((row.target_id.0, Some(row.target_kind)))).await
    }
}

filter! {
    /// Which ids elsewhere.
    ExternalIdFilter of external_id {
        /// The id.
        id: IdFilter = id(Id of ExternalId);
        /// The record that it came with.
        record: RecordFilter = with(came_with::<entity::external_id::Entity>);
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
