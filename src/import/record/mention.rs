//! Records of mentions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Build, Ref, Row};
use crate::import::build::Builder;
use entity::mention::MentionKind;
use entity::record::Kind;

/// A name seen in an article and not yet judged.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MentionRecord {
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default)]
    pub key: Option<String>,
    /// The article; left out inside of it.
    #[serde(default)]
    pub article: Option<Ref>,
    /// The name as written there.
    pub text: String,
    /// What it seems to name.
    pub r#type: MentionKind,
    /// First code point, from 0.
    #[serde(default)]
    pub start: Option<i32>,
    /// The actor or place that it was judged to name.
    #[serde(default)]
    pub judged: Option<Ref>,
}

impl Build for MentionRecord {
    const KIND: Kind = Kind::Mention;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let judged = self.judged.as_ref().map(|judged| b.reference("judged", judged, &[Kind::Actor, Kind::Place]));
        b.at_least("start", self.start, 0);
        Row::Mention(entity::mention::Model {
            id: b.id(),
            article_id: b.whole("article", self.article.as_ref(), &[Kind::Article]).0.0.into(),
            text: b.filled("text", &self.text),
            kind: self.r#type,
            start: self.start,
            target_id: judged.map(|(id, _)| id),
            target_kind: judged.map(|(_, kind)| kind),
        })
    }
}
