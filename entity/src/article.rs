//! Articles: published reports and other works.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ActorId, ArticleId, PlaceId};
use crate::row::row_struct;

row_struct! {
    /// A published report or other work.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "article")]
    pub struct Model {
        /// Row id.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ArticleId,
        /// Human-readable unique name; null unless a record sets one.
        pub slug: Option<String>,
        /// Publisher.
        pub publisher_id: Option<ActorId>,
        /// Headline.
        pub headline: Option<String>,
        /// Address of the published article.
        pub url: Option<String>,
        /// Publication date, in EDTF.
        pub published: Option<String>,
        /// Earliest possible start, in seconds since 1970 UTC.
        pub published_earliest: Option<i64>,
        /// Latest possible end, exclusive, in seconds since 1970 UTC.
        pub published_latest: Option<i64>,
        /// IANA time zone of the dateline. Relative dates in the article, such as `on Friday`, are resolved in it.
        pub time_zone: Option<String>,
        /// Dateline: the place where the article was written.
        pub dateline_place_id: Option<PlaceId>,
        /// BCP 47 language tag.
        pub language: Option<String>,
        /// Full text, if it may be stored.
        pub text: Option<String>,
        /// SHA-256 of the text in UTF-8, in hexadecimal.
        pub text_sha256: Option<String>,
        /// Length of the text in Unicode code points. Evidence may not end after it.
        pub text_length: Option<i32>,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
