//! Compiles fields that functions compute, and what is selected of their values.

use async_graphql::parser::types::SelectionSet;

use super::Compiler;
use crate::error::Result;
use crate::graphql::plan::computed::Function;
use crate::graphql::plan::level::{FunctionSource, FunctionStep, Source, Step, ValuePart, ValueShown};
use crate::graphql::plan::nodes::node_types_of;
use crate::graphql::plan::selection::SelectedField;
use crate::graphql::validation::FieldDefinition;

impl<'d> Compiler<'d> {
    /// Compiles a field that a function computes.
    pub(super) fn function(
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
    pub(super) fn value(
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
