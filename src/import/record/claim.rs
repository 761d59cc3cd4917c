//! Records of claims.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::{Build, Ref, Restore, Row};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::record::RecordKind;
use entity::standing::Standing;

/// A proposition that statements take sides on, always worded affirmatively.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClaimRecord {
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The proposition, in our words.
    pub text: String,
    /// What it is about: an event (that it happened), account, participation, relation, figure or actor. All but an actor have at most one claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Ref>,
    /// Where it is written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for ClaimRecord {
    const KIND: RecordKind = RecordKind::Claim;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let subject = self.subject.as_ref().map(|subject| {
            b.reference(
                "subject",
                subject,
                &[
                    RecordKind::Event,
                    RecordKind::Account,
                    RecordKind::Participation,
                    RecordKind::Relation,
                    RecordKind::Figure,
                    RecordKind::Actor,
                ],
            )
        });
        Row::Claim(entity::claim::Model {
            id: b.id(),
            text: b.filled("text", &self.text),
            subject_id: subject.map(|(id, _)| id),
            subject_kind: subject.map(|(_, kind)| kind),
            standing: Standing::Unsupported,
            implied: false,
        })
    }

    fn parts(&self) -> Vec<(&'static str, &dyn crate::import::record::AnyBuild)> {
        crate::import::record::parts!(self: "evidence" evidence)
    }
}

impl Restore for ClaimRecord {
    type Row = entity::claim::Model;

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        Self {
            key: r.key(row.id),
            text: row.text.clone(),
            subject: r.reference_if(row.subject_id),
            evidence: r.parts(row.id),
        }
    }
}
