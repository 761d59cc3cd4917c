//! Data loading: rows are read in batches, and what belongs to the rows of a batch is loaded once for all of them.

pub mod batch;
pub(crate) mod belongs_to;
pub(crate) mod projection;
pub mod session;
