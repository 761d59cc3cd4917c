//! Records of merge decisions (entity resolution).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::merge::MAX_REASON_LENGTH;
use crate::import::record::Ref;
use crate::import::validate::builder::{Builder, kind_name};
use crate::text::date::{format_instant, instant};
use entity::merge::{MergeDecision, Model};
use entity::record::RecordKind;

/// A decision whether two actors, places or events are the same. It has no key: the two entities identify it. Decisions are applied in file order, after all other records of the import are written. In a chain of merges, refer to the entity that was kept, not to one that was already merged into another.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MergeRecord {
    /// The entity that is kept if they are the same.
    pub keep: Ref,
    /// The other entity, of the same node type.
    pub other: Ref,
    /// The decision.
    #[serde(alias = "judgement")]
    pub decision: MergeDecision,
    /// The author of the decision. Default: the user who imports the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The time of the decision, such as `2021-07-11T09:30:00Z`. Default: the time of the import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The reason, at most 2,000 code points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The node types whose rows can be merged.
const MERGEABLE: &[RecordKind] = &[RecordKind::Actor, RecordKind::Place, RecordKind::Event];

/// The resolved fields of a [`MergeRecord`].
pub(crate) struct MergeInput {
    pub(crate) kind: RecordKind,
    pub(crate) keep: i64,
    pub(crate) other: i64,
    /// Seconds since 1970 UTC.
    pub(crate) at: Option<i64>,
}

impl MergeRecord {
    /// Validates the record. The builder collects its problems and references.
    pub(crate) fn read(&self, b: &mut Builder<'_>) -> MergeInput {
        let at = self.at.as_deref().and_then(|at| match instant(at) {
            Ok(at) => Some(at),
            Err(error) => {
                b.problem("at", error.to_string(), None);
                None
            }
        });
        if let Some(by) = &self.by {
            b.required_text("by", by);
        }
        if self.reason.as_ref().is_some_and(|reason| reason.chars().count() > MAX_REASON_LENGTH) {
            let message = format!("is longer than {MAX_REASON_LENGTH} code points");
            b.problem("reason", message, Some("shorten it".into()));
        }
        let (keep, kind) = b.reference("keep", &self.keep, MERGEABLE);
        let (other, other_kind) = b.reference("other", &self.other, MERGEABLE);
        let found = b.known.is_some() && keep.0 != 0 && other.0 != 0;
        if self.keep == self.other || (found && keep == other) {
            b.problem("other", "is the same record as `keep`", Some("give another one".into()));
        } else if found && kind != other_kind {
            let message = format!("is of type {}, but `keep` is of type {}", kind_name(other_kind), kind_name(kind));
            b.problem("other", message, Some("give two entities of one type".into()));
        }
        MergeInput { kind, keep: keep.0, other: other.0, at }
    }

    /// Returns the record of a stored decision, given references to the two entities. `with_by` includes who decided.
    pub(crate) fn of(row: Model, keep: Ref, other: Ref, with_by: bool) -> Self {
        Self {
            keep,
            other,
            decision: row.judgement,
            by: Some(row.judged_by).filter(|by| with_by && !by.trim().is_empty()),
            at: Some(format_instant(row.judged_at)),
            reason: row.reason,
        }
    }

    /// Names the two entities in messages and reports.
    pub(crate) fn description(&self) -> String {
        format!("{} and {}", self.keep, self.other)
    }
}
