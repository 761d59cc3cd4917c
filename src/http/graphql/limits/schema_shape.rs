//! The parts of the schema that the cost of a query depends on: which fields are lists, and how long their pages are.

use std::collections::HashMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, FieldDefinition, Type, TypeKind, TypeSystemDefinition};
use async_graphql::{Positioned, Value};

use crate::error::{Error, Result};

/// The introspection types (GraphQL specification, section 4), which the exported schema leaves out. Their lists have no pages.
const INTROSPECTION: &str = "
    type __Schema { types: [__Type] directives: [__Directive] queryType: __Type mutationType: __Type subscriptionType: __Type }
    type __Type {
        fields: [__Field] inputFields: [__InputValue] enumValues: [__EnumValue]
        interfaces: [__Type] possibleTypes: [__Type] ofType: __Type
    }
    type __Field { args: [__InputValue] type: __Type }
    type __InputValue { type: __Type }
    type __EnumValue { name: String }
    type __Directive { args: [__InputValue] }
    type Query { __schema: __Schema __type: __Type }
";

/// The lists that `first` and `last` of the field above them shorten.
const PAGES: &[&str] = &["nodes", "edges", "hits", "buckets"];

/// Average number of fields or enum values of a type.
const FIELDS_PER_TYPE: usize = 8;

/// Average number of arguments of a field.
const ARGUMENTS_PER_FIELD: usize = 4;

/// The fields of all types, by type name and field name.
#[derive(Debug)]
pub(crate) struct SchemaShape(HashMap<String, HashMap<String, FieldShape>>);

/// The parts of a field that its cost depends on.
#[derive(Debug)]
pub(crate) struct FieldShape {
    /// The name of the type of its values.
    pub(crate) type_name: String,
    /// Whether the field is a list.
    pub(crate) is_list: bool,
    /// Whether the list is the page of the field above it. Other lists beside it, such as sums, are not.
    pub(crate) is_page: bool,
    /// The default page size, when the field has an argument `first`.
    pub(crate) default_page: Option<usize>,
    /// The list argument that determines the length of the result: one value per entry, as for `ids` of `nodes`.
    pub(crate) sized_by: Option<String>,
    /// The greatest length of the list, when it is known and has no pages.
    pub(crate) fixed_length: Option<usize>,
}

impl SchemaShape {
    /// Reads a schema in the schema definition language.
    pub(crate) fn parse(sdl: &str) -> Result<Self> {
        let parse = |sdl: &str| {
            let document = parse_schema(sdl);
            document.map_err(|error| Error::Internal(format!("cannot parse the schema: {error}")))
        };
        let mut types: HashMap<String, HashMap<String, FieldShape>> = HashMap::new();
        for definition in [parse(sdl)?.definitions, parse(INTROSPECTION)?.definitions].into_iter().flatten() {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let fields = match definition.node.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                // Fields of a union's members are selected in fragments on the members.
                _ => Vec::new(),
            };
            let type_name = definition.node.name.node.to_string();
            let fields = fields.iter().map(|field| {
                let name = field.node.name.node.to_string();
                let fixed_length = crate::graphql::greatest_length(&type_name, &name);
                (name, FieldShape { fixed_length, ..FieldShape::new(&field.node) })
            });
            types.entry(type_name.clone()).or_default().extend(fields);
        }
        let type_count = types.len();
        for (_, fields) in types.iter_mut().filter(|(name, _)| name.starts_with("__")) {
            for (name, field) in fields.iter_mut().filter(|(_, field)| field.is_list) {
                field.fixed_length = Some(match name.as_str() {
                    "types" => type_count,
                    "fields" | "inputFields" | "enumValues" => FIELDS_PER_TYPE,
                    _ => ARGUMENTS_PER_FIELD,
                });
            }
        }
        Ok(Self(types))
    }

    /// Returns a field of a type.
    pub(crate) fn field(&self, type_name: &str, field: &str) -> Option<&FieldShape> {
        self.0.get(type_name)?.get(field)
    }
}

impl FieldShape {
    fn new(field: &FieldDefinition) -> Self {
        let default_page = field.arguments.iter().find(|argument| argument.node.name.node == "first").map(|first| {
            match first.node.default_value.as_ref().map(|value| &value.node) {
                Some(Value::Number(number)) => number.as_u64().and_then(|number| usize::try_from(number).ok()),
                _ => None,
            }
            .unwrap_or(crate::graphql::DEFAULT_PAGE_SIZE as usize)
        });
        let is_list = is_list(&field.ty.node);
        let sized_by = field.arguments.iter().find(|argument| is_list && self::is_list(&argument.node.ty.node));
        Self {
            type_name: type_name(&field.ty),
            is_list,
            is_page: is_list && PAGES.contains(&field.name.node.as_str()),
            default_page,
            sized_by: sized_by.map(|argument| argument.node.name.node.to_string()),
            fixed_length: None,
        }
    }
}

fn is_list(of: &Type) -> bool {
    matches!(of.base, BaseType::List(_))
}

/// Returns the name of the innermost type of a list.
fn type_name(of: &Positioned<Type>) -> String {
    let mut of = &of.node;
    loop {
        match &of.base {
            BaseType::Named(name) => return name.to_string(),
            BaseType::List(inner) => of = inner,
        }
    }
}
