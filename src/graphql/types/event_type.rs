//! The hierarchy of event types.

use crate::graphql::plan::computed::{Call, Computed, FunctionFuture, enum_name};
use crate::graphql::schema::object::object;
use crate::graphql::schema::root::root_fields;
use entity::event_type::{EventType, TREE};

object! {
    /// An event type with its parent in the hierarchy and its codes in other systems.
    EventTypeInfo {
        /// The event type.
        r#type: EventType = own;
        /// Parent type in the hierarchy; null for a root.
        parent: Option<EventType> = own;
        /// PLOVER 2.0 event type and mode, as `TYPE/mode`.
        plover: Option<String> = own;
        /// ACLED sub-event type.
        acled: Option<String> = own;
        /// CAMEO 1.1b3 codes, as strings with their leading zeros.
        cameo: Vec<String> = own;
    }
}

root_fields! {
    root_fields {
        /// All event types of the hierarchy. A parent always precedes its children.
        event_types: Vec<EventTypeInfo> = function(event_types);
    }
}

/// Lists all event types.
fn event_types<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
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
