//! Text processing: dates, name matching and full-text search.
//!
//! - `country` checks country codes.
//! - [`date`] parses EDTF dates into spans of time.
//! - [`fold`] normalizes names, so that comparisons ignore case, accents, articles and punctuation.
//! - [`phonetic`] gives names phonetic keys, so that comparisons also ignore differences of spelling and script.
//! - [`similarity`] ranks names that share a phonetic key.
//! - [`limits`] says how long texts may be.
//! - [`search`] splits texts and queries into the words of the full-text index.
//!
//! All functions are pure: they read neither the database nor the clock.

pub(crate) mod country;
pub mod date;
pub mod fold;
pub mod limits;
pub mod phonetic;
pub mod search;
pub mod similarity;
