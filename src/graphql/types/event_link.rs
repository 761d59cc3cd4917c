//! Links from one event to another.

use async_graphql::{Context, ID, Object};

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::loader::foreign_key;
use crate::graphql::connection::order_by::order;
use crate::graphql::executor::object::ResolvedObject;
use crate::graphql::filter::{EnumFilter, IdFilter, ListFilter, RecordFilter, filter, from_record, has_child};
use crate::graphql::has_many;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::node_type::node_type;
use crate::graphql::loading::session::{SharedError, required};
use crate::graphql::plan::noun::planned;
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::event::{Event, EventFilter};
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::node::NodeKind;
use entity::event_link::EventLinkKind;

belongs_to! {
    event_link {
        FROM "from": Event = from_id;
        TO "to": Event = to_id;
    }
}

node_type!(EventLink of event_link, filter EventLinkFilter, order EventLinkOrderField, facet EventLinkFacet, belongs_to BELONGS_TO);

planned! {
    EventLink of event_link as EventLink, lists [EventLinkLists] {
        "kind" Text Kind,
    }
}

/// A link from one event to another, such as cause or response. An event that is part of another uses `Event.parent` instead.
#[Object]
impl EventLink {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> ID {
        NodeKind::EventLink.global(self.0.id.0)
    }
    /// The imported record this node was created from: its dataset and key.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// Kind of link.
    async fn kind(&self) -> EventLinkKind {
        self.0.kind
    }
    /// The event that the link starts from.
    async fn from(&self, ctx: &Context<'_>) -> Result<ResolvedObject<Event>, SharedError> {
        required(self.0.belongs_to(ctx, &FROM).await)
    }
    /// The event that the link points to.
    async fn to(&self, ctx: &Context<'_>) -> Result<ResolvedObject<Event>, SharedError> {
        required(self.0.belongs_to(ctx, &TO).await)
    }
    #[graphql(flatten)]
    async fn lists(&self) -> EventLinkLists {
        EventLinkLists(self.0.clone())
    }
}

has_many! {
    EventLinkLists of entity::event_link::Entity, named "EventLink" {
    /// Evidence: the spans of article text that support this link.
    evidence: Evidence = foreign_key(entity::evidence::Column::TargetId);
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
