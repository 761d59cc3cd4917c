//! Records of names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::{Build, Ref, Restore, Row, unless_default};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use crate::text::fold;
use entity::name::NameKind;
use entity::record::RecordKind;

/// A name of an actor or place.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NameRecord {
    /// The key: unique in the dataset across all record types, and not empty. A nested record without a key is identified by its position, as in `visit#/participations/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The actor or place that has the name. Omit it in a nested record.
    #[serde(default, alias = "target", skip_serializing_if = "Option::is_none")]
    pub bearer: Option<Ref>,
    /// The name as written. Omit the `@` of a social media handle.
    pub text: String,
    /// The language: a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The kind of name. Default: `ALIAS`.
    #[serde(default, alias = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<NameKind>,
    /// Spans of article text where the name occurs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for NameRecord {
    const KIND: RecordKind = RecordKind::Name;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        Row::Name(entity::name::Model {
            id: b.id(),
            target_id: b.parent("bearer", self.bearer.as_ref(), &[RecordKind::Actor, RecordKind::Place]).0,
            text: b.required_text("text", &self.text),
            language: b.language("language", self.language.as_deref()),
            script: fold::script(&self.text).map(str::to_owned),
            kind: self.kind.unwrap_or(NameKind::Alias),
        })
    }

    fn parts(&self) -> Vec<(&'static str, &dyn crate::import::record::AnyBuild)> {
        crate::import::record::parts!(self: "evidence" evidence)
    }
}

impl Restore for NameRecord {
    type Row = entity::name::Model;

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        Self {
            key: r.key(row.id),
            bearer: r.parent(row.id, row.target_id),
            text: row.text.clone(),
            language: row.language.clone(),
            kind: unless_default(row.kind, NameKind::Alias),
            evidence: r.parts(row.id),
        }
    }
}
