//! Evidence: the spans of article text that support facts.

use async_graphql::{Context, ID, Object};

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::executor::object::ResolvedObject;
use crate::graphql::filter::{EnumFilter, FloatFilter, IdFilter, RecordFilter, filter, from_record};
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::node_type::node_type;
use crate::graphql::loading::session::{SharedError, required};
use crate::graphql::plan::noun::planned;
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::article::{Article, ArticleFilter};
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::node::{Node, NodeKind, target};
use crate::graphql::types::statement::{Statement, StatementFilter};
use entity::evidence::{Column, EvidencePart};
use entity::participation::Certainty;
use entity::record::RecordKind;

/// Columns that only the fields of the same names read: they are not loaded unless such a field is selected.
const LAZY_COLUMNS: &[Column] = &[
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

node_type!(Evidence of evidence, filter EvidenceFilter, order EvidenceOrderField, facet EvidenceFacet, lazy_columns LAZY_COLUMNS, belongs_to BELONGS_TO);

planned! {
    Evidence of evidence as Evidence, lists [] {
        "targetKind" Text TargetKind,
        "start" Int Start,
        "end" Int End,
        "quote" Text Quote,
        "quoteSha256" Text QuoteSha256,
        "prefix" Text Prefix,
        "suffix" Text Suffix,
        "part" Text Part,
        "ordinal" Int Ordinal,
        "confidence" Float Confidence,
        "certainty" Text Certainty,
        "note" Text Note,
        nodes:
        "target" [TargetId, TargetKind],
    }
}

/// A span of article text that supports a fact (W3C Web Annotation Data Model: TextPositionSelector and TextQuoteSelector).
/// The text itself is included only where it may be stored.
#[Object]
impl Evidence {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> ID {
        NodeKind::Evidence.global(self.0.id.0)
    }
    /// The imported record this node was created from: its dataset and key.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// The article that contains the span.
    async fn article(&self, ctx: &Context<'_>) -> Result<ResolvedObject<Article>, SharedError> {
        required(self.0.belongs_to(ctx, &ARTICLE).await)
    }
    /// The fact that the span supports.
    async fn target(&self, ctx: &Context<'_>) -> Result<Node, SharedError> {
        target(&self.0, ctx, |row| Some((row.target_id.0, Some(row.target_kind)))).await
    }

    /// Node type of `target`, available without loading the target itself.
    async fn target_kind(&self) -> RecordKind {
        self.0.target_kind
    }
    /// Start of the span in the article's text, in Unicode code points from 0.
    async fn start(&self) -> Option<i32> {
        self.0.start
    }
    /// End of the span in the article's text, in Unicode code points, exclusive.
    async fn end(&self) -> Option<i32> {
        self.0.end
    }
    /// Text of the span; null if it is not stored.
    async fn quote(&self) -> Option<&String> {
        self.0.quote.as_ref()
    }
    /// SHA-256 of the span's text in UTF-8, in hexadecimal.
    #[graphql(name = "quoteSha256")]
    async fn quote_sha256(&self) -> Option<&String> {
        self.0.quote_sha256.as_ref()
    }
    /// Text before the span; null if it is not stored.
    async fn prefix(&self) -> Option<&String> {
        self.0.prefix.as_ref()
    }
    /// Text after the span; null if it is not stored.
    async fn suffix(&self) -> Option<&String> {
        self.0.suffix.as_ref()
    }
    /// Part of the fact that the span supports.
    async fn part(&self) -> EvidencePart {
        self.0.part
    }
    /// Position among the pieces of a split span, from 0.
    async fn ordinal(&self) -> i32 {
        self.0.ordinal
    }
    /// The statement that reports the fact; null if the article reports it in its own voice.
    async fn statement(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Statement>, SharedError>> {
        self.0.belongs_to(ctx, &STATEMENT).await
    }
    /// Confidence of the annotation, from 0 to 1.
    async fn confidence(&self) -> Option<f64> {
        self.0.confidence
    }
    /// Certainty: the fact is stated in the span, or inferred from it.
    async fn certainty(&self) -> Certainty {
        self.0.certainty
    }
    /// Explanation of what is inferred, as free text.
    async fn note(&self) -> Option<&String> {
        self.0.note.as_ref()
    }
}

filter! {
    /// Filter for evidence.
    EvidenceFilter of evidence {
        /// Global id.
        id: IdFilter = id(Id of Evidence);
        /// The imported record this node was created from: its dataset and key.
        record: RecordFilter = with(from_record::<entity::evidence::Entity>);
        /// The evidence's article.
        article: Box<ArticleFilter> = one(ArticleId);
        /// Node type of the supported fact.
        target_kind: EnumFilter<RecordKind> = column(TargetKind);
        /// Part of the fact that the span supports.
        part: EnumFilter<EvidencePart> = column(Part);
        /// The statement that reports the fact.
        statement: Box<StatementFilter> = one(StatementId);
        /// Confidence of the annotation, from 0 to 1.
        confidence: FloatFilter = column(Confidence);
        /// Certainty: the fact is stated in the span, or inferred from it.
        certainty: EnumFilter<Certainty> = column(Certainty);
    }
}

facet! {
    /// Facets of evidence.
    EvidenceFacet of evidence {
        /// Node type of the supported fact.
        TargetKind = FacetValues::column(Column::TargetKind),
        /// The evidence's article.
        Article = FacetValues::node(Column::ArticleId, NodeKind::Article),
        /// Certainty: stated or inferred.
        Certainty = FacetValues::column(Column::Certainty),
    }
}

order! {
    /// Sort keys for evidence.
    EvidenceOrderField {
        /// Import order.
        Recorded = Recorded,
        /// Start of the span in its article.
        Start = Offset (entity::evidence::Entity, entity::evidence::Column::Start),
    }
}

root_fields! {
    EvidenceQuery of Evidence {
        lists {
            /// Paginated list of evidence: the spans of article text that support facts.
            evidence;
        }
    }
}
