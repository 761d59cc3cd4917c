//! Makes documents and values of the schema from bytes: nearly all are valid, so fuzzing reaches what lies behind validation.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::LazyLock;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, Type, TypeKind, TypeSystemDefinition};
use async_graphql::{Name, Value, Variables};

use crate::fuzzing::bytes::Bytes;
use crate::fuzzing::story::Story;
use crate::graphql::validation::{FieldDefinition, InputDefinition, SchemaIndex, TypeDefinition};

/// The members of unions and the types that implement interfaces.
static POSSIBLE_TYPES: LazyLock<HashMap<String, Vec<String>>> = LazyLock::new(|| {
    let mut possible: HashMap<String, Vec<String>> = HashMap::new();
    for definition in parse_schema(crate::graphql::sdl()).unwrap().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let name = definition.node.name.node.to_string();
        match definition.node.kind {
            TypeKind::Object(object) => {
                for interface in object.implements {
                    possible.entry(interface.node.to_string()).or_default().push(name.clone());
                }
            }
            TypeKind::Union(union) => {
                possible.entry(name).or_default().extend(union.members.iter().map(|member| member.node.to_string()));
            }
            _ => {}
        }
    }
    possible
});

/// Texts that filters, searches and dates are made of.
const TEXTS: &[&str] = &[
    "Mikdam",
    "Miqdam",
    "مقدام",
    "Baghdad",
    "hospital",
    "killed",
    "abduct*",
    "-tortured mikdam",
    "\"family of\"",
    "",
    " ",
    "a",
    "2021-07-09",
    "2021-07",
    "2021-07-11T09:30:00Z",
    "2020/2021",
    "../2021-07-18",
    "-0044",
    "Y170000002",
    "wikidata",
    "Q796",
    "mikdam",
    "en",
    "IQ",
    "%_\\",
    "'; --",
    "\u{0}",
    "𝔐 ß İ ﷺ",
];

/// Numbers at the ends of ranges.
const INTEGERS: &[i64] = &[1, 0, 2, 3, 20, 500, 501, -1, i32::MAX as i64, i32::MIN as i64];

/// Floating-point numbers at the ends of ranges.
const FLOATS: &[f64] = &[0.0, 33.3, 44.4, -90.0, 90.0, 180.0, -180.0, 181.0, 1.5, 1e3, 1e308, -1e308, 5e-324, 22.0];

static SCHEMA: LazyLock<SchemaIndex> = LazyLock::new(|| SchemaIndex::new(true).unwrap());

/// The argument of a point-in-time query.
const AS_OF: &str = "asOf";

/// Deepest nesting of a generated value.
const MAX_VALUE_LEVELS: usize = 6;

/// Deepest nesting of a generated selection.
const MAX_LEVELS: usize = 9;

/// The `asOf` of the root fields of a document.
#[derive(Clone, Copy)]
pub(super) enum AsOf {
    /// Any value, or none. All root fields may be selected.
    Any,
    /// None. Only root fields that have it may be selected.
    Never,
    /// Always this instant. Only root fields that have it may be selected.
    Always(&'static str),
}

/// A generated document.
pub(super) struct Document {
    pub(super) text: String,
    pub(super) variables: Variables,
}

/// Makes a document and its variables.
pub(super) struct Generator<'d> {
    bytes: Bytes<'d>,
    schema: &'static SchemaIndex,
    story: &'d Story,
    /// Declarations of variables, and their values.
    declarations: Vec<String>,
    variables: Variables,
    /// Fragments: name, type and text.
    fragments: Vec<(String, String, String)>,
    /// Whether variables may be used: not in values alone.
    has_variables: bool,
    fields_left: usize,
    as_of: AsOf,
}

impl<'d> Generator<'d> {
    pub(super) fn new(bytes: Bytes<'d>, story: &'d Story) -> Self {
        Self::as_of(bytes, story, AsOf::Any)
    }

