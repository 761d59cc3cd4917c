//! Imports in parts. Each part is whole: it is judged, derived, indexed and committed like an import of its own, together
//! with how far the import is, so that the same import goes on from there.
//!
//! A part ends behind so many records. Where one of them refers to what comes later, it is done again and ends where
//! none does, or else is twice as long: what is committed refers to nothing that is missing, in whatever order a file
//! stands.

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
use crate::import::passes::Options;
use crate::import::passes::rejections::{LineSet, Mistakes};
use crate::import::read_ahead::ReadAhead;
use crate::import::record::Ref;
use crate::import::report::Report;
use crate::import::source::{Parsed, Source};
use crate::import::temp_tables;

/// Records that an import of several parts has met, until it ends.
pub(crate) const SEEN: &str = "import_seen";

/// For how long an import can be gone on with that was interrupted.
const KEPT: i64 = 30 * 24 * 60 * 60;

/// So many records and as many again are looked at for the end of a part: that is held in memory.
const LOOKED: u64 = 500_000;

/// No more keys and references than this, however many parts the records have.
const MOST_LOOKED: usize = 4_000_000;

/// A place between two lines.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct FilePosition {
    /// Which file.
    pub(crate) file: usize,
    /// The lines of that file above, and their bytes.
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
    /// The dataset of what follows.
    pub(crate) dataset: Option<String>,
}

/// How far an import is.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct State {
    /// What stands before is written.
    pub(crate) place: FilePosition,
    /// The bytes of all files before it.
    pub(crate) done: u64,
    /// How many parts were written.
    pub(crate) parts: u64,
    /// What the log of changes calls the import.
    pub(crate) batch: Option<String>,
    /// What the parts have done, and the mistakes of records that were left out.
    pub(crate) report: Report,
    pub(crate) mistakes: Mistakes,
    /// How many lines of feeds were left out that tell more of something that is not known.
    pub(crate) needless: u64,
    /// The lines of both, and those that nothing refers to: they are not read again.
    pub(crate) left_out: LineSet,
}

impl State {
    /// Leaves lines out of all readings to come; false when nothing comes of it, since they were left out already.
    pub(crate) fn leave_out(&mut self, all_lines: [&LineSet; 3]) -> bool {
        let before = self.left_out.len();
        all_lines.into_iter().for_each(|lines| self.left_out.extend(lines));
        self.left_out.len() > before
    }
}

/// An import in parts.
pub(crate) struct ResumableImport {
    pub(crate) id: i64,
    digest: String,
    /// The records of a part, and of the part at hand.
    every: u64,
    pub(crate) most: u64,
    /// Whether an earlier part referred to what came later, and whether the end of this one was looked for.
    forward: bool,
    looked: bool,
}

impl ResumableImport {
    /// Begins an import, or goes on with the same one.
    pub(crate) async fn open(db: &Db, sources: &[Source], options: &Options, every: u64) -> Result<(Self, State)> {
        let digest = digest(sources, options)?;
        let transaction = db.write().await?;
        for old in Entity::find().filter(Column::At.lt(now() - KEPT)).all(&transaction).await? {
            forget(&transaction, old.id).await?;
        }
        let stored = Entity::find().filter(Column::Digest.eq(&digest)).one(&transaction).await?;
        let known = stored.as_ref().map(|run| (run.id, serde_json::from_str(&run.state)));
        let (id, state) = match known {
            Some((id, Ok(state))) => (id, state),
            other => {
                if let Some((id, Err(error))) = other {
                    // Another version's. All is read again then, and what is written already is as it was.
                    tracing::warn!(%error, "an interrupted import is begun anew");
                    forget(&transaction, id).await?;
                }
                let last = Query::select().expr_as(Func::max(Expr::col("id")), "last").from("import_run").take();
                let last = transaction.query_one(&last).await?.map(|row| row.try_get::<Option<i64>>("", "last"));
                let id = last.transpose()?.flatten().unwrap_or(0) + 1;
                (id, State::default())
            }
        };
        let run = Self { id, digest, every, most: every, forward: false, looked: false };
        run.save(&transaction, &state).await?;
        transaction.commit().await?;
        Ok((run, state))
    }

    async fn save(&self, transaction: &DatabaseTransaction, state: &State) -> Result<()> {
        let state = serde_json::to_string(state).map_err(|error| Error::Broken(error.to_string()))?;
        let row = import_run::Model { id: self.id, digest: self.digest.clone(), at: now(), state };
        Entity::delete_by_id(self.id).exec(transaction).await?;
        Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
        Ok(())
    }

