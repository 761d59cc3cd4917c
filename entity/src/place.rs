//! A place of any size.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ArticleId, PlaceId};
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// A place.
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "place")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: PlaceId,
        /// A readable unique name, where one was given.
        pub slug: Option<String>,
        /// What kind of place it is.
        pub kind: PlaceKind,
        /// What to show.
        pub label: String,
        /// The label folded for ordering.
        pub label_key: String,
        /// What it is, in a few words of ours.
        pub description: Option<String>,
        /// The smallest stored place that contains it.
        pub parent_id: Option<PlaceId>,
        /// Degrees north in WGS 84, from -90 to 90.
        pub latitude: Option<f64>,
        /// Degrees east in WGS 84, from -180 to 180.
        pub longitude: Option<f64>,
        /// The quarter of a degree of latitude that it is in, counted from the equator.
        pub band: Option<i32>,
        /// Its point on the unit sphere, towards the equator at the prime meridian.
        pub x: Option<f64>,
        /// Its point on the unit sphere, towards the equator at 90 degrees east.
        pub y: Option<f64>,
        /// Its point on the unit sphere, towards the North Pole.
        pub z: Option<f64>,
        /// ISO 3166-1 alpha-2 code.
        pub country: Option<String>,
        /// The country or region whose capital it is.
        pub capital_of_id: Option<PlaceId>,
        /// The article in which an unnamed place (a hospital in Baghdad) is spoken of.
        pub article_id: Option<ArticleId>,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// What kind of place it is.
    PlaceKind {
        /// The earth.
        World,
        /// A continent.
        Continent,
        /// A state's territory.
        Country,
        /// A province, governorate or autonomous region.
        Region,
        /// A district or a quarter of a city.
        District,
        /// A city, town or village.
        City,
        /// A neighbourhood.
        Neighbourhood,
        /// A street address.
        Address,
        /// A building.
        Building,
        /// A hospital's building.
        Hospital,
        /// A school's or university's building.
        School,
        /// A mosque, church, temple.
        PlaceOfWorship,
        /// A place of detention.
        Prison,
        /// A camp of displaced people or of an army.
        Camp,
        /// A military base.
        Base,
        /// An embassy or consulate.
        Embassy,
        /// An airport.
        Airport,
        /// A security checkpoint.
        Checkpoint,
        /// A road, highway or bridge.
        Road,
        /// A square or park.
        Square,
        /// A river or lake.
        River,
        /// A sea or ocean.
        Sea,
        /// An area without a border of its own.
        Area,
        /// None of the above.
        Other,
    }
}
