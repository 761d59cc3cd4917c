//! The readings of files: which lines are handled together, and where a part of an import ends.

use entity::dataset;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::db::Db;
use crate::error::Result;
use crate::import::passes::chunks::FilePosition;
use crate::import::passes::{At, ImportAttempt};
use crate::import::read_ahead::ReadAhead;
use crate::import::record::{DatasetRecord, MERGE};
use crate::import::source::{Merge, Parsed, Record, whole};
use crate::import::validate::builder::Mistake;

/// Lines that are resolved and written together, or less when they weigh much.
pub(crate) const BATCH: usize = 1000;
const HEAVY: u64 = 8 << 20;

/// What is done with the lines of a reading.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Every key gets its number.
    Register,
    /// References are resolved and rows are written.
    Write,
    /// Judgements are made on what is written.
    Judge,
}

/// Lines that are handled together.
#[derive(Default)]
struct Batch {
    records: Vec<(At, Record)>,
    weight: u64,
    merges: Vec<(At, Merge)>,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.records.len() + self.merges.len() >= BATCH || self.weight >= HEAVY
    }
}

impl ImportAttempt<'_> {
    /// Reads all files, or until there were so many records; returns where that was.
    pub(crate) async fn readings(&mut self, pass: Pass) -> Result<Option<FilePosition>> {
        self.read_all(pass, self.from, self.most).await
    }

    /// The same from a place on.
    pub(crate) async fn read_all(
        &mut self,
        pass: Pass,
        from: &FilePosition,
        mut left: u64,
    ) -> Result<Option<FilePosition>> {
        for file in from.file..self.sources.len() {
            let from = if file == from.file { from.clone() } else { FilePosition { file, ..FilePosition::default() } };
            let reached = self.read(from, pass, &mut left).await?;
            if reached.is_some() {
                return Ok(reached);
            }
        }
        Ok(None)
    }

    async fn read(&mut self, from: FilePosition, pass: Pass, left: &mut u64) -> Result<Option<FilePosition>> {
        let file = from.file;
        let mut lines = ReadAhead::new(self.sources[file].lines(from.bytes, from.lines)?);
        self.dataset = match from.dataset {
            Some(key) => dataset::Entity::find().filter(dataset::Column::Key.eq(key)).one(self.transaction).await?,
            None => None,
        };
        let mut reached = None;
        let mut batch = Batch::default();
        while let Some(line) = lines.next().await? {
            if pass != Pass::Judge {
                self.progress.read(line.bytes);
            }
            let at = At { file, line: line.number };
            let replaced = self.sources[file].feed.as_ref().is_some_and(|feed| feed.is_replaced(line.number));
            if replaced || self.left_out.contains(file, line.number) {
                continue;
            }
            let parsed = match line.parsed {
                Ok(parsed) => parsed,
                Err((key, mistakes)) => {
                    self.once(pass, at, None, key.as_deref(), mistakes);
                    continue;
                }
            };
            if let Parsed::Dataset(record) = parsed {
                // A file may hold several datasets, as an export of the whole graph does.
                self.flush(&mut batch, pass).await?;
                self.open_dataset(&record, pass).await?;
                continue;
            }
            if self.dataset.is_none() {
                let Some(key) = self.options.dataset.clone() else {
                    let mistake = whole(
                        "belongs to no dataset",
                        "begin the file with {\"kind\": \"dataset\", \"key\": ...}, or say --dataset KEY",
                    );
                    let key = if let Parsed::Record(record) = &parsed { Some(record.key.as_str()) } else { None };
                    self.once(pass, at, None, key, vec![mistake]);
                    // One such line tells of all; to leave them out each has to be known.
                    if self.options.keep_going {
                        continue;
                    }
                    break;
                };
                self.open_dataset(&DatasetRecord { key, title: None, licence: None, url: None }, Pass::Write).await?;
            }
            match parsed {
                Parsed::Record(record) if pass != Pass::Judge => {
                    batch.records.push((at, record));
                    batch.weight += line.weight;
                }
                Parsed::Merge(merge) if pass == Pass::Judge => {
                    batch.merges.push((at, merge));
                    batch.weight += line.weight;
                }
                Parsed::Merge(merge) if pass == Pass::Register => {
                    if self.judgements.is_none() {
                        let first = self.behind(file, line.number - 1, line.end - line.bytes);
                        self.judgements = Some((first, *left));
                    }
                    self.once(pass, at, Some(MERGE), None, merge.mistakes);
                }
                _ => {}
            }
            if batch.is_full() {
                self.flush(&mut batch, pass).await?;
            }
            *left -= 1;
            if *left == 0 {
                reached = Some(self.behind(file, line.number, line.end));
                break;
            }
        }
        lines.end().await?;
        self.flush(&mut batch, pass).await?;
        Ok(reached)
    }

    /// The place behind so many lines and bytes of a file, below the dataset at hand.
    fn behind(&self, file: usize, lines: u64, bytes: u64) -> FilePosition {
        FilePosition { file, lines, bytes, dataset: self.dataset.as_ref().map(|dataset| dataset.key.clone()) }
    }

    /// Mistakes that both readings meet are noted in the first.
    fn once(&mut self, pass: Pass, at: At, kind: Option<&str>, key: Option<&str>, mistakes: Vec<Mistake>) {
        if pass == Pass::Register {
            for mistake in mistakes {
                self.problem(at, kind, key, mistake);
            }
        }
    }

    async fn flush(&mut self, batch: &mut Batch, pass: Pass) -> Result<()> {
        let Batch { records, merges, .. } = std::mem::take(batch);
        if !merges.is_empty() {
            self.judge(merges).await?;
        }
        if records.is_empty() {
            return Ok(());
        }
        self.handled += records.len();
        match pass {
            Pass::Register => self.register(records).await?,
            Pass::Write | Pass::Judge => self.write(records).await?,
        }
        if self.handled > self.look_again {
            self.look_again = self.handled * 4;
            Db::analyze(self.transaction).await?;
        }
        Ok(())
    }
}
