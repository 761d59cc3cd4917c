//! A plan: its levels, and the selected fields of each.

use async_graphql_value::Value;

use crate::graphql::plan::arguments::ListArguments;
use crate::graphql::plan::noun::{ListField, Noun, Scalar};
use crate::graphql::plan::statement::SqlCache;

/// A compiled document.
pub(crate) struct Plan {
    pub(crate) roots: Vec<Root>,
    pub(crate) levels: Vec<Level>,
}

impl Plan {
    /// The approximate memory of the plan in bytes, with the SQL of its levels.
    pub(crate) fn memory(&self) -> u64 {
        let level = |level: &Level| 3_500 + level.columns.len() * 300 + level.joins.len() * 1_500;
        self.levels.iter().map(level).sum::<usize>() as u64
    }
}

/// A root field.
pub(crate) struct Root {
    /// `"name":`, after a comma unless it is the first.
    pub(crate) key: Vec<u8>,
    pub(crate) level: usize,
}

/// Rows that are read by one statement, and what is shown of them.
pub(crate) struct Level {
    pub(crate) noun: &'static Noun,
    pub(crate) source: Source,
    /// The columns of the result: the index of the joined table, where 0 is the table of the level itself, and the column.
    pub(crate) columns: Vec<(usize, &'static str)>,
    /// The joined tables, from index 1.
    pub(crate) joins: Vec<Join>,
    pub(crate) shown: LevelShown,
    /// The levels that need the rows of this one, in the order in which they are read.
    pub(crate) children: Vec<usize>,
    pub(crate) sql: SqlCache,
}

/// The source of a level's rows.
pub(crate) enum Source {
    /// The node with the id in an argument.
    Id(Value),
    /// A list at the root.
    Root { list: &'static ListField, arguments: ListArguments },
    /// The lists of the rows of another level, whose ids are in a column.
    Children { parent: usize, column: usize, list: &'static ListField, arguments: ListArguments },
    /// The rows whose column `by` has a value of a column of another level, if the column `only` of that level has a word.
    Referenced { parent: usize, column: usize, by: &'static str, only: Option<(usize, String)> },
}

/// A table that is joined by a foreign key.
pub(crate) struct Join {
    pub(crate) noun: &'static Noun,
    /// The index of the table with the foreign key.
    pub(crate) from: usize,
    pub(crate) column: &'static str,
}

/// The selected fields of a level.
pub(crate) enum LevelShown {
    /// A single object.
    Row(Vec<Part>),
    /// A connection.
    List(Vec<Entry<ListShown>>),
}

/// A field of an object that has the same fields in each row: its name in the response, and its value.
pub(crate) struct Entry<T> {
    /// `"name":`, after a comma unless it is the first.
    pub(crate) key: Vec<u8>,
    pub(crate) shown: T,
}

/// A field of a node.
pub(crate) struct Part {
    /// `"name":`.
    pub(crate) key: Vec<u8>,
    /// The column and the word that it must have for the field to be shown, if only some types have the field.
    pub(crate) only: Option<(usize, &'static str)>,
    pub(crate) shown: Shown,
}

/// The value of a field. Numbers are columns of the level unless they are levels.
pub(crate) enum Shown {
    /// The name of the type.
    Typename(Vec<u8>),
    Null,
    /// The name of the type of an actor, by its kind.
    ActorTypename(usize),
    Id(usize, &'static Noun),
    Scalar(usize, Scalar),
    /// Null if all of `tests` are.
    Date {
        tests: Vec<usize>,
        fields: Vec<Part>,
    },
    /// A joined row; null if its id is.
    Joined {
        id: usize,
        fields: Vec<Part>,
    },
    /// A row of another level.
    Referenced {
        column: usize,
        level: usize,
    },
    /// A row of one of several levels: the one for the word in the column `kind`, or the one that has the row.
    Node {
        id: usize,
        kind: Option<usize>,
        levels: Vec<(String, usize)>,
    },
    /// A date of which only the EDTF text is stored.
    ParsedDate {
        column: usize,
        fields: Vec<Entry<ParsedDateShown>>,
    },
    /// The rows of another level whose parent is this row.
    List {
        id: usize,
        level: usize,
    },
}

/// The value of a field of such a date.
pub(crate) enum ParsedDateShown {
    Typename,
    Edtf,
    Raw,
    Earliest,
    Latest,
}

/// The value of a field of a connection.
pub(crate) enum ListShown {
    Typename(Vec<u8>),
    Nodes(Vec<Part>),
    Edges(Vec<Entry<EdgeShown>>),
    PageInfo(Vec<Entry<PageInfoShown>>),
    TotalCount,
}

/// The value of a field of an edge.
pub(crate) enum EdgeShown {
    Typename(Vec<u8>),
    Cursor,
    Node(Vec<Part>),
}

/// The value of a field of a `PageInfo`.
pub(crate) enum PageInfoShown {
    Typename,
    HasNextPage,
    HasPreviousPage,
    StartCursor,
    EndCursor,
}

impl Level {
    /// Returns true if the connection shows its total count.
    pub(crate) fn shows_count(&self) -> bool {
        let LevelShown::List(parts) = &self.shown else { return false };
        parts.iter().any(|part| matches!(part.shown, ListShown::TotalCount))
    }

    /// Returns true if rows are shown, or what depends on them.
    pub(crate) fn shows_rows(&self) -> bool {
        let LevelShown::List(parts) = &self.shown else { return true };
        parts
            .iter()
            .any(|part| matches!(part.shown, ListShown::Nodes(_) | ListShown::Edges(_) | ListShown::PageInfo(_)))
    }
}

/// The types of actors, and the words for them in the column `kind`.
pub(crate) const ACTOR_TYPES: [(&str, &str); 4] = [
    ("Person", "PERSON"),
    ("Organization", "ORGANIZATION"),
    ("Group", "GROUP"),
    ("AnonymousSource", "ANONYMOUS_SOURCE"),
];
