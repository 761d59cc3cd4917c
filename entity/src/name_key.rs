//! Search keys of names, computed when a name is written.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::NameId;
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// A search key of a name.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "name_key")]
    pub struct Model {
        /// The name.
        #[sea_orm(primary_key, auto_increment = false)]
        pub name_id: NameId,
        /// The rule that produced the key.
        #[sea_orm(primary_key, auto_increment = false)]
        pub rule: NameRule,
        /// The normalized form of a word of the name, or of joined words.
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: String,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// The rule by which a name matches a search term, from the strictest to the most tolerant.
    NameRule {
        /// The whole name equals the search term, letter for letter.
        Exact,
        /// The names match when case, accents, Arabic letter variants, the articles al-, el- and ul-, punctuation, and joined or split words are ignored. One word of a name is enough.
        Folded,
        /// The names match after transliteration to Latin letters: Путин matches Putin. One word of a name is enough.
        Transliterated,
        /// The names sound alike: only consonants are compared, and consonants that are often exchanged count as equal. Mikdam, Miqdam, Muqdam and مقدام match each other, and Kadhimi matches Kazemi. Word order, particles such as bin, and the split into words are ignored. One word of a name is enough.
        Phonetic,
    }
}
