//! Writes the results of a plan as JSON, with the errors of fields at their paths.

mod list;
mod row;
mod sides;
mod value;

use async_graphql::{PathSegment, ServerError};
use entity::row::{CellValue, QueryRow};

use crate::error::Error;
use crate::graphql::plan::computed::Computed;
use crate::graphql::plan::execute::{Executed, Request, StepResult};
use crate::graphql::plan::level::{ACTOR_TYPES, Key, Level, LevelShown, ListShown, Part, Plan, RootShown, Step};
use crate::graphql::plan::rows::{LevelRows, ROOT_PARENT};
use crate::graphql::response_budget::MAX_ERRORS;
use crate::graphql::schema::field::Scalar;
use crate::graphql::session::SharedError;
use crate::graphql::types::node::NodeKind;
use crate::text::date::format_instant;

/// Returns the value of a root field that describes the schema, as JSON, by its response key.
pub(crate) type Introspection<'i> = dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'i;

/// Stands for null in place of a value that cannot be null: the nearest field around it that can be is null.
struct Nulled;

type Written = Result<(), Nulled>;

/// The results of all steps, and the response that is written.
struct Writer<'p> {
    plan: &'p Plan,
    results: &'p [StepResult],
    request: Request<'p>,
    introspect: &'p Introspection<'p>,
    out: Vec<u8>,
    max: usize,
    /// The path of the object that is being written.
    path: Vec<Segment<'p>>,
    errors: Vec<ServerError>,
}

#[derive(Clone, Copy)]
enum Segment<'p> {
    Field(&'p Key),
    Index(usize),
}

impl Segment<'_> {
    fn name(&self) -> PathSegment {
        match self {
            Self::Field(key) => PathSegment::Field(key.name.to_string()),
            Self::Index(index) => PathSegment::Index(*index),
        }
    }
}

/// The error of a value whose row is missing.
fn missing() -> SharedError {
    Error::Internal("a foreign key references a row that is missing".into()).into()
}

/// A level and its rows.
#[derive(Clone, Copy)]
struct Found<'p> {
    level: &'p Level,
    rows: &'p LevelRows,
}

/// Writes the data of a response. Stops soon after it has more than `max` bytes, which the caller must check.
pub(crate) fn write<'p>(
    plan: &'p Plan,
    results: &'p [StepResult],
    request: Request<'p>,
    introspect: &'p Introspection<'p>,
    max: usize,
) -> Executed {
    let memory = results.iter().map(|result| if let StepResult::Rows(rows) = result { rows.rows.memory() } else { 0 });
    // About as large as the response will be, so that it is rarely moved while it grows.
    let out = Vec::with_capacity(memory.sum::<usize>().min(max).max(256));
    let mut writer = Writer { plan, results, request, introspect, out, max, path: Vec::new(), errors: Vec::new() };
    let written = writer.object(None, &plan.roots, |writer, key, shown| writer.root(key, shown));
    if written.is_err() {
        writer.out.clear();
        writer.null();
    }
    Executed { data: writer.out, errors: writer.errors }
}

