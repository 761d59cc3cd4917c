//! Validates one input value: a literal of a document or the value of a variable.

use async_graphql::Pos;
use async_graphql::parser::types::{BaseType, Type};
use async_graphql_value::Value;

use crate::graphql::validation::Problem;
use crate::graphql::validation::schema_index::{InputDefinition, SchemaIndex, TypeDefinition};
use crate::text::date::instant;
use crate::text::limits::{MAX_LONG_BYTES, long_text_problem};

/// Longest value that a message repeats, in characters.
const MAX_SHOWN: usize = 60;

/// Deepest nesting that is validated; deeper values are rejected by the limits on documents and variables.
const MAX_LEVELS: usize = 100;

/// Collects the problems of one value.
pub(super) struct ValueChecker<'s> {
    schema: &'s SchemaIndex,
    position: Pos,
    /// Whether enum values are written as strings, as in JSON.
    is_json: bool,
    /// Whether only the verdict matters, and messages need no hints.
    is_trial: bool,
    room: usize,
    level: usize,
    problems: Vec<Problem>,
}

impl<'s> ValueChecker<'s> {
    /// A checker for literals; at most `room` problems are reported.
    pub(super) fn for_literals(schema: &'s SchemaIndex, position: Pos, room: usize) -> Self {
        Self { schema, position, is_json: false, is_trial: false, room, level: 0, problems: Vec::new() }
    }

