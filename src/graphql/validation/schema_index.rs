//! The types, fields and arguments of the schema, by name, for the validation of operations and variables.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, DirectiveLocation, InputValueDefinition, Type, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Name, Value};

use crate::error::{Error, Result};
use crate::graphql::validation::suggestion;

/// The types of the API.
static API_TYPES: LazyLock<Result<Arc<Types>>> = LazyLock::new(|| parse(&crate::graphql::sdl()).map(Arc::new));

/// The types of introspection, which the exported schema leaves out.
const INTROSPECTION: &str = include_str!("introspection.graphql");

/// Scalars of the specification, which no schema defines.
const BUILT_IN: [&str; 5] = ["Boolean", "Float", "ID", "Int", "String"];

/// Longest list of values or fields that a message shows.
const MAX_SHOWN: usize = 8;

#[derive(Debug, Default)]
struct Types {
    by_name: HashMap<String, TypeDefinition>,
    /// Interfaces and unions.
    abstract_types: HashSet<String>,
    /// Object types, interfaces and unions.
    composite_types: HashSet<String>,
    /// The object types of each interface and union.
    possible_types: HashMap<String, HashSet<String>>,
    /// The directives of documents.
    directives: Vec<DirectiveDefinition>,
    /// The field `__typename`, which every object type, interface and union has.
    type_name_field: Option<FieldDefinition>,
}

/// The types of the schema, by name.
#[derive(Debug)]
pub(crate) struct SchemaIndex {
    types: Arc<Types>,
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

/// A directive.
#[derive(Debug)]
pub(crate) struct DirectiveDefinition {
    pub(crate) name: String,
    pub(crate) locations: Vec<DirectiveLocation>,
    pub(crate) arguments: Vec<InputDefinition>,
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
    /// The default value that the schema declares.
    pub(crate) default: Option<Value>,
}

impl InputDefinition {
    fn new(definition: &InputValueDefinition) -> Self {
        Self {
            name: definition.name.node.to_string(),
            value_type: definition.ty.node.clone(),
            default: definition.default_value.as_ref().map(|value| value.node.clone()),
        }
    }

    /// Whether a value must be given.
    pub(crate) fn is_required(&self) -> bool {
        !self.value_type.nullable && self.default.is_none()
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
            Ok(types) => Ok(Self { types: Arc::clone(types), has_hints }),
            Err(error) => Err(Error::Internal(error.to_string())),
        }
    }

    /// The index of a schema in the schema definition language.
    pub(crate) fn of_schema(sdl: &str, has_hints: bool) -> Result<Self> {
        Ok(Self { types: Arc::new(parse(sdl)?), has_hints })
    }

    /// Returns a type.
    pub(crate) fn get(&self, name: &str) -> Option<&TypeDefinition> {
        self.types.by_name.get(name)
    }

    /// Returns whether a type exists.
    pub(crate) fn is_known(&self, name: &str) -> bool {
        self.get(name).is_some() || BUILT_IN.contains(&name)
    }

    /// Returns a field of an object type or interface, or `__typename` of any type that has fields. The root of subscriptions has
    /// no `__typename`.
    pub(crate) fn field(&self, type_name: &str, name: &str) -> Option<&FieldDefinition> {
        if name == "__typename" {
            let is_composite = self.is_composite(type_name) && type_name != "Subscription";
            return self.types.type_name_field.as_ref().filter(|_| is_composite);
        }
        self.get(type_name)?.fields()?.iter().find(|field| field.name == name)
    }

    /// Returns a directive of documents.
    pub(crate) fn directive(&self, name: &str) -> Option<&DirectiveDefinition> {
        self.types.directives.iter().find(|directive| directive.name == name)
    }

    /// The names of the directives of documents.
    pub(crate) fn directive_names(&self) -> impl Iterator<Item = &str> {
        self.types.directives.iter().map(|directive| directive.name.as_str())
    }

    /// The names of all types that have fields.
    pub(crate) fn composite_names(&self) -> impl Iterator<Item = &str> {
        self.types.composite_types.iter().map(String::as_str)
    }

    /// The names of all types that a variable can have.
    pub(crate) fn input_names(&self) -> impl Iterator<Item = &str> {
        let defined = self.types.by_name.keys().map(String::as_str).filter(|name| !self.is_composite(name));
        defined.chain(BUILT_IN)
    }

    /// The object types of an interface or union.
    pub(crate) fn possible_types(&self, name: &str) -> impl Iterator<Item = &str> {
        self.types.possible_types.get(name).into_iter().flatten().map(String::as_str)
    }

