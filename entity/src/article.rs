//! One published report or work.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ActorId, ArticleId, PlaceId};
use crate::row::row_struct;

row_struct! {
    /// An article.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "article")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ArticleId,
        /// A readable unique name, where one was given.
        pub slug: Option<String>,
        /// Who published it.
        pub publisher_id: Option<ActorId>,
        /// Its headline.
        pub headline: Option<String>,
        /// Where it can be read.
        pub url: Option<String>,
        /// When it was published, in EDTF.
        pub published: Option<String>,
        /// Start of that time, seconds since 1970 UTC.
        pub published_earliest: Option<i64>,
        /// End of that time, exclusive.
        pub published_latest: Option<i64>,
        /// IANA time zone of the dateline, against which its relative days resolve.
        pub time_zone: Option<String>,
        /// Where it was written.
        pub dateline_place_id: Option<PlaceId>,
        /// BCP 47 language tag.
        pub language: Option<String>,
        /// The text, where it may be kept.
        pub text: Option<String>,
        /// SHA-256 of the text in UTF-8, in hexadecimal.
        pub text_sha256: Option<String>,
        /// Length of the text in Unicode code points: no evidence ends behind it.
        pub text_length: Option<i32>,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
