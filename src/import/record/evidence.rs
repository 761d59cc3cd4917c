//! Records of evidence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::{Build, Ref, Restore, Row, unless_default};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::evidence::EvidencePart;
use entity::participation::Certainty;
use entity::record::RecordKind;

/// A span of article text that supports a fact: its position in Unicode code points (W3C TextPositionSelector), its words or their digest, and the words around it (TextQuoteSelector).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EvidenceRecord {
    /// The key: unique in the dataset across all record types, and not empty. A nested record without a key is identified by its position, as in `visit#/participations/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The fact that the span supports. Omit it in a nested record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Ref>,
    /// The article.
    pub article: Ref,
    /// The position of the first code point, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<i32>,
    /// The position after the last code point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<i32>,
    /// The words of the span, if they may be stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// The SHA-256 of the words of the span in UTF-8, in hexadecimal. Computed if `quote` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote_sha256: Option<String>,
    /// The words before the span, if they may be stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The words after the span, if they may be stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
    /// The part of the fact that the span supports. Default: `WHOLE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<EvidencePart>,
    /// The position among the pieces of a split span, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordinal: Option<i32>,
    /// The statement that reports the fact. Omit it if the article reports the fact in its own voice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Ref>,
    /// The confidence of the annotation, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "crate::import::record::number")]
    pub confidence: Option<f64>,
    /// Whether the span states the fact or the fact is inferred from it. Default: `STATED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certainty: Option<Certainty>,
    /// A note on what is inferred, in your own words.
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
        let (target_id, target_kind) = b.parent("target", self.target.as_ref(), &kinds);
        b.check_span(self.start, self.end);
        b.check_fraction("confidence", self.confidence);
        let (quote, quote_sha256) = b.quote(self.quote.as_deref(), self.quote_sha256.as_deref());
        Row::Evidence(entity::evidence::Model {
            id: b.id(),
            article_id: b.article("article", &self.article),
            target_id,
            target_kind,
            start: self.start,
            end: self.end,
            quote,
            quote_sha256,
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
            target: r.parent(row.id, row.target_id),
            article: r.reference(row.article_id),
            start: row.start,
            end: row.end,
            quote: row.quote.clone(),
            quote_sha256: row.quote_sha256.clone().filter(|_| row.quote.is_none()),
            prefix: row.prefix.clone(),
            suffix: row.suffix.clone(),
            part: unless_default(row.part, EvidencePart::Whole),
            ordinal: unless_default(row.ordinal, 0),
            statement: r.optional_reference(row.statement_id),
            confidence: row.confidence,
            certainty: unless_default(row.certainty, Certainty::Stated),
            note: row.note.clone(),
        }
    }
}
