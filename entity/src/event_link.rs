//! Links between events.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{EventId, EventLinkId};
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// A link from one event to another.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "event_link")]
    pub struct Model {
        /// Row id.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: EventLinkId,
        /// Kind of link.
        pub kind: EventLinkKind,
        /// The event that the link starts from.
        pub from_id: EventId,
        /// The event that the link points to.
        pub to_id: EventId,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// The kind of a link between two events.
    EventLinkKind {
        /// The `from` event comes after the `to` event.
        Follows,
        /// The `from` event causes the `to` event.
        Causes,
        /// The `from` event is a response to the `to` event.
        RespondsTo,
        /// The `from` event makes the `to` event possible.
        Enables,
        /// The `from` event prevents the `to` event.
        Prevents,
    }
}
