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

/// A published report or other work. Only its existence may be known: every field but the key is optional.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArticleRecord {
    /// The key: unique in the dataset across all record types, and not empty. A nested record without a key is identified by its position, as in `visit#/participations/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A readable unique name for links: lower-case letters a-z, digits and hyphens, at most 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The publisher: an actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher: Option<Ref>,
    /// The authors, in the order of the byline: actors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<Ref>,
    /// The headline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headline: Option<String>,
    /// The address of the article: an absolute http or https URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The publication date, in EDTF. A time needs its UTC offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// The IANA time zone of the dateline, such as `Asia/Baghdad`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// The place given in the dateline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dateline: Option<Ref>,
    /// The language: a BCP 47 tag, such as `en`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The full text. Omit it if the license does not permit storing it. Evidence is validated against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The SHA-256 of the text in UTF-8, in hexadecimal. Give it if `text` is omitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_sha256: Option<String>,
    /// The length of the text in Unicode code points. Give it if `text` is omitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_length: Option<i32>,
    /// Identifiers in other systems.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_ids: Vec<ExternalIdRecord>,
    /// Numbers that it reports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<FigureRecord>,
    /// Names found in the text, linked to an entity or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<MentionRecord>,
    /// Spans of article text that support this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for ArticleRecord {
    const KIND: RecordKind = RecordKind::Article;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let published = b.date("published", self.published.as_deref());
        let (text_sha256, text_length) =
            b.article_text(self.text.as_deref(), self.text_sha256.as_deref(), self.text_length);
        b.authors(&self.authors);
        Row::Article(entity::article::Model {
            id: b.id(),
            slug: b.slug(self.slug.as_deref()),
            publisher_id: b.optional_actor("publisher", self.publisher.as_ref()),
            headline: self.headline.clone(),
            url: b.url("url", self.url.as_deref()),
            published: published.edtf,
            published_earliest: published.earliest,
            published_latest: published.latest,
            time_zone: b.time_zone("timeZone", self.time_zone.as_deref()),
            dateline_place_id: b.optional_place("dateline", self.dateline.as_ref()),
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
        // The digest and length of a stored text are computed from it on import.
        Self {
            key: r.key(row.id),
            slug: row.slug.clone(),
            publisher: r.optional_reference(row.publisher_id),
            authors: r.authors(row.id),
            headline: row.headline.clone(),
            url: row.url.clone(),
            published: row.published.clone(),
            time_zone: row.time_zone.clone(),
            dateline: r.optional_reference(row.dateline_place_id),
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
