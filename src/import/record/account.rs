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

/// One version of a disputed event. At most one account of an event can be true.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountRecord {
    /// The key: unique in the dataset across all record types, and not empty. A nested record without a key is identified by its position, as in `visit#/participations/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The event. Omit it in a nested record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Ref>,
    /// A short summary of this version, in your own words.
    pub label: String,
    /// The event type, if this version differs from the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<EventType>,
    /// The date, if this version differs from the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// The place, if this version differs from the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Ref>,
    /// The exact location, as free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_note: Option<String>,
    /// The actors, articles and things that took part, according to this version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participations: Vec<ParticipationRecord>,
    /// Numbers that it reports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<FigureRecord>,
    /// Spans of article text that support this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for AccountRecord {
    const KIND: RecordKind = RecordKind::Account;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let when = b.time("when", self.when.as_ref());
        Row::Account(entity::account::Model {
            id: b.id(),
            event_id: b.parent("event", self.event.as_ref(), &[RecordKind::Event]).0.0.into(),
            label: b.required_text("label", &self.label),
            kind: self.r#type,
            date: when.edtf,
            date_raw: when.raw,
            earliest: when.earliest,
            latest: when.latest,
            place_id: b.optional_place("place", self.place.as_ref()),
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
            event: r.parent(row.id, row.event_id),
            label: row.label.clone(),
            r#type: row.kind,
            when: When::of(row.date.as_ref(), row.date_raw.as_ref()),
            place: r.optional_reference(row.place_id),
            place_note: row.place_note.clone(),
            participations: r.parts(row.id),
            figures: r.parts(row.id),
            evidence: r.parts(row.id),
        }
    }
}
