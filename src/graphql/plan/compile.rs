//! Compiles an operation to a plan.
//!
//! A plan has steps. Most are levels. A level is one statement: the rows of a list or of a root field, with the rows that their
//! foreign keys reference joined to them. It selects only the columns that are shown. A list below a row is a level of its own,
//! which reads the rows of all parents at once. The other steps are functions, which compute a field for all rows of a level.

use std::cell::Cell;

use async_graphql::Positioned;
use async_graphql::parser::types::{
    BaseType, ExecutableDocument, Field as DocumentField, OperationDefinition, OperationType, SelectionSet,
};

use crate::error::{Error, Result};
use crate::graphql::plan::arguments::{ArgumentValues, Arguments, ListArguments};
use crate::graphql::plan::computed::Function;
use crate::graphql::plan::level::{
    ACTOR_TYPES, EdgeShown, FunctionSource, FunctionStep, Ids, Join, Key, Level, LevelShown, ListShown, Only,
    PageInfoShown, Part, Plan, RootShown, Shown, Source, Step, ValuePart, ValueShown,
};
use crate::graphql::plan::nodes::{actor_node_type, node_types_of, stored_node_types};
use crate::graphql::plan::selection::{Collector, SelectedField, TypeSet};
use crate::graphql::plan::statement::SqlCache;
use crate::graphql::schema::field::{Field, FieldKind, ListField, Scalar};
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
    /// Whether the field of the root reads a past state. Each of its statements puts together the tables that it uses, and SQLite
    /// would put together a whole table to join it.
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
    fn column(&mut self, table: usize, column: &'static str) -> usize {
        let wanted = (table, column);
        self.columns.iter().position(|other| *other == wanted).unwrap_or_else(|| {
            self.columns.push(wanted);
            self.columns.len() - 1
        })
    }

    /// The ids in a column, of the rows that have the field.
    fn ids(&self, column: usize, only: Option<&Only>) -> Ids {
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
    fn definition(&self, type_name: &str, name: &str) -> Result<&'d FieldDefinition> {
        self.schema.field(type_name, name).ok_or_else(|| internal(&format!("`{type_name}.{name}` is not known")))
    }

    fn key(&self, type_name: &str, selected: &SelectedField<'d>) -> Result<Key> {
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

    fn arguments(&self, field: &DocumentField, definition: &FieldDefinition) -> ArgumentValues {
        let arguments = ArgumentValues::of(field, definition);
        self.memory.set(self.memory.get() + arguments.memory());
        arguments
    }

    fn part<T>(&self, type_name: &str, selected: &SelectedField<'d>, shown: T) -> Result<Part<T>> {
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

    fn begin_step(&mut self) -> Result<usize> {
        self.steps.push(None);
        if self.steps.len() > MAX_STEPS {
            return Err(Error::Limit(format!("The document needs more than {MAX_STEPS} reads: select less")));
        }
        Ok(self.steps.len() - 1)
    }

    fn begin_level(&mut self, can_join: bool) -> Result<LevelBuilder> {
        Ok(LevelBuilder {
            index: self.begin_step()?,
            columns: vec![(0, "id")],
            joins: Vec::new(),
            children: Vec::new(),
            can_join: can_join && !self.reads_the_past,
            reads_rows: true,
        })
    }

    fn end_level(
        &mut self,
        builder: LevelBuilder,
        node_type: &'static NodeType,
        source: Source,
        shown: LevelShown,
    ) -> usize {
        let LevelBuilder { index, columns, joins, children, reads_rows, .. } = builder;
        let level = Level { node_type, source, columns, joins, shown, reads_rows, children, sql: SqlCache::default() };
        if let Some(slot) = self.steps.get_mut(index) {
            *slot = Some(Step::Level(level));
        }
        index
    }

    /// Compiles a level with single objects.
    fn row(&mut self, node_type: &'static NodeType, sets: &[&'d SelectionSet], source: Source) -> Result<usize> {
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

    /// Compiles the edges of rows that are given with the request.
    fn given(
        &mut self,
        sets: &[&'d SelectionSet],
        list: &'static ListField,
        arguments: ArgumentValues,
    ) -> Result<usize> {
        let node_type = (list.node_type)();
        let mut level = self.begin_level(false)?;
        // The rows have all columns of the table.
        level.columns = (node_type.columns)().into_iter().map(|column| (0, column)).collect();
        let parts = self.edges(&mut level, node_type, sets)?;
        Ok(self.end_level(level, node_type, Source::Given { list, arguments }, LevelShown::Edge(parts)))
    }

    /// Compiles a connection. `parents` are the ids of the parents.
    fn list(
        &mut self,
        field: &'d Positioned<DocumentField>,
        definition: &FieldDefinition,
        sets: &[&'d SelectionSet],
        list: &'static ListField,
        parents: Option<Ids>,
    ) -> Result<usize> {
        let arguments = ListArguments::of(&field.node, definition);
        self.memory.set(self.memory.get() + arguments.memory());
        let size = self.collector.arguments.page_size(&arguments);
        let node_type = (list.node_type)();
        let mut level = self.begin_level(size <= MAX_JOINED_PAGE_SIZE)?;
        level.reads_rows = false;
        let type_name = format!("{}Connection", node_type.name);
        let mut parts: Vec<Part<ListShown>> = Vec::new();
        for selected in self.collector.collect(sets, &[&type_name])? {
            let sets = selected.sets();
            let shown = match selected.name() {
                "__typename" => ListShown::Typename(quoted(&type_name)),
                "nodes" => ListShown::Nodes(self.object(&mut level, 0, node_type, &sets)?),
                "edges" => ListShown::Edges(self.edges(&mut level, node_type, &sets)?),
                "pageInfo" => ListShown::PageInfo(self.page_info(&sets)?),
                "totalCount" => ListShown::TotalCount,
                name => {
                    let Some(FieldKind::Function(function)) = node_type.connection_field(name).map(|field| &field.kind)
                    else {
                        return Err(internal(&format!("`{type_name}.{name}` is not described")));
                    };
                    let definition = self.definition(&type_name, name)?;
                    let only_empty = name == "suggestions";
                    level.reads_rows |= only_empty;
                    let source = FunctionSource::Lists(level.index);
                    let step = self.function(*function, source, definition, &selected, only_empty)?;
                    level.children.push(step);
                    ListShown::Function(step)
                }
            };
            level.reads_rows |= matches!(shown, ListShown::Nodes(_) | ListShown::Edges(_) | ListShown::PageInfo(_));
            parts.push(self.part(&type_name, &selected, shown)?);
        }
        let source = match parents {
            None => Source::Root { list, arguments },
            Some(parents) => Source::Children { parents, list, arguments },
        };
        Ok(self.end_level(level, node_type, source, LevelShown::List(parts)))
    }

    fn edges(
        &mut self,
        level: &mut LevelBuilder,
        node_type: &'static NodeType,
        sets: &[&'d SelectionSet],
    ) -> Result<Vec<Part<EdgeShown>>> {
        let type_name = format!("{}Edge", node_type.name);
        let mut parts = Vec::new();
        for selected in self.collector.collect(sets, &[&type_name])? {
            let shown = match selected.name() {
                "__typename" => EdgeShown::Typename(quoted(&type_name)),
                "cursor" => EdgeShown::Cursor,
                _ => EdgeShown::Node(self.object(level, 0, node_type, &selected.sets())?),
            };
            parts.push(self.part(&type_name, &selected, shown)?);
        }
        Ok(parts)
    }

    fn page_info(&mut self, sets: &[&'d SelectionSet]) -> Result<Vec<Part<PageInfoShown>>> {
        let mut parts = Vec::new();
        for selected in self.collector.collect(sets, &["PageInfo"])? {
            let shown = match selected.name() {
                "hasNextPage" => PageInfoShown::HasNextPage,
                "hasPreviousPage" => PageInfoShown::HasPreviousPage,
                "startCursor" => PageInfoShown::StartCursor,
                "endCursor" => PageInfoShown::EndCursor,
                _ => PageInfoShown::Typename,
            };
            parts.push(self.part("PageInfo", &selected, shown)?);
        }
        Ok(parts)
    }

    /// Compiles the fields of a row in a table of a level.
    fn object(
        &mut self,
        level: &mut LevelBuilder,
        table: usize,
        node_type: &'static NodeType,
        sets: &[&'d SelectionSet],
    ) -> Result<Vec<Part<Shown>>> {
        let types = types_of(node_type);
        let mut parts = Vec::new();
        for selected in self.collector.collect(sets, &types)? {
            let only = (selected.types != TypeSet::all(types.len())).then(|| {
                let words = ACTOR_TYPES.iter().enumerate().filter(|(index, _)| selected.types.contains(*index));
                let words = words.map(|(_, (_, word))| (*word).to_owned()).collect();
                Only { column: level.column(table, "kind"), words }
            });
            // Fields that only one type of actor has are those of its own node type.
            let of_type = ACTOR_TYPES.iter().enumerate().find(|(index, _)| selected.types.contains(*index));
            let node_type = match (&only, of_type) {
                (Some(_), Some((_, (_, word)))) => actor_node_type(word).unwrap_or(node_type),
                _ => node_type,
            };
            let shown = match selected.name() {
                "__typename" if types.len() > 1 => Shown::ActorTypename(level.column(table, "kind")),
                "__typename" => Shown::Typename(quoted(&node_type.name)),
                name => {
                    let field = node_type.field(name);
                    let field =
                        field.ok_or_else(|| internal(&format!("`{}.{name}` is not described", node_type.name)))?;
                    self.field(level, table, field, node_type, &selected, only.as_ref())?
                }
            };
            parts.push(Part { key: self.key(&node_type.name, &selected)?, only, shown });
        }
        Ok(parts)
    }

    /// Compiles the rows that a column of a level references.
    fn referenced(
        &mut self,
        level: &mut LevelBuilder,
        ids: Ids,
        by: &'static str,
        node_type: &'static NodeType,
        sets: &[&'d SelectionSet],
    ) -> Result<usize> {
        let index = self.row(node_type, sets, Source::Referenced { ids, by })?;
        level.children.push(index);
        Ok(index)
    }

    fn field(
        &mut self,
        level: &mut LevelBuilder,
        table: usize,
        field: &'static Field,
        node_type: &'static NodeType,
        selected: &SelectedField<'d>,
        only: Option<&Only>,
    ) -> Result<Shown> {
        let definition = self.definition(&node_type.name, selected.name())?;
        Ok(match &field.kind {
            FieldKind::Id => Shown::Id(level.column(table, "id"), node_type),
            FieldKind::Column(column, scalar) => Shown::Scalar(level.column(table, column), *scalar),
            FieldKind::Date { edtf, raw, bounds } => {
                let mut tests = vec![level.column(table, edtf)];
                tests.extend(raw.map(|raw| level.column(table, raw)));
                let mut fields = Vec::new();
                for selected in self.collector.collect(&selected.sets(), &["EdtfDate"])? {
                    let shown = match selected.name() {
                        "edtf" => Shown::Scalar(level.column(table, edtf), Scalar::Text),
                        "raw" => raw.map_or(Shown::Null, |raw| Shown::Scalar(level.column(table, raw), Scalar::Text)),
                        "earliest" => Shown::Scalar(level.column(table, bounds[0]), Scalar::Instant),
                        "latest" => Shown::Scalar(level.column(table, bounds[1]), Scalar::Instant),
                        _ => Shown::Typename(quoted("EdtfDate")),
                    };
                    fields.push(self.part("EdtfDate", &selected, shown)?);
                }
                Shown::Date { tests, fields }
            }
            FieldKind::One { column, node_type } => {
                let node_type = node_type();
                if level.can_join && level.joins.len() < MAX_JOINS {
                    level.joins.push(Join { node_type, from: table, column });
                    let joined = level.joins.len();
                    let id = level.column(joined, "id");
                    Shown::Joined { id, fields: self.object(level, joined, node_type, &selected.sets())? }
                } else {
                    let column = level.column(table, column);
                    let ids = level.ids(column, only);
                    Shown::Referenced { column, level: self.referenced(level, ids, "id", node_type, &selected.sets())? }
                }
            }
            FieldKind::OneBy { column: by, node_type } => {
                let column = level.column(table, "id");
                let ids = level.ids(column, only);
                Shown::Referenced { column, level: self.referenced(level, ids, by, node_type(), &selected.sets())? }
            }
            FieldKind::Node { id, kind } => {
                let id = level.column(table, id);
                let kind = kind.map(|kind| level.column(table, kind));
                let mut levels = Vec::new();
                for (word, node_type) in stored_node_types() {
                    if kind.is_none() && !["ACTOR", "PLACE"].contains(&word.as_str()) {
                        continue;
                    }
                    // Without a kind, ids of other types are not found.
                    let only = kind.map(|column| Only { column, words: vec![word.clone()] });
                    let ids = level.ids(id, only.as_ref());
                    levels.push((word, self.referenced(level, ids, "id", node_type, &selected.sets())?));
                }
                Shown::Node { id, kind, levels }
            }
            FieldKind::NodeId { id, kind } => {
                Shown::NodeId { id: level.column(table, id), kind: level.column(table, kind) }
            }
            FieldKind::Many(list) => {
                let id = level.column(table, "id");
                let ids = level.ids(id, only);
                let below = self.list(selected.first(), definition, &selected.sets(), list, Some(ids))?;
                level.children.push(below);
                Shown::List { id, level: below }
            }
            FieldKind::Function(function) => {
                let id = level.column(table, "id");
                let source = FunctionSource::Rows(level.ids(id, only));
                let step = self.function(*function, source, definition, selected, false)?;
                level.children.push(step);
                Shown::Function { id, step }
            }
            FieldKind::Computed(columns, function) => {
                let columns = columns.iter().map(|column| level.column(table, column)).collect();
                let arguments = self.arguments(&selected.first().node, definition);
                // A value that is computed from columns refers to no nodes.
                let shown = self.value(&definition.type_name, &selected.sets(), &mut None)?;
                Shown::Computed { columns, function: *function, arguments, shown }
            }
            FieldKind::Lookup(_) | FieldKind::Given(_) | FieldKind::Own => {
                return Err(internal(&format!("`{}.{}` has no source for a row", node_type.name, selected.name())));
            }
        })
    }

    /// Compiles a field that a function computes.
    fn function(
        &mut self,
        function: Function,
        source: FunctionSource,
        definition: &FieldDefinition,
        selected: &SelectedField<'d>,
        only_empty_lists: bool,
    ) -> Result<usize> {
        let index = self.begin_step()?;
        let arguments = self.arguments(&selected.first().node, definition);
        let mut nodes = Some((index, Vec::new()));
        let shown = self.value(&definition.type_name, &selected.sets(), &mut nodes)?;
        let children = nodes.map(|(_, children)| children).unwrap_or_default();
        let step = FunctionStep { function, source, arguments, shown, children, only_empty_lists };
        if let Some(slot) = self.steps.get_mut(index) {
            *slot = Some(Step::Function(step));
        }
        Ok(index)
    }

    /// Compiles what is selected of a computed value. `nodes` has the step of its function, and the levels of the nodes that it
    /// refers to.
    fn value(
        &mut self,
        type_name: &str,
        sets: &[&'d SelectionSet],
        nodes: &mut Option<(usize, Vec<usize>)>,
    ) -> Result<ValueShown> {
        if !self.schema.is_composite(type_name) {
            return Ok(ValueShown::Leaf);
        }
        if let Some((function, _)) = nodes {
            let node_types = node_types_of(type_name, self.schema);
            if !node_types.is_empty() {
                let function = *function;
                let mut levels = Vec::with_capacity(node_types.len());
                for node_type in node_types {
                    levels.push((node_type, self.row(node_type, sets, Source::Nodes { function })?));
                }
                if let Some((_, children)) = nodes {
                    children.extend(levels.iter().map(|(_, level)| *level));
                }
                return Ok(ValueShown::Node(levels));
            }
        }
        let possible: Vec<&str> = match self.schema.is_abstract(type_name) {
            true => self.schema.possible_types(type_name).collect(),
            false => vec![type_name],
        };
        let mut parts = Vec::new();
        for selected in self.collector.collect(sets, &possible)? {
            let of: Vec<&str> = possible
                .iter()
                .enumerate()
                .filter(|(at, _)| selected.types.contains(*at))
                .map(|(_, name)| *name)
                .collect();
            let Some(owner) = of.first() else { continue };
            let definition = self.definition(owner, selected.name())?;
            self.value_parts += 1;
            parts.push(ValuePart {
                id: self.value_parts,
                key: self.key(owner, &selected)?,
                name: selected.name().to_owned(),
                only: (of.len() < possible.len()).then(|| of.iter().map(|name| (*name).to_owned()).collect()),
                arguments: self.arguments(&selected.first().node, definition),
                shown: self.value(&definition.type_name, &selected.sets(), nodes)?,
            });
        }
        Ok(ValueShown::Object(parts))
    }
}
