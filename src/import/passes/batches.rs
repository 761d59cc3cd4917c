//! Reading of files in a pass: lines are handled in batches, and the end of a chunk is found.

use entity::dataset;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::db::Db;
use crate::error::Result;
use crate::import::parse::{Merge, Parsed, Record};
use crate::import::passes::chunks::FilePosition;
use crate::import::passes::{ImportAttempt, LinePosition};
use crate::import::read_ahead::ReadAhead;
use crate::import::record::{DatasetRecord, MERGE};
use crate::import::validate::builder::FieldProblem;

/// The maximum number of records that are resolved and written together, and their maximum estimated memory in bytes.
pub(crate) const BATCH: usize = 1000;
const BATCH_BYTES: u64 = 8 << 20;

/// A pass over the files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Gives every key an id.
    Register,
    /// Resolves references and writes rows.
    Store,
    /// Applies merge decisions.
    Merge,
}

/// Lines that are handled together.
#[derive(Default)]
struct Batch {
    records: Vec<(LinePosition, Record)>,
    weight: u64,
    merges: Vec<(LinePosition, Merge)>,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.records.len() + self.merges.len() >= BATCH || self.weight >= BATCH_BYTES
    }
}

impl ImportAttempt<'_> {
    /// Reads the chunk: all files, or up to its maximum number of records. Returns the end of the chunk, unless it is
    /// the end of the files.
    pub(crate) async fn read_files(&mut self, pass: Pass) -> Result<Option<FilePosition>> {
        self.read_files_from(pass, self.start, self.max_records).await
    }

    /// Reads the chunk from a position in it, up to `left` records.
    pub(crate) async fn read_files_from(
        &mut self,
        pass: Pass,
        start: &FilePosition,
        mut left: u64,
    ) -> Result<Option<FilePosition>> {
        for file in start.file..self.sources.len() {
            let start =
                if file == start.file { start.clone() } else { FilePosition { file, ..FilePosition::default() } };
            let end = self.read_file(start, pass, &mut left).await?;
            if end.is_some() {
                return Ok(end);
            }
        }
        Ok(None)
    }

    async fn read_file(&mut self, start: FilePosition, pass: Pass, left: &mut u64) -> Result<Option<FilePosition>> {
        let file = start.file;
        let mut lines = ReadAhead::new(self.sources[file].lines(start.bytes, start.lines)?);
        self.dataset = match start.dataset {
            Some(key) => dataset::Entity::find().filter(dataset::Column::Key.eq(key)).one(self.transaction).await?,
            None => None,
        };
        let mut end = None;
        let mut batch = Batch::default();
        while let Some(line) = lines.next().await? {
            if pass != Pass::Merge {
                self.progress.read(line.bytes);
            }
            let at = LinePosition { file, line: line.number };
            let replaced = self.sources[file].feed.as_ref().is_some_and(|feed| feed.is_replaced(line.number));
            if replaced || self.excluded.contains(file, line.number) {
                continue;
            }
            let parsed = match line.parsed {
                Ok(parsed) => parsed,
                Err((key, problems)) => {
                    self.report_in_first_pass(pass, at, None, key.as_deref(), problems);
                    continue;
                }
            };
            if let Parsed::Dataset(record) = parsed {
                // A file may have several datasets. An export of the whole graph does.
                self.flush(&mut batch, pass).await?;
                self.open_dataset(&record, pass).await?;
                continue;
            }
            if self.dataset.is_none() {
                let Some(key) = self.options.dataset.clone() else {
                    let problem = FieldProblem::of_record(
                        "has no dataset",
                        "start the file with {\"record\": \"dataset\", \"key\": ...}, or use --dataset KEY",
                    );
                    let key = if let Parsed::Record(record) = &parsed { Some(record.key.as_str()) } else { None };
                    self.report_in_first_pass(pass, at, None, key, vec![problem]);
                    // Reporting the first such line is enough, unless each of them has to be excluded.
                    if self.options.keep_going {
                        continue;
                    }
                    break;
                };
                self.open_dataset(&DatasetRecord { key, title: None, license: None, url: None }, Pass::Store).await?;
            }
            match parsed {
                Parsed::Record(record) if pass != Pass::Merge => {
                    batch.records.push((at, record));
                    batch.weight += line.weight;
                }
                Parsed::Merge(merge) if pass == Pass::Merge => {
                    batch.merges.push((at, merge));
                    batch.weight += line.weight;
                }
                Parsed::Merge(merge) if pass == Pass::Register => {
                    if self.merges.is_none() {
                        let first = self.position_after(file, line.number - 1, line.end - line.bytes);
                        self.merges = Some((first, *left));
                    }
                    self.report_in_first_pass(pass, at, Some(MERGE), None, merge.problems);
                }
                _ => {}
            }
            if batch.is_full() {
                self.flush(&mut batch, pass).await?;
            }
            *left -= 1;
            if *left == 0 {
                end = Some(self.position_after(file, line.number, line.end));
                break;
            }
        }
        lines.end().await?;
        self.flush(&mut batch, pass).await?;
        Ok(end)
    }

    /// Returns the position after a number of lines and bytes of a file, in the open dataset.
    fn position_after(&self, file: usize, lines: u64, bytes: u64) -> FilePosition {
        FilePosition { file, lines, bytes, dataset: self.dataset.as_ref().map(|dataset| dataset.key.clone()) }
    }

    /// Reports problems that every pass finds: once, in the first pass.
    fn report_in_first_pass(
        &mut self,
        pass: Pass,
        at: LinePosition,
        kind: Option<&str>,
        key: Option<&str>,
        problems: Vec<FieldProblem>,
    ) {
        if pass == Pass::Register {
            for problem in problems {
                self.problem(at, kind, key, problem);
            }
        }
    }

    async fn flush(&mut self, batch: &mut Batch, pass: Pass) -> Result<()> {
        let Batch { records, merges, .. } = std::mem::take(batch);
        if !merges.is_empty() {
            self.apply_merges(merges).await?;
        }
        if records.is_empty() {
            return Ok(());
        }
        self.handled += records.len();
        match pass {
            Pass::Register => self.register(records).await?,
            Pass::Store | Pass::Merge => self.store(records).await?,
        }
        if self.handled > self.analyze_after {
            self.analyze_after = self.handled * 4;
            Db::analyze(self.transaction).await?;
        }
        Ok(())
    }
}
