//! Accounts: versions of a disputed event.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::event_type::EventType;
use crate::id::{AccountId, EventId, PlaceId};
use crate::row::row_struct;
use crate::standing::Standing;

row_struct! {
    /// One version of a disputed event. Agreed facts belong to the event, disputed ones to its accounts.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "account")]
    pub struct Model {
        /// Row id.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: AccountId,
        /// The event.
        pub event_id: EventId,
        /// Short summary of this version.
        pub label: String,
        /// Type of the event, if this version differs from the event.
        #[sea_orm(column_name = "type")]
        pub kind: Option<EventType>,
        /// Date in EDTF, if this version differs from the event.
        pub date: Option<String>,
        /// The date in the words of the source.
        pub date_raw: Option<String>,
        /// Earliest possible start, in seconds since 1970 UTC.
        pub earliest: Option<i64>,
        /// Latest possible end, exclusive, in seconds since 1970 UTC.
        pub latest: Option<i64>,
        /// Place, if this version differs from the event.
        pub place_id: Option<PlaceId>,
        /// More exact location, as free text.
        pub place_note: Option<String>,
        /// Derived: the standing of the claim that this account is true.
        pub standing: Option<Standing>,
        /// Derived: true if the account is contested only because another voice supports a rival account.
        pub implied: bool,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
