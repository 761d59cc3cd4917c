//! Evidence: the spans of article text that support facts.

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::filter::{EnumFilter, FloatFilter, IdFilter, RecordFilter, filter, from_record};
use crate::graphql::schema::connection::List;
use crate::graphql::schema::node_type::node_type;
use crate::graphql::schema::root::root_fields;
use crate::graphql::types::article::{Article, ArticleFilter};
use crate::graphql::types::node::Node;
use crate::graphql::types::statement::{Statement, StatementFilter};
use entity::evidence::EvidencePart;
use entity::participation::Certainty;
use entity::record::RecordKind;

node_type! {
    /// A span of article text that supports a fact (W3C Web Annotation Data Model: TextPositionSelector and TextQuoteSelector).
    /// The text itself is included only where it may be stored.
    Evidence of evidence as Evidence, filter EvidenceFilter, order EvidenceOrderField, facet EvidenceFacet {
        /// The article that contains the span.
        article: Article = one(ArticleId);
        /// The fact that the span supports.
        target: Node = node(TargetId, TargetKind);
        /// Node type of `target`, available without loading the target itself.
        target_kind: RecordKind = column(TargetKind);
        /// Start of the span in the article's text, in Unicode code points from 0.
        start: Option<i32> = column(Start);
        /// End of the span in the article's text, in Unicode code points, exclusive.
        end: Option<i32> = column(End);
        /// Text of the span; null if it is not stored.
        quote: Option<String> = column(Quote);
        /// SHA-256 of the span's text in UTF-8, in hexadecimal.
        quote_sha256: Option<String> = column(QuoteSha256);
        /// Text before the span; null if it is not stored.
        prefix: Option<String> = column(Prefix);
        /// Text after the span; null if it is not stored.
        suffix: Option<String> = column(Suffix);
        /// Part of the fact that the span supports.
        part: EvidencePart = column(Part);
        /// Position among the pieces of a split span, from 0.
        ordinal: i32 = column(Ordinal);
        /// The statement that reports the fact; null if the article reports it in its own voice.
        statement: Option<Statement> = one(StatementId);
        /// Confidence of the annotation, from 0 to 1.
        confidence: Option<f64> = column(Confidence);
        /// Certainty: the fact is stated in the span, or inferred from it.
        certainty: Certainty = column(Certainty);
        /// Explanation of what is inferred, as free text.
        note: Option<String> = column(Note);
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
    root_fields {
        /// Paginated list of evidence: the spans of article text that support facts.
        evidence: Option<List<Evidence>> = list;
    }
}
