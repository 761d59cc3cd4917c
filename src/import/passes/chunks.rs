//! Chunked, resumable imports (`--commit-every`).
//!
//! Each chunk is a separate import: its rows are validated, derived data is computed, and everything is committed in
//! one transaction together with the position that the import has reached. When an interrupted import is started again,
//! a digest of the files and options finds its state, and it resumes after the last committed chunk.
//!
//! A chunk normally ends after `commit_every` records. If some of them refer to records on later lines, the chunk is
//! rolled back and tried again with another end: the next line after which no reference is open, or twice the length. A
//! committed chunk therefore never has unresolved references, whatever the order of the file.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;

use entity::import_run::{self, Column, Entity};
use sea_orm::sea_query::{Expr, Func, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::db::{Db, now};
use crate::error::{Error, Result};
use crate::import::parse::Parsed;
use crate::import::passes::Options;
use crate::import::passes::rejections::{LineSet, Rejections};
use crate::import::read_ahead::ReadAhead;
use crate::import::record::Ref;
use crate::import::report::Report;
use crate::import::source::Source;
use crate::import::temp_tables;

/// The table of records that the earlier chunks of an import have read. It is kept until the import ends.
pub(crate) const SEEN: &str = "import_seen";

/// The time within which an interrupted import can be resumed, in seconds: 30 days.
const RESUMABLE_SECONDS: i64 = 30 * 24 * 60 * 60;

/// The maximum length of a chunk whose end is looked for, in records. Up to twice as many are read for it.
const MAX_SEARCHED_RECORDS: u64 = 500_000;

/// The maximum number of keys and references that are held in memory while the end of a chunk is looked for.
const MAX_SEARCHED_KEYS: usize = 4_000_000;

/// A position between two lines. It is stored with the state of an import, so the names in JSON must not change.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct FilePosition {
    /// The index of the file.
    pub(crate) file: usize,
    /// The number of lines before the position in that file, and their bytes.
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
    /// The key of the dataset that is open there.
    pub(crate) dataset: Option<String>,
}

/// The state of an import. The state of a chunked import is stored, so the names in JSON must not change.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct State {
    /// Everything before this position is committed.
    #[serde(rename = "place")]
    pub(crate) position: FilePosition,
    /// The number of bytes before the position, in all files.
    #[serde(rename = "done")]
    pub(crate) bytes_done: u64,
    /// The number of committed chunks.
    #[serde(rename = "parts")]
    pub(crate) chunks: u64,
    /// The batch of the import in the audit log.
    pub(crate) batch: Option<String>,
    /// The report of the committed chunks, and the problems of excluded records.
    pub(crate) report: Report,
    #[serde(rename = "mistakes")]
    pub(crate) rejections: Rejections,
    /// The number of skipped lines of feeds that add to an entity that is not stored.
    #[serde(rename = "needless")]
    pub(crate) skipped: u64,
    /// The lines of rejected and skipped records, and of records that nothing refers to. No further attempt reads them.
    #[serde(rename = "left_out")]
    pub(crate) excluded: LineSet,
}

impl State {
    /// Excludes lines from all further attempts. Returns whether any of them is new: if none is, another attempt would
    /// fail too.
    pub(crate) fn exclude(&mut self, all_lines: [&LineSet; 3]) -> bool {
        let before = self.excluded.len();
        all_lines.into_iter().for_each(|lines| self.excluded.extend(lines));
        self.excluded.len() > before
    }
}

/// A chunked import.
pub(crate) struct ResumableImport {
    pub(crate) id: i64,
    digest: String,
    /// The number of records of a normal chunk, and the maximum of the current one.
    every: u64,
    pub(crate) max_records: u64,
    /// Whether an earlier chunk had references to later lines, and whether the end of the current one was looked for.
    has_forward_references: bool,
    was_searched: bool,
}

impl ResumableImport {
    /// Starts an import, or resumes an interrupted one with the same files and options.
    pub(crate) async fn open(db: &Db, sources: &[Source], options: &Options, every: u64) -> Result<(Self, State)> {
        let digest = digest(sources, options)?;
        let transaction = db.write().await?;
        for old in Entity::find().filter(Column::At.lt(now() - RESUMABLE_SECONDS)).all(&transaction).await? {
            delete_state(&transaction, old.id).await?;
        }
        let stored = Entity::find().filter(Column::Digest.eq(&digest)).one(&transaction).await?;
        let known = stored.as_ref().map(|run| (run.id, serde_json::from_str(&run.state)));
        let (id, state) = match known {
            Some((id, Ok(state))) => (id, state),
            other => {
                if let Some((id, Err(error))) = other {
                    // Another version of newsgraph has stored it. Committed records will be found unchanged.
                    tracing::warn!(%error, "cannot read the state of the interrupted import; starting from the beginning");
                    delete_state(&transaction, id).await?;
                }
                let last = Query::select().expr_as(Func::max(Expr::col("id")), "last").from("import_run").take();
                let last = transaction.query_one(&last).await?.map(|row| row.try_get::<Option<i64>>("", "last"));
                let id = last.transpose()?.flatten().unwrap_or(0) + 1;
                (id, State::default())
            }
        };
        let run = Self { id, digest, every, max_records: every, has_forward_references: false, was_searched: false };
        run.save(&transaction, &state).await?;
        transaction.commit().await?;
        Ok((run, state))
    }

