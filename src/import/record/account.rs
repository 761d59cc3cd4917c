//! Records of accounts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::figure::FigureRecord;
use crate::import::record::participation::ParticipationRecord;
use crate::import::record::{Build, Ref, Restore, Row, When};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::event_type::EventType;
use entity::record::RecordKind;

/// One version of a disputed event; the accounts of one event exclude each other.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountRecord {
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The event; left out inside of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Ref>,
    /// What this version says, in a few words of ours.
    pub label: String,
    /// What kind of event it was, if this version says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<EventType>,
    /// When, if this version says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// Where, if this version says otherwise: a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Ref>,
    /// Where more exactly, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_note: Option<String>,
    /// Who and what had a part in it according to this version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participations: Vec<ParticipationRecord>,
    /// Numbers that it gives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<FigureRecord>,
    /// Where it is written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for AccountRecord {
    const KIND: RecordKind = RecordKind::Account;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let when = b.when("when", self.when.as_ref());
        Row::Account(entity::account::Model {
            id: b.id(),
            event_id: b.whole("event", self.event.as_ref(), &[RecordKind::Event]).0.0.into(),
            label: b.filled("label", &self.label),
            kind: self.r#type,
            date: when.edtf,
            date_raw: when.raw,
            earliest: when.earliest,
            latest: when.latest,
            place_id: b.place_if("place", self.place.as_ref()),
            place_note: self.place_note.clone(),
            standing: None,
            implied: false,
        })
    }

    fn parts(&self) -> Vec<(&'static str, &dyn crate::import::record::AnyBuild)> {
        crate::import::record::parts!(self: "participations" participations, "figures" figures, "evidence" evidence)
    }
}

impl Restore for AccountRecord {
    type Row = entity::account::Model;

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        Self {
            key: r.key(row.id),
            event: r.whole(row.id, row.event_id),
            label: row.label.clone(),
            r#type: row.kind,
            when: When::of(row.date.as_ref(), row.date_raw.as_ref()),
            place: r.reference_if(row.place_id),
            place_note: row.place_note.clone(),
            participations: r.parts(row.id),
            figures: r.parts(row.id),
            evidence: r.parts(row.id),
        }
    }
}
