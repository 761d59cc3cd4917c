//! The state of building the rows of one record: it collects references and problems, and resolves references.
//!
//! A record struct builds its row through a [`Builder`]. A problem does not stop the build, so one import reports all
//! of them. A record is built twice: first only to collect its references ([`Builder::known`] is none), then with the
//! references of a whole batch resolved.

use std::collections::{HashMap, HashSet};

use entity::actor::ActorKind;
use entity::id::{AccountId, ActorId, ArticleId, ClaimId, EventId, PlaceId, RecordId, StatementId};
use entity::record::RecordKind;
use sea_orm::ActiveEnum;
use sha2::{Digest, Sha256};

use crate::error::did_you_mean;
use crate::import::record::Ref;
use crate::import::record::field_names::Spelling;
use crate::text::fold::fold;

/// Returns the SHA-256 of a text in hexadecimal.
pub(crate) fn sha256(text: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

/// The end of messages about a reference to a record that does not exist.
pub(crate) const UNRESOLVED: &str = " is neither in the file nor stored";

/// The record that a key identifies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registered {
    pub(crate) id: RecordId,
    pub(crate) kind: RecordKind,
    /// The enclosing record, if it is nested.
    pub(crate) owner: Option<RecordId>,
    /// Whether a digest of it is stored, that is, whether it was written before.
    pub(crate) written: bool,
}

/// The records that the references of a batch identify, looked up together.
#[derive(Default)]
pub(crate) struct Known {
    /// By dataset and key.
    pub(crate) keys: HashMap<(String, String), Registered>,
    /// By scheme and value.
    pub(crate) external: HashMap<(String, String), Vec<(RecordId, RecordKind)>>,
    /// Keys of records that were rejected because of problems of their own.
    pub(crate) rejected: HashSet<String>,
    /// Whether the records were converted from a feed. Authors of articles in feeds may be names instead of keys.
    pub(crate) of_feed: bool,
}

/// A problem at a field of a record, without its file and line.
#[derive(Clone, Debug)]
pub(crate) struct FieldProblem {
    /// The JSON pointer to the field; empty for the record as a whole.
    pub(crate) pointer: String,
    /// What is wrong: the predicate of a sentence whose subject is the field.
    pub(crate) message: String,
    /// What to write instead.
    pub(crate) suggestion: Option<String>,
}

impl FieldProblem {
    /// A problem of a record as a whole.
    pub(crate) fn of_record(message: impl Into<String>, suggestion: &str) -> Self {
        Self { pointer: String::new(), message: message.into(), suggestion: Some(suggestion.to_owned()) }
    }
}

/// The columns of a date.
#[derive(Default)]
pub(crate) struct DateColumns {
    pub(crate) edtf: Option<String>,
    pub(crate) raw: Option<String>,
    pub(crate) earliest: Option<i64>,
    pub(crate) latest: Option<i64>,
}

