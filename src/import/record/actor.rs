//! Records of actors: persons, organizations, groups and anonymous sources.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::external_id::ExternalIdRecord;
use crate::import::record::name::NameRecord;
use crate::import::record::{Build, Ref, Restore, Row};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::actor::{ActorKind, OrganizationKind};
use entity::id::ArticleId;
use entity::record::RecordKind;

/// A human being.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonRecord {
    /// The key: unique in the dataset across all record types, and not empty. A nested record without a key is identified by its position, as in `visit#/participations/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A readable unique name for links: lower-case letters a-z, digits and hyphens, at most 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The display text, which may be a description. It is not matched as a name unless `names` has it too.
    pub label: String,
    /// The person's occupation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occupation: Option<String>,
    /// The date of birth, in EDTF.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub born: Option<String>,
    /// The date of death, in EDTF.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub died: Option<String>,
    /// A short description, in your own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The country or nationality: an ISO 3166-1 alpha-2 code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The PLOVER sector code, such as `CVL`, `GOV` or `MIL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector: Option<String>,
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

impl Build for PersonRecord {
    const KIND: RecordKind = RecordKind::Actor;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let mut row = b.actor_row(ActorKind::Person, &self.label);
        row.slug = b.slug(self.slug.as_deref());
        row.description.clone_from(&self.description);
        row.country = b.country("country", self.country.as_deref());
        row.sector = b.sector("sector", self.sector.as_deref());
        row.occupation.clone_from(&self.occupation);
        row.born = b.date("born", self.born.as_deref()).edtf;
        row.died = b.date("died", self.died.as_deref()).edtf;
        Row::Actor(row)
    }

    fn parts(&self) -> Vec<(&'static str, &dyn crate::import::record::AnyBuild)> {
        crate::import::record::parts!(self: "names" names, "externalIds" external_ids, "evidence" evidence)
    }
}

/// A body with a structure. A building is a place; the institution in it is an organization.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrganizationRecord {
    /// The key: unique in the dataset across all record types, and not empty. A nested record without a key is identified by its position, as in `visit#/participations/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A readable unique name for links: lower-case letters a-z, digits and hyphens, at most 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The display text, which may be a description. It is not matched as a name unless `names` has it too.
    pub label: String,
    /// The kind of organization.
    #[serde(default, alias = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<OrganizationKind>,
    /// The place where the organization is located. For a state, its territory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Ref>,
    /// A short description, in your own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The country or nationality: an ISO 3166-1 alpha-2 code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The PLOVER sector code, such as `CVL`, `GOV` or `MIL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector: Option<String>,
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

impl Build for OrganizationRecord {
    const KIND: RecordKind = RecordKind::Actor;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let mut row = b.actor_row(ActorKind::Organization, &self.label);
        row.slug = b.slug(self.slug.as_deref());
        row.description.clone_from(&self.description);
        row.country = b.country("country", self.country.as_deref());
        row.sector = b.sector("sector", self.sector.as_deref());
        row.organization_kind = self.kind;
        row.place_id = b.optional_place("place", self.place.as_ref());
        Row::Actor(row)
    }

    fn parts(&self) -> Vec<(&'static str, &dyn crate::import::record::AnyBuild)> {
        crate::import::record::parts!(self: "names" names, "externalIds" external_ids, "evidence" evidence)
    }
}

/// People without a known structure, such as the kidnappers, security forces or militia channels.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupRecord {
    /// The key: unique in the dataset across all record types, and not empty. A nested record without a key is identified by its position, as in `visit#/participations/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A readable unique name for links: lower-case letters a-z, digits and hyphens, at most 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The display text, which may be a description. It is not matched as a name unless `names` has it too.
    pub label: String,
    /// A short description, in your own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The country or nationality: an ISO 3166-1 alpha-2 code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The PLOVER sector code, such as `CVL`, `GOV` or `MIL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector: Option<String>,
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

impl Build for GroupRecord {
    const KIND: RecordKind = RecordKind::Actor;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let mut row = b.actor_row(ActorKind::Group, &self.label);
        row.slug = b.slug(self.slug.as_deref());
        row.description.clone_from(&self.description);
        row.country = b.country("country", self.country.as_deref());
        row.sector = b.sector("sector", self.sector.as_deref());
        Row::Actor(row)
    }

    fn parts(&self) -> Vec<(&'static str, &dyn crate::import::record::AnyBuild)> {
        crate::import::record::parts!(self: "names" names, "externalIds" external_ids, "evidence" evidence)
    }
}

