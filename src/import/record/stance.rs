//! Records of stances.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::{Build, Ref, Restore, Row};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::record::RecordKind;
use entity::stance::StanceKind;

/// The side that a statement takes on a claim.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StanceRecord {
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The statement; left out inside of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Ref>,
    /// The claim.
    pub claim: Ref,
    /// The side.
    pub stance: StanceKind,
    /// Where it is written.
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
            statement_id: b.whole("statement", self.statement.as_ref(), &[RecordKind::Statement]).0.0.into(),
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
            statement: r.whole(row.id, row.statement_id),
            claim: r.reference(row.claim_id),
            stance: row.stance,
            evidence: r.parts(row.id),
        }
    }
}
