//! The types, fields and arguments of the schema, by name, for the validation of operations and variables.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, InputValueDefinition, Type, TypeKind, TypeSystemDefinition};

use crate::error::{Error, Result};
use crate::graphql::validation::suggestion;

/// The types of the API.
static API_TYPES: LazyLock<Result<Types>> = LazyLock::new(|| parse(&crate::graphql::sdl()));

/// Longest list of values or fields that a message shows.
const MAX_SHOWN: usize = 8;

#[derive(Debug, Default)]
struct Types {
    by_name: HashMap<String, TypeDefinition>,
    /// Interfaces and unions.
    abstract_types: HashSet<String>,
    /// Object types, interfaces and unions.
    composite_types: HashSet<String>,
}

/// The types of the schema, by name.
#[derive(Debug)]
pub(crate) struct SchemaIndex {
    types: &'static Types,
    /// Whether messages suggest names and shapes; false when the server hides its schema.
    has_hints: bool,
}

/// A type, as far as validation needs it.
#[derive(Debug)]
pub(crate) enum TypeDefinition {
    /// An object type or interface.
    Fields(Vec<FieldDefinition>),
    /// An input object.
    Input(Vec<InputDefinition>),
    /// An enum and its values.
    Enum(Vec<String>),
    /// A scalar or union.
    Other,
}

/// A field of an object type or interface.
#[derive(Debug)]
pub(crate) struct FieldDefinition {
    pub(crate) name: String,
    /// The name of the innermost type of its values.
    pub(crate) type_name: String,
    /// The type of its values.
    pub(crate) value_type: Type,
    pub(crate) arguments: Vec<InputDefinition>,
}

/// An argument, or a field of an input object.
#[derive(Debug)]
pub(crate) struct InputDefinition {
    pub(crate) name: String,
    pub(crate) value_type: Type,
    /// Whether the schema declares a default value.
    pub(crate) has_default: bool,
}

impl InputDefinition {
    fn new(definition: &InputValueDefinition) -> Self {
        Self {
            name: definition.name.node.to_string(),
            value_type: definition.ty.node.clone(),
            has_default: definition.default_value.is_some(),
        }
    }

    /// Whether a value must be given.
    pub(crate) fn is_required(&self) -> bool {
        !self.value_type.nullable && !self.has_default
    }
}

impl TypeDefinition {
    /// The fields of an object type or interface.
    pub(crate) fn fields(&self) -> Option<&[FieldDefinition]> {
        match self {
            Self::Fields(fields) => Some(fields),
            _ => None,
        }
    }
}

impl SchemaIndex {
    /// The index of the API. Without hints, messages suggest no names and shapes.
    pub(crate) fn new(has_hints: bool) -> Result<Self> {
        match &*API_TYPES {
            Ok(types) => Ok(Self { types, has_hints }),
            Err(error) => Err(Error::Internal(error.to_string())),
        }
    }

    /// Returns a type.
    pub(crate) fn get(&self, name: &str) -> Option<&TypeDefinition> {
        self.types.by_name.get(name)
    }

    /// Returns whether a type is an interface or union.
    pub(crate) fn is_abstract(&self, name: &str) -> bool {
        self.types.abstract_types.contains(name)
    }

    /// Returns whether a type is an object type, interface or union, whose fields need a selection.
    pub(crate) fn is_composite(&self, name: &str) -> bool {
        self.types.composite_types.contains(name)
    }

    /// Returns the end of a message about a wrong name: the nearest right one, else the list of all when it is short.
    pub(crate) fn suggest<'a>(&self, given: &str, known: impl Iterator<Item = &'a str>) -> String {
        if !self.has_hints {
            return String::new();
        }
        let known: Vec<&str> = known.collect();
        if let Some(hint) = suggestion::nearest(given, &known) {
            return format!(": did you mean {hint}?");
        }
        if known.len() > MAX_SHOWN || known.is_empty() {
            return String::new();
        }
        let all: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        format!(": there is only {}", all.join(", "))
    }

    /// Returns an example of how a value of a type is written, such as `{eq: Standing, in: [Standing!]}`.
    pub(crate) fn shape(&self, of: &Type) -> String {
        let name = match &of.base {
            BaseType::List(inner) => return format!("[{}]", self.shape(inner)),
            BaseType::Named(name) => name.as_str(),
        };
        match self.get(name) {
            Some(TypeDefinition::Input(fields)) if self.has_hints => {
                let mut shown: Vec<String> = fields
                    .iter()
                    .take(MAX_SHOWN)
                    .map(|field| format!("{}: {}", field.name, field.value_type))
                    .collect();
                if fields.len() > MAX_SHOWN {
                    shown.push("...".to_owned());
                }
                format!("{{{}}}", shown.join(", "))
            }
            Some(TypeDefinition::Enum(values)) if self.has_hints && values.len() <= MAX_SHOWN => values.join(" | "),
            _ => match name {
                "Int" | "Float" => "12".to_owned(),
                "String" => "\"text\"".to_owned(),
                "ID" => "\"id\"".to_owned(),
                "Boolean" => "true".to_owned(),
                other => other.to_owned(),
            },
        }
    }

    /// Whether messages suggest names and shapes.
    pub(crate) fn has_hints(&self) -> bool {
        self.has_hints
    }
}

/// Reads the types of a schema in the schema definition language.
fn parse(sdl: &str) -> Result<Types> {
    let document = parse_schema(sdl).map_err(|error| Error::Internal(format!("cannot parse the schema: {error}")))?;
    let mut types = Types::default();
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let name = definition.node.name.node.to_string();
        if matches!(definition.node.kind, TypeKind::Interface(_) | TypeKind::Union(_)) {
            types.abstract_types.insert(name.clone());
        }
        if !matches!(definition.node.kind, TypeKind::Scalar | TypeKind::Enum(_) | TypeKind::InputObject(_)) {
            types.composite_types.insert(name.clone());
        }
        let one = match definition.node.kind {
            TypeKind::Object(object) => TypeDefinition::Fields(fields(&object.fields)),
            TypeKind::Interface(interface) => TypeDefinition::Fields(fields(&interface.fields)),
            TypeKind::InputObject(input) => {
                TypeDefinition::Input(input.fields.iter().map(|field| InputDefinition::new(&field.node)).collect())
            }
            TypeKind::Enum(values) => {
                TypeDefinition::Enum(values.values.iter().map(|value| value.node.value.node.to_string()).collect())
            }
            TypeKind::Scalar | TypeKind::Union(_) => TypeDefinition::Other,
        };
        match (types.by_name.get_mut(&name), one) {
            // A federated schema extends its root types.
            (Some(TypeDefinition::Fields(all)), TypeDefinition::Fields(more)) => all.extend(more),
            (_, one) => {
                types.by_name.insert(name, one);
            }
        }
    }
    Ok(types)
}

fn fields(
    definitions: &[async_graphql::Positioned<async_graphql::parser::types::FieldDefinition>],
) -> Vec<FieldDefinition> {
    definitions
        .iter()
        .map(|field| FieldDefinition {
            name: field.node.name.node.to_string(),
            type_name: innermost(&field.node.ty.node).to_owned(),
            value_type: field.node.ty.node.clone(),
            arguments: field.node.arguments.iter().map(|argument| InputDefinition::new(&argument.node)).collect(),
        })
        .collect()
}

/// Returns the name of the innermost type of a list.
pub(crate) fn innermost(of: &Type) -> &str {
    match &of.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => innermost(inner),
    }
}
