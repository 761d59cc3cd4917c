//! Compiles an operation to a plan.
//!
//! A plan has steps. Most are levels. A level is one statement: the rows of a list or of a root field, with the rows that their
//! foreign keys reference joined to them. It selects only the columns that are shown. A list below a row is a level of its own,
//! which reads the rows of all parents at once. The other steps are functions, which compute a field for all rows of a level.

mod list;
mod row;
mod sides;
mod value;

use std::cell::Cell;

use async_graphql::parser::types::{
    BaseType, ExecutableDocument, Field as DocumentField, OperationDefinition, OperationType, SelectionSet,
};

use crate::error::{Error, Result};
use crate::graphql::plan::arguments::{ArgumentValues, Arguments};
use crate::graphql::plan::level::{
    ACTOR_TYPES, FunctionSource, Ids, Join, Key, Level, LevelShown, Only, Part, Plan, RootShown, Source, Step,
};
use crate::graphql::plan::selection::{Collector, SelectedField};
use crate::graphql::plan::statement::SqlCache;
use crate::graphql::schema::field::FieldKind;
use crate::graphql::schema::node_type::NodeType;
use crate::graphql::schema::root::root_field;
use crate::graphql::validation::{FieldDefinition, SchemaIndex};

/// Approximate memory of a selected field of a plan, in bytes.
const PART_MEMORY: usize = 250;
/// Maximum number of steps of a plan.
const MAX_STEPS: usize = 5_000;
/// Maximum number of joined tables of a level: SQLite joins at most 64. Further references are levels of their own.
const MAX_JOINS: usize = 32;
/// Page size above which referenced rows are not joined: many rows of a larger page reference the same row, which is then
/// read once.
const MAX_JOINED_PAGE_SIZE: usize = 100;

struct Compiler<'d> {
    collector: Collector<'d>,
    schema: &'d SchemaIndex,
    steps: Vec<Option<Step>>,
    /// The number of selected fields of computed values so far.
    value_parts: usize,
    /// The approximate memory of the arguments and the selected fields so far, in bytes.
    memory: Cell<usize>,
    /// True for a point-in-time query (`asOf`). Its statements reconstruct the tables that they use, and SQLite would reconstruct a
    /// whole table to join it. So nothing is joined.
    reads_the_past: bool,
}

/// The level that is being compiled.
struct LevelBuilder {
    index: usize,
    columns: Vec<(usize, &'static str)>,
    joins: Vec<Join>,
    children: Vec<usize>,
    can_join: bool,
    reads_rows: bool,
}

impl LevelBuilder {
    pub(super) fn column(&mut self, table: usize, column: &'static str) -> usize {
        let wanted = (table, column);
        self.columns.iter().position(|other| *other == wanted).unwrap_or_else(|| {
            self.columns.push(wanted);
            self.columns.len() - 1
        })
    }

    /// The ids in a column, of the rows that have the field.
    pub(super) fn ids(&self, column: usize, only: Option<&Only>) -> Ids {
        Ids { level: self.index, column, only: only.cloned() }
    }
}

/// Compiles an operation of a valid document. Error: `LIMIT` for a document that is too large.
pub(crate) fn compile(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    arguments: Arguments<'_>,
    schema: &SchemaIndex,
) -> Result<Plan> {
    let collector = Collector::new(document, arguments, schema);
    let mut compiler =
        Compiler { collector, schema, steps: Vec::new(), value_parts: 0, memory: Cell::new(0), reads_the_past: false };
    let type_name = match operation.ty {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    };
    let mut roots = Vec::new();
    for selected in compiler.collector.collect(&[&operation.selection_set.node], &[type_name])? {
        let shown = match selected.name() {
            "__typename" => RootShown::Typename(quoted(type_name)),
            "__schema" | "__type" => RootShown::Introspection,
            _ => compiler.root(type_name, &selected)?,
        };
        roots.push(Part { key: compiler.key(type_name, &selected)?, only: None, shown });
    }
    let memory = compiler.memory.get();
    let steps = compiler.steps.into_iter().collect::<Option<Vec<_>>>();
    let steps = steps.ok_or_else(|| internal("a step was not compiled"))?;
    Ok(Plan { roots, steps, is_mutation: operation.ty == OperationType::Mutation, memory })
}

fn internal(message: &str) -> Error {
    Error::Internal(message.to_owned())
}

fn quoted(name: &str) -> Vec<u8> {
    // Names contain no character that JSON escapes.
    format!("\"{name}\"").into_bytes()
}

/// The object types that the rows of a node type can have.
fn types_of(node_type: &NodeType) -> Vec<&str> {
    if node_type.name == "Actor" { ACTOR_TYPES.iter().map(|(name, _)| *name).collect() } else { vec![&node_type.name] }
}

impl<'d> Compiler<'d> {
    pub(super) fn definition(&self, type_name: &str, name: &str) -> Result<&'d FieldDefinition> {
        self.schema.field(type_name, name).ok_or_else(|| internal(&format!("`{type_name}.{name}` is not known")))
    }

