//! Records of stances.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Build, Ref, Row, evidence::EvidenceRecord};
use crate::import::build::Builder;
use entity::record::Kind;
use entity::stance::StanceKind;

/// The side that a statement takes on a claim.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StanceRecord {
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default)]
    pub key: Option<String>,
    /// The statement; left out inside of it.
    #[serde(default)]
    pub statement: Option<Ref>,
    /// The claim.
    pub claim: Ref,
    /// The side.
    pub stance: StanceKind,
    /// Where it is written.
    #[serde(default)]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for StanceRecord {
    const KIND: Kind = Kind::Stance;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        Row::Stance(entity::stance::Model {
            id: b.id(),
            statement_id: b.whole("statement", self.statement.as_ref(), &[Kind::Statement]).0.0.into(),
            claim_id: b.claim("claim", &self.claim),
            stance: self.stance,
            current: false,
        })
    }

    fn parts(&self) -> Vec<(&'static str, &dyn super::AnyBuild)> {
        super::parts!(self: "evidence" evidence)
    }
}
