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
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A readable unique name for links: lower-case letters, digits and hyphens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// What to show. Matched only if it stands among the names too, so a description may be a label.
    pub label: String,
    /// What the person does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occupation: Option<String>,
    /// Birth, in EDTF.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub born: Option<String>,
    /// Death, in EDTF.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub died: Option<String>,
    /// What it is, in a few words of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// ISO 3166-1 alpha-2 code of its country or nationality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// PLOVER sector code, such as `CVL`, `GOV`, `MIL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector: Option<String>,
    /// What it is called; the label is not a name unless it stands here too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<NameRecord>,
    /// Its ids elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_ids: Vec<ExternalIdRecord>,
    /// Where it is written.
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
        row.born = b.span_of("born", self.born.as_deref()).edtf;
        row.died = b.span_of("died", self.died.as_deref()).edtf;
        Row::Actor(row)
    }

    fn parts(&self) -> Vec<(&'static str, &dyn crate::import::record::AnyBuild)> {
        crate::import::record::parts!(self: "names" names, "externalIds" external_ids, "evidence" evidence)
    }
}

/// A body with a structure. A building is a place, the institution in it an organization.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrganizationRecord {
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A readable unique name for links: lower-case letters, digits and hyphens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// What to show. Matched only if it stands among the names too, so a description may be a label.
    pub label: String,
    /// What kind of organization it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<OrganizationKind>,
    /// Where it is, or the place that a state is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Ref>,
    /// What it is, in a few words of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// ISO 3166-1 alpha-2 code of its country or nationality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// PLOVER sector code, such as `CVL`, `GOV`, `MIL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector: Option<String>,
    /// What it is called; the label is not a name unless it stands here too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<NameRecord>,
    /// Its ids elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_ids: Vec<ExternalIdRecord>,
    /// Where it is written.
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
        row.organization_kind = self.r#type;
        row.place_id = b.place_if("place", self.place.as_ref());
        Row::Actor(row)
    }

    fn parts(&self) -> Vec<(&'static str, &dyn crate::import::record::AnyBuild)> {
        crate::import::record::parts!(self: "names" names, "externalIds" external_ids, "evidence" evidence)
    }
}

/// People without a known structure: the kidnappers, security forces, militia channels.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupRecord {
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A readable unique name for links: lower-case letters, digits and hyphens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// What to show. Matched only if it stands among the names too, so a description may be a label.
    pub label: String,
    /// What it is, in a few words of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// ISO 3166-1 alpha-2 code of its country or nationality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// PLOVER sector code, such as `CVL`, `GOV`, `MIL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector: Option<String>,
    /// What it is called; the label is not a name unless it stands here too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<NameRecord>,
    /// Its ids elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_ids: Vec<ExternalIdRecord>,
    /// Where it is written.
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

/// Someone whom an article quotes without a name. It belongs to that article.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnonymousSourceRecord {
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A readable unique name for links: lower-case letters, digits and hyphens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// What to show. Matched only if it stands among the names too, so a description may be a label.
    pub label: String,
    /// The source as printed, such as `a source close to him`.
    pub descriptor: String,
    /// On what condition it spoke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Why it is not named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whom it is close to: an actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_to: Option<Ref>,
    /// The article that quotes it.
    pub article: Ref,
    /// What it is, in a few words of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// ISO 3166-1 alpha-2 code of its country or nationality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// PLOVER sector code, such as `CVL`, `GOV`, `MIL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector: Option<String>,
    /// What it is called; the label is not a name unless it stands here too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<NameRecord>,
    /// Its ids elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_ids: Vec<ExternalIdRecord>,
    /// Where it is written.
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
        row.close_to_id = b.actor_if("closeTo", self.close_to.as_ref());
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
            r#type: row.organization_kind,
            place: r.reference_if(row.place_id),
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
            close_to: r.reference_if(row.close_to_id),
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
