//! Events that happened, are planned, or are said to have happened.

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
    /// Something that happened, is planned, or is said to have happened.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "event")]
    pub struct Model {
        /// Row id.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: EventId,
        /// Human-readable unique name; null unless a record sets one.
        pub slug: Option<String>,
        /// Type of the event.
        #[sea_orm(column_name = "type")]
        pub kind: EventType,
        /// The source feed's own code for the type.
        pub source_type: Option<String>,
        /// Title, written by the dataset's authors.
        pub title: Option<String>,
        /// Origin of the title; none without a title.
        pub title_source: Option<TitleSource>,
        /// Summary, written by the dataset's authors.
        pub summary: Option<String>,
        /// Date, in EDTF.
        pub date: Option<String>,
        /// The date in the words of the source, such as `on Friday evening`.
        pub date_raw: Option<String>,
        /// Earliest possible start, in seconds since 1970 UTC.
        pub earliest: Option<i64>,
        /// Latest possible end, exclusive, in seconds since 1970 UTC.
        pub latest: Option<i64>,
        /// Place.
        pub place_id: Option<PlaceId>,
        /// More exact location, as free text.
        pub place_note: Option<String>,
        /// Certainty of the place: stated or inferred; none without a place.
        pub place_certainty: Option<Certainty>,
        /// Explanation of how the place was inferred.
        pub place_certainty_note: Option<String>,
        /// Precision of the place.
        pub place_precision: Option<PlacePrecision>,
        /// Factual status: whether the event happened.
        pub occurrence: Occurrence,
        /// The event that this event is a part of.
        pub parent_id: Option<EventId>,
        /// Derived: the standing, computed from the event's claim, accounts and participations.
        pub standing: Option<Standing>,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// The factual status of an event, as reported: whether it happened.
    Occurrence {
        /// The event happened, or is reported as having happened.
        Happened,
        /// The event is planned or announced.
        Planned,
        /// The event is mentioned as a possibility.
        Hypothetical,
        /// Represents many events over its time span, such as killings since 2019.
        Series,
        /// The event was expected but did not happen.
        DidNotHappen,
    }
}

string_enum! {
    /// The origin of an event's title.
    TitleSource {
        /// The dataset gives the title.
        Given,
        /// The program made the title of the type, the place and the actors of the event, since a feed has no titles.
        Generated,
    }
}

string_enum! {
    /// The precision of an event's place.
    PlacePrecision {
        /// Exactly at the place.
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
