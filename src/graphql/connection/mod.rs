//! Lists as Relay connections: their order, cursors and pages, and what is computed over whole lists.
//!
//! - `page_args`: the arguments `first`, `after`, `last` and `before`.
//! - [`order_by`], `keyset`, `cursor`: the order of a list, its SQL, and the cursors of its rows.
//! - [`parents`]: how rows belong to their parents. `sqlite_scan`: pages whose filter looks at related rows, on SQLite.
//! - [`facets`] and [`histogram`]: counts of rows by value and by date.
//!
//! `plan::list` reads lists. The types of connections are in `schema::connection`.

pub(crate) mod cursor;
pub mod facets;
pub mod histogram;
pub(crate) mod keyset;
pub mod order_by;
pub(crate) mod page_args;
pub mod parents;
pub(crate) mod sqlite_scan;
