//! Records of relations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::{Build, Ref, Restore, Row, unless_default};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::participation::Certainty;
use entity::record::RecordKind;
use entity::relation::RelationKind;

/// A lasting relation from an actor to another actor or to a place.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RelationRecord {
    /// The key: unique in the dataset across all record types, and not empty. A nested record without a key is identified by its position, as in `visit#/participations/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The kind of relation: what the subject is to the object.
    #[serde(alias = "type")]
    pub kind: RelationKind,
    /// The subject of the relation: an actor.
    pub subject: Ref,
    /// The object of the relation, if it is an actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Ref>,
    /// The object of the relation, if it is a place. With an actor in `object`, the place to which the relation applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Ref>,
    /// The title or position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Further details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The start date, in EDTF.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "from")]
    pub since: Option<String>,
    /// The end date, in EDTF.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "to")]
    pub until: Option<String>,
    /// A date at which the relation was reported to exist, in EDTF: often the date of the article.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attested: Option<String>,
    /// Whether the relation is stated or inferred. Default: `STATED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certainty: Option<Certainty>,
    /// Spans of article text that support this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for RelationRecord {
    const KIND: RecordKind = RecordKind::Relation;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let since = b.date("from", self.since.as_deref());
        let until = b.date("to", self.until.as_deref());
        let attested = b.date("attested", self.attested.as_deref());
        b.check_order("to", since.earliest, until.latest);
        if self.object.is_none() && self.place.is_none() {
            b.problem("", "has no object", Some("add \"object\" (an actor) or \"place\"".into()));
        }
        let (subject_id, object_id) =
            (b.actor("subject", &self.subject), b.optional_actor("object", self.object.as_ref()));
        // Two references to one actor may be written in different ways.
        let is_same_actor = object_id == Some(subject_id) && subject_id.0 != 0;
        if is_same_actor || self.object.as_ref() == Some(&self.subject) {
            b.problem("object", "is the same as the subject", Some("give another actor".into()));
        }
        Row::Relation(entity::relation::Model {
            id: b.id(),
            kind: self.kind,
            subject_id,
            object_id,
            place_id: b.optional_place("place", self.place.as_ref()),
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
            kind: row.kind,
            subject: r.reference(row.subject_id),
            object: r.optional_reference(row.object_id),
            place: r.optional_reference(row.place_id),
            title: row.title.clone(),
            note: row.note.clone(),
            since: row.since.clone(),
            until: row.until.clone(),
            attested: row.attested.clone(),
            certainty: unless_default(row.certainty, Certainty::Stated),
            evidence: r.parts(row.id),
        }
    }
}
