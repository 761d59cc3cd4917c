//! Records of names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::{Build, Ref, Restore, Row, unless};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use crate::text::fold;
use entity::name::NameKind;
use entity::record::RecordKind;

/// A name of an actor or place.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NameRecord {
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The actor or place that bears it; left out inside of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Ref>,
    /// The name as written; a handle without its `@`.
    pub text: String,
    /// BCP 47 language tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What sort of name it is; `ALIAS` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<NameKind>,
    /// Where it is written.
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
            target_id: b.whole("target", self.target.as_ref(), &[RecordKind::Actor, RecordKind::Place]).0,
            text: b.filled("text", &self.text),
            language: b.language("language", self.language.as_deref()),
            script: fold::script(&self.text).map(str::to_owned),
            kind: self.r#type.unwrap_or(NameKind::Alias),
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
            target: r.whole(row.id, row.target_id),
            text: row.text.clone(),
            language: row.language.clone(),
            r#type: unless(row.kind, NameKind::Alias),
            evidence: r.parts(row.id),
        }
    }
}
