//! Resolves lists and objects and encodes them as JSON.

pub(crate) mod json;
pub mod resolve;
