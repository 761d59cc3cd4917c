//! The mutations: importing and deleting records, and merging entities.

pub mod delete_records;
pub mod import_records;
pub mod merge;
