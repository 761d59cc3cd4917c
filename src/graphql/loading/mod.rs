//! Data loading. Rows are read in batches, and related rows are loaded once per batch instead of once per row (no N+1 queries).
//!
//! A field that shows a related row gets it in one of two ways:
//!
//! - **Join**: the statement that reads the rows also reads the rows that their foreign keys reference (`belongs_to`). A join
//!   needs no separate statement. It is used for pages of at most 100 rows, because many rows of a larger page reference the
//!   same row.
//! - **Batch load**: the first row that needs the field loads it for all rows of its batch in one statement ([`batch`]). This
//!   is used for larger pages, for everything that is not a foreign key (lists, counts, facets), and for point-in-time
//!   queries.
//!
//! Either way the number of statements depends on the text of the query and not on the number of rows.
//!
//! [`node_type`] declares a GraphQL type that is backed by a table, `projection` finds out which columns and joins a selection
//! needs, `long_texts` reads the texts of articles, and [`session`] holds the state of one request.

pub mod batch;
pub(crate) mod belongs_to;
pub(crate) mod long_texts;
pub mod node_type;
pub(crate) mod projection;
pub mod session;
