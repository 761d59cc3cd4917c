//! Records of judgements on two things being one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::merge::LONGEST_REASON;
use crate::import::record::Ref;
use crate::import::validate::builder::{Builder, word};
use crate::text::date::{format_instant, instant};
use entity::merge::{MergeDecision, Model};
use entity::record::RecordKind;

/// A judgement on two actors, places or events being one. It has no key: the two are what it is known by. Judgements are made
/// in their order when all other records of the import are written. What was judged
/// to be another is named by that other.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MergeRecord {
    /// The one that is kept when they are the same.
    pub keep: Ref,
    /// The other, of the same noun.
    pub other: Ref,
    /// What is judged.
    pub judgement: MergeDecision,
    /// Who judged; left out, it is who imports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When it was judged: an instant such as `2021-07-11T09:30:00Z`; left out, it is when it is imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Why, in at most 2,000 code points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What can be judged to be one.
const JUDGED: &[RecordKind] = &[RecordKind::Actor, RecordKind::Place, RecordKind::Event];

/// What a record of a judgement says.
pub(crate) struct MergeInput {
    pub(crate) kind: RecordKind,
    pub(crate) keep: i64,
    pub(crate) other: i64,
    pub(crate) at: Option<i64>,
}

impl MergeRecord {
    /// What it says; mistakes and references go to the builder.
    pub(crate) fn read(&self, b: &mut Builder<'_>) -> MergeInput {
        let at = self.at.as_deref().and_then(|at| match instant(at) {
            Ok(at) => Some(at),
            Err(error) => {
                b.problem("at", error.to_string(), None);
                None
            }
        });
        if let Some(by) = &self.by {
            b.filled("by", by);
        }
        if self.reason.as_ref().is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
            b.problem("reason", format!("is longer than {LONGEST_REASON} code points"), Some("be brief".into()));
        }
        let (keep, kind) = b.reference("keep", &self.keep, JUDGED);
        let (other, other_kind) = b.reference("other", &self.other, JUDGED);
        let found = b.known.is_some() && keep.0 != 0 && other.0 != 0;
        if self.keep == self.other || (found && keep == other) {
            b.problem("other", "is the one that is kept", Some("name another".into()));
        } else if found && kind != other_kind {
            let message = format!("is of kind {}, and the one that is kept of kind {}", word(other_kind), word(kind));
            b.problem("other", message, Some("judge two of one kind".into()));
        }
        MergeInput { kind, keep: keep.0, other: other.0, at }
    }

    /// The record of what was judged, given what the two are called.
    pub(crate) fn of(row: Model, keep: Ref, other: Ref, tells_by: bool) -> Self {
        Self {
            keep,
            other,
            judgement: row.judgement,
            by: Some(row.judged_by).filter(|by| tells_by && !by.trim().is_empty()),
            at: Some(format_instant(row.judged_at)),
            reason: row.reason,
        }
    }

    /// The two, in words.
    pub(crate) fn called(&self) -> String {
        format!("{} and {}", self.keep, self.other)
    }
}