    /// The documents of the same bytes differ only in `asOf`, unless it is [`AsOf::Any`].
    pub(super) fn as_of(bytes: Bytes<'d>, story: &'d Story, as_of: AsOf) -> Self {
        Self {
            bytes,
            as_of,
            schema: &SCHEMA,
            story,
            declarations: Vec::new(),
            variables: Variables::default(),
            fragments: Vec::new(),
            has_variables: true,
            fields_left: 200,
        }
    }

    /// Makes a query.
    pub(super) fn document(mut self) -> Document {
        let selection = self.selection("Query", 0);
        let mut text = "query Q".to_owned();
        if !self.declarations.is_empty() {
            write!(text, "({})", self.declarations.join(", ")).unwrap();
        }
        text.push_str(&selection);
        for (name, on, selection) in &self.fragments {
            write!(text, " fragment {name} on {on} {selection}").unwrap();
        }
        Document { text, variables: self.variables }
    }

    /// Makes a value of an input type, as JSON has it.
    pub(super) fn value_alone(mut self, type_name: &str) -> Value {
        self.has_variables = false;
        let of = Type { base: BaseType::Named(Name::new(type_name)), nullable: false };
        self.value(&of, 0)
    }

    fn selection(&mut self, type_name: &str, level: usize) -> String {
        let mut text = " {".to_owned();
        let count = 1 + self.bytes.below(5);
        for _ in 0..count {
            text.push(' ');
            let item = self.item(type_name, level);
            text.push_str(&item);
        }
        text.push_str(" }");
        text
    }

    /// A field, a fragment or a spread.
    fn item(&mut self, type_name: &str, level: usize) -> String {
        let possible = POSSIBLE_TYPES.get(type_name).map(Vec::as_slice).unwrap_or_default();
        let fields = self.fields(type_name);
        let choice = self.bytes.byte();
        if level > MAX_LEVELS || self.fields_left == 0 {
            return "__typename".to_owned();
        }
        match choice % 16 {
            0 => "__typename".to_owned(),
            1..=3 if !possible.is_empty() => {
                let on = self.bytes.pick(possible).clone();
                format!("... on {on}{}{}", self.directives(), self.selection(&on, level + 1))
            }
            1 => format!("...{}{}", self.directives(), self.selection(type_name, level + 1)),
            2 => self.spread(type_name, level),
            _ if fields.is_empty() => "__typename".to_owned(),
            _ => {
                let (length, at) = (fields.len(), self.bytes.byte());
                self.field(type_name, usize::from(at) % length, level)
            }
        }
    }

