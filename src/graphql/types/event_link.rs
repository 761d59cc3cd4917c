//! Ties from one event to another.

use async_graphql::{Context, ID, Object};

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::keyset::order;
use crate::graphql::connection::loader::by;
use crate::graphql::executor::resolve::ResolvedObject;
use crate::graphql::filter::{EnumFilter, IdFilter, ListFilter, RecordFilter, filter, from_record, has_child};
use crate::graphql::has_many;
use crate::graphql::loading::batch::node_type;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::session::{SharedError, present};
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

node_type!(EventLink of event_link, filter EventLinkFilter, order EventLinkOrderField, facet EventLinkFacet, refers REFERENCES);

/// A tie from one event to another. A part of an event has it as its parent instead.
#[Object]
impl EventLink {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        NodeKind::EventLink.global(self.0.id.0)
    }
    /// The record that it came with.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// What the first is to the second.
    async fn kind(&self) -> EventLinkKind {
        self.0.kind
    }
    /// The first event.
    async fn from(&self, ctx: &Context<'_>) -> Result<ResolvedObject<Event>, SharedError> {
        present(self.0.one(ctx, &FROM).await)
    }
    /// The second event.
    async fn to(&self, ctx: &Context<'_>) -> Result<ResolvedObject<Event>, SharedError> {
        present(self.0.one(ctx, &TO).await)
    }
    #[graphql(flatten)]
    async fn lists(&self) -> EventLinkLists {
        EventLinkLists(self.0.clone())
    }
}

has_many! {
    EventLinkLists of entity::event_link::Entity, named "EventLink" {
    /// Where it is written.
    evidence: Evidence = by(entity::evidence::Column::TargetId);
    }
}

filter! {
    /// Which ties between events.
    EventLinkFilter of event_link {
        /// The id.
        id: IdFilter = id(Id of EventLink);
        /// The record that it came with.
        record: RecordFilter = with(from_record::<entity::event_link::Entity>);
        /// What the first is to the second.
        kind: EnumFilter<EventLinkKind> = column(Kind);
        /// The first event.
        from: Box<EventFilter> = one(FromId);
        /// The second event.
        to: Box<EventFilter> = one(ToId);
        /// Where it is written.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::event_link::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// By what links of events can be counted.
    EventLinkFacet of event_link {
        /// What the first is to the second.
        Kind = Values::words(Column::Kind),
    }
}

order! {
    /// By what ties between events can be ordered.
    EventLinkOrderField {
        /// In the order in which they were recorded.
        Recorded = Recorded,
    }
}
