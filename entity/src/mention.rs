//! Mentions: names that occur in articles, resolved to an actor or place or not.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ArticleId, MentionId, RecordId};
use crate::record::RecordKind;
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// A name that occurs in an article.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "mention")]
    pub struct Model {
        /// Row id.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: MentionId,
        /// The article.
        pub article_id: ArticleId,
        /// The name as it is written in the article.
        pub text: String,
        /// Kind of entity that the name seems to refer to.
        pub kind: MentionKind,
        /// Index of the name's first Unicode code point, from 0.
        pub start: Option<i32>,
        /// The actor or place that the mention was resolved to.
        pub target_id: Option<RecordId>,
        /// Type of that record.
        pub target_kind: Option<RecordKind>,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// The kind of entity that a mention seems to refer to.
    MentionKind {
        /// A person.
        Person,
        /// An organization.
        Organization,
        /// A place.
        Place,
        /// Any other kind of entity.
        Other,
    }
}