    pub(super) fn key(&self, type_name: &str, selected: &SelectedField<'d>) -> Result<Key> {
        let field = selected.first();
        self.memory.set(self.memory.get() + PART_MEMORY + 2 * selected.key().len());
        let value_type = &self.definition(type_name, selected.name())?.value_type;
        Ok(Key {
            name: selected.key().clone(),
            json: format!("\"{}\":", selected.key()).into_bytes(),
            position: field.pos,
            is_nullable: value_type.nullable,
            has_nullable_elements: matches!(&value_type.base, BaseType::List(element) if element.nullable),
        })
    }

    pub(super) fn arguments(&self, field: &DocumentField, definition: &FieldDefinition) -> ArgumentValues {
        let arguments = ArgumentValues::of(field, definition);
        self.memory.set(self.memory.get() + arguments.memory());
        arguments
    }

    pub(super) fn part<T>(&self, type_name: &str, selected: &SelectedField<'d>, shown: T) -> Result<Part<T>> {
        Ok(Part { key: self.key(type_name, selected)?, only: None, shown })
    }

    fn root(&mut self, type_name: &str, selected: &SelectedField<'d>) -> Result<RootShown> {
        let (name, field) = (selected.name(), selected.first());
        let definition = self.definition(type_name, name)?;
        let arguments = self.arguments(&field.node, definition);
        let as_of = arguments.given("asOf").cloned();
        self.reads_the_past = as_of.as_ref().is_some_and(|value| self.collector.arguments.value(value).is_some());
        let root = root_field(type_name, name).ok_or_else(|| internal(&format!("`{name}` is not a root field")))?;
        let step = match &root.kind {
            FieldKind::Many(list) => self.list(field, definition, &selected.sets(), list, None)?,
            FieldKind::Lookup(node_type) => self.row(node_type(), &selected.sets(), Source::Lookup(arguments))?,
            FieldKind::Function(function) => {
                self.function(*function, FunctionSource::Root, definition, selected, false)?
            }
            FieldKind::Given(list) => self.given(&selected.sets(), list, arguments)?,
            _ => return Err(internal(&format!("`{name}` has no source for the root"))),
        };
        Ok(RootShown::Step { step, as_of })
    }

    pub(super) fn begin_step(&mut self) -> Result<usize> {
        self.steps.push(None);
        if self.steps.len() > MAX_STEPS {
            return Err(Error::Limit(format!("The document needs more than {MAX_STEPS} reads: select less")));
        }
        Ok(self.steps.len() - 1)
    }

    pub(super) fn begin_level(&mut self, can_join: bool) -> Result<LevelBuilder> {
        Ok(LevelBuilder {
            index: self.begin_step()?,
            columns: vec![(0, "id")],
            joins: Vec::new(),
            children: Vec::new(),
            can_join: can_join && !self.reads_the_past,
            reads_rows: true,
        })
    }

    pub(super) fn end_level(
        &mut self,
        builder: LevelBuilder,
        node_type: &'static NodeType,
        source: Source,
        shown: LevelShown,
    ) -> usize {
        let LevelBuilder { index, columns, joins, children, reads_rows, .. } = builder;
        let level = Level { node_type, source, columns, joins, shown, reads_rows, children, sql: SqlCache::default() };
        if let Some(slot) = self.steps.get_mut(index) {
            *slot = Some(Step::Level(Box::new(level)));
        }
        index
    }

    /// Compiles a level with single objects.
    pub(super) fn row(
        &mut self,
        node_type: &'static NodeType,
        sets: &[&'d SelectionSet],
        source: Source,
    ) -> Result<usize> {
        let mut level = self.begin_level(matches!(source, Source::Lookup(_)))?;
        match source {
            Source::Referenced { by, .. } => drop(level.column(0, by)),
            // The kind tells whether an entity that a gateway names by type and id is of that type.
            Source::Nodes { .. } if node_type.name == "Actor" => drop(level.column(0, "kind")),
            _ => {}
        }
        let parts = self.object(&mut level, 0, node_type, sets)?;
        Ok(self.end_level(level, node_type, source, LevelShown::Row(parts)))
    }
}
