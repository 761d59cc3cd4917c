//! Compiles a document to a plan.
//!
//! A plan has levels. A level is one statement: the rows of a list or of a root field, with the rows that their foreign keys
//! reference joined to them. It selects only the columns that are shown. A list below a row is a level of its own, which reads
//! the rows of all parents at once.

use std::cell::Cell;

use async_graphql::parser::types::{
    ExecutableDocument, Field as Selected, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned};

use crate::graphql::plan::arguments::{Arguments, ListArguments};
use crate::graphql::plan::level::{
    ACTOR_TYPES, EdgeShown, Entry, Join, Level, LevelShown, ListShown, PageInfoShown, ParsedDateShown, Part, Plan,
    Root, Shown, Source,
};
use crate::graphql::plan::noun::{Field, FieldKind, ListField, Noun, Scalar};
use crate::graphql::plan::roots::{RootField, actor_noun, node_nouns, root_field};
use crate::graphql::plan::statement::SqlCache;

/// Maximum number of levels of a plan. A larger document is executed by the resolvers.
const MAX_LEVELS: usize = 300;
/// Maximum number of columns of a level.
const MAX_COLUMNS: usize = 300;
/// Maximum number of selections that are visited for a plan, with fragments expanded. Fragments that spread each other expand to any
/// number of selections.
const MAX_SELECTIONS: usize = 20_000;
/// Maximum number of fields of an object.
const MAX_FIELDS: usize = 1000;
/// Page size above which referenced rows are not joined: many rows of a larger page reference the same row, which is then
/// read once.
const MAX_JOINED_PAGE_SIZE: usize = 100;

/// A selection of one response key: all fields of the document that have it.
struct Collected<'d> {
    key: &'d Name,
    fields: Vec<&'d Selected>,
    /// The kind of actor that has the field, if not all have.
    only: Option<&'static str>,
}

impl<'d> Collected<'d> {
    fn sets(&self) -> Vec<&'d SelectionSet> {
        self.fields.iter().map(|field| &field.selection_set.node).collect()
    }

    fn name(&self) -> &'d str {
        self.fields.first().map_or("", |field| field.name.node.as_str())
    }
}

struct Compiler<'d> {
    document: &'d ExecutableDocument,
    arguments: Arguments<'d>,
    levels: Vec<Option<Level>>,
    /// Number of selections that may still be visited.
    selections_left: Cell<usize>,
}

