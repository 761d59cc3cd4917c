//! Names seen in articles and not yet judged.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ArticleId, MentionId, RecordId};
use crate::record::RecordKind;
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// A name seen in an article.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "mention")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: MentionId,
        /// The article.
        pub article_id: ArticleId,
        /// The name as written there.
        pub text: String,
        /// What it seems to name.
        pub kind: MentionKind,
        /// First code point, from 0.
        pub start: Option<i32>,
        /// The actor or place that it was judged to name.
        pub target_id: Option<RecordId>,
        /// Its noun.
        pub target_kind: Option<RecordKind>,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// What a mention seems to name.
    MentionKind {
        /// A person.
        Person,
        /// An organization.
        Organization,
        /// A place.
        Place,
        /// Something else.
        Other,
    }
}