    /// Notes in the transaction of a part that it is written. The last part leaves nothing of this.
    pub(crate) async fn note(&mut self, transaction: &DatabaseTransaction, state: &State, last: bool) -> Result<()> {
        if last {
            return forget(transaction, self.id).await;
        }
        (self.most, self.looked) = (self.every, false);
        let sql = format!(
            "INSERT INTO {SEEN} (run_id, record_id, file, line) SELECT {}, id, file, line FROM {} WHERE pointer = '' AND line > 0",
            self.id,
            temp_tables::LINE
        );
        transaction.execute_unprepared(&sql).await?;
        self.save(transaction, state).await
    }

    /// Whether these mistakes may be for what comes later in the files: then the part has to end elsewhere.
    pub(crate) fn is_open(found: &Mistakes, needless: &LineSet) -> bool {
        !needless.is_empty() || found.dangling
    }

    /// Makes a part longer.
    pub(crate) async fn grow(&mut self, sources: &[Source], state: &State) -> Result<()> {
        self.forward = true;
        let before = self.most;
        self.look(sources, state).await?;
        if self.most <= before {
            self.most = before.saturating_mul(2);
        }
        Ok(())
    }

    /// Looks for a better end of the part at hand where that was needed before.
    pub(crate) async fn look(&mut self, sources: &[Source], state: &State) -> Result<()> {
        if self.forward && !self.looked && self.every <= LOOKED {
            self.looked = true;
            self.most = closed(&sources[state.place.file], state, self.every).await?.unwrap_or(self.every);
        }
        Ok(())
    }

    /// Ends an import that cannot go on: the file has to be another one first.
    pub(crate) async fn give_up(&self, db: &Db) -> Result<()> {
        let transaction = db.write().await?;
        forget(&transaction, self.id).await?;
        Ok(transaction.commit().await?)
    }
}

/// After how many records, `least` or more, none refers to what comes later in the file; if it is not far.
async fn closed(source: &Source, state: &State, least: u64) -> Result<Option<u64>> {
    let FilePosition { file, lines, bytes, .. } = state.place;
    let mut lines = ReadAhead::new(source.lines(bytes, lines)?);
    let hasher = RandomState::new();
    // Where things stand, and who refers to what did not stand above it.
    let mut stands: HashMap<u64, u64> = HashMap::new();
    let mut open: Vec<(u64, u64)> = Vec::new();
    let mut count = 0;
    while let Some(line) = lines.next().await? {
        if state.left_out.contains(file, line.number) {
            continue;
        }
        let wanted = match line.parsed {
            Ok(Parsed::Record(record)) => {
                let external = record.external.iter();
                stands.extend(record.entries.iter().map(|entry| (hasher.hash_one(&entry.key), count)));
                stands.extend(external.map(|(_, scheme, value)| (hasher.hash_one((scheme, value)), count)));
                record.wanted
            }
            Ok(Parsed::Merge(merge)) => merge.wanted,
            Ok(Parsed::Dataset(_)) | Err(_) => continue,
        };
        let wanted = wanted.iter().filter_map(|wanted| match wanted {
            Ref::Key(key) => Some(hasher.hash_one(key)),
            Ref::External(one) => Some(hasher.hash_one((&one.scheme, &one.value))),
            Ref::Dataset(_) => None,
        });
        open.extend(wanted.filter(|wanted| !stands.contains_key(wanted)).map(|wanted| (count, wanted)));
        if stands.len() + open.len() > MOST_LOOKED {
            break;
        }
        count += 1;
        if count == least * 2 {
            break;
        }
    }
    lines.end().await?;
    let mut open = open.into_iter().peekable();
    let mut reach = 0;
    Ok((0..count).find_map(|at| {
        while let Some((_, wanted)) = open.next_if(|(by, _)| *by <= at) {
            reach = reach.max(stands.get(&wanted).copied().unwrap_or(0));
        }
        (at + 1 >= least && reach <= at).then_some(at + 1)
    }))
}

async fn forget(transaction: &DatabaseTransaction, id: i64) -> Result<()> {
    transaction.execute_unprepared(&format!("DELETE FROM {SEEN} WHERE run_id = {id}")).await?;
    Entity::delete_by_id(id).exec(transaction).await?;
    Ok(())
}

/// What makes two imports the same: the contents of the files, and what of the options decides what is written.
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