/// Builds the rows of one record and its nested records.
pub(crate) struct Builder<'a> {
    /// The dataset of the record: references by key alone are to records of it.
    pub(crate) dataset: &'a str,
    /// The records that references identify; none while references are only collected.
    pub(crate) known: Option<&'a Known>,
    spelling: &'a Spelling,
    /// All references of the record, if they are only collected.
    pub(crate) references: Vec<Ref>,
    pub(crate) problems: Vec<FieldProblem>,
    /// Rows of the join table of articles and authors.
    pub(crate) authors: Vec<(ArticleId, ActorId)>,
    /// The number of authors from feeds that are names and not keys of actors.
    pub(crate) unregistered_authors: u64,
    /// Rows of the join table of statements and their subjects.
    pub(crate) abouts: Vec<(StatementId, RecordId, RecordKind)>,
    pointer: String,
    id: RecordId,
    enclosing: Vec<(RecordId, RecordKind)>,
    event: Option<EventId>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(dataset: &'a str, known: Option<&'a Known>, spelling: &'a Spelling) -> Self {
        Self {
            dataset,
            known,
            spelling,
            references: Vec::new(),
            problems: Vec::new(),
            authors: Vec::new(),
            unregistered_authors: 0,
            abouts: Vec::new(),
            pointer: String::new(),
            id: RecordId(0),
            enclosing: Vec::new(),
            event: None,
        }
    }

    /// Moves to the record at `pointer`, whose row has the id `id`. `enclosing` are the records around it, the
    /// outermost first.
    pub(crate) fn enter(&mut self, pointer: &str, id: RecordId, enclosing: &[(RecordId, RecordKind)]) {
        pointer.clone_into(&mut self.pointer);
        self.id = id;
        self.enclosing = enclosing.to_vec();
        if enclosing.is_empty() {
            self.event = None;
        }
    }

    /// Returns the id of the current row.
    pub(crate) fn id<T: From<i64>>(&self) -> T {
        T::from(self.id.0)
    }

    /// Reports a problem at a field of the current record; `field` is empty for the record as a whole.
    pub(crate) fn problem(&mut self, field: &str, message: impl Into<String>, suggestion: Option<String>) {
        let pointer = if field.is_empty() {
            self.pointer.clone()
        } else {
            self.spelling.pointer(&format!("{}/{field}", self.pointer))
        };
        self.problems.push(FieldProblem { pointer, message: message.into(), suggestion });
    }

    /// Returns the id and type of the record that a reference identifies. It must have one of the types `kinds`; else a
    /// problem is reported and the id is 0.
    pub(crate) fn reference(&mut self, field: &str, reference: &Ref, kinds: &[RecordKind]) -> (RecordId, RecordKind) {
        let nothing = (RecordId(0), kinds.first().copied().unwrap_or(RecordKind::Event));
        let Some(known) = self.known else {
            self.references.push(reference.clone());
            return nothing;
        };
        let found = match reference {
            Ref::Key(key) => {
                known.keys.get(&(self.dataset.to_owned(), key.clone())).map(|record| (record.id, record.kind))
            }
            Ref::Dataset(other) => {
                known.keys.get(&(other.dataset.clone(), other.key.clone())).map(|record| (record.id, record.kind))
            }
            Ref::External(external) => {
                let all = known.external.get(&(external.scheme.clone(), external.value.clone()));
                let fitting: Vec<_> =
                    all.into_iter().flatten().filter(|(_, kind)| kinds.contains(kind)).copied().collect();
                if fitting.len() > 1 {
                    let message =
                        format!("{} {} is the id of {} records", external.scheme, external.value, fitting.len());
                    self.problem(field, message, Some("refer to one of them by its key".into()));
                    return nothing;
                }
                fitting.first().copied()
            }
        };
        match found {
            Some(found) if kinds.contains(&found.1) => found,
            Some((_, kind)) => {
                let wanted = kinds.iter().map(|kind| kind_name(*kind)).collect::<Vec<_>>().join(", ");
                let message = format!("{reference} is of type {}; allowed here: {wanted}", kind_name(kind));
                self.problem(field, message, Some("refer to a record of an allowed type".into()));
                nothing
            }
            None if matches!(reference, Ref::Key(key) if known.rejected.contains(key)) => {
                let message = format!("{reference} was rejected because of its own problems");
                self.problem(field, message, Some("correct that record first".into()));
                nothing
            }
            None => {
                let near = match reference {
                    Ref::Key(key) => did_you_mean(
                        key,
                        known.keys.keys().filter(|(dataset, _)| dataset == self.dataset).map(|(_, key)| key.as_str()),
                    ),
                    _ => None,
                };
                let suggestion = near.unwrap_or_else(|| "add a record with this key, or correct the reference".into());
                self.problem(field, format!("{reference}{UNRESOLVED}"), Some(suggestion));
                nothing
            }
        }
    }

    /// Reports a reference to the record `itself` by a field that refers to another one. Longer cycles are found among the
    /// written rows, but the tables contain no row that refers to itself.
    fn refuse_itself(&mut self, field: &str, referenced: RecordId, itself: RecordId) {
        if self.known.is_some() && referenced == itself && itself != RecordId(0) {
            let message = "refers to the record that it belongs to";
            self.problem(field, message, Some("refer to another record, or leave it out".into()));
        }
    }

    /// Returns the record that the current one is a part of, or relays: another record of the same type.
    pub(crate) fn whole<T: From<i64>>(&mut self, field: &str, reference: Option<&Ref>, kind: RecordKind) -> Option<T> {
        let (id, _) = self.reference(field, reference?, &[kind]);
        self.refuse_itself(field, id, self.id);
        Some(T::from(id.0))
    }

    /// Returns the event that an event link leads to: another one than it comes from.
    pub(crate) fn linked_event(&mut self, field: &str, reference: &Ref, from: EventId) -> EventId {
        let to = self.event(field, reference);
        self.refuse_itself(field, to.into(), from.into());
        to
    }

    /// Returns the record that a child record belongs to: the enclosing one, or for a record on a separate line the
    /// one that `given` refers to.
    pub(crate) fn parent(&mut self, field: &str, given: Option<&Ref>, kinds: &[RecordKind]) -> (RecordId, RecordKind) {
        match (self.enclosing.last().copied(), given) {
            (None, Some(given)) => {
                let parent = self.reference(field, given, kinds);
                if field == "event" {
                    self.event = Some(EventId(parent.0.0));
                }
                parent
            }
            (Some(parent), None) => {
                if parent.1 == RecordKind::Event {
                    self.event = Some(EventId(parent.0.0));
                }
                parent
            }
            (Some(parent), Some(_)) => {
                self.redundant(field, "record");
                parent
            }
            (None, None) => {
                let add = format!("add \"{}\"", self.spelling.field(&self.pointer, field));
                self.problem(field, "is missing: a child record on a separate line needs it", Some(add));
                (RecordId(0), kinds.first().copied().unwrap_or(RecordKind::Event))
            }
        }
    }

    fn redundant(&mut self, field: &str, enclosing: &str) {
        let leave_out = format!("leave \"{}\" out", self.spelling.field(&self.pointer, field));
        self.problem(field, format!("is already given by the enclosing {enclosing}"), Some(leave_out));
    }

    /// Returns the event of a participation, and the account that it is part of.
    pub(crate) fn event_and_account(
        &mut self,
        event: Option<&Ref>,
        account: Option<&Ref>,
    ) -> (EventId, Option<AccountId>) {
        if let Some((id, RecordKind::Account)) = self.enclosing.last().copied() {
            for (field, given) in [("event", event), ("account", account)] {
                if given.is_some() {
                    self.redundant(field, "account");
                }
            }
            // The row of the account was built before its participations, and has set the event.
            return (self.event.unwrap_or(EventId(0)), Some(AccountId(id.0)));
        }
        let (event, _) = self.parent("event", event, &[RecordKind::Event]);
        let account = account.map(|account| self.reference("account", account, &[RecordKind::Account]).0);
        (EventId(event.0), account.map(|id| AccountId(id.0)))
    }

    pub(crate) fn actor(&mut self, field: &str, reference: &Ref) -> ActorId {
        ActorId(self.reference(field, reference, &[RecordKind::Actor]).0.0)
    }

    pub(crate) fn optional_actor(&mut self, field: &str, reference: Option<&Ref>) -> Option<ActorId> {
        reference.map(|reference| self.actor(field, reference))
    }

    pub(crate) fn optional_place(&mut self, field: &str, reference: Option<&Ref>) -> Option<PlaceId> {
        reference.map(|reference| PlaceId(self.reference(field, reference, &[RecordKind::Place]).0.0))
    }

    pub(crate) fn article(&mut self, field: &str, reference: &Ref) -> ArticleId {
        ArticleId(self.reference(field, reference, &[RecordKind::Article]).0.0)
    }

    pub(crate) fn event(&mut self, field: &str, reference: &Ref) -> EventId {
        EventId(self.reference(field, reference, &[RecordKind::Event]).0.0)
    }

    pub(crate) fn statement(&mut self, field: &str, reference: &Ref) -> StatementId {
        StatementId(self.reference(field, reference, &[RecordKind::Statement]).0.0)
    }

    pub(crate) fn claim(&mut self, field: &str, reference: &Ref) -> ClaimId {
        ClaimId(self.reference(field, reference, &[RecordKind::Claim]).0.0)
    }

    /// Adds the authors of the current article.
    pub(crate) fn authors(&mut self, authors: &[Ref]) {
        for author in authors {
            let is_name_only = self.known.is_some_and(|known| {
                known.of_feed
                    && matches!(author, Ref::Key(key) if known
                        .keys
                        .get(&(self.dataset.to_owned(), key.clone()))
                        .is_none_or(|record| record.kind != RecordKind::Actor))
            });
            if is_name_only {
                self.unregistered_authors += 1;
                continue;
            }
            let author = self.actor("authors", author);
            self.authors.push((self.id(), author));
        }
    }

    /// Adds a subject of the current statement.
    pub(crate) fn about(&mut self, (id, kind): (RecordId, RecordKind)) {
        self.abouts.push((self.id(), id, kind));
    }

    /// Returns an actor row with the fields that all four kinds of actors have.
    pub(crate) fn actor_row(&mut self, kind: ActorKind, label: &str) -> entity::actor::Model {
        entity::actor::Model {
            id: self.id(),
            kind,
            slug: None,
            label: self.required_text("label", label),
            label_key: fold(label),
            description: None,
            country: None,
            sector: None,
            occupation: None,
            born: None,
            died: None,
            organization_kind: None,
            place_id: None,
            descriptor: None,
            condition: None,
            reason: None,
            close_to_id: None,
            article_id: None,
        }
    }
}

/// Returns the name of a node type in messages and reports, such as `external id`.
pub(crate) fn kind_name(kind: RecordKind) -> String {
    kind.to_value().to_lowercase().replace('_', " ")
}
