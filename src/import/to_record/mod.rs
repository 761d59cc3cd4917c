//! Restores records from rows, for exports: keys, the nesting of child records, and references.
//!
//! An export calls [`Restorer::new`] with a batch of records and all their rows, looks up the keys of the records that
//! they refer to ([`Restorer::references`]), and then writes the lines ([`Restorer::lines`]).

mod positions;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};

use entity::id::{AccountId, ActorId, ArticleId, DatasetId, RecordId, StatementId};
use entity::participation;
use entity::record::{self, RecordKind};
use entity::{article_author, statement_about};

use crate::error::{Error, Result};
use crate::import::record::{DatasetRef, InRows, Ref, Restore, Rows, line};

/// A batch of records of one dataset, with all their rows.
pub(crate) struct Restorer {
    rows: Rows,
    /// The index of each row in the list of its type.
    indexes: HashMap<i64, usize>,
    /// The records on lines of their own, in the order in which they are written.
    roots: Vec<(i64, RecordKind)>,
    /// The key of each row as it is written; none for a child record that its position identifies.
    keys: HashMap<i64, Option<String>>,
    /// Child records by enclosing record and type, in the order of the list.
    parts: HashMap<(i64, RecordKind), Vec<i64>>,
    /// Child records that are nested in their parent.
    nested: HashSet<i64>,
    authors: HashMap<ArticleId, Vec<ActorId>>,
    abouts: HashMap<StatementId, Vec<RecordId>>,
    /// References as they are written, by the id of the record that they refer to.
    known_references: HashMap<i64, Ref>,
    /// The ids of referenced records that are not in `known_references`.
    unknown_references: RefCell<BTreeSet<i64>>,
}

impl Restorer {
    /// Creates a restorer from the entries of records (`tops`) and their child records in the table `record`, and the
    /// rows of all.
    pub(crate) fn new(
        tops: &[record::Model],
        parts: &[record::Model],
        rows: Rows,
        authors: Vec<article_author::Model>,
        abouts: Vec<statement_about::Model>,
    ) -> Self {
        let indexes: HashMap<i64, usize> = rows.indexes().collect();
        let mut new = Self {
            rows,
            indexes,
            roots: Vec::new(),
            keys: HashMap::new(),
            parts: HashMap::new(),
            nested: HashSet::new(),
            authors: HashMap::new(),
            abouts: HashMap::new(),
            known_references: HashMap::new(),
            unknown_references: RefCell::default(),
        };
        for author in authors {
            new.authors.entry(author.article_id).or_default().push(author.actor_id);
        }
        for about in abouts {
            new.abouts.entry(about.statement_id).or_default().push(about.target_id);
        }
        new.set_positions(tops, parts);
        new
    }

    /// Returns the ids of all records that the batch refers to.
    pub(crate) fn references(&self) -> Vec<i64> {
        // Restores the records once without writing them: only the record structs know which columns are references.
        for (id, kind) in &self.roots {
            let _ = line(*kind, *id, self);
        }
        self.unknown_references.take().into_iter().collect()
    }

    /// Returns the lines of all records, given the dataset, the key of the dataset and the key of each referenced
    /// record.
    pub(crate) fn lines(
        &mut self,
        dataset: DatasetId,
        keys: HashMap<i64, (DatasetId, String, String)>,
    ) -> Result<Vec<String>> {
        self.known_references = keys
            .into_iter()
            .map(|(id, (of, name, key))| {
                let is_here = of == dataset;
                (id, if is_here { Ref::Key(key) } else { Ref::Dataset(DatasetRef { dataset: name, key }) })
            })
            .collect();
        let lines = self.roots.iter().filter_map(|(id, kind)| line(*kind, *id, self));
        let lines = lines
            .collect::<serde_json::Result<Vec<String>>>()
            .map_err(|error| Error::Internal(format!("a record cannot be written: {error}")))?;
        match self.unknown_references.borrow().first() {
            Some(id) => Err(Error::Internal(format!("row {id} is referenced but not registered"))),
            None => Ok(lines),
        }
    }

    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        self.indexes.len()
    }

    /// Returns the row with an id.
    pub(crate) fn row<T: InRows>(&self, id: i64) -> Option<&T> {
        self.indexes.get(&id).and_then(|at| T::among(&self.rows).get(*at))
    }

    /// Returns the key of a row as it is written.
    pub(crate) fn key(&self, id: impl Into<RecordId>) -> Option<String> {
        self.keys.get(&id.into().0).cloned().flatten()
    }

    /// Returns the child records of a record.
    pub(crate) fn parts<T: Restore>(&self, parent: impl Into<RecordId>) -> Vec<T> {
        let ids = self.parts.get(&(parent.into().0, T::KIND)).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| self.row::<T::Row>(*id)).map(|row| T::of(row, self)).collect()
    }

    /// Returns a reference to a record.
    pub(crate) fn reference(&self, id: impl Into<RecordId>) -> Ref {
        let id = id.into().0;
        self.known_references.get(&id).cloned().unwrap_or_else(|| {
            self.unknown_references.borrow_mut().insert(id);
            Ref::Key(String::new())
        })
    }

    pub(crate) fn optional_reference(&self, id: Option<impl Into<RecordId>>) -> Option<Ref> {
        id.map(|id| self.reference(id))
    }

    /// Returns a reference to the parent of a child record, unless it is nested there.
    pub(crate) fn parent(&self, part: impl Into<RecordId>, parent: impl Into<RecordId>) -> Option<Ref> {
        (!self.nested.contains(&part.into().0)).then(|| self.reference(parent))
    }

    /// Returns the event of a participation, unless it is nested there or in its account.
    pub(crate) fn event(&self, row: &participation::Model) -> Option<Ref> {
        self.parent(row.id, row.event_id)
    }

    /// Returns the account of a participation, unless it is nested there.
    pub(crate) fn account(&self, row: &participation::Model) -> Option<Ref> {
        let inside = |account: &AccountId| {
            let parts = self.parts.get(&(account.0, RecordKind::Participation));
            parts.is_some_and(|parts| parts.contains(&row.id.0))
        };
        self.optional_reference(row.account_id.filter(|account| !inside(account)))
    }

    /// Returns the authors of an article, in the order of the byline.
    pub(crate) fn authors(&self, article: ArticleId) -> Vec<Ref> {
        let ids = self.authors.get(&article).map(Vec::as_slice).unwrap_or_default();
        ids.iter().map(|id| self.reference(*id)).collect()
    }

    /// Returns the subjects of a statement, sorted by reference: no order is stored, and ids differ between databases.
    pub(crate) fn abouts(&self, statement: StatementId) -> Vec<Ref> {
        let ids = self.abouts.get(&statement).map(Vec::as_slice).unwrap_or_default();
        let mut all: Vec<Ref> = ids.iter().map(|id| self.reference(*id)).collect();
        all.sort_by(|left, right| sort_key(left).cmp(&sort_key(right)));
        all
    }
}

fn sort_key(reference: &Ref) -> (&str, &str) {
    match reference {
        Ref::Key(key) => ("", key),
        Ref::Dataset(other) => (&other.dataset, &other.key),
        Ref::External(external) => (&external.scheme, &external.value),
    }
}
