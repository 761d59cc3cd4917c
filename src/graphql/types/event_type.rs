//! The hierarchy of event types.

use crate::graphql::executor::list::ResolvedList;
use crate::graphql::plan::computed::{Call, Computed, FunctionFuture, enum_name};
use async_graphql::{Object, SimpleObject};
use entity::event_type::{EventType, TREE};

/// An event type with its parent in the hierarchy and its codes in other systems.
#[derive(SimpleObject)]
pub struct EventTypeInfo {
    /// The event type.
    r#type: EventType,
    /// Parent type in the hierarchy; null for a root.
    parent: Option<EventType>,
    /// PLOVER 2.0 event type and mode, as `TYPE/mode`.
    plover: Option<&'static str>,
    /// ACLED sub-event type.
    acled: Option<&'static str>,
    /// CAMEO 1.1b3 codes, as strings with their leading zeros.
    cameo: Vec<&'static str>,
}

/// The root field for the hierarchy of event types.
#[derive(Default)]
pub struct EventTypeQuery;

/// The root field for the hierarchy of event types.
#[Object]
impl EventTypeQuery {
    /// All event types of the hierarchy. A parent always precedes its children.
    async fn event_types(&self) -> ResolvedList<EventTypeInfo> {
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

/// Lists all event types.
pub(crate) fn event_types<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let info = |entry: &entity::event_type::Entry| {
            Computed::object(
                "EventTypeInfo",
                [
                    ("type", enum_name(&entry.event_type)),
                    ("parent", entry.parent.as_ref().map(enum_name).into()),
                    ("plover", entry.plover.into()),
                    ("acled", entry.acled.into()),
                    ("cameo", entry.cameo.to_vec().into()),
                ],
            )
        };
        Ok(call.at_root(Computed::List(TREE.iter().map(info).collect())))
    })
}
