//! What `cargo fuzz` runs: a function for each kind of input that others give. Compiled for tests and for fuzzing only.
//!
//! Each function takes any bytes, and panics if newsgraph breaks a promise on them: not only by a panic of its own, but also by a
//! wrong result. `fuzz/` contains the binaries and the corpora. `replay` runs each file of the corpora as a test, so a finding
//! stays found.
//!
//! The functions are part of the crate and not of `fuzz/`, because they call modules that are private.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a target fails by panicking")]

mod bytes;
mod cursors;
mod dates;
mod documents;
mod feeds;
mod filters;
mod generator;
mod imports;
#[cfg(test)]
mod random_documents;
mod record_generator;
mod records;
#[cfg(test)]
mod replay;
mod story;

pub use cursors::cursors;
pub use dates::dates;
pub use documents::documents;
pub use feeds::feeds;
pub use filters::filters;
pub use imports::imports;
pub use records::records;

/// A function that fuzzing calls.
pub type Target = fn(&[u8]);

/// The targets by name. `fuzz/corpus` has a folder for each, and `fuzz/fuzz_targets` a file.
pub const TARGETS: &[(&str, Target)] = &[
    ("records", records),
    ("imports", imports),
    ("feeds", feeds),
    ("dates", dates),
    ("cursors", cursors),
    ("filters", filters),
    ("documents", documents),
];
