//! Numbers and what they count.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::event_type::EventType;
use crate::id::{FigureId, PlaceId, RecordId};
use crate::record::RecordKind;
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// A number that a statement, event, account or article gives.
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "figure")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: FigureId,
        /// The statement, event, account or article that gives it.
        pub target_id: RecordId,
        /// Its noun.
        pub target_kind: RecordKind,
        /// What is counted, in words.
        pub counted: String,
        /// The type of the events counted.
        pub counted_type: Option<EventType>,
        /// The number.
        pub value: Option<f64>,
        /// The least it may be.
        pub lower: Option<f64>,
        /// The most it may be.
        pub upper: Option<f64>,
        /// The unit, such as `person`, `year`, `USD`.
        pub unit: Option<String>,
        /// How exact it is meant.
        pub qualifier: Qualifier,
        /// Over what time it is counted, in EDTF.
        pub period: Option<String>,
        /// The raw words.
        pub period_raw: Option<String>,
        /// Start of that time, seconds since 1970 UTC.
        pub earliest: Option<i64>,
        /// End of that time, exclusive.
        pub latest: Option<i64>,
        /// Where it is counted.
        pub place_id: Option<PlaceId>,
        /// The figure of which it is a part: the 58 of the 76.
        pub part_of_id: Option<FigureId>,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// How exact a number is meant.
    Qualifier {
        /// So many.
        Exact,
        /// So many or more.
        AtLeast,
        /// So many or fewer.
        AtMost,
        /// About so many.
        About,
        /// An estimate.
        Estimate,
    }
}
