//! Ties from one event to another.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{EventId, EventLinkId};
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// A tie from one event to another.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "event_link")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: EventLinkId,
        /// What the first is to the second.
        pub kind: EventLinkKind,
        /// The first.
        pub from_id: EventId,
        /// The second.
        pub to_id: EventId,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// What the first event is to the second.
    EventLinkKind {
        /// The first comes after the second.
        Follows,
        /// The first brings the second about.
        Causes,
        /// The first answers the second.
        RespondsTo,
        /// The first makes the second possible.
        Enables,
        /// The first keeps the second from happening.
        Prevents,
    }
}
