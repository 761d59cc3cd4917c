//! Records of links between events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::{Build, Ref, Restore, Row};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::event_link::EventLinkKind;
use entity::record::RecordKind;

/// A link from one event to another.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventLinkRecord {
    /// The key: unique in the dataset across all record types, and not empty. A nested record without a key is identified by its position, as in `visit#/participations/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The event that the link starts from. Omit it in a nested record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Ref>,
    /// The kind of link.
    #[serde(alias = "type")]
    pub kind: EventLinkKind,
    /// The event that the link leads to.
    pub to: Ref,
    /// Spans of article text that support this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for EventLinkRecord {
    const KIND: RecordKind = RecordKind::EventLink;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let from_id = b.parent("from", self.from.as_ref(), &[RecordKind::Event]).0.0.into();
        let to_id = b.linked_event("to", &self.to, from_id);
        Row::EventLink(entity::event_link::Model { id: b.id(), kind: self.kind, from_id, to_id })
    }

    fn parts(&self) -> Vec<(&'static str, &dyn crate::import::record::AnyBuild)> {
        crate::import::record::parts!(self: "evidence" evidence)
    }
}

impl Restore for EventLinkRecord {
    type Row = entity::event_link::Model;

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        Self {
            key: r.key(row.id),
            from: r.parent(row.id, row.from_id),
            kind: row.kind,
            to: r.reference(row.to_id),
            evidence: r.parts(row.id),
        }
    }
}
