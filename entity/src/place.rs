//! Places of any size.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ArticleId, PlaceId};
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// A place of any size.
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "place")]
    pub struct Model {
        /// Row id.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: PlaceId,
        /// Human-readable unique name; null unless a record sets one.
        pub slug: Option<String>,
        /// Kind of place.
        pub kind: PlaceKind,
        /// Display label. It is not necessarily a name.
        pub label: String,
        /// The label folded (case, accents, articles) for sorting.
        pub label_key: String,
        /// Short description, written by the dataset's authors.
        pub description: Option<String>,
        /// The smallest stored place that contains this place.
        pub parent_id: Option<PlaceId>,
        /// Degrees north in WGS 84, from -90 to 90.
        pub latitude: Option<f64>,
        /// Degrees east in WGS 84, from -180 to 180.
        pub longitude: Option<f64>,
        /// Band of latitude, a quarter of a degree high, counted from the equator; indexed for geographic queries.
        pub band: Option<i32>,
        /// Coordinate on the unit sphere, on the axis towards latitude 0, longitude 0.
        pub x: Option<f64>,
        /// Coordinate on the unit sphere, on the axis towards latitude 0, longitude 90 degrees east.
        pub y: Option<f64>,
        /// Coordinate on the unit sphere, on the axis towards the North Pole.
        pub z: Option<f64>,
        /// ISO 3166-1 alpha-2 code of the country.
        pub country: Option<String>,
        /// The country or region whose capital this place is.
        pub capital_of_id: Option<PlaceId>,
        /// The article that mentions this place, if the place has no name (a hospital in Baghdad).
        pub article_id: Option<ArticleId>,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// The kind of a place.
    PlaceKind {
        /// The Earth.
        World,
        /// A continent.
        Continent,
        /// The territory of a state.
        Country,
        /// A province, governorate or autonomous region.
        Region,
        /// A district, or a quarter of a city.
        District,
        /// A city, town or village.
        City,
        /// A neighborhood.
        Neighborhood alias "NEIGHBOURHOOD",
        /// A street address.
        Address,
        /// A building.
        Building,
        /// The building of a hospital.
        Hospital,
        /// The building of a school or university.
        School,
        /// A mosque, church or temple.
        PlaceOfWorship,
        /// A prison or other place of detention.
        Prison,
        /// A camp of displaced people, or an army camp.
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
        /// An area without defined borders.
        Area,
        /// Any other kind of place.
        Other,
    }
}
