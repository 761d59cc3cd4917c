//! Records of evidence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::{Build, Ref, Restore, Row, unless};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::evidence::EvidencePart;
use entity::participation::Certainty;
use entity::record::RecordKind;

/// Where in an article a fact is written: a span in Unicode code points (W3C TextPositionSelector), its words or their digest, and what stands around them (TextQuoteSelector).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EvidenceRecord {
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The fact; left out inside of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Ref>,
    /// The article.
    pub article: Ref,
    /// First code point of the span, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<i32>,
    /// Code point behind the span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<i32>,
    /// The words there, where they may be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// SHA-256 of the words there in UTF-8, in hexadecimal; computed when the words are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote_sha256: Option<String>,
    /// Words before the span, where they may be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Words behind the span, where they may be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
    /// Which part of the fact is written there; `WHOLE` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<EvidencePart>,
    /// Place among the pieces of a split span, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordinal: Option<i32>,
    /// In whose statement the fact is told; left out for the article's own voice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Ref>,
    /// How sure the annotation is, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "crate::import::record::number")]
    pub confidence: Option<f64>,
    /// Whether the fact is stated there or inferred from it; `STATED` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certainty: Option<Certainty>,
    /// What is left to inference, in words of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Build for EvidenceRecord {
    const KIND: RecordKind = RecordKind::Evidence;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let kinds: Vec<RecordKind> = RecordKind::ALL.iter().copied().filter(|kind| kind.has_evidence()).collect();
        let (target_id, target_kind) = b.whole("target", self.target.as_ref(), &kinds);
        b.span(self.start, self.end);
        b.share("confidence", self.confidence);
        Row::Evidence(entity::evidence::Model {
            id: b.id(),
            article_id: b.article("article", &self.article),
            target_id,
            target_kind,
            start: self.start,
            end: self.end,
            quote: self.quote.clone(),
            quote_sha256: b.quote_digest(self.quote.as_deref(), self.quote_sha256.as_deref()),
            prefix: self.prefix.clone(),
            suffix: self.suffix.clone(),
            part: self.part.unwrap_or(EvidencePart::Whole),
            ordinal: self.ordinal.unwrap_or(0),
            statement_id: self.statement.as_ref().map(|statement| b.statement("statement", statement)),
            confidence: self.confidence,
            certainty: self.certainty.unwrap_or(Certainty::Stated),
            note: self.note.clone(),
        })
    }
}

impl Restore for EvidenceRecord {
    type Row = entity::evidence::Model;

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        Self {
            key: r.key(row.id),
            target: r.whole(row.id, row.target_id),
            article: r.reference(row.article_id),
            start: row.start,
            end: row.end,
            quote: row.quote.clone(),
            quote_sha256: row.quote_sha256.clone().filter(|_| row.quote.is_none()),
            prefix: row.prefix.clone(),
            suffix: row.suffix.clone(),
            part: unless(row.part, EvidencePart::Whole),
            ordinal: unless(row.ordinal, 0),
            statement: r.reference_if(row.statement_id),
            confidence: row.confidence,
            certainty: unless(row.certainty, Certainty::Stated),
            note: row.note.clone(),
        }
    }
}
