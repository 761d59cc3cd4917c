//! The third reading: judgements on things being one, when all that was written stands as written.
//!
//! A judgement is known by its two things, so the same file again finds what it says. For that it has to name things that are
//! not judged to be others.

use entity::merge::{Entity, MergeDecision, Model};
use sea_orm::{ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, TransactionTrait};

use crate::error::{Error, Result};
use crate::import::change_log::ChangeLog;
use crate::import::merge;
use crate::import::merge::Judge;
use crate::import::passes::{At, Fate, ImportAttempt};
use crate::import::record::merge::MergeInput;
use crate::import::record::{MERGE, MergeRecord};
use crate::import::report::Updated;
use crate::import::source::{Merge, whole};
use crate::import::validate::builder::{Builder, Mistake};

/// What becomes of a judgement.
enum Verdict {
    Done(Fate, Vec<String>),
    Refused(Mistake),
}

impl ImportAttempt<'_> {
    pub(crate) async fn judge(&mut self, batch: Vec<(At, Merge)>) -> Result<()> {
        let dataset = self.dataset()?.key.clone();
        let wanted = batch.iter().flat_map(|(_, merge)| merge.wanted.iter().cloned()).collect();
        let (known, _) = self.resolve(&dataset, wanted, Default::default()).await?;
        let numbers = (self.next_id, self.next_change);
        let mut change_log = ChangeLog::on(self.transaction, numbers, self.at, &self.options.by, &self.batch);
        for (at, merge) in batch {
            let mut builder = Builder::new(&dataset, Some(&known));
            let said = merge.record.read(&mut builder);
            // What is wrong with it alone the first reading said.
            let alone = |mistake: &Mistake| {
                merge.mistakes.iter().any(|one| (&one.pointer, &one.message) == (&mistake.pointer, &mistake.message))
            };
            let mistakes: Vec<Mistake> = builder.mistakes.into_iter().filter(|mistake| !alone(mistake)).collect();
            let is_wrong = !mistakes.is_empty() || !merge.mistakes.is_empty();
            for mistake in mistakes {
                self.problem(at, Some(MERGE), None, mistake);
            }
            if is_wrong {
                continue;
            }
            match self.verdict(&mut change_log, at, &merge.record, &said).await? {
                Verdict::Refused(mistake) => self.problem(at, Some(MERGE), None, mistake),
                Verdict::Done(fate, mut fields) => {
                    fate.count(self.report.count(MERGE));
                    if matches!(fate, Fate::Updated) {
                        fields.sort();
                        let (file, line) =
                            (self.sources[at.file].name.clone(), self.sources[at.file].raw_line(at.line));
                        self.report.update(Updated { file, line, key: merge.record.called(), fields });
                    }
                }
            }
        }
        (self.next_id, self.next_change) = change_log.write().await?;
        Ok(())
    }

    async fn verdict(
        &mut self,
        change_log: &mut ChangeLog<'_>,
        at: At,
        record: &MergeRecord,
        said: &MergeInput,
    ) -> Result<Verdict> {
        let pair = |one: i64, other: i64| (one.min(other), one.max(other));
        if let Some(earlier) = self.judged.insert(pair(said.keep, said.other), at) {
            return Ok(Verdict::Refused(self.contradicts(earlier)));
        }
        let stored = merge::of_pair(self.transaction, said.keep, said.other).await?;
        let mut fields = Vec::new();
        if let Some(stored) = &stored {
            fields = differences(stored, record, said);
            if fields.is_empty() {
                return Ok(Verdict::Done(Fate::Unchanged, fields));
            }
            let acts = fields.iter().any(|field| field == "keep" || field == "judgement");
            let is_same = [stored.judgement, record.judgement].contains(&MergeDecision::Same);
            if !(acts && is_same) {
                // Who judges otherwise judges anew.
                let (by, when) = if acts { (&self.options.by, self.at) } else { (&stored.judged_by, stored.judged_at) };
                let row = Model {
                    left_id: said.keep.into(),
                    right_id: said.other.into(),
                    judgement: record.judgement,
                    judged_by: record.by.clone().unwrap_or_else(|| by.clone()),
                    judged_at: said.at.unwrap_or(when),
                    reason: record.reason.clone(),
                    ..stored.clone()
                };
                let row = row.into_active_model().reset_all();
                Entity::update(row).exec(self.transaction).await?;
                return Ok(Verdict::Done(Fate::Updated, fields));
            }
        }
        // Half a judgement would be seen by the next ones.
        let savepoint = self.transaction.begin().await?;
        match self.act(&savepoint, change_log, stored.as_ref(), record, said).await {
            Ok(()) => {
                savepoint.commit().await?;
                let fate = if stored.is_some() { Fate::Updated } else { Fate::Created };
                Ok(Verdict::Done(fate, fields))
            }
            Err(Refused::For(mistake)) => {
                savepoint.rollback().await?;
                Ok(Verdict::Refused(mistake))
            }
            Err(Refused::By(Error::BadInput(message) | Error::NotFound(message))) => {
                savepoint.rollback().await?;
                Ok(Verdict::Refused(Mistake { pointer: String::new(), message, suggestion: None }))
            }
            Err(Refused::By(Error::Conflict(message))) => {
                savepoint.rollback().await?;
                Ok(Verdict::Refused(Mistake { pointer: "/judgement".into(), message, suggestion: None }))
            }
            Err(Refused::By(error)) => Err(error),
        }
    }

    /// Judges what was not judged so before.
    async fn act(
        &self,
        savepoint: &DatabaseTransaction,
        change_log: &mut ChangeLog<'_>,
        stored: Option<&Model>,
        record: &MergeRecord,
        said: &MergeInput,
    ) -> Result<(), Refused> {
        if let Some(stored) = stored.filter(|stored| stored.judgement == MergeDecision::Same) {
            merge::take_back(savepoint, change_log, said.kind, stored.right_id.0).await?;
        }
        for (field, id) in [("keep", said.keep), ("other", said.other)] {
            let thing = merge::find(savepoint, said.kind, id).await?;
            if let Some(same) = thing.same_as_id {
                let same = merge::find(savepoint, said.kind, same.0).await?;
                return Err(Refused::For(Mistake {
                    pointer: format!("/{field}"),
                    message: format!("`{}` was judged to be `{}`", thing.key, same.key),
                    suggestion: Some("judge that one, or leave this judgement out if it says no more".into()),
                }));
            }
        }
        for earlier in merge::between(savepoint, said.keep, said.other).await? {
            let (left, right) = (earlier.left_id.0, earlier.right_id.0);
            if let Some(earlier) = self.judged.get(&(left.min(right), left.max(right)))
                && [left, right] != [said.keep, said.other]
                && [right, left] != [said.keep, said.other]
            {
                return Err(Refused::For(self.contradicts(*earlier)));
            }
        }
        let judge = Judge {
            kind: said.kind,
            left: said.keep,
            right: said.other,
            judgement: record.judgement,
            by: record.by.clone().unwrap_or_else(|| self.options.by.clone()),
            reason: record.reason.clone(),
        };
        merge::decide(savepoint, change_log, &judge, said.at.unwrap_or(self.at)).await?;
        Ok(())
    }

    fn contradicts(&self, earlier: At) -> Mistake {
        let source = &self.sources[earlier.file];
        let line = source.raw_line(earlier.line);
        whole(format!("the two are judged on line {line} of {} already", source.name), "keep one of the two judgements")
    }
}

/// Why a judgement is not made.
enum Refused {
    For(Mistake),
    By(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::By(error)
    }
}

/// The fields of a record that say something else than what is stored. What is left out says nothing.
fn differences(stored: &Model, record: &MergeRecord, said: &MergeInput) -> Vec<String> {
    let fields = [
        ("keep", stored.left_id.0 != said.keep),
        ("judgement", stored.judgement != record.judgement),
        ("by", record.by.as_ref().is_some_and(|by| *by != stored.judged_by)),
        ("at", said.at.is_some_and(|at| at != stored.judged_at)),
        ("reason", record.reason != stored.reason),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field.to_owned()).collect()
}
