//! Records of participations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::{Build, Ref, Restore, Row, unless};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::participation::{Certainty, Role};
use entity::record::RecordKind;

/// A part in an event: of exactly one actor, article or thing.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParticipationRecord {
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The event; left out inside of it or of an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Ref>,
    /// The account that tells of it; left out when it is agreed, or inside of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Ref>,
    /// The actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Ref>,
    /// The article.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<Ref>,
    /// The thing, in words: his social media accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thing: Option<String>,
    /// The part it had.
    pub role: Role,
    /// The side it was on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// Where it took part, if not where the event was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Ref>,
    /// What else is told of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether the part is stated or inferred; `STATED` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certainty: Option<Certainty>,
    /// Where it is written.
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
                "is of exactly one of actor, article and thing",
                Some("give one of \"actor\", \"article\", \"thing\"".into()),
            );
        }
        let (event_id, account_id) = b.event_and_account(self.event.as_ref(), self.account.as_ref());
        Row::Participation(entity::participation::Model {
            id: b.id(),
            event_id,
            account_id,
            actor_id: b.actor_if("actor", self.actor.as_ref()),
            article_id: self.article.as_ref().map(|article| b.article("article", article)),
            thing: self.thing.clone(),
            role: self.role,
            side: self.side.clone(),
            place_id: b.place_if("place", self.place.as_ref()),
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
            actor: r.reference_if(row.actor_id),
            article: r.reference_if(row.article_id),
            thing: row.thing.clone(),
            role: row.role,
            side: row.side.clone(),
            place: r.reference_if(row.place_id),
            note: row.note.clone(),
            certainty: unless(row.certainty, Certainty::Stated),
            evidence: r.parts(row.id),
        }
    }
}
