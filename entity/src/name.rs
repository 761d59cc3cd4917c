//! What actors and places are called.

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
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: NameId,
        /// The actor or place that bears it.
        pub target_id: RecordId,
        /// The name as written.
        pub text: String,
        /// BCP 47 language tag.
        pub language: Option<String>,
        /// ISO 15924 code of its script, computed from the text.
        pub script: Option<String>,
        /// What sort of name it is.
        pub kind: NameKind,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// What sort of name it is.
    NameKind {
        /// The name to use.
        Preferred,
        /// The full name.
        Full,
        /// A shorter form in use.
        Short,
        /// Another name.
        Alias,
        /// An account name on a service, without the `@`.
        Handle,
        /// The name in the language of its bearer.
        Native,
        /// The name carried over from another script.
        Transliteration,
        /// An acronym.
        Acronym,
    }
}
