//! Datasets: the sources of records.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::DatasetId;
use crate::row::row_struct;

row_struct! {
    /// A source of records.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "dataset")]
    pub struct Model {
        /// Row id.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: DatasetId,
        /// Unique name, used by imports and references.
        pub key: String,
        /// Title for display.
        pub title: Option<String>,
        /// Terms of use of the records: an SPDX identifier if there is one.
        pub license: Option<String>,
        /// Address of the publication.
        pub url: Option<String>,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
