//! How data comes in. There is one writer: the command line and the API both call [`import`].
//!
//! A file is read twice inside of one transaction. The first reading registers every key, so that references may stand
//! in any order; the second resolves the references of a batch of lines at once and writes their rows. What can be
//! judged only when all rows are in is judged then; so are judgements on what is one, which are read a third time; and
//! derived columns are computed. A mistake anywhere takes the whole import back, or with `keep_going` the lines with
//! mistakes are left out and the reading starts over: what refers to a rejected record is rejected too. Memory holds one
//! batch, whatever the size of the file. With `commit_every` there is a transaction for each part of the files, and an
//! interrupted import goes on behind the last one.

mod ahead;
mod build;
mod check;
mod commit;
mod delete;
mod derive;
pub mod feed;
mod hash;
mod index;
mod ledger;
mod merge;
pub mod problem;
mod read;
mod recheck;
pub mod record;
mod redirect;
pub(crate) mod reference;
pub mod report;
pub(crate) mod restore;
pub mod schema;
mod scratch;
mod spool;
pub(crate) mod write;

use hash::hash;

pub use commit::{Expected, Once, Options, Progress, import};
pub use delete::delete;
pub use index::{migrate, rebuild};
pub use merge::{Judge, LONGEST_REASON, judge, unmerge};
pub use read::Source;
pub use recheck::{Finding, recheck};
pub use report::Report;