/// A person whom an article quotes without a name. It belongs to that article.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnonymousSourceRecord {
    /// The key: unique in the dataset across all record types, and not empty. A nested record without a key is identified by its position, as in `visit#/participations/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A readable unique name for links: lower-case letters a-z, digits and hyphens, at most 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The display text, which may be a description. It is not matched as a name unless `names` has it too.
    pub label: String,
    /// The source as printed, such as `a source close to him`.
    pub descriptor: String,
    /// The condition on which the source spoke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Why the source is not named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The actor that the source is close to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_to: Option<Ref>,
    /// The article that quotes the source.
    pub article: Ref,
    /// A short description, in your own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The country or nationality: an ISO 3166-1 alpha-2 code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The PLOVER sector code, such as `CVL`, `GOV` or `MIL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector: Option<String>,
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

impl Build for AnonymousSourceRecord {
    const KIND: RecordKind = RecordKind::Actor;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let mut row = b.actor_row(ActorKind::AnonymousSource, &self.label);
        row.slug = b.slug(self.slug.as_deref());
        row.description.clone_from(&self.description);
        row.country = b.country("country", self.country.as_deref());
        row.sector = b.sector("sector", self.sector.as_deref());
        row.descriptor = Some(self.descriptor.clone());
        row.condition.clone_from(&self.condition);
        row.reason.clone_from(&self.reason);
        row.close_to_id = b.optional_actor("closeTo", self.close_to.as_ref());
        row.article_id = Some(b.article("article", &self.article));
        Row::Actor(row)
    }

    fn parts(&self) -> Vec<(&'static str, &dyn crate::import::record::AnyBuild)> {
        crate::import::record::parts!(self: "names" names, "externalIds" external_ids, "evidence" evidence)
    }
}

impl Restore for PersonRecord {
    type Row = entity::actor::Model;

    fn is_for(row: &Self::Row) -> bool {
        row.kind == ActorKind::Person
    }

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        Self {
            key: r.key(row.id),
            slug: row.slug.clone(),
            label: row.label.clone(),
            occupation: row.occupation.clone(),
            born: row.born.clone(),
            died: row.died.clone(),
            description: row.description.clone(),
            country: row.country.clone(),
            sector: row.sector.clone(),
            names: r.parts(row.id),
            external_ids: r.parts(row.id),
            evidence: r.parts(row.id),
        }
    }
}

impl Restore for OrganizationRecord {
    type Row = entity::actor::Model;

    fn is_for(row: &Self::Row) -> bool {
        row.kind == ActorKind::Organization
    }

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        Self {
            key: r.key(row.id),
            slug: row.slug.clone(),
            label: row.label.clone(),
            kind: row.organization_kind,
            place: r.optional_reference(row.place_id),
            description: row.description.clone(),
            country: row.country.clone(),
            sector: row.sector.clone(),
            names: r.parts(row.id),
            external_ids: r.parts(row.id),
            evidence: r.parts(row.id),
        }
    }
}

impl Restore for GroupRecord {
    type Row = entity::actor::Model;

    fn is_for(row: &Self::Row) -> bool {
        row.kind == ActorKind::Group
    }

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        Self {
            key: r.key(row.id),
            slug: row.slug.clone(),
            label: row.label.clone(),
            description: row.description.clone(),
            country: row.country.clone(),
            sector: row.sector.clone(),
            names: r.parts(row.id),
            external_ids: r.parts(row.id),
            evidence: r.parts(row.id),
        }
    }
}

impl Restore for AnonymousSourceRecord {
    type Row = entity::actor::Model;

    fn is_for(row: &Self::Row) -> bool {
        row.kind == ActorKind::AnonymousSource
    }

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        Self {
            key: r.key(row.id),
            slug: row.slug.clone(),
            label: row.label.clone(),
            descriptor: row.descriptor.clone().unwrap_or_default(),
            condition: row.condition.clone(),
            reason: row.reason.clone(),
            close_to: r.optional_reference(row.close_to_id),
            article: r.reference(row.article_id.unwrap_or(ArticleId(0))),
            description: row.description.clone(),
            country: row.country.clone(),
            sector: row.sector.clone(),
            names: r.parts(row.id),
            external_ids: r.parts(row.id),
            evidence: r.parts(row.id),
        }
    }
}
