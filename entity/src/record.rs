//! The register of everything that was recorded: one row a thing, of any noun.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{DatasetId, RecordId};
use crate::row::row_struct;

pub use crate::record_kind::RecordKind;

row_struct! {
    /// A recorded thing: its caller's key, its noun and, for a part, the record it was written in.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "record")]
    pub struct Model {
        /// The number that the row of its noun carries too.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: RecordId,
        /// The dataset it came with.
        pub dataset_id: DatasetId,
        /// The caller's key, unique in its dataset over all nouns.
        pub key: String,
        /// Which noun's table holds the row.
        pub kind: RecordKind,
        /// The record in which this part was written, if it is a part.
        pub owner_id: Option<RecordId>,
        /// SHA-256 of the record as it was last written, in hexadecimal; none for a part.
        pub digest: Option<String>,
        /// Derived: the thing that it was judged to be, at the end of all judgements; that thing is asked for in its place.
        pub same_as_id: Option<RecordId>,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
