//! The positions of child records in the lists of their parents.
//!
//! A child record that was imported without a key is identified by its position, as in `visit#/participations/0`. It
//! must be written at the same position, so that a later import finds the same record. If that is not possible, because
//! an element before it is gone, the position is written as its key. Child records with keys fill the gaps: in the
//! order in which they were recorded, or at the position that the identifiers of their own children show.

use std::collections::{HashMap, HashSet};

use entity::record::{Model, RecordKind};
use sea_orm::{EntityTrait, IdenStatic, Iterable, ModelTrait, Value};

use crate::import::to_record::Restorer;

/// The child records of one record, at any depth.
struct Record<'r> {
    /// The prefix of keys that are positions: the key of the record, then `#`.
    prefix: String,
    /// By parent and type.
    parts: HashMap<(i64, RecordKind), Vec<&'r Model>>,
}

impl Record<'_> {
    /// Returns the pointer in a stored key, if the key is a position.
    fn pointer<'k>(&self, key: &'k str) -> Option<&'k str> {
        key.strip_prefix(self.prefix.as_str()).filter(|pointer| pointer.starts_with('/'))
    }
}

impl Restorer {
    /// Sets the position of every child record.
    pub(crate) fn set_positions(&mut self, tops: &[Model], parts: &[Model]) {
        let mut owned: HashMap<i64, Vec<&Model>> = HashMap::new();
        for part in parts {
            if let Some(owner) = part.owner_id {
                owned.entry(owner.0).or_default().push(part);
            }
        }
        for top in tops {
            self.keys.insert(top.id.0, Some(top.key.clone()));
            let mut record = Record { prefix: format!("{}#", top.key), parts: HashMap::new() };
            let mut roots = vec![top];
            let owned = owned.remove(&top.id.0).unwrap_or_default();
            let inside: HashSet<i64> = owned.iter().map(|part| part.id.0).chain([top.id.0]).collect();
            for part in owned {
                let pointer = record.pointer(&part.key);
                match self.parents_of(part, pointer).into_iter().flatten().find(|parent| inside.contains(parent)) {
                    Some(parent) => record.parts.entry((parent, part.kind)).or_default().push(part),
                    // Its parent is part of another record now, so it gets a separate line.
                    None => roots.push(part),
                }
            }
            for root in roots {
                self.keys.insert(root.id.0, Some(root.key.clone()));
                self.roots.push((root.id.0, root.kind));
                self.set_positions_of_parts(root, &mut record);
            }
        }
    }

    /// Returns the records that may enclose a child record, the nearest first.
    fn parents_of(&self, part: &Model, pointer: Option<&str>) -> [Option<i64>; 2] {
        let id = part.id.0;
        let one = |parent: Option<i64>| [parent, None];
        match part.kind {
            RecordKind::Participation => {
                let Some(row) = self.row::<entity::participation::Model>(id) else { return [None; 2] };
                let event = Some(row.event_id.0);
                // A participation in the list of the event may refer to an account.
                if pointer.is_some_and(|pointer| pointer.starts_with("/participations/")) {
                    return one(event);
                }
                [row.account_id.map(|account| account.0), event]
            }
            kind => one(kind.part().and_then(|part_of| self.id_in_column(kind, id, part_of.column))),
        }
    }

    /// Returns the id in a column of a row.
    fn id_in_column(&self, kind: RecordKind, id: i64, column: &str) -> Option<i64> {
        macro_rules! by_kind {
            ($($(#[doc = $doc:literal])+ $kind:ident $module:ident,)+) => {
                match kind {
                    $(RecordKind::$kind => id_in(self.row::<entity::$module::Model>(id)?, column),)+
                }
            };
        }
        entity::for_each_record_kind!(by_kind)
    }

    fn set_positions_of_parts(&mut self, root: &Model, record: &mut Record<'_>) {
        let mut parents = vec![(root.id.0, String::new())];
        while let Some((parent, pointer)) = parents.pop() {
            for kind in RecordKind::parts() {
                let Some(parts) = record.parts.remove(&(parent, kind)) else { continue };
                let list = format!("{pointer}/{}", kind.part().map(|part| part.list).unwrap_or_default());
                for (at, part) in arrange(parts, &list, record).into_iter().enumerate() {
                    let position = format!("{list}/{at}");
                    let is_position = part.key == format!("{}#{position}", root.key);
                    self.keys.insert(part.id.0, (!is_position).then(|| part.key.clone()));
                    self.nested.insert(part.id.0);
                    self.parts.entry((parent, kind)).or_default().push(part.id.0);
                    parents.push((part.id.0, position));
                }
            }
        }
    }
}

/// Returns the id in a column of a row; none if it is null.
fn id_in<M: ModelTrait>(row: &M, column: &str) -> Option<i64> {
    let column = <M::Entity as EntityTrait>::Column::iter().find(|one| one.as_str() == column)?;
    match row.get(column) {
        Value::BigInt(number) => number,
        _ => None,
    }
}

/// Puts the elements of one list in order. They are given in the order of their ids.
fn arrange<'r>(parts: Vec<&'r Model>, list: &str, record: &Record<'r>) -> Vec<&'r Model> {
    let mut positions: Vec<Option<&Model>> = vec![None; parts.len()];
    let mut others = Vec::new();
    for part in parts {
        let index = record.pointer(&part.key).and_then(|pointer| index_in(pointer, list));
        match index.or_else(|| index_by_children(part, list, record)).and_then(|at| positions.get_mut(at)) {
            Some(position @ None) => *position = Some(part),
            _ => others.push(part),
        }
    }
    let mut others = others.into_iter();
    positions.into_iter().filter_map(|position| position.or_else(|| others.next())).collect()
}

/// Returns the index in a list that a pointer leads to.
fn index_in(pointer: &str, list: &str) -> Option<usize> {
    let number = pointer.strip_prefix(list)?.strip_prefix('/')?;
    // A number is only an index if it is written as one: `07` is not.
    number.parse().ok().filter(|at: &usize| at.to_string() == number)
}

/// Returns the index of an element with a key, as the identifier of a child without a key shows it.
fn index_by_children(part: &Model, list: &str, record: &Record<'_>) -> Option<usize> {
    RecordKind::parts().filter_map(|kind| record.parts.get(&(part.id.0, kind))).flatten().find_map(|child| {
        let (position, _) = record.pointer(&child.key)?.rsplit_once('/')?;
        index_in(position.rsplit_once('/')?.0, list)
    })
}
