//! Records of ids elsewhere.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::{Build, Ref, Restore, Row};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::record::RecordKind;

/// An id of an actor, place, event or article elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExternalIdRecord {
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whose id it is; left out inside of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Ref>,
    /// Who gives such ids: `wikidata`, `geonames`, `gdelt`, `gdelt-feature`, `acled`, `ucdp`, `polecat`, `ftm`, `wikipedia`, `twitter`, `doi`, `isbn`, `url`, or another scheme written as `x-name`.
    pub scheme: String,
    /// The id, in the form that its scheme has.
    pub value: String,
}

impl Build for ExternalIdRecord {
    const KIND: RecordKind = RecordKind::ExternalId;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let (target_id, target_kind) = b.whole(
            "target",
            self.target.as_ref(),
            &[RecordKind::Actor, RecordKind::Place, RecordKind::Event, RecordKind::Article],
        );
        b.external_id(&self.scheme, &self.value);
        Row::ExternalId(entity::external_id::Model {
            id: b.id(),
            target_id,
            target_kind,
            scheme: self.scheme.clone(),
            value: self.value.clone(),
        })
    }
}

impl Restore for ExternalIdRecord {
    type Row = entity::external_id::Model;

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        Self {
            key: r.key(row.id),
            target: r.whole(row.id, row.target_id),
            scheme: row.scheme.clone(),
            value: row.value.clone(),
        }
    }
}
