//! Writes the results of a plan as JSON, with the errors of fields at their paths.

use async_graphql::{PathSegment, ServerError};
use entity::row::{CellValue, QueryRow};

use crate::error::Error;
use crate::graphql::plan::arguments::FieldArguments;
use crate::graphql::plan::computed::{Computed, NodeRef, RowCall};
use crate::graphql::plan::execute::{Executed, LevelRows, Page, ROOT_PARENT, Request, StepResult};
use crate::graphql::plan::level::{
    ACTOR_TYPES, EdgeShown, Key, Level, LevelShown, ListShown, PageInfoShown, Part, Plan, RootShown, Shown, Step,
    ValueShown,
};
use crate::graphql::plan::statement::first_key;
use crate::graphql::response_budget::MAX_ERRORS;
use crate::graphql::schema::field::Scalar;
use crate::graphql::schema::node_type::NodeType;
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
    let mut writer = Writer {
        plan,
        results,
        request,
        introspect,
        out: Vec::with_capacity(4096),
        max,
        path: Vec::new(),
        errors: Vec::new(),
    };
    let written = writer.object(None, &plan.roots, |writer, key, shown| writer.root(key, shown));
    if written.is_err() {
        writer.out.clear();
        writer.null();
    }
    Executed { data: writer.out, errors: writer.errors }
}

