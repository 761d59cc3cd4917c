//! The third pass: merge decisions are applied, when the rows of the chunk are written.
//!
//! A pair of entities identifies a decision, so importing the same file again finds the stored decision and compares
//! it. A decision must therefore refer to entities that are not merged into others.

use entity::merge::{Entity, MergeDecision, Model};
use sea_orm::{ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, TransactionTrait};

use crate::error::{Error, Result};
use crate::import::change_log::ChangeLog;
use crate::import::merge;
use crate::import::merge::MergeRequest;
use crate::import::parse::Merge;
use crate::import::passes::{ImportAttempt, LinePosition, RecordOutcome};
use crate::import::record::merge::MergeInput;
use crate::import::record::{MERGE, MergeRecord};
use crate::import::report::Updated;
use crate::import::validate::builder::{Builder, FieldProblem};

/// The outcome of a merge decision.
enum MergeOutcome {
    /// Stored or unchanged, with the fields that changed.
    Accepted(RecordOutcome, Vec<String>),
    Rejected(FieldProblem),
}

impl ImportAttempt<'_> {
    pub(crate) async fn apply_merges(&mut self, batch: Vec<(LinePosition, Merge)>) -> Result<()> {
        let dataset = self.dataset()?.key.clone();
        let references = batch.iter().flat_map(|(_, merge)| merge.references.iter().cloned()).collect();
        let (known, _) = self.resolve(&dataset, references, Default::default()).await?;
        let counters = (self.next_id, self.next_change);
        let mut change_log = ChangeLog::new(self.transaction, counters, self.started_at, &self.options.by, &self.batch);
        for (at, merge) in batch {
            let mut builder = Builder::new(&dataset, Some(&known), &merge.spelling);
            let input = merge.record.read(&mut builder);
            // The first pass has reported the problems of the record alone.
            let is_reported = |problem: &FieldProblem| {
                merge.problems.iter().any(|one| (&one.pointer, &one.message) == (&problem.pointer, &problem.message))
            };
            let problems: Vec<FieldProblem> =
                builder.problems.into_iter().filter(|problem| !is_reported(problem)).collect();
            let is_invalid = !problems.is_empty() || !merge.problems.is_empty();
            for problem in problems {
                self.problem(at, Some(MERGE), None, problem);
            }
            if is_invalid {
                continue;
            }
            match self.apply_merge(&mut change_log, at, &merge.record, &input).await? {
                MergeOutcome::Rejected(problem) => {
                    let problem = FieldProblem { pointer: merge.spelling.pointer(&problem.pointer), ..problem };
                    self.problem(at, Some(MERGE), None, problem);
                }
                MergeOutcome::Accepted(outcome, mut fields) => {
                    outcome.count(self.report.count(MERGE));
                    if matches!(outcome, RecordOutcome::Updated) {
                        fields.sort();
                        let (file, line) =
                            (self.sources[at.file].name.clone(), self.sources[at.file].raw_line(at.line));
                        self.report.update(Updated { file, line, key: merge.record.description(), fields });
                    }
                }
            }
        }
        (self.next_id, self.next_change) = change_log.write().await?;
        Ok(())
    }

    async fn apply_merge(
        &mut self,
        change_log: &mut ChangeLog<'_>,
        at: LinePosition,
        record: &MergeRecord,
        input: &MergeInput,
    ) -> Result<MergeOutcome> {
        if let Some(earlier) = self.decided.insert(pair(input.keep, input.other), at) {
            return Ok(MergeOutcome::Rejected(self.decided_twice(earlier)));
        }
        let stored = merge::decision_on(self.transaction, input.keep, input.other).await?;
        let mut fields = Vec::new();
        if let Some(stored) = &stored {
            fields = changed_fields(stored, record, input);
            if fields.is_empty() {
                return Ok(MergeOutcome::Accepted(RecordOutcome::Unchanged, fields));
            }
            let changes_decision = fields.iter().any(|field| field == "keep" || field == "decision");
            let affects_merge = changes_decision && [stored.judgement, record.decision].contains(&MergeDecision::Same);
            if !affects_merge {
                // Another decision is a new one, made by whoever imports it now.
                let (by, decided_at) = if changes_decision {
                    (&self.options.by, self.started_at)
                } else {
                    (&stored.judged_by, stored.judged_at)
                };
                let row = Model {
                    left_id: input.keep.into(),
                    right_id: input.other.into(),
                    judgement: record.decision,
                    judged_by: record.by.clone().unwrap_or_else(|| by.clone()),
                    judged_at: input.at.unwrap_or(decided_at),
                    reason: record.reason.clone(),
                    ..stored.clone()
                };
                let row = row.into_active_model().reset_all();
                Entity::update(row).exec(self.transaction).await?;
                return Ok(MergeOutcome::Accepted(RecordOutcome::Updated, fields));
            }
        }
        // A rejected merge must leave nothing behind for the decisions that follow.
        let savepoint = self.transaction.begin().await?;
        match self.merge_or_unmerge(&savepoint, change_log, stored.as_ref(), record, input).await {
            Ok(()) => {
                savepoint.commit().await?;
                let outcome = if stored.is_some() { RecordOutcome::Updated } else { RecordOutcome::Created };
                Ok(MergeOutcome::Accepted(outcome, fields))
            }
            Err(Failure::Rejected(problem)) => {
                savepoint.rollback().await?;
                Ok(MergeOutcome::Rejected(problem))
            }
            Err(Failure::Error(Error::BadInput(message) | Error::NotFound(message))) => {
                savepoint.rollback().await?;
                Ok(MergeOutcome::Rejected(FieldProblem { pointer: String::new(), message, suggestion: None }))
            }
            Err(Failure::Error(Error::Conflict(message))) => {
                savepoint.rollback().await?;
                let pointer = "/decision".into();
                Ok(MergeOutcome::Rejected(FieldProblem { pointer, message, suggestion: None }))
            }
            Err(Failure::Error(error)) => Err(error),
        }
    }

    /// Applies a decision that merges entities, or that replaces one which has merged them.
    async fn merge_or_unmerge(
        &self,
        savepoint: &DatabaseTransaction,
        change_log: &mut ChangeLog<'_>,
        stored: Option<&Model>,
        record: &MergeRecord,
        input: &MergeInput,
    ) -> Result<(), Failure> {
        if let Some(stored) = stored.filter(|stored| stored.judgement == MergeDecision::Same) {
            merge::undo(savepoint, change_log, input.kind, stored.right_id.0).await?;
        }
        for (field, id) in [("keep", input.keep), ("other", input.other)] {
            let entity = merge::find(savepoint, input.kind, id).await?;
            if let Some(survivor) = entity.same_as_id {
                let survivor = merge::find(savepoint, input.kind, survivor.0).await?;
                return Err(Failure::Rejected(FieldProblem {
                    pointer: format!("/{field}"),
                    message: format!("`{}` is merged into `{}`", entity.key, survivor.key),
                    suggestion: Some("refer to that one, or leave the record out if it adds nothing".into()),
                }));
            }
        }
        for earlier in merge::decisions_between(savepoint, input.keep, input.other).await? {
            let earlier_pair = pair(earlier.left_id.0, earlier.right_id.0);
            if let Some(earlier) = self.decided.get(&earlier_pair)
                && earlier_pair != pair(input.keep, input.other)
            {
                return Err(Failure::Rejected(self.decided_twice(*earlier)));
            }
        }
        let request = MergeRequest {
            kind: input.kind,
            keep: input.keep,
            other: input.other,
            decision: record.decision,
            by: record.by.clone().unwrap_or_else(|| self.options.by.clone()),
            reason: record.reason.clone(),
        };
        merge::decide(savepoint, change_log, &request, input.at.unwrap_or(self.started_at)).await?;
        Ok(())
    }

    fn decided_twice(&self, earlier: LinePosition) -> FieldProblem {
        let source = &self.sources[earlier.file];
        let line = source.raw_line(earlier.line);
        FieldProblem::of_record(
            format!("decides on the same pair as line {line} of {}", source.name),
            "keep one of the two decisions",
        )
    }
}

/// Returns a pair of ids in ascending order.
fn pair(one: i64, other: i64) -> (i64, i64) {
    (one.min(other), one.max(other))
}

/// Why a decision is not applied.
enum Failure {
    /// It is invalid.
    Rejected(FieldProblem),
    /// It is invalid too, or the import fails.
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Returns the fields of a record that differ from the stored decision. Omitted fields do not differ, except the
/// reason.
fn changed_fields(stored: &Model, record: &MergeRecord, input: &MergeInput) -> Vec<String> {
    let fields = [
        ("keep", stored.left_id.0 != input.keep),
        ("decision", stored.judgement != record.decision),
        ("by", record.by.as_ref().is_some_and(|by| *by != stored.judged_by)),
        ("at", input.at.is_some_and(|at| at != stored.judged_at)),
        ("reason", record.reason != stored.reason),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field.to_owned()).collect()
}
