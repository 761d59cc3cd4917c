//! By what names are found: keys made from each name when it is written.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::NameId;
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// One key of one name.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "name_key")]
    pub struct Model {
        /// The name.
        #[sea_orm(primary_key, auto_increment = false)]
        pub name_id: NameId,
        /// How the key was made.
        #[sea_orm(primary_key, auto_increment = false)]
        pub rule: NameRule,
        /// What is left of one word of the name, or of words joined.
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: String,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// How a name is compared with what was asked.
    NameRule {
        /// Letter for letter, the whole name.
        Exact,
        /// Without regard to case, accents, Arabic letter variants, the articles al-, el- and ul-, punctuation, and joined or split parts; one part of a name is enough.
        Folded,
        /// Carried over to Latin letters, so that Путин is Putin; one part of a name is enough.
        Transliterated,
        /// By its consonants, in classes of those that are exchanged: Mikdam, Miqdam, Muqdam and مقدام are one; Kadhimi is Kazemi. The order of the parts, particles such as bin and where the parts are split do not count; one part of a name is enough.
        Phonetic,
    }
}