    /// Returns whether an object type belongs to an interface or union.
    pub(crate) fn is_possible(&self, name: &str, object: &str) -> bool {
        self.types.possible_types.get(name).is_some_and(|types| types.contains(object))
    }

    /// Returns whether an object can be of both types.
    pub(crate) fn overlap(&self, one: &str, other: &str) -> bool {
        let possible = |name: &str| self.types.possible_types.get(name);
        match (possible(one), possible(other)) {
            (Some(one), Some(other)) => !one.is_disjoint(other),
            (Some(one), None) => one.contains(other),
            (None, Some(other)) => other.contains(one),
            (None, None) => one == other,
        }
    }

    /// Returns whether a custom scalar takes any value, so that it need not be checked.
    pub(crate) fn takes_any_value(&self, name: &str) -> bool {
        matches!(self.get(name), Some(TypeDefinition::Other)) && name != "DateTime"
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
        let known: Vec<&str> = known.filter(|name| !name.starts_with("__")).collect();
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

/// Reads the types of a schema in the schema definition language, and adds those of introspection.
fn parse(sdl: &str) -> Result<Types> {
    let document = parse_schema(format!("{sdl}\n{INTROSPECTION}"))
        .map_err(|error| Error::Internal(format!("cannot parse the schema: {error}")))?;
    let text = Type { base: BaseType::Named(Name::new("String")), nullable: false };
    let type_name_field = FieldDefinition {
        name: "__typename".to_owned(),
        type_name: "String".to_owned(),
        value_type: text,
        arguments: Vec::new(),
    };
    let mut types = Types { type_name_field: Some(type_name_field), ..Types::default() };
    for definition in document.definitions {
        let definition = match definition {
            TypeSystemDefinition::Type(definition) => definition,
            TypeSystemDefinition::Directive(directive) => {
                types.directives.push(DirectiveDefinition {
                    name: directive.node.name.node.to_string(),
                    locations: directive.node.locations.iter().map(|location| location.node).collect(),
                    arguments: directive.node.arguments.iter().map(|one| InputDefinition::new(&one.node)).collect(),
                });
                continue;
            }
            TypeSystemDefinition::Schema(_) => continue,
        };
        let name = definition.node.name.node.to_string();
        if matches!(definition.node.kind, TypeKind::Interface(_) | TypeKind::Union(_)) {
            types.abstract_types.insert(name.clone());
            types.possible_types.entry(name.clone()).or_default();
        }
        if !matches!(definition.node.kind, TypeKind::Scalar | TypeKind::Enum(_) | TypeKind::InputObject(_)) {
            types.composite_types.insert(name.clone());
        }
        let one = match definition.node.kind {
            TypeKind::Object(object) => {
                for interface in &object.implements {
                    types.possible_types.entry(interface.node.to_string()).or_default().insert(name.clone());
                }
                TypeDefinition::Fields(fields(&object.fields))
            }
            TypeKind::Interface(interface) => TypeDefinition::Fields(fields(&interface.fields)),
            TypeKind::InputObject(input) => {
                TypeDefinition::Input(input.fields.iter().map(|field| InputDefinition::new(&field.node)).collect())
            }
            TypeKind::Enum(values) => {
                TypeDefinition::Enum(values.values.iter().map(|value| value.node.value.node.to_string()).collect())
            }
            TypeKind::Union(union) => {
                let members = union.members.iter().map(|member| member.node.to_string());
                types.possible_types.entry(name.clone()).or_default().extend(members);
                TypeDefinition::Other
            }
            TypeKind::Scalar => TypeDefinition::Other,
        };
        match (types.by_name.get_mut(&name), one) {
            // The types of introspection extend the root type.
            (Some(TypeDefinition::Fields(all)), TypeDefinition::Fields(more)) => all.extend(more),
            (_, one) => {
                types.by_name.insert(name, one);
            }
        }
    }
    // Directives of the type system have no place in documents.
    types.directives.retain(|directive| directive.locations.iter().any(|location| location_name(*location).is_some()));
    Ok(types)
}

/// Returns the name of a place in documents where a directive may be used; `None` for a place in a type system.
pub(crate) fn location_name(location: DirectiveLocation) -> Option<&'static str> {
    Some(match location {
        DirectiveLocation::Query => "a query",
        DirectiveLocation::Mutation => "a mutation",
        DirectiveLocation::Subscription => "a subscription",
        DirectiveLocation::Field => "a field",
        DirectiveLocation::FragmentDefinition => "the definition of a fragment",
        DirectiveLocation::FragmentSpread => "the spread of a fragment",
        DirectiveLocation::InlineFragment => "an inline fragment",
        _ => return None,
    })
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
