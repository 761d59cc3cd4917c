//! Records of relations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::{Build, Ref, Restore, Row, unless};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::participation::Certainty;
use entity::record::RecordKind;
use entity::relation::RelationKind;

/// A lasting tie from an actor to an actor or to a place.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RelationRecord {
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What the first is to the second.
    pub r#type: RelationKind,
    /// The first: an actor.
    pub subject: Ref,
    /// The second, when it is an actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Ref>,
    /// The second, when it is a place; else the place for which the tie holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Ref>,
    /// The title or post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What else is told of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// From when it holds, in EDTF.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "from")]
    pub since: Option<String>,
    /// Until when it holds, in EDTF.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "to")]
    pub until: Option<String>,
    /// When it was said to hold, in EDTF: often the day of the article.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attested: Option<String>,
    /// Whether it is stated or inferred; `STATED` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certainty: Option<Certainty>,
    /// Where it is written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for RelationRecord {
    const KIND: RecordKind = RecordKind::Relation;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let since = b.span_of("from", self.since.as_deref());
        let until = b.span_of("to", self.until.as_deref());
        let attested = b.span_of("attested", self.attested.as_deref());
        b.ordered("to", since.earliest, until.latest);
        if self.object.is_none() && self.place.is_none() {
            b.problem("", "names no second side", Some("add \"object\" (an actor) or \"place\"".into()));
        }
        if self.object.as_ref() == Some(&self.subject) {
            b.problem("object", "is the first side too", Some("name another actor".into()));
        }
        Row::Relation(entity::relation::Model {
            id: b.id(),
            kind: self.r#type,
            subject_id: b.actor("subject", &self.subject),
            object_id: b.actor_if("object", self.object.as_ref()),
            place_id: b.place_if("place", self.place.as_ref()),
            title: self.title.clone(),
            note: self.note.clone(),
            since: since.edtf,
            since_earliest: since.earliest,
            until: until.edtf,
            until_latest: until.latest,
            attested: attested.edtf,
            held_earliest: since.earliest.or(attested.earliest),
            held_latest: until.latest.or(attested.latest),
            certainty: self.certainty.unwrap_or(Certainty::Stated),
        })
    }

    fn parts(&self) -> Vec<(&'static str, &dyn crate::import::record::AnyBuild)> {
        crate::import::record::parts!(self: "evidence" evidence)
    }
}

impl Restore for RelationRecord {
    type Row = entity::relation::Model;

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        Self {
            key: r.key(row.id),
            r#type: row.kind,
            subject: r.reference(row.subject_id),
            object: r.reference_if(row.object_id),
            place: r.reference_if(row.place_id),
            title: row.title.clone(),
            note: row.note.clone(),
            since: row.since.clone(),
            until: row.until.clone(),
            attested: row.attested.clone(),
            certainty: unless(row.certainty, Certainty::Stated),
            evidence: r.parts(row.id),
        }
    }
}
