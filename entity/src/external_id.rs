//! Ids elsewhere.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ExternalIdId, RecordId};
use crate::record::RecordKind;
use crate::row::row_struct;

row_struct! {
    /// An id of an actor, place, event or article elsewhere.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "external_id")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ExternalIdId,
        /// Whose id it is.
        pub target_id: RecordId,
        /// Its noun.
        pub target_kind: RecordKind,
        /// Who gives such ids: `wikidata`, `geonames`, `gdelt`, `acled`, `ucdp`, `ftm`, `twitter`, ...
        pub scheme: String,
        /// The id.
        pub value: String,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
