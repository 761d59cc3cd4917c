//! Records of mentions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::{Build, Ref, Restore, Row};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::mention::MentionKind;
use entity::record::RecordKind;

/// A name seen in an article and not yet judged.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MentionRecord {
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The article; left out inside of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<Ref>,
    /// The name as written there.
    pub text: String,
    /// What it seems to name.
    pub r#type: MentionKind,
    /// First code point, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<i32>,
    /// The actor or place that it was judged to name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<Ref>,
}

impl Build for MentionRecord {
    const KIND: RecordKind = RecordKind::Mention;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let judged =
            self.judged.as_ref().map(|judged| b.reference("judged", judged, &[RecordKind::Actor, RecordKind::Place]));
        b.at_least("start", self.start, 0);
        Row::Mention(entity::mention::Model {
            id: b.id(),
            article_id: b.whole("article", self.article.as_ref(), &[RecordKind::Article]).0.0.into(),
            text: b.filled("text", &self.text),
            kind: self.r#type,
            start: self.start,
            target_id: judged.map(|(id, _)| id),
            target_kind: judged.map(|(_, kind)| kind),
        })
    }
}

impl Restore for MentionRecord {
    type Row = entity::mention::Model;

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        Self {
            key: r.key(row.id),
            article: r.whole(row.id, row.article_id),
            text: row.text.clone(),
            r#type: row.kind,
            start: row.start,
            judged: r.reference_if(row.target_id),
        }
    }
}
