//! The work of a field besides making its values: the rows that the database has to read for a count, a facet, a search in the
//! graph.
//!
//! Work is estimated from the sizes of tables, before anything runs. Its unit is that of the cost: about one microsecond. The
//! estimates are for lists that a filter does not make short; what a request really took is charged to the rate limit afterwards.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Work of a list that belongs to one row, such as the participations of an event, for each field that reads all of it.
const ROWS_PER_PARENT: usize = 50;

/// Work of a request besides its fields.
pub(super) const REQUEST: usize = 100;

/// Work of finding similar names.
const SIMILAR_NAMES: usize = 4_000;

/// Work of marking the words found in one hit.
const HIGHLIGHTS: usize = 200;

/// Work of the neighbors at one hop.
const NEAR_NEIGHBORS: usize = 2_000;

/// Links that the search for a path may read from each end.
const MAX_PATH_LINKS: usize = 100_000;

/// The number of rows of each table. Clones share the numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableSizes(Arc<(RwLock<HashMap<String, usize>>, AtomicU64)>);

impl TableSizes {
    /// Replaces the numbers.
    pub(crate) fn set(&self, sizes: HashMap<String, usize>) {
        *self.0.0.write().unwrap_or_else(PoisonError::into_inner) = sizes;
        self.0.1.fetch_add(1, Ordering::Release);
    }

    /// Returns a number that grows when the numbers are replaced.
    pub(super) fn generation(&self) -> u64 {
        self.0.1.load(Ordering::Acquire)
    }

    fn table(&self, name: &str) -> usize {
        self.0.0.read().unwrap_or_else(PoisonError::into_inner).get(name).copied().unwrap_or_default()
    }

    /// The number of rows of a node type.
    fn node_type(&self, name: &str) -> usize {
        let table = match name {
            "Person" | "Organization" | "Group" | "AnonymousSource" => "actor".to_owned(),
            other => snake_case(other),
        };
        self.table(&table)
    }

    /// The number of links between actors.
    fn links(&self) -> usize {
        self.table("participation").saturating_add(self.table("statement")).saturating_add(self.table("relation"))
    }
}

/// The rows that the fields of a connection read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Rows {
    /// The number of rows of the list.
    number: usize,
    /// Whether a filter is evaluated for each of them.
    is_filtered: bool,
}

impl Rows {
    /// The rows of a connection field. `is_root` is false for a list that belongs to a row.
    pub(super) fn of(connection: &str, is_root: bool, is_filtered: bool, sizes: &TableSizes) -> Self {
        let Some(node_type) = connection.strip_suffix("Connection") else { return Self::default() };
        let all = sizes.node_type(node_type);
        Self { number: if is_root { all } else { all.min(ROWS_PER_PARENT) }, is_filtered }
    }
}

/// Returns the work of a field. `rows` are those of the connection that it is selected from, `entries` the number of entries of
/// its list argument, `number` reads an integer argument.
pub(super) fn of_field(
    name: &str,
    rows: Rows,
    entries: usize,
    number: impl Fn(&str) -> Option<u64>,
    sizes: &TableSizes,
) -> usize {
    match name {
        // Most facets read an index only.
        "facets" => (rows.number / 10).saturating_mul(entries),
        "histogram" | "sums" => rows.number / 4,
        "totalCount" if rows.is_filtered => rows.number / 4,
        "totalCount" => rows.number / 20,
        // A page of a filtered list reads until it is full.
        "nodes" | "edges" if rows.is_filtered => rows.number / 4,
        "neighbors" => match number("depth").unwrap_or(1) {
            // How many links an actor has is not known: a few have a large part of all.
            0 | 1 => NEAR_NEIGHBORS.saturating_add(sizes.links() / 16),
            2 => NEAR_NEIGHBORS.saturating_add(sizes.links() / 2),
            _ => NEAR_NEIGHBORS.saturating_add(sizes.links().saturating_mul(2)),
        },
        "path" => sizes.links().min(MAX_PATH_LINKS).saturating_mul(4),
        "appearsWith" | "timeline" | "coverage" => NEAR_NEIGHBORS,
        "mergeCandidates" | "suggestions" | "search" => SIMILAR_NAMES.min(sizes.table("name_key")),
        "highlights" => HIGHLIGHTS,
        _ => 0,
    }
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
