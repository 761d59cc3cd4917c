//! Records of claims.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::{Build, Ref, Restore, Row};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::record::RecordKind;
use entity::standing::Standing;

/// A proposition that statements assert or deny. Word it affirmatively.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClaimRecord {
    /// The key: unique in the dataset across all record types, and not empty. A nested record without a key is identified by its position, as in `visit#/participations/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The proposition, in your own words.
    pub text: String,
    /// The subject: an event (the claim says that it happened), account, participation, relation, figure or actor. Only an actor can have more than one claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Ref>,
    /// Spans of article text that support this.
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
            text: b.required_text("text", &self.text),
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
            subject: r.optional_reference(row.subject_id),
            evidence: r.parts(row.id),
        }
    }
}
