//! Figures: numbers and what they count.

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
    /// A number that a statement, event, account or article reports.
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "figure")]
    pub struct Model {
        /// Row id.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: FigureId,
        /// The statement, event, account or article that reports the figure.
        pub target_id: RecordId,
        /// Type of that record.
        pub target_kind: RecordKind,
        /// Description of what is counted.
        pub counted: String,
        /// Type of the counted events.
        pub counted_type: Option<EventType>,
        /// The reported number.
        pub value: Option<f64>,
        /// Lower bound.
        pub lower: Option<f64>,
        /// Upper bound.
        pub upper: Option<f64>,
        /// The unit, such as `person`, `year`, `USD`.
        pub unit: Option<String>,
        /// Precision of the number.
        pub qualifier: Qualifier,
        /// Period over which is counted, in EDTF.
        pub period: Option<String>,
        /// The period in the words of the source.
        pub period_raw: Option<String>,
        /// Earliest possible start, in seconds since 1970 UTC.
        pub earliest: Option<i64>,
        /// Latest possible end, exclusive, in seconds since 1970 UTC.
        pub latest: Option<i64>,
        /// Place in which is counted.
        pub place_id: Option<PlaceId>,
        /// The figure that this one is a part of: 58 of 76, for example.
        pub part_of_id: Option<FigureId>,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// The precision of a figure's number.
    Qualifier {
        /// Exactly this number.
        Exact,
        /// This number or more.
        AtLeast,
        /// This number or less.
        AtMost,
        /// Approximately this number.
        About,
        /// An estimate.
        Estimate,
    }
}