    /// A checker for values of variables, which come as JSON.
    pub(super) fn for_variables(schema: &'s SchemaIndex, position: Pos, room: usize) -> Self {
        Self { is_json: true, ..Self::for_literals(schema, position, room) }
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Validates a value of a type; `path` says where it is, such as `filter.standing`.
    pub(super) fn check(&mut self, expected: &Type, value: Value, path: &str) {
        // The types of variables are compared separately.
        if matches!(value, Value::Variable(_)) || self.level > MAX_LEVELS {
            return;
        }
        if value == Value::Null {
            if !expected.nullable {
                let shape = self.schema.shape(expected);
                self.report(format!("`{path}` may not be null: write `{shape}`, or leave it out if it is optional"));
            }
            return;
        }
        self.level += 1;
        match &expected.base {
            BaseType::List(inner) => match value {
                Value::List(values) => {
                    for (at, value) in values.into_iter().enumerate() {
                        self.check(inner, value, &format!("{path}[{at}]"));
                    }
                }
                // One value stands for a list of it.
                one => self.check(inner, one, path),
            },
            BaseType::Named(name) => self.named(name, value, path),
        }
        self.level -= 1;
    }

    fn named(&mut self, name: &str, value: Value, path: &str) {
        let schema = self.schema;
        match schema.get(name) {
            Some(TypeDefinition::Input(fields)) => self.object(name, fields, value, path),
            Some(TypeDefinition::Enum(values)) => self.word(name, values, &value, path),
            Some(_) if name == "DateTime" => self.instant(&value, path),
            // Other custom scalars take any value.
            Some(_) => {}
            None => self.scalar(name, &value, path),
        }
    }

    fn object(&mut self, name: &str, fields: &'s [InputDefinition], value: Value, path: &str) {
        let Value::Object(given) = value else {
            let hint = self.object_instead(fields, &value);
            let shown = self.shown(&value);
            self.report(format!("`{path}` takes an object of type `{name}`, not {shown}{hint}"));
            return;
        };
        for field in fields.iter().filter(|field| field.is_required() && !given.contains_key(field.name.as_str())) {
            let shape = self.schema.shape(&field.value_type);
            let hint = if self.schema.has_hints() { format!(" `{}: {shape}`", field.name) } else { " it".to_owned() };
            self.report(format!("`{path}` lacks the field `{}` of `{name}`: add{hint}", field.name));
        }
        for (key, value) in given {
            let Some(field) = fields.iter().find(|field| field.name == key.as_str()) else {
                let hint = self.schema.suggest(&key, fields.iter().map(|field| field.name.as_str()));
                self.report(format!("`{path}` has no field `{key}` (`{name}`){hint}"));
                continue;
            };
            self.check(&field.value_type, value, &format!("{path}.{key}"));
        }
    }

    /// The object to write in place of a plain value: with the first field that takes it.
    fn object_instead(&self, fields: &[InputDefinition], value: &Value) -> String {
        if !self.schema.has_hints() || self.is_trial {
            return String::new();
        }
        // Input types contain themselves, so a trial must not lead to further ones.
        let takes = |field: &&InputDefinition| {
            let mut checker = Self::for_literals(self.schema, self.position, 1);
            (checker.is_json, checker.is_trial) = (self.is_json, true);
            checker.check(&field.value_type, value.clone(), "");
            checker.problems.is_empty()
        };
        match fields.iter().find(takes) {
            Some(field) if self.is_json => format!(": write `{{\"{}\": {}}}`", field.name, self.literal(value)),
            Some(field) => format!(": write `{{{}: {}}}`", field.name, self.literal(value)),
            None => {
                let names: Vec<String> = fields.iter().take(8).map(|field| format!("`{}`", field.name)).collect();
                format!(": write `{{...}}` with {}", names.join(", "))
            }
        }
    }

    fn word(&mut self, name: &str, values: &[String], value: &Value, path: &str) {
        let given = match value {
            Value::Enum(word) => word.to_string(),
            Value::String(word) if self.is_json => word.clone(),
            Value::String(word) => {
                let hint = match values.iter().find(|known| *known == word) {
                    Some(word) => format!(": write `{word}` without quotation marks"),
                    None => self.schema.suggest(word, values.iter().map(String::as_str)),
                };
                self.report(format!("`{path}` takes a value of the enum `{name}`, not a string{hint}"));
                return;
            }
            other => {
                let shown = self.shown(other);
                let hint = self.schema.suggest("", values.iter().map(String::as_str));
                self.report(format!("`{path}` takes a value of the enum `{name}`, not {shown}{hint}"));
                return;
            }
        };
        if !values.contains(&given) {
            let hint = self.schema.suggest(&given, values.iter().map(String::as_str));
            let shown = given.chars().take(MAX_SHOWN).collect::<String>();
            self.report(format!("`{path}`: `{shown}` is not a value of the enum `{name}`{hint}"));
        }
    }

    fn instant(&mut self, value: &Value, path: &str) {
        match value {
            Value::String(text) => {
                if let Err(error) = instant(text) {
                    self.report(format!("`{path}`: {error}"));
                }
            }
            _ => {
                let shown = self.shown(value);
                self.report(format!(
                    "`{path}` takes a value of type `DateTime`, not {shown}: write a string such as `\"2021-07-11T00:00:00Z\"`"
                ));
            }
        }
    }

    fn scalar(&mut self, name: &str, value: &Value, path: &str) {
        if let ("String" | "ID", Value::String(text)) = (name, value)
            && let Some(problem) = long_text_problem(text, MAX_LONG_BYTES)
        {
            self.report(format!("`{path}` {problem}: nothing that is stored has such a text"));
            return;
        }
        let fits = match (name, value) {
            ("String", Value::String(_)) | ("ID", Value::String(_)) | ("Boolean", Value::Boolean(_)) => true,
            ("ID", Value::Number(number)) => number.is_i64() || number.is_u64(),
            ("Float", Value::Number(_)) => true,
            ("Int", Value::Number(number)) => number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            ("String" | "ID" | "Boolean" | "Float" | "Int", _) => false,
            _ => true,
        };
        if fits {
            return;
        }
        let shown = self.shown(value);
        let hint = match (name, value) {
            ("Int", Value::Number(_)) => ": write a whole number from -2147483648 to 2147483647".to_owned(),
            ("Int" | "Float", Value::String(text)) if text.parse::<f64>().is_ok() => {
                format!(": write `{}` without quotation marks", text.trim())
            }
            ("Boolean", _) => ": write `true` or `false`".to_owned(),
            ("String" | "ID", Value::Number(_) | Value::Enum(_) | Value::Boolean(_)) => {
                format!(": write `\"{}\"`", self.literal(value))
            }
            ("String" | "ID", _) => ": write it in quotation marks".to_owned(),
            _ => ": write a number".to_owned(),
        };
        self.report(format!("`{path}` takes a value of type `{name}`, not {shown}{hint}"));
    }

    /// A value in a message.
    fn shown(&self, value: &Value) -> String {
        match value {
            Value::List(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
            other => format!("`{}`", self.literal(other)),
        }
    }

    /// A value as it is written: in a document, or in JSON.
    fn literal(&self, value: &Value) -> String {
        let text = value.to_string();
        match text.char_indices().nth(MAX_SHOWN) {
            Some((end, _)) => format!("{}...", &text[..end]),
            None => text,
        }
    }

    fn report(&mut self, message: String) {
        if self.problems.len() < self.room {
            self.problems.push(Problem { position: self.position, message });
        }
    }
}
