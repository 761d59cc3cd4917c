//! Names of actors and places.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{NameId, RecordId};
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// A name of an actor or place.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "name")]
    pub struct Model {
        /// Row id.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: NameId,
        /// The actor or place that has the name.
        pub target_id: RecordId,
        /// The name as it is written.
        pub text: String,
        /// BCP 47 language tag.
        pub language: Option<String>,
        /// ISO 15924 code of the script, computed from the text.
        pub script: Option<String>,
        /// Kind of name.
        pub kind: NameKind,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// The kind of a name.
    NameKind {
        /// The preferred name: the one to use.
        Preferred,
        /// A full name.
        Full,
        /// A shorter form that is in use.
        Short,
        /// Another name.
        Alias,
        /// An account name on a service, without the `@`.
        Handle,
        /// The name in the language of the actor or place.
        Native,
        /// The name transliterated from another script.
        Transliteration,
        /// An acronym.
        Acronym,
    }
}
