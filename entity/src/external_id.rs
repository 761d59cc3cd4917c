//! External ids: identifiers in other systems.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ExternalIdId, RecordId};
use crate::record::RecordKind;
use crate::row::row_struct;

row_struct! {
    /// An identifier of an actor, place, event or article in another system.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "external_id")]
    pub struct Model {
        /// Row id.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ExternalIdId,
        /// The record that has the identifier.
        pub target_id: RecordId,
        /// Type of that record.
        pub target_kind: RecordKind,
        /// The system that assigns such ids: `wikidata`, `geonames`, `gdelt`, `acled`, `ucdp`, `ftm`, `twitter`, ...
        pub scheme: String,
        /// The identifier.
        pub value: String,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