impl<'p> Writer<'p> {
    pub(super) fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }

    /// Reports an error of a field of the object that is being written.
    pub(super) fn fail(&mut self, key: &'p Key, error: &SharedError) -> Nulled {
        self.path.push(Segment::Field(key));
        let nulled = self.fail_here(key, error);
        self.path.pop();
        nulled
    }

    /// Reports an error of the value whose path is complete.
    pub(super) fn fail_here(&mut self, key: &'p Key, error: &SharedError) -> Nulled {
        // One more than allowed shows that there are too many.
        if self.errors.len() <= MAX_ERRORS {
            let mut error = async_graphql::Error::from(error.clone()).into_server_error(key.position);
            error.path = self.path.iter().map(Segment::name).collect();
            self.errors.push(error);
        }
        Nulled
    }

    /// Returns whether the response is larger than it may be, or has too many errors: its rest does not matter.
    pub(super) fn is_too_large(&self) -> bool {
        self.out.len() > self.max || self.errors.len() > MAX_ERRORS
    }

    /// Reports that a row is missing that a value refers to.
    pub(super) fn fail_missing(&mut self, key: &'p Key) -> Nulled {
        self.fail(key, &missing())
    }

    /// Writes an object with these fields. `row` is the row that decides which of them it has.
    pub(super) fn object<T>(
        &mut self,
        row: Option<QueryRow<'p>>,
        parts: &'p [Part<T>],
        mut write: impl FnMut(&mut Self, &'p Key, &'p T) -> Written,
    ) -> Written {
        self.out.push(b'{');
        let mut is_first = true;
        for part in parts {
            if self.is_too_large() {
                break;
            }
            if part.only.as_ref().zip(row).is_some_and(|(only, row)| !only.accepts(row)) {
                continue;
            }
            if !is_first {
                self.out.push(b',');
            }
            is_first = false;
            self.field(&part.key, |writer| write(writer, &part.key, &part.shown))?;
        }
        self.out.push(b'}');
        Ok(())
    }

    /// Writes a field. If there is an error in its value, the value is null.
    pub(super) fn field(&mut self, key: &'p Key, write: impl FnOnce(&mut Self) -> Written) -> Written {
        self.out.extend_from_slice(&key.json);
        let (start, depth) = (self.out.len(), self.path.len());
        let written = write(self);
        if written.is_err() {
            self.path.truncate(depth);
            if !key.is_nullable {
                return written;
            }
            self.out.truncate(start);
            self.null();
        }
        Ok(())
    }

    /// Writes something whose path has one more segment.
    pub(super) fn within(&mut self, segment: Segment<'p>, write: impl FnOnce(&mut Self) -> Written) -> Written {
        self.path.push(segment);
        write(self)?;
        self.path.pop();
        Ok(())
    }

    pub(super) fn root(&mut self, key: &'p Key, shown: &'p RootShown) -> Written {
        match shown {
            RootShown::Typename(name) => self.out.extend_from_slice(name),
            RootShown::Introspection => match (self.introspect)(&key.name) {
                Some(value) => self.out.extend_from_slice(&value),
                None => self.null(),
            },
            RootShown::Step { step, .. } => return self.step(key, *step, ROOT_PARENT),
        }
        Ok(())
    }

    /// Writes what a step has for a parent: a connection, a row, or a computed value.
    pub(super) fn step(&mut self, key: &'p Key, index: usize, parent: i64) -> Written {
        match (self.plan.steps.get(index), self.results.get(index)) {
            (Some(Step::Level(level)), Some(StepResult::Rows(rows))) => {
                let (found, page) = (Found { level, rows }, rows.page(parent));
                match &level.shown {
                    LevelShown::List(parts) => self.within(Segment::Field(key), |writer| {
                        writer.object(None, parts, |writer, key, shown| {
                            writer.list_field(key, found, page, parent, shown)
                        })
                    }),
                    LevelShown::Row(parts) => match rows.rows_of(page).next() {
                        Some(row) => self.within(Segment::Field(key), |writer| writer.row(row, parts)),
                        None if key.is_nullable => {
                            self.null();
                            Ok(())
                        }
                        None => Err(self.fail_missing(key)),
                    },
                    LevelShown::Edge(parts) => match rows.rows_of(page).next() {
                        Some(row) => self.within(Segment::Field(key), |writer| writer.edge(found, row, parts)),
                        None => Err(self.fail_missing(key)),
                    },
                }
            }
            (Some(Step::Level(level)), Some(StepResult::Failed(error))) => match &level.shown {
                // The error of a list is that of the first selected field that needs its rows.
                LevelShown::List(parts) => self.within(Segment::Field(key), |writer| {
                    writer.object(None, parts, |writer, key, shown| match shown {
                        ListShown::Typename(name) => {
                            writer.out.extend_from_slice(name);
                            Ok(())
                        }
                        _ => Err(writer.fail(key, error)),
                    })
                }),
                _ => Err(self.fail(key, error)),
            },
            (Some(Step::Function(_)), Some(StepResult::Failed(error))) => Err(self.fail(key, error)),
            (Some(Step::Function(step)), Some(StepResult::Values(values))) => match values.values.get(&parent) {
                None if step.only_empty_lists => {
                    self.out.extend_from_slice(b"[]");
                    Ok(())
                }
                value => self.computed(key, value.unwrap_or(&Computed::Null), &step.shown),
            },
            _ => {
                self.null();
                Ok(())
            }
        }
    }

    pub(super) fn has_failed(&self, step: usize) -> bool {
        matches!(self.results.get(step), Some(StepResult::Failed(_)))
    }

    pub(super) fn row_of(&self, step: usize, id: i64) -> Option<QueryRow<'p>> {
        if let Some(StepResult::Rows(rows)) = self.results.get(step) { rows.row(id) } else { None }
    }

    pub(super) fn scalar(&mut self, value: CellValue<'_>, scalar: Scalar) {
        match (value, scalar) {
            (CellValue::Null, _) => self.null(),
            (CellValue::Text(text), _) => self.text(text),
            (CellValue::Integer(number), Scalar::Bool) => self.truth(number != 0),
            (CellValue::Integer(second), Scalar::Instant) => self.text(&format_instant(second)),
            (CellValue::Integer(number), Scalar::Float) => self.real(number as f64),
            (CellValue::Integer(number), _) => self.integer(number),
            (CellValue::Real(number), _) => self.real(number),
        }
    }

    pub(super) fn truth(&mut self, value: bool) {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    pub(super) fn integer(&mut self, number: i64) {
        // Writing to memory does not fail.
        let _ = serde_json::to_writer(&mut self.out, &number);
    }

    pub(super) fn real(&mut self, number: f64) {
        let _ = serde_json::to_writer(&mut self.out, &number);
    }

    pub(super) fn text(&mut self, text: &str) {
        // Most texts have nothing to escape. The compiler lets this loop look at several bytes at once.
        let must_escape = |byte: u8| (byte < b' ') | (byte == b'"') | (byte == b'\\');
        if text.bytes().fold(false, |found, byte| found | must_escape(byte)) {
            let _ = serde_json::to_writer(&mut self.out, text);
            return;
        }
        self.out.push(b'"');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
    }

    pub(super) fn id(&mut self, kind: NodeKind, number: i64) {
        self.out.push(b'"');
        kind.write_global(number, &mut self.out);
        self.out.push(b'"');
    }
}

/// Returns the type of actors with a kind.
fn actor_type(kind: CellValue<'_>) -> Option<&'static str> {
    ACTOR_TYPES.iter().find(|(_, word)| kind == CellValue::Text(word)).map(|(name, _)| *name)
}
