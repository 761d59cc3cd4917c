//! The import: the only writer of records. The command line and the API both call [`import`].
//!
//! An import flows through these modules:
//!
//! 1. [`source`](Source) opens the files. Input that cannot be read repeatedly is copied to disk (`spool`). [`feed`]
//!    converts feeds of other publishers to records first.
//! 2. `read_ahead` reads lines on a separate thread, and `parse` converts each line to a record struct ([`record`]).
//!    `json_schema` explains lines that do not fit; `record::field_names` accepts old field names.
//! 3. `passes` runs the import, in a transaction. Pass 1 registers every key with an id, so that references may be in
//!    any order. Pass 2 resolves the references of a batch at once (`passes::key_lookup`), builds and validates rows
//!    (`validate::builder`), and writes those that differ (`row_writer`).
//! 4. `validate::cross_record` and `validate::quotes` validate the written rows against all others.
//! 5. Pass 3 applies merge decisions (`merge`), if the files have any. `merge::redirect` lets references to merged
//!    entities refer to the surviving ones, which every import has to preserve.
//! 6. `derive` computes derived columns such as standings, and `index` the indexes of names and words. Only what
//!    depends on touched rows is computed: `temp_tables` lists them.
//! 7. `change_log` writes the audit log. The transaction commits, and [`report`] says what was done.
//!
//! One invalid record fails the whole import. With [`Options::keep_going`], invalid records are excluded and the import
//! starts over: records that refer to an excluded one are excluded too. With [`Options::commit_every`], the files are
//! split into chunks with a transaction each, and an interrupted import resumes after the last one (`passes::chunks`).
//! Memory is bounded by the size of a batch, not of the files.
//!
//! [`delete()`] deletes records, [`record_merge`] and [`unmerge`] make and undo single merges, [`verify()`] checks the
//! integrity of the stored data, and `to_record` restores records from rows for exports.

mod change_log;
mod delete;
mod derive;
pub mod feed;
pub(crate) mod foreign_keys;
mod hash;
mod index;
pub mod json_schema;
mod merge;
pub(crate) mod parse;
mod passes;
pub mod problem;
mod read_ahead;
pub mod record;
pub mod report;
pub(crate) mod row_writer;
pub(crate) mod source;
mod spool;
mod sql;
mod temp_tables;
pub(crate) mod to_record;
pub(crate) mod unique_json;
mod validate;
mod verify;

use crate::import::hash::hash;

pub use crate::import::delete::delete;
pub use crate::import::index::{migrate, rebuild};
pub use crate::import::merge::{MAX_REASON_LENGTH, MergeRequest, record_merge, unmerge};
pub use crate::import::passes::{IdempotencyKey, Options, Progress, RecordVersion, import};
pub use crate::import::report::Report;
pub use crate::import::source::Source;
pub use crate::import::verify::{Finding, verify};
