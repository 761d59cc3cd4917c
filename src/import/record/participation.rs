//! Records of participations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::{Build, Ref, Restore, Row, unless_default};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::participation::{Certainty, Role};
use entity::record::RecordKind;

/// The participation of exactly one actor, article or thing in an event.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParticipationRecord {
    /// The key: unique in the dataset across all record types, and not empty. A nested record without a key is identified by its position, as in `visit#/participations/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The event. Omit it in a record that is nested in an event or account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Ref>,
    /// The account that the participation is part of. Omit it if the participation is undisputed, or in a record that is nested in the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Ref>,
    /// The actor that takes part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Ref>,
    /// The article.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<Ref>,
    /// A thing that takes part, as free text, such as `his social media accounts`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thing: Option<String>,
    /// The role of the participant.
    pub role: Role,
    /// The side that the participant was on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// The place of the participation, if it differs from the place of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Ref>,
    /// Further details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether the participation is stated or inferred. Default: `STATED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certainty: Option<Certainty>,
    /// Spans of article text that support this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for ParticipationRecord {
    const KIND: RecordKind = RecordKind::Participation;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        if [self.actor.is_some(), self.article.is_some(), self.thing.is_some()].iter().filter(|given| **given).count()
            != 1
        {
            b.problem(
                "",
                "needs exactly one of actor, article and thing",
                Some("give one of \"actor\", \"article\", \"thing\"".into()),
            );
        }
        let (event_id, account_id) = b.event_and_account(self.event.as_ref(), self.account.as_ref());
        Row::Participation(entity::participation::Model {
            id: b.id(),
            event_id,
            account_id,
            actor_id: b.optional_actor("actor", self.actor.as_ref()),
            article_id: self.article.as_ref().map(|article| b.article("article", article)),
            thing: self.thing.clone(),
            role: self.role,
            side: self.side.clone(),
            place_id: b.optional_place("place", self.place.as_ref()),
            note: self.note.clone(),
            certainty: self.certainty.unwrap_or(Certainty::Stated),
            standing: None,
        })
    }

    fn parts(&self) -> Vec<(&'static str, &dyn crate::import::record::AnyBuild)> {
        crate::import::record::parts!(self: "evidence" evidence)
    }
}

impl Restore for ParticipationRecord {
    type Row = entity::participation::Model;

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        Self {
            key: r.key(row.id),
            event: r.event(row),
            account: r.account(row),
            actor: r.optional_reference(row.actor_id),
            article: r.optional_reference(row.article_id),
            thing: row.thing.clone(),
            role: row.role,
            side: row.side.clone(),
            place: r.optional_reference(row.place_id),
            note: row.note.clone(),
            certainty: unless_default(row.certainty, Certainty::Stated),
            evidence: r.parts(row.id),
        }
    }
}
