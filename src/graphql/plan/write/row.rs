//! Writes rows: the values of their columns, and what belongs to them.

use entity::row::{CellValue, QueryRow};

use super::{Segment, Writer, Written, actor_type};
use crate::graphql::plan::arguments::FieldArguments;
use crate::graphql::plan::computed::RowCall;
use crate::graphql::plan::level::{Key, Part, Shown};
use crate::graphql::types::node::NodeKind;

impl<'p> Writer<'p> {
    pub(super) fn row(&mut self, row: QueryRow<'p>, parts: &'p [Part<Shown>]) -> Written {
        self.object(Some(row), parts, |writer, key, shown| writer.value(key, row, shown))
    }

    pub(super) fn value(&mut self, key: &'p Key, row: QueryRow<'p>, shown: &'p Shown) -> Written {
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
            Shown::Sides { id, level, parts } => match row.value(*id) {
                CellValue::Integer(id) => return self.sides(key, row, id, *level, parts),
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
}
