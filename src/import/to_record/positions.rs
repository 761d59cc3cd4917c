//! Where parts stand in their record.
//!
//! A part that was written without a key is known by its place, as in `visit#/participations/0`, and has to stand there
//! again. Where that cannot be, because a part before it is gone, the place is written as its key: then it is the same
//! part all the same. Parts with keys stand between them, in the order in which they were recorded, or where the places of
//! their own parts say that they stood.

use std::collections::{HashMap, HashSet};

use entity::record::{Model, RecordKind};
use sea_orm::{EntityTrait, IdenStatic, Iterable, ModelTrait, Value};

use crate::import::to_record::Restorer;

/// The parts of one record by their whole.
struct Record<'r> {
    /// What keys of parts begin with: the key of the record, then `#`.
    prefix: String,
    parts: HashMap<(i64, RecordKind), Vec<&'r Model>>,
}

impl Record<'_> {
    /// The pointer that a stored key holds.
    fn pointer<'k>(&self, key: &'k str) -> Option<&'k str> {
        key.strip_prefix(self.prefix.as_str()).filter(|pointer| pointer.starts_with('/'))
    }
}

impl Restorer {
    /// Gives every part its place.
    pub(crate) fn place(&mut self, tops: &[Model], parts: &[Model]) {
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
                match self.whole_of(part, pointer).into_iter().flatten().find(|whole| inside.contains(whole)) {
                    Some(whole) => record.parts.entry((whole, part.kind)).or_default().push(part),
                    // What it belongs to is another record's by now.
                    None => roots.push(part),
                }
            }
            for root in roots {
                self.keys.insert(root.id.0, Some(root.key.clone()));
                self.roots.push((root.id.0, root.kind));
                self.place_parts(root, &mut record);
            }
        }
    }

    /// What a part may stand in, the nearest first.
    fn whole_of(&self, part: &Model, pointer: Option<&str>) -> [Option<i64>; 2] {
        let id = part.id.0;
        let one = |whole: Option<i64>| [whole, None];
        match part.kind {
            RecordKind::Participation => {
                let Some(row) = self.row::<entity::participation::Model>(id) else { return [None; 2] };
                let event = Some(row.event_id.0);
                // A part of the event may name its account.
                if pointer.is_some_and(|pointer| pointer.starts_with("/participations/")) {
                    return one(event);
                }
                [row.account_id.map(|account| account.0), event]
            }
            kind => one(kind.part().and_then(|part_of| self.number(kind, id, part_of.column))),
        }
    }

    /// The number in a column of a row.
    fn number(&self, kind: RecordKind, id: i64, column: &str) -> Option<i64> {
        macro_rules! by_kind {
            ($($(#[doc = $doc:literal])+ $kind:ident $module:ident,)+) => {
                match kind {
                    $(RecordKind::$kind => number_in(self.row::<entity::$module::Model>(id)?, column),)+
                }
            };
        }
        entity::for_each_record_kind!(by_kind)
    }

    fn place_parts(&mut self, root: &Model, record: &mut Record<'_>) {
        let mut wholes = vec![(root.id.0, String::new())];
        while let Some((whole, pointer)) = wholes.pop() {
            for kind in RecordKind::PARTS {
                let Some(parts) = record.parts.remove(&(whole, kind)) else { continue };
                let list = format!("{pointer}/{}", kind.part().map(|part| part.list).unwrap_or_default());
                for (at, part) in arrange(parts, &list, record).into_iter().enumerate() {
                    let place = format!("{list}/{at}");
                    let told = part.key == format!("{}#{place}", root.key);
                    self.keys.insert(part.id.0, (!told).then(|| part.key.clone()));
                    self.nested.insert(part.id.0);
                    self.parts.entry((whole, kind)).or_default().push(part.id.0);
                    wholes.push((part.id.0, place));
                }
            }
        }
    }
}

/// The number in a column of a row; none where it is null.
fn number_in<M: ModelTrait>(row: &M, column: &str) -> Option<i64> {
    let column = <M::Entity as EntityTrait>::Column::iter().find(|one| one.as_str() == column)?;
    match row.get(column) {
        Value::BigInt(number) => number,
        _ => None,
    }
}

/// Puts the parts of one list into their order; they come in the order of their numbers.
fn arrange<'r>(parts: Vec<&'r Model>, list: &str, record: &Record<'r>) -> Vec<&'r Model> {
    let mut places: Vec<Option<&Model>> = vec![None; parts.len()];
    let mut others = Vec::new();
    for part in parts {
        let told = record.pointer(&part.key).and_then(|pointer| number(pointer, list));
        match told.or_else(|| told_by_parts(part, list, record)).and_then(|at| places.get_mut(at)) {
            Some(place @ None) => *place = Some(part),
            _ => others.push(part),
        }
    }
    let mut others = others.into_iter();
    places.into_iter().filter_map(|place| place.or_else(|| others.next())).collect()
}

/// The number behind the name of a list.
fn number(pointer: &str, list: &str) -> Option<usize> {
    let number = pointer.strip_prefix(list)?.strip_prefix('/')?;
    // Only the number that would be written itself: `07` is none.
    number.parse().ok().filter(|at: &usize| at.to_string() == number)
}

/// Where a part with a key stood, by the place of a part of its own that has none.
fn told_by_parts(part: &Model, list: &str, record: &Record<'_>) -> Option<usize> {
    RecordKind::PARTS.into_iter().filter_map(|kind| record.parts.get(&(part.id.0, kind))).flatten().find_map(|inner| {
        let (place, _) = record.pointer(&inner.key)?.rsplit_once('/')?;
        number(place.rsplit_once('/')?.0, list)
    })
}
