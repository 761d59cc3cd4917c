//! The tree of event types, to be read by those who ask.

use async_graphql::{Object, SimpleObject};
use entity::event_type::{EventType, TREE};

/// A type of events: its place in the tree and what other systems call it.
#[derive(SimpleObject)]
pub struct EventTypeInfo {
    /// The type.
    r#type: EventType,
    /// The type above it; null for a root.
    parent: Option<EventType>,
    /// Event type and mode of PLOVER 2.0, as `TYPE/mode`.
    plover: Option<&'static str>,
    /// ACLED sub-event type.
    acled: Option<&'static str>,
    /// CAMEO 1.1b3 codes: strings with leading zeros.
    cameo: Vec<&'static str>,
}

/// The tree of event types.
#[derive(Default)]
pub struct EventTypeQuery;

/// The tree of event types.
#[Object]
impl EventTypeQuery {
    /// All types of events, a parent before its children.
    async fn event_types(&self) -> Vec<EventTypeInfo> {
        let info = |entry: &entity::event_type::Entry| EventTypeInfo {
            r#type: entry.event_type,
            parent: entry.parent,
            plover: entry.plover,
            acled: entry.acled,
            cameo: entry.cameo.to_vec(),
        };
        TREE.iter().map(info).collect()
    }
}
