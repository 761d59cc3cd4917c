//! Versions of a disputed event.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::event_type::EventType;
use crate::id::{AccountId, EventId, PlaceId};
use crate::row::row_struct;
use crate::standing::Standing;

row_struct! {
    /// One version of a disputed event. What is agreed hangs on the event, what is disputed on its accounts.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "account")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: AccountId,
        /// The event.
        pub event_id: EventId,
        /// What this version says, in a few words.
        pub label: String,
        /// What kind of event it was, if this version says otherwise.
        #[sea_orm(column_name = "type")]
        pub kind: Option<EventType>,
        /// When, in EDTF, if this version says otherwise.
        pub date: Option<String>,
        /// The raw words.
        pub date_raw: Option<String>,
        /// Start of that time, seconds since 1970 UTC.
        pub earliest: Option<i64>,
        /// End of that time, exclusive.
        pub latest: Option<i64>,
        /// Where, if this version says otherwise.
        pub place_id: Option<PlaceId>,
        /// Where more exactly, in words.
        pub place_note: Option<String>,
        /// Derived: the standing of its claim among its rivals.
        pub standing: Option<Standing>,
        /// Derived: contested only because a rival account is asserted by another voice.
        pub implied: bool,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