    async fn save(&self, transaction: &DatabaseTransaction, state: &State) -> Result<()> {
        let state = serde_json::to_string(state).map_err(|error| Error::Internal(error.to_string()))?;
        let row = import_run::Model { id: self.id, digest: self.digest.clone(), at: now(), state };
        Entity::delete_by_id(self.id).exec(transaction).await?;
        Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
        Ok(())
    }

    /// Stores the state in the transaction of a chunk. After the last chunk, deletes it.
    pub(crate) async fn save_chunk(
        &mut self,
        transaction: &DatabaseTransaction,
        state: &State,
        last: bool,
    ) -> Result<()> {
        if last {
            return delete_state(transaction, self.id).await;
        }
        (self.max_records, self.was_searched) = (self.every, false);
        let sql = format!(
            "INSERT INTO {SEEN} (run_id, record_id, file, line) SELECT {}, id, file, line FROM {} WHERE pointer = '' AND line > 0",
            self.id,
            temp_tables::LINE
        );
        transaction.execute_unprepared(&sql).await?;
        self.save(transaction, state).await
    }

    /// Returns whether references of the chunk may be to later lines. Then the chunk has to end elsewhere.
    pub(crate) fn needs_later_lines(rejections: &Rejections, skipped: &LineSet) -> bool {
        !skipped.is_empty() || rejections.has_unresolved
    }

    /// Makes the current chunk longer.
    pub(crate) async fn grow(&mut self, sources: &[Source], state: &State) -> Result<()> {
        self.has_forward_references = true;
        let before = self.max_records;
        self.find_end(sources, state).await?;
        if self.max_records <= before {
            self.max_records = before.saturating_mul(2);
        }
        Ok(())
    }

    /// Looks for an end of the current chunk without open references, if an earlier chunk needed that.
    pub(crate) async fn find_end(&mut self, sources: &[Source], state: &State) -> Result<()> {
        if self.has_forward_references && !self.was_searched && self.every <= MAX_SEARCHED_RECORDS {
            self.was_searched = true;
            let end = without_open_references(&sources[state.position.file], state, self.every).await?;
            self.max_records = end.unwrap_or(self.every);
        }
        Ok(())
    }

    /// Deletes the state of an import that failed: the file has to be corrected, which makes it another import.
    pub(crate) async fn abandon(&self, db: &Db) -> Result<()> {
        let transaction = db.write().await?;
        delete_state(&transaction, self.id).await?;
        Ok(transaction.commit().await?)
    }
}

/// Returns the smallest number of records, `min` or more, after which no reference to a later line is open. Returns
/// none if there is no such end among the next `2 * min` records.
async fn without_open_references(source: &Source, state: &State, min: u64) -> Result<Option<u64>> {
    let FilePosition { file, lines, bytes, .. } = state.position;
    let mut lines = ReadAhead::new(source.lines(bytes, lines)?);
    let hasher = RandomState::new();
    // The index of the record that defines a key or external id, and references, by the index of their record, to what
    // was not defined before. Both as hashes.
    let mut defined: HashMap<u64, u64> = HashMap::new();
    let mut open: Vec<(u64, u64)> = Vec::new();
    let mut count = 0;
    while let Some(line) = lines.next().await? {
        if state.excluded.contains(file, line.number) {
            continue;
        }
        let references = match line.parsed {
            Ok(Parsed::Record(record)) => {
                let external_ids = record.external_ids.iter();
                defined.extend(record.entries.iter().map(|entry| (hasher.hash_one(&entry.key), count)));
                defined.extend(external_ids.map(|(_, scheme, value)| (hasher.hash_one((scheme, value)), count)));
                record.references
            }
            Ok(Parsed::Merge(merge)) => merge.references,
            Ok(Parsed::Dataset(_)) | Err(_) => continue,
        };
        let references = references.iter().filter_map(|reference| match reference {
            Ref::Key(key) => Some(hasher.hash_one(key)),
            Ref::External(one) => Some(hasher.hash_one((&one.scheme, &one.value))),
            Ref::Dataset(_) => None,
        });
        open.extend(references.filter(|hash| !defined.contains_key(hash)).map(|hash| (count, hash)));
        if defined.len() + open.len() > MAX_SEARCHED_KEYS {
            break;
        }
        count += 1;
        if count == min * 2 {
            break;
        }
    }
    lines.end().await?;
    let mut open = open.into_iter().peekable();
    let mut furthest = 0;
    Ok((0..count).find_map(|at| {
        while let Some((_, hash)) = open.next_if(|(by, _)| *by <= at) {
            furthest = furthest.max(defined.get(&hash).copied().unwrap_or(0));
        }
        (at + 1 >= min && furthest <= at).then_some(at + 1)
    }))
}

async fn delete_state(transaction: &DatabaseTransaction, id: i64) -> Result<()> {
    transaction.execute_unprepared(&format!("DELETE FROM {SEEN} WHERE run_id = {id}")).await?;
    Entity::delete_by_id(id).exec(transaction).await?;
    Ok(())
}

/// Returns a digest that identifies an import: of the contents of the files, and of the options that decide what is
/// written.
fn digest(sources: &[Source], options: &Options) -> Result<String> {
    let mut digest = Sha256::new();
    digest.update(format!("{:?} {} {}\n", options.dataset, options.keep_going, options.by));
    let mut buffer = vec![0; 1 << 20];
    for source in sources {
        digest.update(source.size().to_be_bytes());
        let mut file = source.reader(0)?;
        loop {
            let count = file.read(&mut buffer).map_err(|error| source.failed(error))?;
            if count == 0 {
                break;
            }
            digest.update(&buffer[..count]);
        }
    }
    Ok(data_encoding::HEXLOWER.encode(&digest.finalize()))
}
