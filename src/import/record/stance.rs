//! Records of stances.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::{Build, Ref, Restore, Row};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::record::RecordKind;
use entity::stance::StanceKind;

/// The position of a statement on a claim.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StanceRecord {
    /// The key: unique in the dataset across all record types, and not empty. A nested record without a key is identified by its position, as in `visit#/participations/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The statement. Omit it in a nested record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Ref>,
    /// The claim.
    pub claim: Ref,
    /// The position.
    pub stance: StanceKind,
    /// Spans of article text that support this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for StanceRecord {
    const KIND: RecordKind = RecordKind::Stance;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        Row::Stance(entity::stance::Model {
            id: b.id(),
            statement_id: b.parent("statement", self.statement.as_ref(), &[RecordKind::Statement]).0.0.into(),
            claim_id: b.claim("claim", &self.claim),
            stance: self.stance,
            current: false,
        })
    }

    fn parts(&self) -> Vec<(&'static str, &dyn crate::import::record::AnyBuild)> {
        crate::import::record::parts!(self: "evidence" evidence)
    }
}

impl Restore for StanceRecord {
    type Row = entity::stance::Model;

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        Self {
            key: r.key(row.id),
            statement: r.parent(row.id, row.statement_id),
            claim: r.reference(row.claim_id),
            stance: row.stance,
            evidence: r.parts(row.id),
        }
    }
}
