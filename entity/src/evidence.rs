//! Evidence: the spans of article text that support facts.

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
    /// A span of article text that supports a fact (W3C Web Annotation: TextPositionSelector and TextQuoteSelector).
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "evidence")]
    pub struct Model {
        /// Row id.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: EvidenceId,
        /// The article.
        pub article_id: ArticleId,
        /// The record that the span supports.
        pub target_id: RecordId,
        /// Type of that record.
        pub target_kind: RecordKind,
        /// Index of the span's first Unicode code point, from 0.
        pub start: Option<i32>,
        /// Index after the span's last Unicode code point.
        pub end: Option<i32>,
        /// Text of the span, if it may be stored.
        pub quote: Option<String>,
        /// SHA-256 of the span's text in UTF-8, in hexadecimal.
        pub quote_sha256: Option<String>,
        /// Text before the span.
        pub prefix: Option<String>,
        /// Text after the span.
        pub suffix: Option<String>,
        /// The part of the fact that the span supports.
        pub part: EvidencePart,
        /// Position among the pieces of a split span, from 0.
        pub ordinal: i32,
        /// The statement that reports the fact; none if the article states it in its own voice.
        pub statement_id: Option<StatementId>,
        /// Confidence of the annotation, from 0 to 1.
        pub confidence: Option<f64>,
        /// Certainty: the span states the fact, or the fact is inferred from it.
        pub certainty: Certainty,
        /// Explanation of what is inferred, written by the dataset's authors.
        pub note: Option<String>,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// The part of a fact that a span supports.
    EvidencePart {
        /// The whole fact.
        Whole,
        /// The source of a statement.
        Source,
        /// The reporting word of a statement, such as `said`.
        Cue,
        /// The content of a statement: what is said.
        Content,
    }
}
