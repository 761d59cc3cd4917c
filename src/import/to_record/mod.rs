//! Rows become records again: what each is called, where each part stands, what references name.

mod positions;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};

use entity::id::{AccountId, ActorId, ArticleId, DatasetId, RecordId, StatementId};
use entity::participation;
use entity::record::{self, RecordKind};
use entity::{article_author, statement_about};

use crate::error::{Error, Result};
use crate::import::record::{DatasetRef, InRows, Ref, Restore, Rows, line};

/// Records of one dataset with all their rows, before they are written.
pub(crate) struct Restorer {
    rows: Rows,
    /// Where each row stands among those of its noun.
    at: HashMap<i64, usize>,
    /// Records of their own, in the order in which they are written.
    roots: Vec<(i64, RecordKind)>,
    /// What is written as the key of each row; none when its place tells it.
    keys: HashMap<i64, Option<String>>,
    /// Parts by their whole and noun, in the order of the record.
    parts: HashMap<(i64, RecordKind), Vec<i64>>,
    /// Parts that are written inside of their whole.
    nested: HashSet<i64>,
    authors: HashMap<ArticleId, Vec<ActorId>>,
    abouts: HashMap<StatementId, Vec<RecordId>>,
    /// How references to things are written.
    names: HashMap<i64, Ref>,
    /// The things referred to. It is filled while records are made for the first time, when no name is known yet.
    wanted: RefCell<BTreeSet<i64>>,
}

impl Restorer {
    /// Takes the register's entries of records (`tops`) and their parts, and the rows of all of them.
    pub(crate) fn new(
        tops: &[record::Model],
        parts: &[record::Model],
        rows: Rows,
        authors: Vec<article_author::Model>,
        abouts: Vec<statement_about::Model>,
    ) -> Self {
        let at: HashMap<i64, usize> = rows.places().collect();
        let mut new = Self {
            rows,
            at,
            roots: Vec::new(),
            keys: HashMap::new(),
            parts: HashMap::new(),
            nested: HashSet::new(),
            authors: HashMap::new(),
            abouts: HashMap::new(),
            names: HashMap::new(),
            wanted: RefCell::default(),
        };
        for author in authors {
            new.authors.entry(author.article_id).or_default().push(author.actor_id);
        }
        for about in abouts {
            new.abouts.entry(about.statement_id).or_default().push(about.target_id);
        }
        new.place(tops, parts);
        new
    }

    /// The things that the records refer to.
    pub(crate) fn wanted(&self) -> Vec<i64> {
        // Made once to see what they refer to: each record says that itself, at one place for both ways.
        for (id, kind) in &self.roots {
            let _ = line(*kind, *id, self);
        }
        self.wanted.take().into_iter().collect()
    }

    /// The lines of all records, given what things are called: dataset, its key, the thing's key.
    pub(crate) fn lines(
        &mut self,
        dataset: DatasetId,
        called: HashMap<i64, (DatasetId, String, String)>,
    ) -> Result<Vec<String>> {
        self.names = called
            .into_iter()
            .map(|(id, (of, name, key))| {
                let plain = of == dataset;
                (id, if plain { Ref::Key(key) } else { Ref::Dataset(DatasetRef { dataset: name, key }) })
            })
            .collect();
        let lines = self.roots.iter().filter_map(|(id, kind)| line(*kind, *id, self));
        let lines = lines
            .collect::<serde_json::Result<Vec<String>>>()
            .map_err(|error| Error::Broken(format!("a record cannot be written: {error}")))?;
        match self.wanted.borrow().first() {
            Some(id) => Err(Error::Broken(format!("row {id} is referred to and not registered"))),
            None => Ok(lines),
        }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.at.len()
    }

    /// The row with this number.
    pub(crate) fn row<T: InRows>(&self, id: i64) -> Option<&T> {
        self.at.get(&id).and_then(|at| T::among(&self.rows).get(*at))
    }

    /// What is written as its key.
    pub(crate) fn key(&self, id: impl Into<RecordId>) -> Option<String> {
        self.keys.get(&id.into().0).cloned().flatten()
    }

    /// The parts of a whole.
    pub(crate) fn parts<T: Restore>(&self, whole: impl Into<RecordId>) -> Vec<T> {
        let ids = self.parts.get(&(whole.into().0, T::KIND)).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| self.row::<T::Row>(*id)).map(|row| T::of(row, self)).collect()
    }

    /// A reference to a thing.
    pub(crate) fn reference(&self, id: impl Into<RecordId>) -> Ref {
        let id = id.into().0;
        self.names.get(&id).cloned().unwrap_or_else(|| {
            self.wanted.borrow_mut().insert(id);
            Ref::Key(String::new())
        })
    }

    pub(crate) fn reference_if(&self, id: Option<impl Into<RecordId>>) -> Option<Ref> {
        id.map(|id| self.reference(id))
    }

    /// What a part belongs to, if it does not stand in it.
    pub(crate) fn whole(&self, part: impl Into<RecordId>, whole: impl Into<RecordId>) -> Option<Ref> {
        (!self.nested.contains(&part.into().0)).then(|| self.reference(whole))
    }

    /// The event of a participation, if it stands neither in it nor in its account.
    pub(crate) fn event(&self, row: &participation::Model) -> Option<Ref> {
        self.whole(row.id, row.event_id)
    }

    /// The account of a participation, if it does not stand in it.
    pub(crate) fn account(&self, row: &participation::Model) -> Option<Ref> {
        let inside = |account: &AccountId| {
            let parts = self.parts.get(&(account.0, RecordKind::Participation));
            parts.is_some_and(|parts| parts.contains(&row.id.0))
        };
        self.reference_if(row.account_id.filter(|account| !inside(account)))
    }

    /// Who wrote an article, in the order of the byline.
    pub(crate) fn authors(&self, article: ArticleId) -> Vec<Ref> {
        let ids = self.authors.get(&article).map(Vec::as_slice).unwrap_or_default();
        ids.iter().map(|id| self.reference(*id)).collect()
    }

    /// What a statement is about, in the order of the words: no order is stored, and numbers differ between databases.
    pub(crate) fn abouts(&self, statement: StatementId) -> Vec<Ref> {
        let ids = self.abouts.get(&statement).map(Vec::as_slice).unwrap_or_default();
        let mut all: Vec<Ref> = ids.iter().map(|id| self.reference(*id)).collect();
        all.sort_by(|left, right| words(left).cmp(&words(right)));
        all
    }
}

fn words(reference: &Ref) -> (&str, &str) {
    match reference {
        Ref::Key(key) => ("", key),
        Ref::Dataset(other) => (&other.dataset, &other.key),
        Ref::External(external) => (&external.scheme, &external.value),
    }
}
