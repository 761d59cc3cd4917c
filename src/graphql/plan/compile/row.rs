//! Compiles the fields of rows.

use async_graphql::parser::types::SelectionSet;

use super::{Compiler, LevelBuilder, MAX_JOINS, internal, quoted, types_of};
use crate::error::Result;
use crate::graphql::plan::level::{ACTOR_TYPES, FunctionSource, Ids, Join, Only, Part, Shown, Source};
use crate::graphql::plan::nodes::{actor_node_type, stored_node_types};
use crate::graphql::plan::selection::{SelectedField, TypeSet};
use crate::graphql::schema::field::{Field, FieldKind, Scalar};
use crate::graphql::schema::node_type::NodeType;

impl<'d> Compiler<'d> {
    /// Compiles the fields of a row in a table of a level.
    pub(super) fn object(
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
            FieldKind::Sides => {
                let id = level.column(table, "id");
                let ids = level.ids(id, only);
                self.sides(level, table, ids, selected)?
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
}
