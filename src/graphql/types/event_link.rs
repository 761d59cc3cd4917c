//! Links from one event to another.

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::connection::parents::foreign_key;
use crate::graphql::filter::{EnumFilter, IdFilter, ListFilter, RecordFilter, filter, from_record, has_child};
use crate::graphql::schema::connection::List;
use crate::graphql::schema::node_type::node_type;
use crate::graphql::types::event::{Event, EventFilter};
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use entity::event_link::EventLinkKind;

node_type! {
    /// A link from one event to another, such as cause or response. An event that is part of another uses `Event.parent` instead.
    EventLink of event_link as EventLink, filter EventLinkFilter, order EventLinkOrderField, facet EventLinkFacet {
        /// Kind of link.
        kind: EventLinkKind = column(Kind);
        /// The event that the link starts from.
        from: Event = one(FromId);
        /// The event that the link points to.
        to: Event = one(ToId);
        /// Evidence: the spans of article text that support this link.
        evidence: List<Evidence> = many(foreign_key(entity::evidence::Column::TargetId));
    }
}

filter! {
    /// Filter for links between events.
    EventLinkFilter of event_link {
        /// Global id.
        id: IdFilter = id(Id of EventLink);
        /// The imported record this node was created from: its dataset and key.
        record: RecordFilter = with(from_record::<entity::event_link::Entity>);
        /// Kind of link.
        kind: EnumFilter<EventLinkKind> = column(Kind);
        /// The event that the link starts from.
        from: Box<EventFilter> = one(FromId);
        /// The event that the link points to.
        to: Box<EventFilter> = one(ToId);
        /// The link's evidence.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::event_link::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// Facets of links between events.
    EventLinkFacet of event_link {
        /// Kind of link.
        Kind = FacetValues::column(Column::Kind),
    }
}

order! {
    /// Sort keys for links between events.
    EventLinkOrderField {
        /// Import order.
        Recorded = Recorded,
    }
}
