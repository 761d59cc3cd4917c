//! Resolves lists and objects, and encodes objects as JSON.
//!
//! async-graphql parses and validates documents, coerces arguments and resolves each field. This module only replaces the way
//! in which it puts the fields of objects together, for all types that are returned as [`list::ResolvedList`] or
//! [`object::ResolvedObject`].
//!
//! # Why not async-graphql's own way
//! async-graphql allocates one boxed future per field of every object and joins them all, and it builds a map per object.
//! Almost no field has to wait: its value is in its row, or the first row of its batch has loaded it for all. The future then
//! costs more than the value. The maps are built only to be written as JSON and dropped.
//!
//! # How it works
//! - Each field is polled once, in place (`poll`). Only a field that has to wait gets a boxed future.
//! - The rows of a list are resolved one after the other ([`list`]). The first row loads what all rows of the batch need, so
//!   the others do not wait.
//! - Objects are encoded as JSON as soon as they are complete (`json`). Documents that select the same object in two
//!   places still use maps, because the selections have to be merged.
//!
//! - The size of the response is counted as it grows (`budget`). So everything that can be long, or have nodes in it, is resolved
//!   here: only the root and small objects are left to async-graphql.
//!
//! # Invariants
//! - A response equals, byte for byte, the one that is built from maps. The golden tests compare both.
//! - A speculative poll starts no work: code that runs an SQL statement first awaits
//!   `suspend_if_speculative`. Otherwise the work would be dropped with the future and started
//!   again.
//! - Errors are reported once. Errors that a speculative poll has added are removed if the field has to wait.
//! - Selections with directives on fields are left to async-graphql.
//!
//! # Measured gain
//! Polling in place, together with read connections that are kept from statement to statement, about halved the server's work
//! per page. Encoding objects at once, together with reading columns by position, takes about a quarter fewer allocations for a
//! page of 500 events. `tests/it/cost.json` records the allocations of each golden query.

pub(crate) mod budget;
pub(crate) mod json;
pub mod list;
pub mod object;
pub(crate) mod poll;
