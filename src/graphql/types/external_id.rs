//! External ids: the identifiers of actors, places, events and articles in other systems.

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::filter::{IdFilter, RecordFilter, StringFilter, filter, from_record};
use crate::graphql::schema::node_type::node_type;
use crate::graphql::types::node::Node;

node_type! {
    /// An identifier that another system, such as Wikidata, uses for an actor, place, event or article.
    ExternalId of external_id as ExternalId, filter ExternalIdFilter, order ExternalIdOrderField, facet ExternalIdFacet {
        /// The identifier scheme: `wikidata`, `geonames`, `gdelt`, `acled`, `ucdp`, `ftm`, `twitter`, ...
        scheme: String = column(Scheme);
        /// The identifier, in the format of its scheme.
        value: String = column(Value);
        /// The actor, place, event or article that has this identifier.
        target: Node = node(TargetId, TargetKind);
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
