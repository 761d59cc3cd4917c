//! A plan: its steps, and the selected fields of each.

use async_graphql::{Name, Pos};
use async_graphql_value::Value;
use entity::row::{CellValue, QueryRow};

use crate::graphql::plan::arguments::{ArgumentValues, ListArguments};
use crate::graphql::plan::computed::{Function, RowFunction};
use crate::graphql::plan::statement::SqlCache;
use crate::graphql::schema::field::{ListField, Scalar};
use crate::graphql::schema::node_type::NodeType;

/// A compiled operation.
pub(crate) struct Plan {
    pub(crate) roots: Vec<Part<RootShown>>,
    pub(crate) steps: Vec<Step>,
    /// True for a mutation, whose root fields run one after the other.
    pub(crate) is_mutation: bool,
    /// The approximate memory of its arguments and selected fields, in bytes.
    pub(crate) memory: usize,
}

impl Plan {
    /// Returns the field of a subscription and its arguments; `None` for another operation.
    pub(crate) fn subscribed(&self) -> Option<(&Part<RootShown>, &ArgumentValues)> {
        let root = self.roots.first()?;
        let RootShown::Step { step, .. } = root.shown else { return None };
        let Some(Step::Level(level)) = self.steps.get(step) else { return None };
        if let Source::Given { arguments, .. } = &level.source { Some((root, arguments)) } else { None }
    }

    /// Returns true if a root field describes the schema.
    pub(crate) fn introspects(&self) -> bool {
        self.roots.iter().any(|root| matches!(root.shown, RootShown::Introspection))
    }

    /// The approximate memory of the plan in bytes, with the SQL of its levels.
    pub(crate) fn memory(&self) -> u64 {
        let step = |step: &Step| match step {
            Step::Level(level) => 3_500 + level.columns.len() * 300 + level.joins.len() * 1_500,
            Step::Function(_) => 1_500,
        };
        (self.memory + self.steps.iter().map(step).sum::<usize>()) as u64
    }
}

/// The value of a root field.
pub(crate) enum RootShown {
    /// The name of the root type.
    Typename(Vec<u8>),
    /// The value of a step.
    Step {
        step: usize,
        /// The argument `asOf`.
        as_of: Option<Value>,
    },
    /// The schema, which the library describes.
    Introspection,
}

/// A step of a plan: one SQL statement, or one call of a function.
pub(crate) enum Step {
    Level(Box<Level>),
    Function(FunctionStep),
}

impl Step {
    /// The steps that need the result of this one, in the order in which they run.
    pub(crate) fn children(&self) -> &[usize] {
        match self {
            Self::Level(level) => &level.children,
            Self::Function(step) => &step.children,
        }
    }
}

