//! Where facts are written.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ArticleId, EvidenceId, RecordId, StatementId};
use crate::participation::Certainty;
use crate::record::RecordKind;
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// Where in an article a fact is written (W3C Web Annotation: TextPositionSelector and TextQuoteSelector).
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "evidence")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: EvidenceId,
        /// The article.
        pub article_id: ArticleId,
        /// The fact.
        pub target_id: RecordId,
        /// The fact's noun.
        pub target_kind: RecordKind,
        /// First code point of the span, from 0.
        pub start: Option<i32>,
        /// Code point behind the span.
        pub end: Option<i32>,
        /// The words there, where they may be kept.
        pub quote: Option<String>,
        /// SHA-256 of the words there in UTF-8, in hexadecimal.
        pub quote_sha256: Option<String>,
        /// Words before the span.
        pub prefix: Option<String>,
        /// Words behind the span.
        pub suffix: Option<String>,
        /// Which part of the fact is written there.
        pub part: EvidencePart,
        /// Place among the pieces of a split span, from 0.
        pub ordinal: i32,
        /// In whose statement the fact is told; none for the article's own voice.
        pub statement_id: Option<StatementId>,
        /// How sure the annotation is, from 0 to 1.
        pub confidence: Option<f64>,
        /// Whether the fact is stated there or inferred from it.
        pub certainty: Certainty,
        /// What is left to inference, in words of ours.
        pub note: Option<String>,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// Which part of a fact a span shows.
    EvidencePart {
        /// All of it.
        Whole,
        /// The source of a statement.
        Source,
        /// The reporting word.
        Cue,
        /// What is said.
        Content,
    }
}
