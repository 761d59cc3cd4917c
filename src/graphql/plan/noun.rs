//! Nouns: the GraphQL types that are backed by a table, described as data for the compiler of plans.
//!
//! A field that is not described here is not known to the compiler, and a document that selects it is executed by the
//! resolvers.

use std::borrow::Cow;
use std::sync::LazyLock;

use async_graphql::{InputType, Value};
use sea_orm::sea_query::Expr;
use sea_orm::{EntityName, EntityTrait, IdenStatic, Iterable};

use crate::error::{Error, Result};
use crate::graphql::connection::facets::{FacetValues, NodeFacet, list_facets};
use crate::graphql::connection::histogram::list_histogram;
use crate::graphql::connection::loader::ParentCondition;
use crate::graphql::connection::order_by::{Direction, NodeOrder, SortKey};
use crate::graphql::filter::{FilterContext, NodeFilter};
use crate::graphql::loading::node_type::NodeType;
use crate::graphql::plan::arguments::{FieldArguments, decode};
use crate::graphql::plan::computed::{Function, RowFunction};
use crate::graphql::search::list_suggestions;
use crate::graphql::types::node::NodeKind;

/// The sort keys of a list, each with its direction.
pub(crate) type SortOrder = Vec<(SortKey, Direction)>;

/// A GraphQL type that is backed by a table.
pub(crate) struct Noun {
    /// The name of the type; of an interface if the rows have several types.
    pub(crate) name: Cow<'static, str>,
    /// The kind of node, which global ids contain.
    pub(crate) kind: NodeKind,
    pub(crate) table: &'static str,
    /// The condition that selects the rows of this type, where several types share the table.
    pub(crate) scope: Option<Expr>,
    fields: Vec<Field>,
    /// Decodes a filter.
    pub(crate) filter: fn(Value) -> Result<Box<dyn AnyFilter>>,
    /// Decodes a sort order.
    pub(crate) order: fn(Value) -> Result<SortOrder>,
    /// Decodes the properties to count rows by, with their names.
    pub(crate) facets: fn(Value) -> Result<Vec<(String, FacetValues)>>,
    /// The columns of the first and of the last second of the date, if the rows have one.
    pub(crate) dated: Option<[&'static str; 2]>,
    /// The fields that connections of this type have besides those of Relay.
    list_functions: Vec<(&'static str, Function)>,
    /// Returns the columns of the table, in order.
    pub(crate) columns: fn() -> Vec<&'static str>,
}

/// A field of a noun.
pub struct Field {
    name: String,
    pub(crate) kind: FieldKind,
}

/// The source of a field's value.
pub(crate) enum FieldKind {
    /// A column, written as it is.
    Column(&'static str, Scalar),
    /// A date, in columns for its EDTF text, its wording, and its bounds.
    Date { edtf: &'static str, raw: Option<&'static str>, bounds: [&'static str; 2] },
    /// The row that a foreign key references.
    One { column: &'static str, noun: fn() -> &'static Noun },
    /// The only row of another table whose column has the id of this row.
    OneBy { column: &'static str, noun: fn() -> &'static Noun },
    /// The node with the id in a column. Its type is in the column `kind`; without it, it is an actor or a place.
    Node { id: &'static str, kind: Option<&'static str> },
    /// The global id of the node with the id in a column, whose type is in the column `kind`.
    NodeId { id: &'static str, kind: &'static str },
    /// The rows that belong to the row.
    Many(ListField),
    /// A value that is computed for several rows at once, by their ids.
    Function(Function),
    /// A value that is computed from columns of the row.
    Computed(&'static [&'static str], RowFunction),
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

/// A connection.
pub(crate) struct ListField {
    /// The name of the list in cursors.
    pub(crate) name: String,
    pub(crate) noun: fn() -> &'static Noun,
    /// The relation of the rows to their parent; `None` for a list at the root.
    pub(crate) parent: Option<ParentCondition>,
    /// The order if the query gives none.
    pub(crate) default_order: SortOrder,
    /// A condition that follows from arguments that other connections do not have.
    pub(crate) own_condition: Option<OwnCondition>,
}

/// Returns the condition on the rows of a list that follows from its own arguments.
pub(crate) type OwnCondition = fn(&FieldArguments) -> Result<Option<Expr>>;

/// A [`NodeFilter`] of whatever type.
pub(crate) trait AnyFilter: Send {
    /// Translates the filter to a condition.
    fn condition(&self, context: &mut FilterContext) -> Result<Expr>;
}

impl<F: NodeFilter> AnyFilter for F {
    fn condition(&self, context: &mut FilterContext) -> Result<Expr> {
        NodeFilter::condition(self, context)
    }
}

/// A node type that is described for the compiler.
pub(crate) trait PlannedType: NodeType {
    /// Returns the description.
    fn noun() -> &'static Noun;
}

impl Noun {
    /// Describes a type, given its fields apart from its id and its foreign keys.
    pub(crate) fn of<T: PlannedType>(kind: NodeKind, mut fields: Vec<Field>, lists: Vec<ListField>) -> Self {
        fields.extend(T::belongs_to().iter().map(|one| one.plan_field()));
        fields.extend(lists.into_iter().map(|list| {
            let name = list.name.split('.').next_back().map(camel_case).unwrap_or_default();
            Field { name, kind: FieldKind::Many(list) }
        }));
        if kind.stored().is_some() {
            fields.push(Field::record());
        }
        Self {
            name: T::type_name(),
            kind,
            table: T::Entity::default().table_name(),
            scope: T::scope(),
            fields,
            filter: |value| Ok(Box::new(decode::<T::Filter>(Some(value))?)),
            order: |value| {
                let all = decode::<Vec<T::Order>>(Some(value))?;
                Ok(all.iter().map(|by| (by.key(), by.direction())).collect())
            },
            facets: |value| {
                let name = |by: &T::Facet| if let Value::Enum(name) = by.to_value() { name.to_string() } else { String::new() };
                Ok(decode::<Vec<T::Facet>>(Some(value))?.iter().map(|by| (name(by), by.values())).collect())
            },
            dated: T::dated(),
            list_functions: vec![("facets", list_facets), ("suggestions", list_suggestions)],
            columns: || <T::Entity as EntityTrait>::Column::iter().map(|column| column.as_str()).collect(),
        }
    }

    /// Adds a field to the connections of this type.
    pub(crate) fn with_list_function(mut self, name: &'static str, function: Function) -> Self {
        self.list_functions.push((name, function));
        self
    }

    /// Returns the function that computes a field of a connection.
    pub(crate) fn list_function(&self, name: &str) -> Option<Function> {
        if name == "histogram" {
            return self.dated.map(|_| list_histogram as Function);
        }
        self.list_functions.iter().find(|(other, _)| *other == name).map(|(_, function)| *function)
    }

    /// Returns the field with a name.
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// The record from which a node was created. It has the id of the node.
fn provenance() -> &'static Noun {
    static NOUN: LazyLock<Noun> = LazyLock::new(|| Noun {
        name: "Provenance".into(),
        kind: NodeKind::Dataset,
        table: "record",
        scope: None,
        fields: vec![
            Field { name: "key".to_owned(), kind: FieldKind::Column("key", Scalar::Text) },
            Field::one("dataset", "dataset_id", <crate::graphql::types::dataset::Dataset as PlannedType>::noun),
            Field::function("version", crate::graphql::types::dataset::record_versions),
        ],
        filter: |_| Err(Error::Internal("records are not listed".into())),
        order: |_| Err(Error::Internal("records are not listed".into())),
        facets: |_| Err(Error::Internal("records are not listed".into())),
        dated: None,
        list_functions: Vec::new(),
        columns: Vec::new,
    });
    &NOUN
}

impl Field {
    /// A field that shows a column.
    pub(crate) fn column<C: IdenStatic>(name: &str, column: C, scalar: Scalar) -> Self {
        Self { name: name.to_owned(), kind: FieldKind::Column(column.as_str(), scalar) }
    }

    /// A field that shows a date.
    pub(crate) fn date<C: IdenStatic>(name: &str, edtf: C, raw: Option<C>, bounds: [C; 2]) -> Self {
        let bounds = bounds.map(|column| column.as_str());
        let (edtf, raw) = (edtf.as_str(), raw.map(|column| column.as_str()));
        Self { name: name.to_owned(), kind: FieldKind::Date { edtf, raw, bounds } }
    }

    /// A field that is computed from columns of the row.
    pub(crate) fn computed(name: &str, columns: &'static [&'static str], function: RowFunction) -> Self {
        Self { name: name.to_owned(), kind: FieldKind::Computed(columns, function) }
    }

    /// A field that is computed for several rows at once.
    pub(crate) fn function(name: &str, function: Function) -> Self {
        Self { name: name.to_owned(), kind: FieldKind::Function(function) }
    }

    /// A field that shows the global id of the node with the id in a column.
    pub(crate) fn node_id(name: &str, id: &'static str, kind: &'static str) -> Self {
        Self { name: name.to_owned(), kind: FieldKind::NodeId { id, kind } }
    }

    /// A field that shows the node with the id in a column.
    pub(crate) fn node<C: IdenStatic>(name: &str, id: C, kind: Option<C>) -> Self {
        let kind = kind.map(|column| column.as_str());
        Self { name: name.to_owned(), kind: FieldKind::Node { id: id.as_str(), kind } }
    }

    /// The field `claim`: the claim that the row is the subject of.
    pub(crate) fn claim() -> Self {
        let noun = <crate::graphql::types::claim::Claim as PlannedType>::noun;
        Self { name: "claim".to_owned(), kind: FieldKind::OneBy { column: "subject_id", noun } }
    }

    /// The field `record`: the record from which the node was created.
    fn record() -> Self {
        Self::one("record", "id", provenance)
    }

    /// A field that shows the row that a foreign key references.
    pub(crate) fn one(name: &str, column: &'static str, noun: fn() -> &'static Noun) -> Self {
        Self { name: name.to_owned(), kind: FieldKind::One { column, noun } }
    }
}

/// Converts `snake_case` to `camelCase`, as the schema does.
pub(crate) fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut all = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        all.push_str(&first.to_uppercase());
        all.push_str(rest);
    }
    all
}

/// Describes a node type for the compiler of plans: its fields that show columns and dates, and the structs with its
/// lists. `with` adds the fields that a function returns, which several types share.
macro_rules! planned {
    ($name:ident of $module:ident as $kind:ident, lists [$($lists:ident),*] $(, with $more:ident)? $(, list_functions [$($list_name:literal $list_function:path),+])? {
        $($field:literal $scalar:ident $column:ident,)*
        $(dates: $($date:literal [$edtf:ident $(, $raw:ident)?; $earliest:ident $latest:ident],)+)?
        $(parsed_dates: $($parsed_date:literal $parsed:literal,)+)?
        $(nodes: $($node:literal [$node_id:ident $(, $node_kind:ident)?],)+)?
        $(node_ids: $($id_field:literal [$id_column:literal, $kind_column:literal],)+)?
        $(computed: $($computed:literal [$($computed_column:literal),+] $compute:path,)+)?
        $(functions: $($function_field:literal $function:path,)+)?
        $(claim: $claim:ident)?
    }) => {
        impl $crate::graphql::plan::noun::PlannedType for $name {
            fn noun() -> &'static $crate::graphql::plan::noun::Noun {
                #[allow(unused_imports)]
                use $crate::graphql::plan::noun::{Field, Noun, Scalar};
                static NOUN: std::sync::LazyLock<Noun> = std::sync::LazyLock::new(|| {
                    #[allow(unused_mut)]
                    let mut fields: Vec<Field> = vec![
                        $(Field::column($field, entity::$module::Column::$column, Scalar::$scalar),)*
                        $($(Field::date($date, entity::$module::Column::$edtf, $crate::graphql::plan::noun::planned!(@raw $module $($raw)?),
                            [entity::$module::Column::$earliest, entity::$module::Column::$latest]),)+)?
                        $($(Field::computed($parsed_date, &[$parsed], $crate::graphql::types::date::parsed_date),)+)?
                        $($(Field::node($node, entity::$module::Column::$node_id, $crate::graphql::plan::noun::planned!(@raw $module $($node_kind)?)),)+)?
                        $($(Field::node_id($id_field, $id_column, $kind_column),)+)?
                        $($(Field::computed($computed, &[$($computed_column),+], $compute),)+)?
                        $($(Field::function($function_field, $function),)+)?
                        $(Field::$claim(),)?
                    ];
                    $(fields.extend($more());)?
                    #[allow(unused_mut)]
                    let mut lists = Vec::new();
                    $(lists.extend($lists::plan_lists());)*
                    let noun = Noun::of::<$name>($crate::graphql::types::node::NodeKind::$kind, fields, lists);
                    $($(let noun = noun.with_list_function($list_name, $list_function);)+)?
                    noun
                });
                &NOUN
            }
        }
    };
    (@raw $module:ident) => { None };
    (@raw $module:ident $raw:ident) => { Some(entity::$module::Column::$raw) };
}
pub(crate) use planned;

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_schema;
    use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};

    use crate::graphql::plan::roots::{actor_noun, node_nouns};

    /// A field that is described but does not exist would never be used.
    #[test]
    fn described_fields_are_those_of_the_schema() {
        let schema = parse_schema(crate::graphql::sdl()).unwrap();
        let fields_of = |name: &str| {
            let types = schema.definitions.iter().filter_map(|definition| match definition {
                TypeSystemDefinition::Type(definition) if definition.node.name.node == name => {
                    Some(&definition.node.kind)
                }
                _ => None,
            });
            let fields = types.flat_map(|kind| match kind {
                TypeKind::Object(object) => &object.fields,
                TypeKind::Interface(interface) => &interface.fields,
                _ => panic!("{name} has no fields"),
            });
            fields.map(|field| field.node.name.node.to_string()).collect::<Vec<_>>()
        };
        let mut nouns: Vec<_> = node_nouns().into_iter().map(|(_, noun)| noun).collect();
        nouns.extend(["PERSON", "ORGANIZATION", "GROUP", "ANONYMOUS_SOURCE"].map(|kind| actor_noun(kind).unwrap()));
        for noun in nouns {
            let known = fields_of(&noun.name);
            for field in &noun.fields {
                // The foreign keys of all types of actors are described for each of them.
                let is_other = ["place", "closeTo", "article"].contains(&field.name.as_str()) && noun.table == "actor";
                assert!(is_other || known.contains(&field.name), "{}.{}", noun.name, field.name);
            }
        }
    }
}
