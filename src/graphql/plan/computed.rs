//! Values that functions compute, where no column has them.

use std::collections::HashMap;

use async_graphql::{InputType, Value};
use entity::row::{CellValue, QueryRow};
use futures_util::future::BoxFuture;

use crate::auth::Caller;
use crate::error::{Error, Result};
use crate::graphql::plan::arguments::{Arguments, FieldArguments};
use crate::graphql::plan::level::{ValuePart, ValueShown};
use crate::graphql::plan::list::ListQuery;
use crate::graphql::session::{Session, SharedError};
use crate::graphql::types::node::NodeKind;

/// A value of a field, before the selected fields of it are written.
#[derive(Clone, Debug, Default)]
pub(crate) enum Computed {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Json(serde_json::Value),
    List(Vec<Self>),
    Object(ComputedObject),
    /// A node, whose row is read when all values of the field are known.
    Node(NodeRef),
    /// An error instead of the value.
    Error(SharedError),
}

/// An object that is no row.
#[derive(Clone, Debug)]
pub(crate) struct ComputedObject {
    /// The name of its type, which tells the types of a union apart.
    pub(crate) type_name: &'static str,
    fields: Vec<(&'static str, Computed)>,
    /// The values of fields with arguments, which can be selected several times, by [`ValuePart::id`].
    selected: Vec<(usize, Computed)>,
}

/// A reference to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeRef {
    pub(crate) kind: NodeKind,
    pub(crate) id: i64,
    /// The type that the node must have, or else the value is null.
    pub(crate) type_name: Option<String>,
}

impl Computed {
    pub(crate) fn node(kind: NodeKind, id: i64) -> Self {
        Self::Node(NodeRef { kind, id, type_name: None })
    }

    /// An object with these fields, like [`ComputedObject::new`].
    pub(crate) fn object(type_name: &'static str, fields: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        Self::Object(ComputedObject::new(type_name, fields))
    }
}

impl ComputedObject {
    /// Creates an object with these fields. Fields that are not selected may be left out.
    pub(crate) fn new(type_name: &'static str, fields: impl IntoIterator<Item = (&'static str, Computed)>) -> Self {
        Self { type_name, fields: fields.into_iter().collect(), selected: Vec::new() }
    }

    /// Adds the value of a field with arguments.
    pub(crate) fn push(&mut self, part: &ValuePart, value: Computed) {
        self.selected.push((part.id, value));
    }

    /// Returns the values of all fields.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Computed> {
        let selected = self.selected.iter().map(|(_, value)| value);
        self.fields.iter().map(|(_, value)| value).chain(selected)
    }

    pub(crate) fn get(&self, part: &ValuePart) -> &Computed {
        let value = match part.arguments.is_empty() {
            true => self.fields.iter().find(|(name, _)| *name == part.name).map(|(_, value)| value),
            false => self.selected.iter().find(|(id, _)| *id == part.id).map(|(_, value)| value),
        };
        value.unwrap_or(&Computed::Null)
    }
}

impl From<&String> for Computed {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

macro_rules! from {
    ($($type:ty => $variant:ident;)+) => {$(
        impl From<$type> for Computed {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        }
    )+};
}

from! {
    bool => Bool;
    i32 => Int;
    i64 => Int;
    f64 => Float;
    String => Text;
    &str => Text;
}

impl<T: Into<Self>> From<Option<T>> for Computed {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Computed {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Self>, E: Into<SharedError>> From<Result<T, E>> for Computed {
    fn from(value: Result<T, E>) -> Self {
        value.map_or_else(|error| Self::Error(error.into()), Into::into)
    }
}

/// Returns a number of rows as GraphQL has numbers: at most 2147483647.
pub(crate) fn count(number: i64) -> Computed {
    Computed::Int(number.min(i32::MAX.into()))
}

/// Returns the name of an enum's value.
pub(crate) fn enum_name<T: InputType>(value: &T) -> Computed {
    match value.to_value() {
        Value::Enum(name) => Computed::Text(name.to_string()),
        _ => Computed::Null,
    }
}

/// A call of a function that computes a field for several rows at once.
pub(crate) struct Call<'a> {
    pub(crate) session: &'a Session,
    pub(crate) caller: &'a Caller,
    /// The ids of the rows, sorted and each once; for a field of the root, only [`ROOT_PARENT`].
    ///
    /// [`ROOT_PARENT`]: crate::graphql::plan::rows::ROOT_PARENT
    pub(crate) ids: &'a [i64],
    /// The arguments of the field.
    pub(crate) arguments: FieldArguments,
    /// The selected fields of the value.
    pub(crate) shown: &'a ValueShown,
    /// The list, for a field of a connection; its rows are those of `ids`.
    pub(crate) list: Option<&'a ListQuery>,
    pub(crate) request: Arguments<'a>,
}

/// The values of a field, by the id of the row. A row that has none has null.
pub(crate) type Values = HashMap<i64, Computed>;

/// The result of a [`Function`].
pub(crate) type FunctionFuture<'a> = BoxFuture<'a, Result<Values, SharedError>>;

/// A function that computes a field for several rows at once.
pub(crate) type Function = for<'a> fn(&'a Call<'a>) -> FunctionFuture<'a>;

impl Call<'_> {
    /// Returns an argument, or its default value.
    pub(crate) fn argument<T: InputType>(&self, name: &str) -> Result<T> {
        self.arguments.get(name)
    }

    /// Returns whether a field is selected, by its path below the value.
    pub(crate) fn selects(&self, path: &[&str]) -> bool {
        self.shown.selects(path)
    }

    /// Returns the list of the connection. Error: an internal one for a field of another type.
    pub(crate) fn list(&self) -> Result<&ListQuery> {
        self.list.ok_or_else(|| Error::Internal("the field does not belong to a connection".into()))
    }

    /// Returns the same value for the root.
    pub(crate) fn at_root(&self, value: Computed) -> Values {
        self.ids.iter().map(|id| (*id, value.clone())).collect()
    }
}

/// A call of a function that computes a field of one row from its columns.
pub(crate) struct RowCall<'a> {
    row: QueryRow<'a>,
    columns: &'a [usize],
    pub(crate) arguments: &'a FieldArguments,
    pub(crate) caller: &'a Caller,
}

impl<'a> RowCall<'a> {
    pub(crate) fn new(
        row: QueryRow<'a>,
        columns: &'a [usize],
        arguments: &'a FieldArguments,
        caller: &'a Caller,
    ) -> Self {
        Self { row, columns, arguments, caller }
    }

    /// Returns the value of a column, by its position in the declaration of the field.
    pub(crate) fn value(&self, index: usize) -> CellValue<'a> {
        self.columns.get(index).map_or(CellValue::Null, |column| self.row.value(*column))
    }

    pub(crate) fn text(&self, index: usize) -> Option<&'a str> {
        if let CellValue::Text(text) = self.value(index) { Some(text) } else { None }
    }

    pub(crate) fn real(&self, index: usize) -> Option<f64> {
        match self.value(index) {
            CellValue::Real(number) => Some(number),
            CellValue::Integer(number) => Some(number as f64),
            _ => None,
        }
    }
}

/// A function that computes a field of one row from its columns.
pub(crate) type RowFunction = fn(&RowCall<'_>) -> Computed;
