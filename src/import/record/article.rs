//! Records of articles.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::external_id::ExternalIdRecord;
use crate::import::record::figure::FigureRecord;
use crate::import::record::mention::MentionRecord;
use crate::import::record::{Build, Ref, Restore, Row};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::record::RecordKind;

/// A published report or work. A work may be known only by mention, an outlet may be named without a link.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArticleRecord {
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A readable unique name for links: lower-case letters, digits and hyphens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// Who published it: an actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher: Option<Ref>,
    /// Who wrote it, in the order of the byline: actors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<Ref>,
    /// Its headline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headline: Option<String>,
    /// Where it can be read: an absolute http or https address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it was published, in EDTF; a date-time has its offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// IANA time zone of the dateline, such as `Asia/Baghdad`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Where it was written: a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dateline: Option<Ref>,
    /// BCP 47 language tag, such as `en`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The text, where it may be kept; evidence is then checked against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// SHA-256 of the text in UTF-8, in hexadecimal, where the text may not be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_sha256: Option<String>,
    /// Length of the text in Unicode code points, where the text may not be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_length: Option<i32>,
    /// Its ids elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_ids: Vec<ExternalIdRecord>,
    /// Numbers that it gives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<FigureRecord>,
    /// Names seen in it and not yet judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<MentionRecord>,
    /// Where it is written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for ArticleRecord {
    const KIND: RecordKind = RecordKind::Article;

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

    fn parts(&self) -> Vec<(&'static str, &dyn crate::import::record::AnyBuild)> {
        crate::import::record::parts!(self: "externalIds" external_ids, "figures" figures, "mentions" mentions, "evidence" evidence)
    }
}

impl Restore for ArticleRecord {
    type Row = entity::article::Model;

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        // Digest and length of a text that is kept are computed from it.
        Self {
            key: r.key(row.id),
            slug: row.slug.clone(),
            publisher: r.reference_if(row.publisher_id),
            authors: r.authors(row.id),
            headline: row.headline.clone(),
            url: row.url.clone(),
            published: row.published.clone(),
            time_zone: row.time_zone.clone(),
            dateline: r.reference_if(row.dateline_place_id),
            language: row.language.clone(),
            text: row.text.clone(),
            text_sha256: row.text_sha256.clone().filter(|_| row.text.is_none()),
            text_length: row.text_length.filter(|_| row.text.is_none()),
            external_ids: r.parts(row.id),
            figures: r.parts(row.id),
            mentions: r.parts(row.id),
            evidence: r.parts(row.id),
        }
    }
}
