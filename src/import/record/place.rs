//! Records of places.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::geo::band;
use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::external_id::ExternalIdRecord;
use crate::import::record::name::NameRecord;
use crate::import::record::{Build, Ref, Restore, Row};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use crate::text::fold::fold;
use entity::place::PlaceKind;
use entity::record::RecordKind;

/// A place of any size.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlaceRecord {
    /// The key: unique in the dataset across all record types, and not empty. A nested record without a key is identified by its position, as in `visit#/participations/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A readable unique name for links: lower-case letters a-z, digits and hyphens, at most 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The kind of place.
    #[serde(alias = "type")]
    pub kind: PlaceKind,
    /// The display text. It is not matched as a name unless `names` has it too.
    pub label: String,
    /// A short description, in your own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The smallest recorded place that contains this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Ref>,
    /// The latitude in WGS 84: degrees north, from -90 to 90.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "crate::import::record::number")]
    pub latitude: Option<f64>,
    /// The longitude in WGS 84: degrees east, from -180 to 180.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "crate::import::record::number")]
    pub longitude: Option<f64>,
    /// The country: an ISO 3166-1 alpha-2 code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The country or region that this place is the capital of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capital_of: Option<Ref>,
    /// For a place without a name, the article that mentions it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<Ref>,
    /// Names. Only names are matched: repeat the label here if it is a name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<NameRecord>,
    /// Identifiers in other systems.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_ids: Vec<ExternalIdRecord>,
    /// Spans of article text that support this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for PlaceRecord {
    const KIND: RecordKind = RecordKind::Place;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let point = b.point(self.latitude, self.longitude);
        let [x, y, z] = point.map_or([None; 3], |point| point.vector().map(Some));
        Row::Place(entity::place::Model {
            id: b.id(),
            slug: b.slug(self.slug.as_deref()),
            kind: self.kind,
            label: b.required_text("label", &self.label),
            label_key: fold(&self.label),
            description: self.description.clone(),
            parent_id: b.whole("parent", self.parent.as_ref(), RecordKind::Place),
            latitude: point.map(|point| point.latitude),
            longitude: point.map(|point| point.longitude),
            band: point.map(|point| band(point.latitude)),
            x,
            y,
            z,
            country: b.country("country", self.country.as_deref()),
            capital_of_id: b.optional_place("capitalOf", self.capital_of.as_ref()),
            article_id: self.article.as_ref().map(|article| b.article("article", article)),
        })
    }

    fn parts(&self) -> Vec<(&'static str, &dyn crate::import::record::AnyBuild)> {
        crate::import::record::parts!(self: "names" names, "externalIds" external_ids, "evidence" evidence)
    }
}

impl Restore for PlaceRecord {
    type Row = entity::place::Model;

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        Self {
            key: r.key(row.id),
            slug: row.slug.clone(),
            kind: row.kind,
            label: row.label.clone(),
            description: row.description.clone(),
            parent: r.optional_reference(row.parent_id),
            latitude: row.latitude,
            longitude: row.longitude,
            country: row.country.clone(),
            capital_of: r.optional_reference(row.capital_of_id),
            article: r.optional_reference(row.article_id),
            names: r.parts(row.id),
            external_ids: r.parts(row.id),
            evidence: r.parts(row.id),
        }
    }
}
