//! Records of external ids.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::{Build, Ref, Restore, Row};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::record::RecordKind;

/// An identifier of an actor, place, event or article in another system.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExternalIdRecord {
    /// The key: unique in the dataset across all record types, and not empty. A nested record without a key is identified by its position, as in `visit#/participations/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The actor, place, event or article that has the identifier. Omit it in a nested record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Ref>,
    /// The identifier scheme: `wikidata`, `geonames`, `gdelt`, `gdelt-feature`, `gdelt-actor`, `acled`, `ucdp`, `polecat`, `ftm`, `wikipedia`, `twitter`, `facebook`, `telegram`, `doi`, `isbn`, `url`, or a scheme of your own written as `x-name`.
    pub scheme: String,
    /// The identifier, in the format of its scheme.
    pub value: String,
}

impl Build for ExternalIdRecord {
    const KIND: RecordKind = RecordKind::ExternalId;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let (target_id, target_kind) = b.parent(
            "target",
            self.target.as_ref(),
            &[RecordKind::Actor, RecordKind::Place, RecordKind::Event, RecordKind::Article],
        );
        b.check_external_id(&self.scheme, &self.value);
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
            target: r.parent(row.id, row.target_id),
            scheme: row.scheme.clone(),
            value: row.value.clone(),
        }
    }
}
