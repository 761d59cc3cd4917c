//! Writes computed values, and the nodes that they refer to.

use entity::row::QueryRow;

use super::{Segment, Writer, Written, actor_type, missing};
use crate::graphql::plan::computed::{Computed, NodeRef};
use crate::graphql::plan::execute::StepResult;
use crate::graphql::plan::level::{Key, Level, LevelShown, Step, ValueShown};
use crate::graphql::schema::node_type::NodeType;
use crate::graphql::session::SharedError;

impl<'p> Writer<'p> {
    pub(super) fn computed(&mut self, key: &'p Key, value: &Computed, shown: &'p ValueShown) -> Written {
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
}

fn level_of(node: &NodeRef, shown: &ValueShown) -> Option<(&'static NodeType, usize)> {
    let ValueShown::Node(levels) = shown else { return None };
    levels.iter().find(|(node_type, _)| node_type.kind == node.kind).copied()
}
