//! The schema as prices need it: which fields are lists, and how long their pages are.

use std::collections::HashMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, FieldDefinition, Type, TypeKind, TypeSystemDefinition};
use async_graphql::{Positioned, Value};

use crate::error::{Error, Result};

/// What describes the schema itself (the specification, section 4). Its lists have no pages.
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

/// How many fields or words a type has, about, and how many arguments a field.
const FIELDS_OF_TYPE: usize = 8;
const ARGUMENTS_OF_FIELD: usize = 4;

/// The fields of all types.
#[derive(Debug)]
pub(crate) struct SchemaShape(HashMap<String, HashMap<String, Field>>);

/// A field as it is priced.
#[derive(Debug)]
pub(crate) struct Field {
    /// The type of its values.
    pub(crate) of: String,
    /// Whether it has many.
    pub(crate) list: bool,
    /// Whether its page can be chosen, and the length of that when it is not.
    pub(crate) page: Option<usize>,
    /// An argument whose values it has one for each of.
    pub(crate) for_each: Option<String>,
    /// How long the list is, when it has no pages and is that of no connection.
    pub(crate) length: Option<usize>,
}

impl SchemaShape {
    /// Reads a schema.
    pub(crate) fn read(sdl: &str) -> Result<Self> {
        let read = |sdl: &str| {
            let document = parse_schema(sdl);
            document.map_err(|error| Error::Broken(format!("the schema is unreadable: {error}")))
        };
        let mut types: HashMap<String, HashMap<String, Field>> = HashMap::new();
        for definition in [read(sdl)?.definitions, read(INTROSPECTION)?.definitions].into_iter().flatten() {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let fields = match definition.node.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                // What a union's members have is asked for in fragments on them.
                _ => Vec::new(),
            };
            let fields = fields.iter().map(|field| (field.node.name.node.to_string(), Field::of(&field.node)));
            types.entry(definition.node.name.node.to_string()).or_default().extend(fields);
        }
        let all = types.len();
        for (_, fields) in types.iter_mut().filter(|(name, _)| name.starts_with("__")) {
            for (name, field) in fields.iter_mut().filter(|(_, field)| field.list) {
                field.length = Some(match name.as_str() {
                    "types" => all,
                    "fields" | "inputFields" | "enumValues" => FIELDS_OF_TYPE,
                    _ => ARGUMENTS_OF_FIELD,
                });
            }
        }
        Ok(Self(types))
    }

    pub(crate) fn field(&self, of: &str, name: &str) -> Option<&Field> {
        self.0.get(of)?.get(name)
    }
}

impl Field {
    fn of(field: &FieldDefinition) -> Self {
        let page = field.arguments.iter().find(|argument| argument.node.name.node == "first").map(|first| {
            match first.node.default_value.as_ref().map(|value| &value.node) {
                Some(Value::Number(number)) => number.as_u64().and_then(|number| usize::try_from(number).ok()),
                _ => None,
            }
            .unwrap_or(crate::graphql::DEFAULT_PAGE as usize)
        });
        let list = is_list(&field.ty.node);
        let for_each = field.arguments.iter().find(|argument| list && is_list(&argument.node.ty.node));
        Self {
            of: named(&field.ty),
            list,
            page,
            for_each: for_each.map(|argument| argument.node.name.node.to_string()),
            length: None,
        }
    }
}

fn is_list(of: &Type) -> bool {
    matches!(of.base, BaseType::List(_))
}

fn named(of: &Positioned<Type>) -> String {
    let mut of = &of.node;
    loop {
        match &of.base {
            BaseType::Named(name) => return name.to_string(),
            BaseType::List(inner) => of = inner,
        }
    }
}
