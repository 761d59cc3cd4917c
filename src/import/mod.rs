//! How data comes in. There is one writer: the command line and the API both call [`import`].
//!
//! A file is read twice inside of one transaction. The first reading registers every key, so that references may stand
//! in any order; the second resolves the references of a batch of lines at once and writes their rows. What can be
//! judged only when all rows are in is judged then; so are judgements on what is one, which are read a third time; and
//! derived columns are computed. A mistake anywhere takes the whole import back, or with `keep_going` the lines with
//! mistakes are left out and the reading starts over: what refers to a rejected record is rejected too. Memory holds one
//! batch, whatever the size of the file. With `commit_every` there is a transaction for each part of the files, and an
//! interrupted import goes on behind the last one.

mod change_log;
mod delete;
mod derive;
pub mod feed;
pub(crate) mod foreign_keys;
mod hash;
mod index;
pub mod json_schema;
mod merge;
mod passes;
pub mod problem;
mod read_ahead;
pub mod record;
pub mod report;
pub(crate) mod row_writer;
mod source;
mod spool;
mod temp_tables;
pub(crate) mod to_record;
mod validate;
mod verify;

use crate::import::hash::hash;

pub use crate::import::delete::delete;
pub use crate::import::index::{migrate, rebuild};
pub use crate::import::merge::{Judge, LONGEST_REASON, judge, unmerge};
pub use crate::import::passes::{Expected, Once, Options, Progress, import};
pub use crate::import::report::Report;
pub use crate::import::source::Source;
pub use crate::import::verify::{Finding, verify};