/// The level that is being compiled.
struct LevelBuilder {
    index: usize,
    columns: Vec<(usize, &'static str)>,
    joins: Vec<Join>,
    children: Vec<usize>,
    can_join: bool,
}

impl LevelBuilder {
    fn column(&mut self, table: usize, column: &'static str) -> usize {
        let wanted = (table, column);
        self.columns.iter().position(|other| *other == wanted).unwrap_or_else(|| {
            self.columns.push(wanted);
            self.columns.len() - 1
        })
    }
}

/// Compiles an operation. Returns `None` for an operation that the resolvers have to execute.
pub(crate) fn compile(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    arguments: Arguments<'_>,
) -> Option<Plan> {
    if operation.ty != OperationType::Query || !operation.directives.is_empty() {
        return None;
    }
    let mut compiler = Compiler { document, arguments, levels: Vec::new(), selections_left: Cell::new(MAX_SELECTIONS) };
    let mut roots = Vec::new();
    for selected in compiler.collect(&[&operation.selection_set.node], None)? {
        let field = selected.fields.first()?;
        let level = match root_field(selected.name())? {
            RootField::List(list) => compiler.list(field, &selected.sets(), list, None)?,
            RootField::One(noun) => {
                let [(name, id)] = field.arguments.as_slice() else { return None };
                if name.node != "id" {
                    return None;
                }
                compiler.row(noun(), &selected.sets(), Source::Id(id.node.clone()))?
            }
        };
        roots.push(Root { key: key(selected.key, roots.is_empty()), level });
    }
    let levels = compiler.levels.into_iter().collect::<Option<Vec<_>>>()?;
    Some(Plan { roots, levels })
}

/// Returns `"name":`, after a comma unless it is the first of its object.
fn key(name: &Name, is_first: bool) -> Vec<u8> {
    // Names contain no character that JSON escapes.
    format!("{}\"{name}\":", if is_first { "" } else { "," }).into_bytes()
}

fn quoted(name: &str) -> Vec<u8> {
    format!("\"{name}\"").into_bytes()
}

impl<'d> Compiler<'d> {
    /// Collects the fields of selection sets by response key, with fragments expanded.
    fn collect(&self, sets: &[&'d SelectionSet], noun: Option<&Noun>) -> Option<Vec<Collected<'d>>> {
        let mut all = Vec::new();
        for set in sets {
            self.collect_set(set, noun, None, &mut all)?;
        }
        Some(all)
    }

    fn collect_set(
        &self,
        set: &'d SelectionSet,
        noun: Option<&Noun>,
        only: Option<&'static str>,
        all: &mut Vec<Collected<'d>>,
    ) -> Option<()> {
        for selection in &set.items {
            self.selections_left.set(self.selections_left.get().checked_sub(1)?);
            let (condition, directives, set) = match &selection.node {
                Selection::Field(Positioned { node: field, .. }) => {
                    if !field.directives.is_empty() {
                        return None;
                    }
                    let key = &field.response_key().node;
                    if all.len() == MAX_FIELDS {
                        return None;
                    }
                    let is_leaf = field.selection_set.node.items.is_empty();
                    // Selections for different types do not meet in one object.
                    let may_meet = |other: Option<&str>| other.is_none() || only.is_none() || other == only;
                    match all.iter_mut().find(|other| other.key == key && may_meet(other.only)) {
                        Some(other) if other.only == only => {
                            // The document was validated, so a leaf that is selected again is the same field.
                            if !is_leaf {
                                other.fields.push(field);
                            }
                        }
                        Some(other) if other.only.is_none() && is_leaf => {}
                        Some(_) => return None,
                        None => all.push(Collected { key, fields: vec![field], only }),
                    }
                    continue;
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = &self.document.fragments.get(&spread.node.fragment_name.node)?.node;
                    (Some(&fragment.type_condition), &spread.node.directives, &fragment.selection_set.node)
                }
                Selection::InlineFragment(fragment) => (
                    fragment.node.type_condition.as_ref(),
                    &fragment.node.directives,
                    &fragment.node.selection_set.node,
                ),
            };
            if !directives.is_empty() {
                return None;
            }
            let condition = condition.map(|condition| condition.node.on.node.as_str());
            match condition.zip(noun) {
                // Without a noun, the type has no subtypes.
                None => self.collect_set(set, noun, only, all)?,
                Some((condition, noun)) => {
                    let actor_type = ACTOR_TYPES.iter().find(|(name, _)| *name == condition);
                    let is_actor = |name: &str| ACTOR_TYPES.iter().any(|(other, _)| *other == name);
                    if condition == noun.name || condition == "Node" || (condition == "Actor" && is_actor(&noun.name)) {
                        self.collect_set(set, Some(noun), only, all)?;
                    } else if let (Some((_, word)), "Actor") = (actor_type, &*noun.name)
                        && only.is_none_or(|only| only == *word)
                    {
                        self.collect_set(set, Some(noun), Some(word), all)?;
                    }
                }
            }
        }
        Some(())
    }

    fn begin_level(&mut self, can_join: bool) -> Option<LevelBuilder> {
        self.levels.push(None);
        let builder = LevelBuilder {
            index: self.levels.len() - 1,
            columns: vec![(0, "id")],
            joins: Vec::new(),
            children: Vec::new(),
            can_join,
        };
        (self.levels.len() <= MAX_LEVELS).then_some(builder)
    }

    fn end_level(
        &mut self,
        builder: LevelBuilder,
        noun: &'static Noun,
        source: Source,
        shown: LevelShown,
    ) -> Option<usize> {
        let LevelBuilder { index, columns, joins, children, .. } = builder;
        if columns.len() > MAX_COLUMNS {
            return None;
        }
        *self.levels.get_mut(index)? =
            Some(Level { noun, source, columns, joins, shown, children, sql: SqlCache::default() });
        Some(index)
    }

    /// Compiles a level with single objects.
    fn row(&mut self, noun: &'static Noun, sets: &[&'d SelectionSet], source: Source) -> Option<usize> {
        let mut level = self.begin_level(!matches!(source, Source::Referenced { .. }))?;
        if let Source::Referenced { by, .. } = source {
            level.column(0, by);
        }
        let parts = self.object(&mut level, 0, noun, sets)?;
        self.end_level(level, noun, source, LevelShown::Row(parts))
    }

    /// Compiles a connection. `parent` is the level and the column with the id of the parent.
    fn list(
        &mut self,
        field: &'d Selected,
        sets: &[&'d SelectionSet],
        list: &'static ListField,
        parent: Option<(usize, usize)>,
    ) -> Option<usize> {
        let arguments = ListArguments::of(field)?;
        let size = self.arguments.page_size(&arguments)?;
        let noun = (list.noun)();
        let mut level = self.begin_level(size <= MAX_JOINED_PAGE_SIZE)?;
        let mut parts: Vec<Entry<ListShown>> = Vec::new();
        for selected in self.collect(sets, None)? {
            let shown = match selected.name() {
                "__typename" => ListShown::Typename(quoted(&format!("{}Connection", noun.name))),
                "nodes" => ListShown::Nodes(self.object(&mut level, 0, noun, &selected.sets())?),
                "edges" => ListShown::Edges(self.edges(&mut level, noun, &selected.sets())?),
                "pageInfo" => ListShown::PageInfo(self.page_info(&selected.sets())?),
                "totalCount" => ListShown::TotalCount,
                _ => return None,
            };
            parts.push(Entry { key: key(selected.key, parts.is_empty()), shown });
        }
        let source = match parent {
            None => Source::Root { list, arguments },
            Some((parent, column)) => Source::Children { parent, column, list, arguments },
        };
        self.end_level(level, noun, source, LevelShown::List(parts))
    }

    fn edges(
        &mut self,
        level: &mut LevelBuilder,
        noun: &'static Noun,
        sets: &[&'d SelectionSet],
    ) -> Option<Vec<Entry<EdgeShown>>> {
        let mut parts: Vec<Entry<EdgeShown>> = Vec::new();
        for selected in self.collect(sets, None)? {
            let shown = match selected.name() {
                "__typename" => EdgeShown::Typename(quoted(&format!("{}Edge", noun.name))),
                "cursor" => EdgeShown::Cursor,
                "node" => EdgeShown::Node(self.object(level, 0, noun, &selected.sets())?),
                _ => return None,
            };
            parts.push(Entry { key: key(selected.key, parts.is_empty()), shown });
        }
        Some(parts)
    }

    fn page_info(&self, sets: &[&'d SelectionSet]) -> Option<Vec<Entry<PageInfoShown>>> {
        let mut parts: Vec<Entry<PageInfoShown>> = Vec::new();
        for selected in self.collect(sets, None)? {
            let shown = match selected.name() {
                "__typename" => PageInfoShown::Typename,
                "hasNextPage" => PageInfoShown::HasNextPage,
                "hasPreviousPage" => PageInfoShown::HasPreviousPage,
                "startCursor" => PageInfoShown::StartCursor,
                "endCursor" => PageInfoShown::EndCursor,
                _ => return None,
            };
            parts.push(Entry { key: key(selected.key, parts.is_empty()), shown });
        }
        Some(parts)
    }

    /// Compiles the fields of a row in a table of a level.
    fn object(
        &mut self,
        level: &mut LevelBuilder,
        table: usize,
        noun: &'static Noun,
        sets: &[&'d SelectionSet],
    ) -> Option<Vec<Part>> {
        let mut parts: Vec<Part> = Vec::new();
        for selected in self.collect(sets, Some(noun))? {
            let shown = match selected.name() {
                "__typename" if noun.name == "Actor" => Shown::ActorTypename(level.column(table, "kind")),
                "__typename" => Shown::Typename(quoted(&noun.name)),
                "id" => Shown::Id(level.column(table, "id"), noun),
                name => {
                    // Fields that only one type of actor has are those of its own noun.
                    let noun = selected.only.and_then(actor_noun).unwrap_or(noun);
                    self.field(level, table, noun.field(name)?, &selected)?
                }
            };
            let only = selected.only.map(|word| (level.column(table, "kind"), word));
            // The comma is written for each row, because which fields a row has depends on its type.
            parts.push(Part { key: key(selected.key, true), only, shown });
        }
        Some(parts)
    }

    /// Compiles the rows that a column of a level references.
    fn referenced(
        &mut self,
        level: &mut LevelBuilder,
        column: usize,
        by: &'static str,
        only: Option<(usize, String)>,
        noun: &'static Noun,
        sets: &[&'d SelectionSet],
    ) -> Option<usize> {
        let index = self.row(noun, sets, Source::Referenced { parent: level.index, column, by, only })?;
        level.children.push(index);
        Some(index)
    }

    fn field(
        &mut self,
        level: &mut LevelBuilder,
        table: usize,
        field: &'static Field,
        selected: &Collected<'d>,
    ) -> Option<Shown> {
        Some(match &field.kind {
            FieldKind::Column(column, scalar) => Shown::Scalar(level.column(table, column), *scalar),
            FieldKind::Date { edtf, raw, bounds } => {
                let mut tests = vec![level.column(table, edtf)];
                tests.extend(raw.map(|raw| level.column(table, raw)));
                let mut fields = Vec::new();
                for selected in self.collect(&selected.sets(), None)? {
                    let shown = match selected.name() {
                        "__typename" => Shown::Typename(quoted("EdtfDate")),
                        "edtf" => Shown::Scalar(level.column(table, edtf), Scalar::Text),
                        "raw" => raw.map_or(Shown::Null, |raw| Shown::Scalar(level.column(table, raw), Scalar::Text)),
                        "earliest" => Shown::Scalar(level.column(table, bounds[0]), Scalar::Instant),
                        "latest" => Shown::Scalar(level.column(table, bounds[1]), Scalar::Instant),
                        _ => return None,
                    };
                    fields.push(Part { key: key(selected.key, true), only: None, shown });
                }
                Shown::Date { tests, fields }
            }
            FieldKind::One { column, noun } => {
                let noun = noun();
                if level.can_join {
                    level.joins.push(Join { noun, from: table, column });
                    let joined = level.joins.len();
                    let id = level.column(joined, "id");
                    Shown::Joined { id, fields: self.object(level, joined, noun, &selected.sets())? }
                } else {
                    let column = level.column(table, column);
                    let referenced = self.referenced(level, column, "id", None, noun, &selected.sets())?;
                    Shown::Referenced { column, level: referenced }
                }
            }
            FieldKind::OneBy { column: by, noun } => {
                let column = level.column(table, "id");
                let referenced = self.referenced(level, column, by, None, noun(), &selected.sets())?;
                Shown::Referenced { column, level: referenced }
            }
            FieldKind::Node { id, kind } => {
                let id = level.column(table, id);
                let kind = kind.map(|kind| level.column(table, kind));
                let mut levels = Vec::new();
                for (word, noun) in node_nouns() {
                    if kind.is_none() && !["ACTOR", "PLACE"].contains(&word.as_str()) {
                        continue;
                    }
                    let only = kind.map(|kind| (kind, word.clone()));
                    levels.push((word, self.referenced(level, id, "id", only, noun, &selected.sets())?));
                }
                Shown::Node { id, kind, levels }
            }
            FieldKind::ParsedDate(column) => {
                let mut fields = Vec::new();
                for selected in self.collect(&selected.sets(), None)? {
                    let shown = match selected.name() {
                        "__typename" => ParsedDateShown::Typename,
                        "edtf" => ParsedDateShown::Edtf,
                        "raw" => ParsedDateShown::Raw,
                        "earliest" => ParsedDateShown::Earliest,
                        "latest" => ParsedDateShown::Latest,
                        _ => return None,
                    };
                    fields.push(Entry { key: key(selected.key, fields.is_empty()), shown });
                }
                Shown::ParsedDate { column: level.column(table, column), fields }
            }
            FieldKind::Many(list) => {
                let field = selected.fields.first()?;
                let id = level.column(table, "id");
                let below = self.list(field, &selected.sets(), list, Some((level.index, id)))?;
                level.children.push(below);
                Shown::List { id, level: below }
            }
        })
    }
}
