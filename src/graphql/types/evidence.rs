//! Where facts are written.

use async_graphql::{Context, ID, Object};

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::keyset::order;
use crate::graphql::executor::resolve::ResolvedObject;
use crate::graphql::filter::{EnumFilter, FloatFilter, IdFilter, RecordFilter, filter, from_record};
use crate::graphql::loading::batch::node_type;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::session::{SharedError, present};
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::article::{Article, ArticleFilter};
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::node::{Node, NodeKind, target};
use crate::graphql::types::statement::{Statement, StatementFilter};
use entity::evidence::{Column, EvidencePart};
use entity::participation::Certainty;
use entity::record::RecordKind as Noun_;

/// What only the fields of these names show.
const SPARE: &[Column] = &[
    Column::Start,
    Column::End,
    Column::Quote,
    Column::QuoteSha256,
    Column::Prefix,
    Column::Suffix,
    Column::Confidence,
    Column::Note,
];

belongs_to! {
    evidence {
        ARTICLE "article": Article = article_id;
        STATEMENT "statement": Statement = statement_id or null;
    }
}

node_type!(Evidence of evidence, filter EvidenceFilter, order EvidenceOrderField, facet EvidenceFacet, spare SPARE, refers REFERENCES);

/// Where in an article a fact is written (W3C Web Annotation Data Model: TextPositionSelector and TextQuoteSelector).
/// The words themselves stand here only where they may be kept.
#[Object]
impl Evidence {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        NodeKind::Evidence.global(self.0.id.0)
    }
    /// The record that it came with.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// The article.
    async fn article(&self, ctx: &Context<'_>) -> Result<ResolvedObject<Article>, SharedError> {
        present(self.0.one(ctx, &ARTICLE).await)
    }
    /// The fact that is written there.
    async fn target(&self, ctx: &Context<'_>) -> Result<Node, SharedError> {
        target(&self.0, ctx, |row| Some((row.target_id.0, Some(row.target_kind)))).await
    }

    /// The noun of the fact, for those who need no more.
    async fn target_kind(&self) -> Noun_ {
        self.0.target_kind
    }
    /// First Unicode code point of the span in the article's text, from 0.
    async fn start(&self) -> Option<i32> {
        self.0.start
    }
    /// Code point behind the span.
    async fn end(&self) -> Option<i32> {
        self.0.end
    }
    /// The words there, where they may be kept.
    async fn quote(&self) -> Option<&String> {
        self.0.quote.as_ref()
    }
    /// SHA-256 of the words there in UTF-8, in hexadecimal.
    #[graphql(name = "quoteSha256")]
    async fn quote_sha256(&self) -> Option<&String> {
        self.0.quote_sha256.as_ref()
    }
    /// Words before the span, where they may be kept.
    async fn prefix(&self) -> Option<&String> {
        self.0.prefix.as_ref()
    }
    /// Words behind the span, where they may be kept.
    async fn suffix(&self) -> Option<&String> {
        self.0.suffix.as_ref()
    }
    /// Which part of the fact is written there.
    async fn part(&self) -> EvidencePart {
        self.0.part
    }
    /// Place among the pieces of a split span, from 0.
    async fn ordinal(&self) -> i32 {
        self.0.ordinal
    }
    /// The statement in which the fact is told; null for the article's own voice.
    async fn statement(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Statement>, SharedError>> {
        self.0.one(ctx, &STATEMENT).await
    }
    /// How sure the annotation is, from 0 to 1.
    async fn confidence(&self) -> Option<f64> {
        self.0.confidence
    }
    /// Whether the fact is stated there or inferred from it.
    async fn certainty(&self) -> Certainty {
        self.0.certainty
    }
    /// What is left to inference, in words.
    async fn note(&self) -> Option<&String> {
        self.0.note.as_ref()
    }
}

filter! {
    /// Which evidence.
    EvidenceFilter of evidence {
        /// The id.
        id: IdFilter = id(Id of Evidence);
        /// The record that it came with.
        record: RecordFilter = with(from_record::<entity::evidence::Entity>);
        /// The article.
        article: Box<ArticleFilter> = one(ArticleId);
        /// The noun of the fact.
        target_kind: EnumFilter<Noun_> = column(TargetKind);
        /// Which part of the fact is written there.
        part: EnumFilter<EvidencePart> = column(Part);
        /// The statement in which the fact is told.
        statement: Box<StatementFilter> = one(StatementId);
        /// How sure the annotation is, from 0 to 1.
        confidence: FloatFilter = column(Confidence);
        /// Whether the fact is stated there or inferred from it.
        certainty: EnumFilter<Certainty> = column(Certainty);
    }
}

facet! {
    /// By what evidence can be counted.
    EvidenceFacet of evidence {
        /// The noun of what is written there.
        TargetKind = Values::words(Column::TargetKind),
        /// The article.
        Article = Values::things(Column::ArticleId, NodeKind::Article),
        /// Whether it is stated or inferred.
        Certainty = Values::words(Column::Certainty),
    }
}

order! {
    /// By what evidence can be ordered.
    EvidenceOrderField {
        /// In the order in which it was recorded.
        Recorded = Recorded,
        /// By where it begins in its article.
        Start = Offset (entity::evidence::Entity, entity::evidence::Column::Start),
    }
}

root_fields! {
    EvidenceQuery of Evidence {
        lists {
            /// Where facts are written.
            evidence;
        }
    }
}