    fn fields(&self, type_name: &str) -> &'static [FieldDefinition] {
        self.schema.get(type_name).and_then(TypeDefinition::fields).unwrap_or_default()
    }

    fn spread(&mut self, type_name: &str, level: usize) -> String {
        let known: Vec<String> =
            self.fragments.iter().filter(|(_, on, _)| on == type_name).map(|(name, ..)| name.clone()).collect();
        if !known.is_empty() && !self.bytes.one_in(2) {
            return format!("...{}{}", self.bytes.pick(&known), self.directives());
        }
        // It is added when it is complete, so no fragment spreads itself.
        let selection = self.selection(type_name, level + 1);
        let name = format!("f{}", self.fragments.len());
        self.fragments.push((name.clone(), type_name.to_owned(), selection));
        format!("...{name}{}", self.directives())
    }

    fn field(&mut self, type_name: &str, at: usize, level: usize) -> String {
        self.fields_left = self.fields_left.saturating_sub(1);
        let field = &self.fields(type_name)[at];
        let has_as_of = field.arguments.iter().any(|argument| argument.name == AS_OF);
        if type_name == "Query" && !has_as_of && !matches!(self.as_of, AsOf::Any) {
            return "__typename".to_owned();
        }
        // Fields of one name may have different types in the types of an interface, and arguments differ.
        let mut text = match self.bytes.one_in(4) {
            true => format!("{}: {}", field.name.chars().next().unwrap_or('a'), field.name),
            false if field.arguments.is_empty() => field.name.clone(),
            false => format!("{}{}: {}", field.name, self.fields_left, field.name),
        };
        let mut arguments = Vec::new();
        for argument in &field.arguments {
            match self.as_of {
                AsOf::Never if argument.name == AS_OF => continue,
                AsOf::Always(instant) if argument.name == AS_OF => {
                    arguments.push(format!("{AS_OF}: \"{instant}\""));
                    continue;
                }
                _ => {}
            }
            if argument.is_required() || self.bytes.one_in(4) {
                arguments.push(format!("{}: {}", argument.name, self.argument(argument)));
            }
        }
        if !arguments.is_empty() {
            write!(text, "({})", arguments.join(", ")).unwrap();
        }
        text.push_str(&self.directives());
        if self.schema.is_composite(&field.type_name) {
            text.push_str(&self.selection(&field.type_name, level + 1));
        }
        text
    }

    fn directives(&mut self) -> String {
        match self.bytes.byte() {
            1..8 => " @include(if: true)".to_owned(),
            8..12 => " @skip(if: true)".to_owned(),
            12..16 => " @skip(if: false) @include(if: true)".to_owned(),
            _ => String::new(),
        }
    }

    /// The value of an argument: a literal or a variable.
    fn argument(&mut self, argument: &InputDefinition) -> String {
        let value = self.value(&argument.value_type, 0);
        if !self.has_variables || !self.bytes.one_in(4) {
            return value.to_string();
        }
        let name = format!("v{}", self.declarations.len());
        let of = &argument.value_type;
        if value != Value::Null && self.bytes.one_in(3) {
            self.declarations.push(format!("${name}: {of} = {value}"));
        } else {
            self.declarations.push(format!("${name}: {of}"));
            let json = value.into_json().unwrap();
            self.variables.insert(Name::new(&name), Value::from_json(json).unwrap());
        }
        format!("${name}")
    }

    fn value(&mut self, of: &Type, level: usize) -> Value {
        if of.nullable && self.bytes.one_in(16) {
            return Value::Null;
        }
        match &of.base {
            BaseType::List(inner) => {
                let length = if level > MAX_VALUE_LEVELS { 0 } else { self.bytes.below(4) };
                Value::List((0..length).map(|_| self.value(inner, level + 1)).collect())
            }
            BaseType::Named(name) => self.named(name.as_str(), level),
        }
    }

    fn named(&mut self, name: &str, level: usize) -> Value {
        match self.schema.get(name) {
            Some(TypeDefinition::Enum(values)) => Value::Enum(Name::new(self.bytes.pick(values))),
            Some(TypeDefinition::Input(fields)) => {
                let mut object = async_graphql::indexmap::IndexMap::new();
                for field in fields.iter().filter(|field| field.is_required()) {
                    object.insert(Name::new(&field.name), self.value(&field.value_type, level + 1));
                }
                let more = if level > MAX_VALUE_LEVELS { 0 } else { self.bytes.below(3) };
                for _ in 0..more {
                    let field = self.bytes.pick(fields);
                    object.insert(Name::new(&field.name), self.value(&field.value_type, level + 1));
                }
                Value::Object(object)
            }
            _ => match name {
                "Int" => Value::from(*self.bytes.pick(INTEGERS)),
                "Float" => Value::from(*self.bytes.pick(FLOATS)),
                "Boolean" => Value::from(!self.bytes.one_in(2)),
                "ID" => Value::from(self.bytes.pick(&self.story.ids).as_str()),
                "String" if self.bytes.one_in(4) => Value::from(self.bytes.pick(&self.story.slugs).as_str()),
                _ => Value::from(*self.bytes.pick(TEXTS)),
            },
        }
    }
}
