//! The schema as prices need it: which fields are lists, and how long their pages are.

use std::collections::HashMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, FieldDefinition, Type, TypeKind, TypeSystemDefinition};
use async_graphql::{Positioned, Value};

use crate::error::{Error, Result};

/// The fields of all types.
#[derive(Debug)]
pub(crate) struct Shape(HashMap<String, HashMap<String, Field>>);

/// A field as it is priced.
#[derive(Debug)]
pub(super) struct Field {
    /// The type of its values.
    pub(super) of: String,
    /// Whether it has many.
    pub(super) list: bool,
    /// Whether its page can be chosen, and the length of that when it is not.
    pub(super) page: Option<usize>,
    /// An argument whose values it has one for each of.
    pub(super) for_each: Option<String>,
}

impl Shape {
    /// Reads a schema.
    pub(crate) fn read(sdl: &str) -> Result<Self> {
        let document =
            parse_schema(sdl).map_err(|error| Error::Broken(format!("the schema is unreadable: {error}")))?;
        let mut types = HashMap::new();
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let fields = match definition.node.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                // What a union's members have is asked for in fragments on them.
                _ => Vec::new(),
            };
            let fields = fields.iter().map(|field| (field.node.name.node.to_string(), Field::of(&field.node)));
            types.insert(definition.node.name.node.to_string(), fields.collect());
        }
        Ok(Self(types))
    }

    pub(super) fn field(&self, of: &str, name: &str) -> Option<&Field> {
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
