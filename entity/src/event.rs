//! What happened, is planned, or is said to have happened.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::event_type::EventType;
use crate::id::{EventId, PlaceId};
use crate::participation::Certainty;
use crate::row::row_struct;
use crate::standing::Standing;
use crate::string_enum::string_enum;

row_struct! {
    /// An event.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "event")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: EventId,
        /// A readable unique name, where one was given.
        pub slug: Option<String>,
        /// What kind of event it is.
        #[sea_orm(column_name = "type")]
        pub kind: EventType,
        /// The feed's own code for its type.
        pub source_type: Option<String>,
        /// A title of ours.
        pub title: Option<String>,
        /// What happened, in our words.
        pub summary: Option<String>,
        /// When, in EDTF.
        pub date: Option<String>,
        /// The raw words, such as `on Friday evening`.
        pub date_raw: Option<String>,
        /// Start of the time it may lie in, seconds since 1970 UTC.
        pub earliest: Option<i64>,
        /// End of that time, exclusive.
        pub latest: Option<i64>,
        /// Where.
        pub place_id: Option<PlaceId>,
        /// Where more exactly, in words.
        pub place_note: Option<String>,
        /// Whether the place is stated or inferred.
        pub place_certainty: Option<Certainty>,
        /// From what the place is inferred.
        pub place_certainty_note: Option<String>,
        /// How exact the place is.
        pub place_precision: Option<PlacePrecision>,
        /// Whether it happened.
        pub occurrence: Occurrence,
        /// The event of which it is a part.
        pub parent_id: Option<EventId>,
        /// Derived: the standing of the event with its claim, accounts and participations.
        pub standing: Option<Standing>,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// Whether an event happened.
    Occurrence {
        /// It happened, or is told as having happened.
        Happened,
        /// It is planned or announced.
        Planned,
        /// It is spoken of as possible.
        Hypothetical,
        /// It stands for many that go on over its time, such as killings since 2019.
        Series,
        /// It was expected and did not happen.
        DidNotHappen,
    }
}

string_enum! {
    /// How exact the place of an event is.
    PlacePrecision {
        /// The very spot.
        Exact,
        /// Near the place.
        Near,
        /// Somewhere in the district.
        District,
        /// Somewhere in the city.
        City,
        /// Somewhere in the region.
        Region,
        /// Somewhere in the country.
        Country,
    }
}
