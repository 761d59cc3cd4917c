//! Where a batch of records comes from.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::DatasetId;
use crate::row::row_struct;

row_struct! {
    /// A dataset.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "dataset")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: DatasetId,
        /// The name by which imports and references call it, unique.
        pub key: String,
        /// What to call it in a sentence.
        pub title: Option<String>,
        /// Under what terms its records may be used: an SPDX identifier where there is one.
        pub licence: Option<String>,
        /// Where it is published.
        pub url: Option<String>,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