impl<'p> Writer<'p> {
    fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }

    /// Reports an error of a field of the object that is being written.
    fn fail(&mut self, key: &'p Key, error: &SharedError) -> Nulled {
        self.path.push(Segment::Field(key));
        let nulled = self.fail_here(key, error);
        self.path.pop();
        nulled
    }

    /// Reports an error of the value whose path is complete.
    fn fail_here(&mut self, key: &'p Key, error: &SharedError) -> Nulled {
        // One more than allowed shows that there are too many.
        if self.errors.len() <= MAX_ERRORS {
            let mut error = async_graphql::Error::from(error.clone()).into_server_error(key.position);
            error.path = self.path.iter().map(Segment::name).collect();
            self.errors.push(error);
        }
        Nulled
    }

    /// Returns whether the response is larger than it may be, or has too many errors: its rest does not matter.
    fn is_too_large(&self) -> bool {
        self.out.len() > self.max || self.errors.len() > MAX_ERRORS
    }

    /// Reports that a row is missing that a value refers to.
    fn fail_missing(&mut self, key: &'p Key) -> Nulled {
        self.fail(key, &missing())
    }

    /// Writes an object with these fields. `row` is the row that decides which of them it has.
    fn object<T>(
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
    fn field(&mut self, key: &'p Key, write: impl FnOnce(&mut Self) -> Written) -> Written {
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
    fn within(&mut self, segment: Segment<'p>, write: impl FnOnce(&mut Self) -> Written) -> Written {
        self.path.push(segment);
        write(self)?;
        self.path.pop();
        Ok(())
    }

    fn root(&mut self, key: &'p Key, shown: &'p RootShown) -> Written {
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
    fn step(&mut self, key: &'p Key, index: usize, parent: i64) -> Written {
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

    fn list_field(
        &mut self,
        key: &'p Key,
        found: Found<'p>,
        page: Option<Page>,
        parent: i64,
        shown: &'p ListShown,
    ) -> Written {
        match shown {
            ListShown::Typename(name) => self.out.extend_from_slice(name),
            ListShown::TotalCount => {
                let count = i32::try_from(found.rows.count(parent)).unwrap_or(i32::MAX);
                self.integer(count.into());
            }
            ListShown::PageInfo(parts) => {
                return self.object(None, parts, |writer, _, shown| {
                    writer.page_info(found, *shown, page);
                    Ok(())
                });
            }
            ListShown::Nodes(parts) => return self.list(key, found, page, |writer, row| writer.row(row, parts)),
            ListShown::Edges(parts) => {
                return self.list(key, found, page, |writer, row| writer.edge(found, row, parts));
            }
            ListShown::Function(step) => return self.step(key, *step, parent),
        }
        Ok(())
    }

    fn list(
        &mut self,
        key: &'p Key,
        found: Found<'p>,
        page: Option<Page>,
        write: impl Fn(&mut Self, QueryRow<'p>) -> Written,
    ) -> Written {
        self.within(Segment::Field(key), |writer| {
            writer.out.push(b'[');
            for (index, row) in found.rows.rows_of(page).enumerate() {
                if writer.is_too_large() {
                    break;
                }
                if index > 0 {
                    writer.out.push(b',');
                }
                writer.within(Segment::Index(index), |writer| write(writer, row))?;
            }
            writer.out.push(b']');
            Ok(())
        })
    }

    fn edge(&mut self, found: Found<'p>, row: QueryRow<'p>, parts: &'p [Part<EdgeShown>]) -> Written {
        self.object(None, parts, |writer, key, shown| match shown {
            EdgeShown::Typename(name) => {
                writer.out.extend_from_slice(name);
                Ok(())
            }
            EdgeShown::Cursor => {
                writer.cursor(found, row);
                Ok(())
            }
            EdgeShown::Node(parts) => writer.within(Segment::Field(key), |writer| writer.row(row, parts)),
        })
    }

    fn page_info(&mut self, found: Found<'p>, shown: PageInfoShown, page: Option<Page>) {
        let Some((_, arguments)) = &found.rows.list else { return self.null() };
        let has_more = page.is_some_and(|page| page.has_more);
        match shown {
            PageInfoShown::Typename => self.out.extend_from_slice(b"\"PageInfo\""),
            PageInfoShown::HasNextPage => self.truth(arguments.has_next(has_more)),
            PageInfoShown::HasPreviousPage => self.truth(arguments.has_previous(has_more)),
            PageInfoShown::StartCursor | PageInfoShown::EndCursor => {
                let mut rows = found.rows.rows_of(page);
                let is_start = matches!(shown, PageInfoShown::StartCursor);
                match if is_start { rows.next() } else { rows.next_back() } {
                    Some(row) => self.cursor(found, row),
                    None => self.null(),
                }
            }
        }
    }

    fn cursor(&mut self, found: Found<'p>, row: QueryRow<'p>) {
        let Some((keyset, _)) = &found.rows.list else { return self.null() };
        let CellValue::Integer(id) = row.value(0) else { return self.null() };
        match keyset.read_keys(row, first_key(found.level)) {
            // A cursor has no character that JSON escapes.
            Ok(keys) => {
                let cursor = keyset.encode_cursor(&keys, id);
                self.out.push(b'"');
                self.out.extend_from_slice(cursor.as_bytes());
                self.out.push(b'"');
            }
            Err(_) => self.null(),
        }
    }

    fn row(&mut self, row: QueryRow<'p>, parts: &'p [Part<Shown>]) -> Written {
        self.object(Some(row), parts, |writer, key, shown| writer.value(key, row, shown))
    }

    fn value(&mut self, key: &'p Key, row: QueryRow<'p>, shown: &'p Shown) -> Written {
        match shown {
            Shown::Null => self.null(),
            Shown::Typename(name) => self.out.extend_from_slice(name),
            Shown::ActorTypename(column) => match actor_type(row.value(*column)) {
                Some(name) => self.text(name),
                None => self.null(),
            },
            Shown::Id(column, node_type) => match row.value(*column) {
                CellValue::Integer(number) => self.id(node_type.kind, number),
                _ => self.null(),
            },
            Shown::NodeId { id, kind } => match (row.value(*id), row.value(*kind)) {
                (CellValue::Integer(number), CellValue::Text(word)) => match NodeKind::of_word(word) {
                    Some(kind) => self.id(kind, number),
                    None => self.null(),
                },
                _ => self.null(),
            },
            Shown::Scalar(column, scalar) => self.scalar(row.value(*column), *scalar),
            Shown::Date { tests, fields } => {
                if tests.iter().all(|column| row.value(*column) == CellValue::Null) {
                    self.null();
                } else {
                    return self.row(row, fields);
                }
            }
            Shown::Joined { id, fields } => match row.value(*id) {
                CellValue::Null if key.is_nullable => self.null(),
                CellValue::Null => return Err(self.fail_missing(key)),
                _ => return self.within(Segment::Field(key), |writer| writer.row(row, fields)),
            },
            Shown::Node { id, kind, levels } => {
                let CellValue::Integer(id) = row.value(*id) else {
                    self.null();
                    return Ok(());
                };
                let level = levels.iter().find(|(word, level)| match kind {
                    Some(kind) => row.value(*kind) == CellValue::Text(word),
                    None => self.row_of(*level, id).is_some() || self.has_failed(*level),
                });
                match level {
                    Some((_, level)) => return self.step(key, *level, id),
                    None if key.is_nullable => self.null(),
                    None => return Err(self.fail_missing(key)),
                }
            }
            Shown::Referenced { column, level: step }
            | Shown::List { id: column, level: step }
            | Shown::Function { id: column, step } => match row.value(*column) {
                CellValue::Integer(id) => return self.step(key, *step, id),
                _ => self.null(),
            },
            Shown::Computed { columns, function, arguments, shown } => {
                let arguments = match arguments.is_empty() {
                    true => FieldArguments::default(),
                    false => self.request.arguments.field(arguments),
                };
                let value = function(&RowCall::new(row, columns, &arguments, self.request.caller));
                return self.computed(key, &value, shown);
            }
        }
        Ok(())
    }

    fn has_failed(&self, step: usize) -> bool {
        matches!(self.results.get(step), Some(StepResult::Failed(_)))
    }

    fn row_of(&self, step: usize, id: i64) -> Option<QueryRow<'p>> {
        if let Some(StepResult::Rows(rows)) = self.results.get(step) { rows.row(id) } else { None }
    }

    fn computed(&mut self, key: &'p Key, value: &Computed, shown: &'p ValueShown) -> Written {
        match value {
            Computed::Null if key.is_nullable => self.null(),
            Computed::Null => return Err(self.fail_missing(key)),
            Computed::Bool(value) => self.truth(*value),
            Computed::Int(number) => self.integer(*number),
            Computed::Float(number) => self.real(*number),
            Computed::Text(text) => self.text(text),
            Computed::Json(value) => {
                // Writing to memory does not fail.
                let _ = serde_json::to_writer(&mut self.out, value);
            }
            Computed::Error(error) => return Err(self.fail(key, error)),
            Computed::Node(node) => return self.node(key, node, shown),
            Computed::List(values) => {
                return self.within(Segment::Field(key), |writer| {
                    writer.out.push(b'[');
                    for (index, value) in values.iter().enumerate() {
                        if writer.is_too_large() {
                            break;
                        }
                        if index > 0 {
                            writer.out.push(b',');
                        }
                        writer.element(key, index, value, shown)?;
                    }
                    writer.out.push(b']');
                    Ok(())
                });
            }
            Computed::Object(_) => {
                return self.within(Segment::Field(key), |writer| writer.computed_object(value, shown));
            }
        }
        Ok(())
    }

    /// Writes an element of a list. If there is an error in it, it is null where elements may be.
    fn element(&mut self, key: &'p Key, index: usize, value: &Computed, shown: &'p ValueShown) -> Written {
        let (start, depth) = (self.out.len(), self.path.len());
        let written = self.within(Segment::Index(index), |writer| match value {
            Computed::Object(_) => writer.computed_object(value, shown),
            Computed::Node(node) => match (writer.node_row(node, shown), writer.failed_level(node, shown)) {
                (Some((level, row)), _) => writer.level_row(level, row),
                (None, Some(error)) => Err(writer.fail_here(key, &error)),
                (None, None) if key.has_nullable_elements => {
                    writer.null();
                    Ok(())
                }
                (None, None) => Err(writer.fail_here(key, &missing())),
            },
            Computed::Null => {
                writer.null();
                Ok(())
            }
            _ => writer.computed(key, value, shown),
        });
        if written.is_err() && key.has_nullable_elements {
            self.path.truncate(depth);
            self.out.truncate(start);
            self.null();
            return Ok(());
        }
        written
    }

    fn computed_object(&mut self, value: &Computed, shown: &'p ValueShown) -> Written {
        let Computed::Object(object) = value else {
            self.null();
            return Ok(());
        };
        self.out.push(b'{');
        let mut is_first = true;
        for part in shown.parts() {
            if self.is_too_large() {
                break;
            }
            if part.only.as_ref().is_some_and(|only| !only.iter().any(|name| name == object.type_name)) {
                continue;
            }
            if !is_first {
                self.out.push(b',');
            }
            is_first = false;
            self.field(&part.key, |writer| {
                if part.name == "__typename" {
                    writer.text(object.type_name);
                    return Ok(());
                }
                writer.computed(&part.key, object.get(part), &part.shown)
            })?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn node_row(&self, node: &NodeRef, shown: &'p ValueShown) -> Option<(&'p Level, QueryRow<'p>)> {
        let (node_type, index) = level_of(node, shown)?;
        let row = self.row_of(index, node.id)?;
        let Some(Step::Level(level)) = self.plan.steps.get(index) else { return None };
        let is_wanted = node.type_name.as_ref().is_none_or(|wanted| match node_type.name.as_ref() {
            "Actor" => {
                let kind = level.columns.iter().position(|column| *column == (0, "kind"));
                kind.and_then(|column| actor_type(row.value(column))) == Some(wanted.as_str())
            }
            name => name == wanted,
        });
        is_wanted.then_some((level, row))
    }

    fn failed_level(&self, node: &NodeRef, shown: &'p ValueShown) -> Option<SharedError> {
        let (_, index) = level_of(node, shown)?;
        if let Some(StepResult::Failed(error)) = self.results.get(index) { Some(error.clone()) } else { None }
    }

    fn level_row(&mut self, level: &'p Level, row: QueryRow<'p>) -> Written {
        if let LevelShown::Row(parts) = &level.shown { self.row(row, parts) } else { Ok(()) }
    }

    fn node(&mut self, key: &'p Key, node: &NodeRef, shown: &'p ValueShown) -> Written {
        match self.node_row(node, shown) {
            Some((level, row)) => self.within(Segment::Field(key), |writer| writer.level_row(level, row)),
            None => match self.failed_level(node, shown) {
                Some(error) => Err(self.fail(key, &error)),
                None if key.is_nullable => {
                    self.null();
                    Ok(())
                }
                None => Err(self.fail_missing(key)),
            },
        }
    }

    fn scalar(&mut self, value: CellValue<'_>, scalar: Scalar) {
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

    fn truth(&mut self, value: bool) {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn integer(&mut self, number: i64) {
        // Writing to memory does not fail.
        let _ = serde_json::to_writer(&mut self.out, &number);
    }

    fn real(&mut self, number: f64) {
        let _ = serde_json::to_writer(&mut self.out, &number);
    }

    fn text(&mut self, text: &str) {
        let _ = serde_json::to_writer(&mut self.out, text);
    }

    fn id(&mut self, kind: NodeKind, number: i64) {
        self.out.push(b'"');
        kind.write_global(number, &mut self.out);
        self.out.push(b'"');
    }
}

/// Returns the type of actors with a kind.
fn actor_type(kind: CellValue<'_>) -> Option<&'static str> {
    ACTOR_TYPES.iter().find(|(_, word)| kind == CellValue::Text(word)).map(|(name, _)| *name)
}

fn level_of(node: &NodeRef, shown: &ValueShown) -> Option<(&'static NodeType, usize)> {
    let ValueShown::Node(levels) = shown else { return None };
    levels.iter().find(|(node_type, _)| node_type.kind == node.kind).copied()
}
