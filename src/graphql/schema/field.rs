//! The fields of GraphQL types, as data: from one declaration come the schema, what is read, and what is written.

use std::borrow::Cow;

use async_graphql::registry::{MetaField, MetaInputValue, Registry};
use async_graphql::{InputType, OutputType, Value};
use sea_orm::IdenStatic;
use sea_orm::sea_query::Expr;

use crate::error::Result;
use crate::graphql::connection::order_by::{Direction, SortKey};
use crate::graphql::connection::parents::ParentCondition;
use crate::graphql::plan::arguments::FieldArguments;
use crate::graphql::plan::computed::{Function, RowFunction};
use crate::graphql::schema::node_type::NodeType;

/// A field of a GraphQL type.
pub struct Field {
    pub(crate) name: String,
    description: String,
    /// Registers the type of the values, and returns its name.
    output: fn(&mut Registry) -> String,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) kind: FieldKind,
}

/// An argument of a field.
pub(crate) struct Argument {
    pub(crate) name: String,
    description: Cow<'static, str>,
    /// Registers the type of the value, and returns its name.
    input: fn(&mut Registry) -> String,
    default: Option<Value>,
}

/// The source of a field's value.
pub(crate) enum FieldKind {
    /// The global id of the row.
    Id,
    /// A column, written as it is.
    Column(&'static str, Scalar),
    /// A date, in columns for its EDTF text, its wording, and its bounds.
    Date { edtf: &'static str, raw: Option<&'static str>, bounds: [&'static str; 2] },
    /// The row that a foreign key references.
    One { column: &'static str, node_type: fn() -> &'static NodeType },
    /// The only row of another table whose column has the id of this row.
    OneBy { column: &'static str, node_type: fn() -> &'static NodeType },
    /// The node with the id in a column. Its type is in the column `kind`; without it, it is an actor or a place.
    Node { id: &'static str, kind: Option<&'static str> },
    /// The global id of the node with the id in a column, whose type is in the column `kind`.
    NodeId { id: &'static str, kind: &'static str },
    /// The rows that belong to the row, or at the root all rows of a type.
    Many(ListField),
    /// The node that the arguments identify, at the root.
    Lookup(fn() -> &'static NodeType),
    /// A value that is computed for several rows at once, by their ids; at the root, for none.
    Function(Function),
    /// The sides of a claim.
    Sides,
    /// A value that is computed from columns of the row.
    Computed(&'static [&'static str], RowFunction),
    /// The edge of a row that is given with the request: a change, in a subscription.
    Given(ListField),
    /// A field of an object that is no row: its value is in the object.
    Own,
}

/// The type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    Text,
    Int,
    Float,
    Bool,
    /// Seconds since 1970 UTC, written as an instant.
    Instant,
}

impl Scalar {
    /// Returns the type of the columns that are shown as values of a GraphQL type. Enums are stored as texts.
    pub(crate) fn of<T: OutputType>() -> Self {
        match T::type_name().as_ref() {
            "Int" => Self::Int,
            "Float" => Self::Float,
            "Boolean" => Self::Bool,
            "DateTime" => Self::Instant,
            _ => Self::Text,
        }
    }
}

/// The sort keys of a list, each with its direction.
pub(crate) type SortOrder = Vec<(SortKey, Direction)>;

/// A connection.
pub(crate) struct ListField {
    /// The name of the list in cursors.
    pub(crate) name: String,
    pub(crate) node_type: fn() -> &'static NodeType,
    /// Returns the arguments that all lists of these rows have.
    pub(crate) arguments: fn(&DefaultOrder) -> Vec<Argument>,
    /// The relation of the rows to their parent; `None` for a list at the root.
    pub(crate) parent: Option<ParentCondition>,
    /// The order if the query gives none.
    pub(crate) default_order: DefaultOrder,
    /// A condition that follows from arguments that other connections do not have.
    pub(crate) own_condition: Option<OwnCondition>,
}

/// Returns the condition on the rows of a list that follows from its own arguments.
pub(crate) type OwnCondition = fn(&FieldArguments) -> Result<Option<Expr>>;

/// The order of a list if the query gives none.
pub(crate) struct DefaultOrder {
    pub(crate) keys: SortOrder,
    /// Its wording in the description of `orderBy`.
    pub(crate) words: &'static str,
}

fn column<T: IdenStatic, C: IdenStatic>(table: T, column: C) -> Expr {
    Expr::col((table.as_str(), column.as_str()))
}

impl DefaultOrder {
    /// By id.
    pub(crate) fn import() -> Self {
        Self { keys: Vec::new(), words: "import order" }
    }

    /// By a date, the earliest first.
    pub(crate) fn date<T: IdenStatic, C: IdenStatic>(table: T, earliest: C) -> Self {
        let keys = vec![(SortKey::Number(column(table, earliest)), Direction::Asc)];
        Self { keys, words: "earliest date first, rows without a date last" }
    }

    /// By the position in an article.
    pub(crate) fn position<T: IdenStatic, C: IdenStatic>(table: T, position: C) -> Self {
        let keys = vec![(SortKey::Number(column(table, position)), Direction::Asc)];
        Self { keys, words: "position in the article, rows without a position last" }
    }

    /// By the position in an article, an enclosing span before those in it.
    pub(crate) fn span<T: IdenStatic + Copy, C: IdenStatic>(table: T, start: C, end: C) -> Self {
        let keys = vec![
            (SortKey::Number(column(table, start)), Direction::Asc),
            (SortKey::Number(column(table, end)), Direction::Desc),
        ];
        let words = "position in the article, enclosing spans before the spans in them, rows without a position last";
        Self { keys, words }
    }

    /// By label.
    pub(crate) fn label<T: IdenStatic, C: IdenStatic>(table: T, label: C) -> Self {
        Self { keys: vec![(SortKey::Text(column(table, label)), Direction::Asc)], words: "alphabetical by label" }
    }
}

impl Field {
    /// Declares a field. `name` is in snake case, and `description` has the lines of its documentation.
    pub(crate) fn new<T: OutputType>(
        name: &str,
        description: &[&str],
        mut arguments: Vec<Argument>,
        kind: FieldKind,
    ) -> Self {
        if let FieldKind::Many(list) = &kind {
            arguments.extend((list.arguments)(&list.default_order));
        }
        Self {
            name: camel_case(name.trim_start_matches("r#")),
            description: joined(description),
            output: T::create_type_info,
            arguments,
            kind,
        }
    }

    /// Adds an argument.
    pub(crate) fn with(mut self, arguments: impl IntoIterator<Item = Argument>) -> Self {
        self.arguments.extend(arguments);
        self
    }

    /// Adds a paragraph to the description.
    pub(crate) fn documented(mut self, paragraph: &str) -> Self {
        self.description = format!("{}\n\n{paragraph}", self.description);
        self
    }

    /// Registers the field and its types.
    pub(crate) fn register(&self, registry: &mut Registry) -> (String, MetaField) {
        let mut field = MetaField::new(self.name.as_str(), (self.output)(registry));
        field.description = Some(self.description.clone());
        for argument in &self.arguments {
            let mut value = MetaInputValue::new(argument.name.as_str(), (argument.input)(registry));
            value.description = Some(argument.description.clone().into_owned());
            value.default_value = argument.default.as_ref().map(ToString::to_string);
            field.args.insert(argument.name.clone(), value);
        }
        (self.name.clone(), field)
    }
}

impl Argument {
    /// Declares an argument. `name` is in snake case.
    pub(crate) fn new<T: InputType>(name: &str, description: impl Into<Cow<'static, str>>, default: Option<T>) -> Self {
        Self {
            name: camel_case(name),
            description: description.into(),
            input: T::create_type_info,
            default: default.map(|value| value.to_value()),
        }
    }
}

/// Joins the lines of a documentation comment.
pub(crate) fn joined(lines: &[&str]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    lines.join("\n").trim().to_owned()
}

/// Converts `snake_case` to `camelCase`, as the schema does.
pub(crate) fn camel_case(name: &str) -> String {
    if name.starts_with('_') {
        return name.to_owned();
    }
    let mut words = name.split('_');
    let mut all = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        all.push_str(&first.to_uppercase());
        all.push_str(rest);
    }
    all
}

/// Declares fields: for each its documentation, name, arguments, type, and the source of its value:
///
/// - `column(COLUMN)`, `date(EDTF, WORDING; EARLIEST, LATEST)`: columns of the entity `$module`. `$owner` is the type in the names of lists.
/// - `one(COLUMN)`: the row that a foreign key references. `claim`: the claim about the row.
/// - `node(ID, KIND)`, `node_id(ID, KIND)`: a node of any type, or its global id.
/// - `many(PARENTS, ORDER)`: the rows that belong to the row; `PARENTS` is mostly made by [`foreign_key`] or [`join_table`], and
///   the order is that of import unless one is given. `own CONDITION` in its place adds a condition by the field's arguments.
/// - `function(FUNCTION)`: computed for several rows at once. `computed([COLUMNS], FUNCTION)`: computed from columns.
/// - `list`, `named`, `recorded`: at the root, all rows of a type, or one by its identifiers. `given`: an edge of a subscription.
/// - `sides`: the sides of a claim. `own`: a field of an object that is no row.
///
/// [`foreign_key`]: crate::graphql::connection::parents::foreign_key
/// [`join_table`]: crate::graphql::connection::parents::join_table
macro_rules! fields {
    ($owner:tt, $module:ident {
        $($(#[doc = $doc:literal])+ $name:ident $(($($argument:ident: $argument_type:ty $(= $default:expr)?, $argument_doc:literal;)+))?
            : $type:ty = $source:ident $(($($details:tt)*))?;)*
    }) => {
        vec![$($crate::graphql::schema::field::source!(
            {$owner, $module, $type, $name, &[$($doc),+], vec![
                $($($crate::graphql::schema::field::argument!($argument: $argument_type $(= $default)?, $argument_doc)),+)?
            ]} $source $($($details)*)?
        )),*]
    };
}
pub(crate) use fields;

macro_rules! argument {
    ($name:ident: $type:ty, $doc:literal) => {
        $crate::graphql::schema::field::Argument::new::<$type>(stringify!($name), $doc, None)
    };
    ($name:ident: $type:ty = $default:expr, $doc:literal) => {
        $crate::graphql::schema::field::Argument::new::<$type>(stringify!($name), $doc, Some($default))
    };
}
pub(crate) use argument;

/// Declares one field by its source.
macro_rules! source {
    (@column $module:ident $column:ident) => {
        sea_orm::IdenStatic::as_str(&entity::$module::Column::$column)
    };
    (@list ($($owner:ident)?), $type:ty, $name:ident, $parent:expr, $order:expr, $own:expr) => {
        $crate::graphql::schema::field::ListField {
            name: concat!($(stringify!($owner), ".",)? stringify!($name)).to_owned(),
            node_type: <$type as $crate::graphql::schema::node_type::OfNodeType>::node_type,
            arguments: <$type as $crate::graphql::schema::connection::OfList>::arguments,
            parent: $parent,
            default_order: $order,
            own_condition: $own,
        }
    };
    (@field {$owner:tt, $module:ident, $type:ty, $name:ident, $docs:expr, $arguments:expr} $kind:expr) => {
        $crate::graphql::schema::field::Field::new::<$type>(stringify!($name), $docs, $arguments, {
            #[allow(unused_imports, reason = "not all fields need all")]
            use $crate::graphql::schema::field::{DefaultOrder, FieldKind, Scalar};
            $kind
        })
    };
    ({$owner:tt, $module:ident, $type:ty, $name:ident, $docs:expr, $arguments:expr} column $column:ident) => {
        $crate::graphql::schema::field::source!(@field {$owner, $module, $type, $name, $docs, $arguments}
            FieldKind::Column($crate::graphql::schema::field::source!(@column $module $column), Scalar::of::<$type>()))
    };
    ({$owner:tt, $module:ident, $type:ty, $name:ident, $docs:expr, $arguments:expr} date $edtf:ident $(, $raw:ident)?; $earliest:ident, $latest:ident) => {
        $crate::graphql::schema::field::source!(@field {$owner, $module, $type, $name, $docs, $arguments} FieldKind::Date {
            edtf: $crate::graphql::schema::field::source!(@column $module $edtf),
            raw: [$($crate::graphql::schema::field::source!(@column $module $raw))?].first().copied(),
            bounds: [$crate::graphql::schema::field::source!(@column $module $earliest), $crate::graphql::schema::field::source!(@column $module $latest)],
        })
    };
    ({$owner:tt, $module:ident, $type:ty, $name:ident, $docs:expr, $arguments:expr} one $column:ident) => {
        $crate::graphql::schema::field::source!(@field {$owner, $module, $type, $name, $docs, $arguments} FieldKind::One {
            column: $crate::graphql::schema::field::source!(@column $module $column),
            node_type: <$type as $crate::graphql::schema::node_type::OfNodeType>::node_type,
        })
    };
    ({$owner:tt, $module:ident, $type:ty, $name:ident, $docs:expr, $arguments:expr} claim) => {
        $crate::graphql::schema::field::source!(@field {$owner, $module, $type, $name, $docs, $arguments} FieldKind::OneBy {
            column: "subject_id",
            node_type: <$type as $crate::graphql::schema::node_type::OfNodeType>::node_type,
        })
    };
    ({$owner:tt, $module:ident, $type:ty, $name:ident, $docs:expr, $arguments:expr} node $id:ident $(, $kind:ident)?) => {
        $crate::graphql::schema::field::source!(@field {$owner, $module, $type, $name, $docs, $arguments} FieldKind::Node {
            id: $crate::graphql::schema::field::source!(@column $module $id),
            kind: [$($crate::graphql::schema::field::source!(@column $module $kind))?].first().copied(),
        })
    };
    ({$owner:tt, $module:ident, $type:ty, $name:ident, $docs:expr, $arguments:expr} node_id $id:ident, $kind:ident) => {
        $crate::graphql::schema::field::source!(@field {$owner, $module, $type, $name, $docs, $arguments} FieldKind::NodeId {
            id: $crate::graphql::schema::field::source!(@column $module $id),
            kind: $crate::graphql::schema::field::source!(@column $module $kind),
        })
    };
    ({$owner:tt, $module:ident, $type:ty, $name:ident, $docs:expr, $arguments:expr} many $parent:expr, own $own:expr) => {
        $crate::graphql::schema::field::source!(@field {$owner, $module, $type, $name, $docs, $arguments}
            FieldKind::Many($crate::graphql::schema::field::source!(@list $owner, $type, $name, Some($parent), DefaultOrder::import(), Some($own))))
    };
    ({$owner:tt, $module:ident, $type:ty, $name:ident, $docs:expr, $arguments:expr} many $parent:expr, $order:expr) => {
        $crate::graphql::schema::field::source!(@field {$owner, $module, $type, $name, $docs, $arguments}
            FieldKind::Many($crate::graphql::schema::field::source!(@list $owner, $type, $name, Some($parent), $order, None)))
    };
    ({$owner:tt, $module:ident, $type:ty, $name:ident, $docs:expr, $arguments:expr} many $parent:expr) => {
        $crate::graphql::schema::field::source!(@field {$owner, $module, $type, $name, $docs, $arguments}
            FieldKind::Many($crate::graphql::schema::field::source!(@list $owner, $type, $name, Some($parent), DefaultOrder::import(), None)))
    };
    ({$owner:tt, $module:ident, $type:ty, $name:ident, $docs:expr, $arguments:expr} list) => {
        $crate::graphql::schema::field::source!(@field {$owner, $module, $type, $name, $docs, $arguments}
            FieldKind::Many($crate::graphql::schema::field::source!(@list $owner, $type, $name, None, DefaultOrder::import(), None)))
            .with([$crate::graphql::schema::root::as_of()])
    };
    ({$owner:tt, $module:ident, $type:ty, $name:ident, $docs:expr, $arguments:expr} given) => {
        $crate::graphql::schema::field::source!(@field {$owner, $module, $type, $name, $docs, $arguments}
            FieldKind::Given($crate::graphql::schema::field::source!(@list $owner, $type, $name, None, DefaultOrder::import(), None)))
    };
    ({$owner:tt, $module:ident, $type:ty, $name:ident, $docs:expr, $arguments:expr} named) => {
        $crate::graphql::schema::root::named($crate::graphql::schema::field::source!(@field {$owner, $module, $type, $name, $docs, $arguments}
            FieldKind::Lookup(<$type as $crate::graphql::schema::node_type::OfNodeType>::node_type)))
    };
    ({$owner:tt, $module:ident, $type:ty, $name:ident, $docs:expr, $arguments:expr} recorded) => {
        $crate::graphql::schema::root::recorded($crate::graphql::schema::field::source!(@field {$owner, $module, $type, $name, $docs, $arguments}
            FieldKind::Lookup(<$type as $crate::graphql::schema::node_type::OfNodeType>::node_type)))
    };
    ({$owner:tt, $module:ident, $type:ty, $name:ident, $docs:expr, $arguments:expr} function $function:path) => {
        $crate::graphql::schema::field::source!(@field {$owner, $module, $type, $name, $docs, $arguments} FieldKind::Function($function))
    };
    ({$owner:tt, $module:ident, $type:ty, $name:ident, $docs:expr, $arguments:expr} computed [$($column:ident),+], $function:path) => {
        $crate::graphql::schema::field::source!(@field {$owner, $module, $type, $name, $docs, $arguments} FieldKind::Computed(
            &[$(stringify!($column)),+], $function))
    };
    ({$owner:tt, $module:ident, $type:ty, $name:ident, $docs:expr, $arguments:expr} own) => {
        $crate::graphql::schema::field::source!(@field {$owner, $module, $type, $name, $docs, $arguments} FieldKind::Own)
    };
    ({$owner:tt, $module:ident, $type:ty, $name:ident, $docs:expr, $arguments:expr} sides) => {
        $crate::graphql::schema::field::source!(@field {$owner, $module, $type, $name, $docs, $arguments} FieldKind::Sides)
    };
}
pub(crate) use source;
