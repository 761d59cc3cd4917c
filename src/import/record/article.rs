//! Records of articles.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Build, Ref, Row, evidence::EvidenceRecord, external_id::ExternalIdRecord, figure::FigureRecord,
    mention::MentionRecord,
};
use crate::import::build::Builder;
use entity::record::Kind;

/// A published report or work. A work may be known only by mention, an outlet may be named without a link.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArticleRecord {
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default)]
    pub key: Option<String>,
    /// A readable unique name for links: lower-case letters, digits and hyphens.
    #[serde(default)]
    pub slug: Option<String>,
    /// Who published it: an actor.
    #[serde(default)]
    pub publisher: Option<Ref>,
    /// Who wrote it, in the order of the byline: actors.
    #[serde(default)]
    pub authors: Vec<Ref>,
    /// Its headline.
    #[serde(default)]
    pub headline: Option<String>,
    /// Where it can be read: an absolute http or https address.
    #[serde(default)]
    pub url: Option<String>,
    /// When it was published, in EDTF; a date-time has its offset.
    #[serde(default)]
    pub published: Option<String>,
    /// IANA time zone of the dateline, such as `Asia/Baghdad`.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Where it was written: a place.
    #[serde(default)]
    pub dateline: Option<Ref>,
    /// BCP 47 language tag, such as `en`.
    #[serde(default)]
    pub language: Option<String>,
    /// The text, where it may be kept; evidence is then checked against it.
    #[serde(default)]
    pub text: Option<String>,
    /// SHA-256 of the text in UTF-8, in hexadecimal, where the text may not be kept.
    #[serde(default)]
    pub text_sha256: Option<String>,
    /// Length of the text in Unicode code points, where the text may not be kept.
    #[serde(default)]
    pub text_length: Option<i32>,
    /// Its ids elsewhere.
    #[serde(default)]
    pub external_ids: Vec<ExternalIdRecord>,
    /// Numbers that it gives.
    #[serde(default)]
    pub figures: Vec<FigureRecord>,
    /// Names seen in it and not yet judged.
    #[serde(default)]
    pub mentions: Vec<MentionRecord>,
    /// Where it is written.
    #[serde(default)]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for ArticleRecord {
    const KIND: Kind = Kind::Article;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let published = b.span_of("published", self.published.as_deref());
        let (text_sha256, text_length) = b.text(self.text.as_deref(), self.text_sha256.as_deref(), self.text_length);
        b.authors(&self.authors);
        Row::Article(entity::article::Model {
            id: b.id(),
            slug: b.slug(self.slug.as_deref()),
            publisher_id: b.actor_if("publisher", self.publisher.as_ref()),
            headline: self.headline.clone(),
            url: b.url("url", self.url.as_deref()),
            published: published.edtf,
            published_earliest: published.earliest,
            published_latest: published.latest,
            time_zone: b.time_zone("timeZone", self.time_zone.as_deref()),
            dateline_place_id: b.place_if("dateline", self.dateline.as_ref()),
            language: b.language("language", self.language.as_deref()),
            text: self.text.clone(),
            text_sha256,
            text_length,
        })
    }

    fn parts(&self) -> Vec<(&'static str, &dyn super::AnyBuild)> {
        super::parts!(self: "externalIds" external_ids, "figures" figures, "mentions" mentions, "evidence" evidence)
    }
}