/// Rows that are read by one statement, and what is shown of them.
pub(crate) struct Level {
    pub(crate) node_type: &'static NodeType,
    pub(crate) source: Source,
    /// The columns of the result: the index of the joined table, where 0 is the table of the level itself, and the column.
    pub(crate) columns: Vec<(usize, &'static str)>,
    /// The joined tables, from index 1.
    pub(crate) joins: Vec<Join>,
    pub(crate) shown: LevelShown,
    /// False if only the count or other values of the whole list are selected: its rows are not read then.
    pub(crate) reads_rows: bool,
    pub(crate) children: Vec<usize>,
    pub(crate) sql: SqlCache,
}

/// A field that a function computes for the rows of a level, or for the root.
pub(crate) struct FunctionStep {
    pub(crate) function: Function,
    pub(crate) source: FunctionSource,
    pub(crate) arguments: ArgumentValues,
    pub(crate) shown: ValueShown,
    pub(crate) children: Vec<usize>,
    /// True for a field of a connection that is computed only for empty pages, such as `suggestions`.
    pub(crate) only_empty_lists: bool,
}

/// The rows or lists for which a function computes values.
pub(crate) enum FunctionSource {
    /// A field of the root.
    Root,
    /// Rows, by their ids.
    Rows(Ids),
    /// The lists of a level.
    Lists(usize),
}

/// The ids in a column of a level.
pub(crate) struct Ids {
    pub(crate) level: usize,
    pub(crate) column: usize,
    /// The rows that count, if not all do.
    pub(crate) only: Option<Only>,
}

/// A condition on a row: a column has one of these words.
#[derive(Clone)]
pub(crate) struct Only {
    pub(crate) column: usize,
    pub(crate) words: Vec<String>,
}

/// The source of a level's rows.
pub(crate) enum Source {
    /// The node that the arguments of a root field identify.
    Lookup(ArgumentValues),
    /// A list at the root.
    Root { list: &'static ListField, arguments: ListArguments },
    /// The lists of the rows of another level.
    Children { parents: Ids, list: &'static ListField, arguments: ListArguments },
    /// The rows whose column `by` has a value of a column of another level.
    Referenced { ids: Ids, by: &'static str },
    /// All rows that belong to the rows of another level, in no pages.
    All { parents: Ids, rows: AllRows },
    /// The nodes that the values of a function refer to.
    Nodes { function: usize },
    /// Rows that are given with the request.
    Given { list: &'static ListField, arguments: ArgumentValues },
}

/// Which rows belong to a parent, and their order.
pub(crate) struct AllRows {
    /// The column with the id of the parent.
    pub(crate) by: &'static str,
    /// A column that must be true.
    pub(crate) only: &'static str,
    /// A column that must have one of these words.
    pub(crate) group: (&'static str, Vec<&'static str>),
    /// The column by which the rows of a parent are sorted.
    pub(crate) order: &'static str,
}

/// A table that is joined by a foreign key.
pub(crate) struct Join {
    pub(crate) node_type: &'static NodeType,
    /// The index of the table with the foreign key.
    pub(crate) from: usize,
    pub(crate) column: &'static str,
}

/// The selected fields of a level.
pub(crate) enum LevelShown {
    /// A single object.
    Row(Vec<Part<Shown>>),
    /// A connection.
    List(Vec<Part<ListShown>>),
    /// An edge of a given row.
    Edge(Vec<Part<EdgeShown>>),
}

/// A selected field: its name in the response, its place in the document, and its value.
pub(crate) struct Part<T> {
    pub(crate) key: Key,
    /// The rows that have the field, if not all have.
    pub(crate) only: Option<Only>,
    pub(crate) shown: T,
}

/// The name of a selected field.
pub(crate) struct Key {
    pub(crate) name: Name,
    /// `"name":`.
    pub(crate) json: Vec<u8>,
    pub(crate) position: Pos,
    /// True if the type of the field is nullable. An error then makes the field null, and not its parent.
    pub(crate) is_nullable: bool,
    /// True if the type of the list elements is nullable.
    pub(crate) has_nullable_elements: bool,
}

/// The value of a field of a row. Numbers are columns of the level unless they are steps.
pub(crate) enum Shown {
    /// The name of the type.
    Typename(Vec<u8>),
    Null,
    /// The name of the type of an actor, by its kind.
    ActorTypename(usize),
    Id(usize, &'static NodeType),
    /// The global id of a node, by the columns of its id and its kind.
    NodeId {
        id: usize,
        kind: usize,
    },
    Scalar(usize, Scalar),
    /// Null if all of `tests` are.
    Date {
        tests: Vec<usize>,
        fields: Vec<Part<Self>>,
    },
    /// A joined row; null if its id is.
    Joined {
        id: usize,
        fields: Vec<Part<Self>>,
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
    /// The rows of another level whose parent is this row.
    List {
        id: usize,
        level: usize,
    },
    /// A value that is computed for the row.
    Function {
        id: usize,
        step: usize,
    },
    /// The sides of a claim, from the rows of another level: its stances.
    Sides {
        id: usize,
        level: usize,
        parts: Vec<Part<SidesShown>>,
    },
    /// A value that is computed from columns of the row.
    Computed {
        columns: Vec<usize>,
        function: RowFunction,
        arguments: ArgumentValues,
        shown: ValueShown,
    },
}

/// The value of a field of a claim's sides.
pub(crate) enum SidesShown {
    Typename(Vec<u8>),
    /// A value of the claim.
    Claim(Shown),
    /// The stances of one kind.
    Side {
        word: &'static str,
        fields: Vec<Part<SideShown>>,
    },
}

/// The value of a field of one side of a claim.
pub(crate) enum SideShown {
    Typename(Vec<u8>),
    /// Number of stances.
    Count,
    /// For each stance an object with these fields.
    Rows(Vec<Part<Shown>>),
}

/// The selected fields of a computed value.
pub(crate) enum ValueShown {
    Leaf,
    Object(Vec<ValuePart>),
    /// Nodes of several types: the level of each.
    Node(Vec<(&'static NodeType, usize)>),
}

/// A selected field of a computed object.
pub(crate) struct ValuePart {
    /// Tells the selections of a field with arguments apart: unique in its plan.
    pub(crate) id: usize,
    pub(crate) key: Key,
    pub(crate) name: String,
    /// The types of a union that have the field, if not all have.
    pub(crate) only: Option<Vec<String>>,
    pub(crate) arguments: ArgumentValues,
    pub(crate) shown: ValueShown,
}

impl Only {
    /// Returns whether a row satisfies the condition.
    pub(crate) fn accepts(&self, row: QueryRow<'_>) -> bool {
        matches!(row.value(self.column), CellValue::Text(word) if self.words.iter().any(|one| one == word))
    }
}

impl ValueShown {
    /// The selected fields of an object.
    pub(crate) fn parts(&self) -> &[ValuePart] {
        if let Self::Object(parts) = self { parts } else { &[] }
    }

    /// Returns whether a field is selected, by its path.
    pub(crate) fn selects(&self, path: &[&str]) -> bool {
        let Some((first, rest)) = path.split_first() else { return true };
        self.parts().iter().any(|part| part.name == *first && part.shown.selects(rest))
    }
}

/// The value of a field of a connection.
pub(crate) enum ListShown {
    Typename(Vec<u8>),
    Nodes(Vec<Part<Shown>>),
    Edges(Vec<Part<EdgeShown>>),
    PageInfo(Vec<Part<PageInfoShown>>),
    TotalCount,
    /// A value that is computed for the list.
    Function(usize),
}

/// The value of a field of an edge.
pub(crate) enum EdgeShown {
    Typename(Vec<u8>),
    Cursor,
    Node(Vec<Part<Shown>>),
}

/// The value of a field of a `PageInfo`.
#[derive(Clone, Copy)]
pub(crate) enum PageInfoShown {
    Typename,
    HasNextPage,
    HasPreviousPage,
    StartCursor,
    EndCursor,
}

impl Level {
    /// Returns true if the connection shows values that functions compute for it.
    pub(crate) fn has_list_functions(&self) -> bool {
        let LevelShown::List(parts) = &self.shown else { return false };
        parts.iter().any(|part| matches!(part.shown, ListShown::Function(_)))
    }

    /// Returns true if the connection shows its total count.
    pub(crate) fn shows_count(&self) -> bool {
        let LevelShown::List(parts) = &self.shown else { return false };
        parts.iter().any(|part| matches!(part.shown, ListShown::TotalCount))
    }
}

/// The types of actors, and the words for them in the column `kind`.
pub(crate) const ACTOR_TYPES: [(&str, &str); 4] = [
    ("Person", "PERSON"),
    ("Organization", "ORGANIZATION"),
    ("Group", "GROUP"),
    ("AnonymousSource", "ANONYMOUS_SOURCE"),
];
