//! Records of events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::account::AccountRecord;
use crate::import::record::event_link::EventLinkRecord;
use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::external_id::ExternalIdRecord;
use crate::import::record::figure::FigureRecord;
use crate::import::record::participation::ParticipationRecord;
use crate::import::record::{Build, Ref, Restore, Row, When, unless};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::event::{Occurrence, PlacePrecision};
use entity::event_type::EventType;
use entity::participation::Certainty;
use entity::record::RecordKind;

/// Something that happened, is planned, or is said to have happened. What is agreed stands here, what is disputed in its accounts.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventRecord {
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A readable unique name for links: lower-case letters, digits and hyphens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// What kind of event it is; for a disputed one the nearest common parent.
    pub r#type: EventType,
    /// The feed's own code for its type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_type: Option<String>,
    /// A title of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What happened, in our words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// When; left out when unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// Where: a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Ref>,
    /// Where more exactly, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_note: Option<String>,
    /// Whether the place is stated or inferred; `STATED` when there is a place and this is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_certainty: Option<Certainty>,
    /// From what the place is inferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_certainty_note: Option<String>,
    /// How exact the place is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_precision: Option<PlacePrecision>,
    /// Whether it happened; `HAPPENED` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurrence: Option<Occurrence>,
    /// The event of which it is a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Ref>,
    /// Who and what had a part in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participations: Vec<ParticipationRecord>,
    /// Versions of it that exclude each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountRecord>,
    /// Ties to other events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<EventLinkRecord>,
    /// Its ids elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_ids: Vec<ExternalIdRecord>,
    /// Numbers that it gives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<FigureRecord>,
    /// Where it is written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for EventRecord {
    const KIND: RecordKind = RecordKind::Event;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let when = b.when("when", self.when.as_ref());
        let place_id = b.place_if("place", self.place.as_ref());
        if place_id.is_none() && self.place_certainty.is_some() {
            b.problem(
                "placeCertainty",
                "is of a place, and there is none",
                Some("add \"place\" or leave it out".into()),
            );
        }
        Row::Event(entity::event::Model {
            id: b.id(),
            slug: b.slug(self.slug.as_deref()),
            kind: self.r#type,
            source_type: self.source_type.clone(),
            title: self.title.clone(),
            summary: self.summary.clone(),
            date: when.edtf,
            date_raw: when.raw,
            earliest: when.earliest,
            latest: when.latest,
            place_id,
            place_note: self.place_note.clone(),
            place_certainty: self.place_certainty.or(place_id.map(|_| Certainty::Stated)),
            place_certainty_note: self.place_certainty_note.clone(),
            place_precision: self.place_precision,
            occurrence: self.occurrence.unwrap_or(Occurrence::Happened),
            parent_id: self.parent.as_ref().map(|parent| b.event("parent", parent)),
            standing: None,
        })
    }

    fn parts(&self) -> Vec<(&'static str, &dyn crate::import::record::AnyBuild)> {
        crate::import::record::parts!(self: "participations" participations, "accounts" accounts, "links" links, "externalIds" external_ids, "figures" figures, "evidence" evidence)
    }
}

impl Restore for EventRecord {
    type Row = entity::event::Model;

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        Self {
            key: r.key(row.id),
            slug: row.slug.clone(),
            r#type: row.kind,
            source_type: row.source_type.clone(),
            title: row.title.clone(),
            summary: row.summary.clone(),
            when: When::of(row.date.as_ref(), row.date_raw.as_ref()),
            place: r.reference_if(row.place_id),
            place_note: row.place_note.clone(),
            place_certainty: row
                .place_certainty
                .filter(|certainty| row.place_id.is_some() && *certainty != Certainty::Stated),
            place_certainty_note: row.place_certainty_note.clone(),
            place_precision: row.place_precision,
            occurrence: unless(row.occurrence, Occurrence::Happened),
            parent: r.reference_if(row.parent_id),
            participations: r.parts(row.id),
            accounts: r.parts(row.id),
            links: r.parts(row.id),
            external_ids: r.parts(row.id),
            figures: r.parts(row.id),
            evidence: r.parts(row.id),
        }
    }
}
