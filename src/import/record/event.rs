//! Records of events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::account::AccountRecord;
use crate::import::record::event_link::EventLinkRecord;
use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::external_id::ExternalIdRecord;
use crate::import::record::figure::FigureRecord;
use crate::import::record::participation::ParticipationRecord;
use crate::import::record::{Build, Ref, Restore, Row, When, unless_default};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::event::{Occurrence, PlacePrecision, TitleSource};
use entity::event_type::EventType;
use entity::participation::Certainty;
use entity::record::RecordKind;

/// Something that happened, is planned, or is said to have happened. The event has the undisputed facts; `accounts` has the disputed ones.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventRecord {
    /// The key: unique in the dataset across all record types, and not empty. A nested record without a key is identified by its position, as in `visit#/participations/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A readable unique name for links: lower-case letters a-z, digits and hyphens, at most 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The event type. If accounts disagree on it, give the nearest common parent of their types.
    pub r#type: EventType,
    /// The event type code of the feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_type: Option<String>,
    /// A title, in your own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Origin of the title: given by the dataset, or generated from the type, the place and the actors. Default: `GIVEN`, if there
    /// is a title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_source: Option<TitleSource>,
    /// A summary, in your own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The date. Omit it if it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// The place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Ref>,
    /// The exact location, as free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_note: Option<String>,
    /// Whether the place is stated or inferred. Default: `STATED`, if there is a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_certainty: Option<Certainty>,
    /// Explanation of what the place is inferred from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_certainty_note: Option<String>,
    /// The precision of the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_precision: Option<PlacePrecision>,
    /// Whether the event happened. Default: `HAPPENED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurrence: Option<Occurrence>,
    /// The event that includes this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Ref>,
    /// The actors, articles and things that took part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participations: Vec<ParticipationRecord>,
    /// Conflicting versions of the event. At most one of them can be true.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountRecord>,
    /// Links to other events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<EventLinkRecord>,
    /// Identifiers in other systems.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_ids: Vec<ExternalIdRecord>,
    /// Numbers that it reports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<FigureRecord>,
    /// Spans of article text that support this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for EventRecord {
    const KIND: RecordKind = RecordKind::Event;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let when = b.time("when", self.when.as_ref());
        let place_id = b.optional_place("place", self.place.as_ref());
        if place_id.is_none() && self.place_certainty.is_some() {
            b.problem("placeCertainty", "is given without a place", Some("add \"place\", or leave it out".into()));
        }
        if self.title.is_none() && self.title_source.is_some() {
            b.problem("titleSource", "is given without a title", Some("add \"title\", or leave it out".into()));
        }
        Row::Event(entity::event::Model {
            id: b.id(),
            slug: b.slug(self.slug.as_deref()),
            kind: self.r#type,
            source_type: self.source_type.clone(),
            title: self.title.clone(),
            title_source: self.title.as_ref().map(|_| self.title_source.unwrap_or(TitleSource::Given)),
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
            parent_id: b.whole("parent", self.parent.as_ref(), RecordKind::Event),
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
            title_source: row.title_source.filter(|source| *source != TitleSource::Given),
            summary: row.summary.clone(),
            when: When::of(row.date.as_ref(), row.date_raw.as_ref()),
            place: r.optional_reference(row.place_id),
            place_note: row.place_note.clone(),
            place_certainty: row
                .place_certainty
                .filter(|certainty| row.place_id.is_some() && *certainty != Certainty::Stated),
            place_certainty_note: row.place_certainty_note.clone(),
            place_precision: row.place_precision,
            occurrence: unless_default(row.occurrence, Occurrence::Happened),
            parent: r.optional_reference(row.parent_id),
            participations: r.parts(row.id),
            accounts: r.parts(row.id),
            links: r.parts(row.id),
            external_ids: r.parts(row.id),
            figures: r.parts(row.id),
            evidence: r.parts(row.id),
        }
    }
}
