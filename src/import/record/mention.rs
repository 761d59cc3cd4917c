//! Records of mentions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::{Build, Ref, Restore, Row};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::mention::MentionKind;
use entity::record::RecordKind;

/// A name found in the text of an article, linked to an entity or not.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MentionRecord {
    /// The key: unique in the dataset across all record types, and not empty. A nested record without a key is identified by its position, as in `visit#/participations/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The article. Omit it in a nested record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<Ref>,
    /// The name as written in the article.
    pub text: String,
    /// The kind of entity that the name seems to stand for.
    #[serde(alias = "type")]
    pub kind: MentionKind,
    /// The position of the first code point in the text, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<i32>,
    /// The actor or place that the name was found to stand for.
    #[serde(default, alias = "judged", skip_serializing_if = "Option::is_none")]
    pub resolved_to: Option<Ref>,
}

impl Build for MentionRecord {
    const KIND: RecordKind = RecordKind::Mention;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let kinds = [RecordKind::Actor, RecordKind::Place];
        let target = self.resolved_to.as_ref().map(|target| b.reference("resolvedTo", target, &kinds));
        b.check_minimum("start", self.start, 0);
        Row::Mention(entity::mention::Model {
            id: b.id(),
            article_id: b.parent("article", self.article.as_ref(), &[RecordKind::Article]).0.0.into(),
            text: b.required_text("text", &self.text),
            kind: self.kind,
            start: self.start,
            target_id: target.map(|(id, _)| id),
            target_kind: target.map(|(_, kind)| kind),
        })
    }
}

impl Restore for MentionRecord {
    type Row = entity::mention::Model;

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        Self {
            key: r.key(row.id),
            article: r.parent(row.id, row.article_id),
            text: row.text.clone(),
            kind: row.kind,
            start: row.start,
            resolved_to: r.optional_reference(row.target_id),
        }
    }
}
