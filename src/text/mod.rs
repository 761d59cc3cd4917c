//! What texts mean apart from their letters: dates as spans of time, names as keys that can be compared.
//!
//! Everything here is pure and thin over crates; nothing reads the database or the clock.

pub mod date;
pub mod fold;
pub mod phonetic;
pub mod search;
pub mod similarity;
