//! Validation.
//!
//! - [`texts`] checks all texts of a line before anything else is done with it.
//! - [`builder`], `values` and `external_id` validate the fields of one record while its rows are built.
//! - [`cross_record`] and [`quotes`] validate rows against each other when all rows of an import are written: cycles,
//!   children of different parents, quotes that do not match their text. Only rows that the import touched are checked.

pub(crate) mod builder;
pub(crate) mod cross_record;
mod external_id;
pub(crate) mod quotes;
pub(crate) mod texts;
mod values;
