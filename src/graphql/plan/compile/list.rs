//! Compiles connections.

use async_graphql::Positioned;
use async_graphql::parser::types::{Field as DocumentField, SelectionSet};

use super::{Compiler, LevelBuilder, MAX_JOINED_PAGE_SIZE, internal, quoted};
use crate::error::Result;
use crate::graphql::plan::arguments::{ArgumentValues, ListArguments};
use crate::graphql::plan::level::{EdgeShown, FunctionSource, Ids, LevelShown, ListShown, PageInfoShown, Part, Source};
use crate::graphql::schema::field::{FieldKind, ListField};
use crate::graphql::schema::node_type::NodeType;
use crate::graphql::validation::FieldDefinition;

impl<'d> Compiler<'d> {
    /// Compiles the edges of rows that are given with the request.
    pub(super) fn given(
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
    pub(super) fn list(
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
}
