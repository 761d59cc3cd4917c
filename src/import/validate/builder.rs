//! Reads fields of records: every mistake is noted and reading goes on, every reference is noted or resolved.

use std::collections::{HashMap, HashSet};

use entity::actor::ActorKind;
use entity::id::{AccountId, ActorId, ArticleId, ClaimId, EventId, FigureId, PlaceId, RecordId, StatementId};
use entity::record::RecordKind;
use sea_orm::ActiveEnum;
use sha2::{Digest, Sha256};

use crate::error::did_you_mean;
use crate::import::record::Ref;
use crate::text::fold::fold;

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(text: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

/// What a reference names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named {
    pub(crate) id: RecordId,
    pub(crate) kind: RecordKind,
    pub(crate) owner: Option<RecordId>,
    /// Whether the register holds the digest of a record written before.
    pub(crate) written: bool,
}

/// What the references of a batch name, resolved at once.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) keys: HashMap<(String, String), Named>,
    pub(crate) external: HashMap<(String, String), Vec<(RecordId, RecordKind)>>,
    /// Keys of records that were left out for mistakes of their own.
    pub(crate) rejected: HashSet<String>,
    /// Whether the records were made from a feed, whose authors of articles may be mere names.
    pub(crate) of_feed: bool,
}

/// A mistake at a place in a record.
#[derive(Clone)]
pub(crate) struct Mistake {
    pub(crate) pointer: String,
    pub(crate) message: String,
    pub(crate) suggestion: Option<String>,
}

/// A time as columns hold it.
#[derive(Default)]
pub(crate) struct Span {
    pub(crate) edtf: Option<String>,
    pub(crate) raw: Option<String>,
    pub(crate) earliest: Option<i64>,
    pub(crate) latest: Option<i64>,
}

/// Reads one record with its parts.
pub(crate) struct Builder<'a> {
    /// The dataset whose keys are plain.
    pub(crate) dataset: &'a str,
    /// None while references are only noted.
    pub(crate) known: Option<&'a Known>,
    /// Every reference met.
    pub(crate) wanted: Vec<Ref>,
    /// Every mistake met.
    pub(crate) mistakes: Vec<Mistake>,
    /// Rows of plain join tables: authors and subjects of the rows read.
    pub(crate) authors: Vec<(ArticleId, ActorId)>,
    /// How many authors a feed gave that are no actors.
    pub(crate) mere_names: u64,
    pub(crate) abouts: Vec<(StatementId, RecordId, RecordKind)>,
    pointer: String,
    id: RecordId,
    wholes: Vec<(RecordId, RecordKind)>,
    event: Option<EventId>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(dataset: &'a str, known: Option<&'a Known>) -> Self {
        Self {
            dataset,
            known,
            wanted: Vec::new(),
            mistakes: Vec::new(),
            authors: Vec::new(),
            mere_names: 0,
            abouts: Vec::new(),
            pointer: String::new(),
            id: RecordId(0),
            wholes: Vec::new(),
            event: None,
        }
    }

    /// Turns to the part at `pointer`, whose row is `id`, inside of `wholes`.
    pub(crate) fn turn_to(&mut self, pointer: &str, id: RecordId, wholes: &[(RecordId, RecordKind)]) {
        pointer.clone_into(&mut self.pointer);
        self.id = id;
        self.wholes = wholes.to_vec();
        if wholes.is_empty() {
            self.event = None;
        }
    }

    pub(crate) fn id<T: From<i64>>(&self) -> T {
        T::from(self.id.0)
    }

    pub(crate) fn problem(&mut self, field: &str, message: impl Into<String>, suggestion: Option<String>) {
        let pointer = if field.is_empty() { self.pointer.clone() } else { format!("{}/{field}", self.pointer) };
        self.mistakes.push(Mistake { pointer, message: message.into(), suggestion });
    }

    /// What a reference names, which must be of one of `kinds`.
    pub(crate) fn reference(&mut self, field: &str, reference: &Ref, kinds: &[RecordKind]) -> (RecordId, RecordKind) {
        let nothing = (RecordId(0), kinds.first().copied().unwrap_or(RecordKind::Event));
        let Some(known) = self.known else {
            self.wanted.push(reference.clone());
            return nothing;
        };
        let found = match reference {
            Ref::Key(key) => {
                known.keys.get(&(self.dataset.to_owned(), key.clone())).map(|named| (named.id, named.kind))
            }
            Ref::Dataset(other) => {
                known.keys.get(&(other.dataset.clone(), other.key.clone())).map(|named| (named.id, named.kind))
            }
            Ref::External(external) => {
                let all = known.external.get(&(external.scheme.clone(), external.value.clone()));
                let fitting: Vec<_> =
                    all.into_iter().flatten().filter(|(_, kind)| kinds.contains(kind)).copied().collect();
                if fitting.len() > 1 {
                    let message =
                        format!("{} {} is the id of {} things", external.scheme, external.value, fitting.len());
                    self.problem(field, message, Some("refer to one of them by its key".into()));
                    return nothing;
                }
                fitting.first().copied()
            }
        };
        let name = reference;
        match found {
            Some(found) if kinds.contains(&found.1) => found,
            Some((_, kind)) => {
                let wanted = kinds.iter().map(|kind| word(*kind)).collect::<Vec<_>>().join(", ");
                let message = format!("{name} is of kind {}, and here stands {wanted}", word(kind));
                self.problem(field, message, Some("refer to a record of that kind".into()));
                nothing
            }
            None if matches!(reference, Ref::Key(key) if known.rejected.contains(key)) => {
                let message = format!("{name} was rejected for mistakes of its own");
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
                self.problem(field, format!("{name} is neither in the file nor stored"), Some(suggestion));
                nothing
            }
        }
    }

    /// What a part belongs to: the whole it stands in, or on a line of its own what it says.
    pub(crate) fn whole(&mut self, field: &str, given: Option<&Ref>, kinds: &[RecordKind]) -> (RecordId, RecordKind) {
        match (self.wholes.last().copied(), given) {
            (None, Some(given)) => {
                let whole = self.reference(field, given, kinds);
                if field == "event" {
                    self.event = Some(EventId(whole.0.0));
                }
                whole
            }
            (Some(whole), None) => {
                if whole.1 == RecordKind::Event {
                    self.event = Some(EventId(whole.0.0));
                }
                whole
            }
            (Some(whole), Some(_)) => {
                self.problem(field, "is already said by the record around it", Some(format!("leave \"{field}\" out")));
                whole
            }
            (None, None) => {
                self.problem(
                    field,
                    "is missing: a part on a line of its own says what it belongs to",
                    Some(format!("add \"{field}\"")),
                );
                (RecordId(0), kinds.first().copied().unwrap_or(RecordKind::Event))
            }
        }
    }

    /// The event of a participation, and the account that tells of it.
    pub(crate) fn event_and_account(
        &mut self,
        event: Option<&Ref>,
        account: Option<&Ref>,
    ) -> (EventId, Option<AccountId>) {
        if let Some((id, RecordKind::Account)) = self.wholes.last().copied() {
            for (field, given) in [("event", event), ("account", account)] {
                if given.is_some() {
                    self.problem(
                        field,
                        "is already said by the account around it",
                        Some(format!("leave \"{field}\" out")),
                    );
                }
            }
            // The account's row was read before its parts and has left its event here.
            return (self.event.unwrap_or(EventId(0)), Some(AccountId(id.0)));
        }
        let (event, _) = self.whole("event", event, &[RecordKind::Event]);
        let account = account.map(|account| self.reference("account", account, &[RecordKind::Account]).0);
        (EventId(event.0), account.map(|id| AccountId(id.0)))
    }

    pub(crate) fn actor(&mut self, field: &str, reference: &Ref) -> ActorId {
        ActorId(self.reference(field, reference, &[RecordKind::Actor]).0.0)
    }

    pub(crate) fn actor_if(&mut self, field: &str, reference: Option<&Ref>) -> Option<ActorId> {
        reference.map(|reference| self.actor(field, reference))
    }

    pub(crate) fn place_if(&mut self, field: &str, reference: Option<&Ref>) -> Option<PlaceId> {
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

    pub(crate) fn figure(&mut self, field: &str, reference: &Ref) -> FigureId {
        FigureId(self.reference(field, reference, &[RecordKind::Figure]).0.0)
    }

    /// The authors of an article.
    pub(crate) fn authors(&mut self, authors: &[Ref]) {
        for author in authors {
            let is_mere_name = self.known.is_some_and(|known| {
                known.of_feed
                    && matches!(author, Ref::Key(key) if known
                        .keys
                        .get(&(self.dataset.to_owned(), key.clone()))
                        .is_none_or(|named| named.kind != RecordKind::Actor))
            });
            if is_mere_name {
                self.mere_names += 1;
                continue;
            }
            let author = self.actor("authors", author);
            self.authors.push((self.id(), author));
        }
    }

    pub(crate) fn about(&mut self, (id, kind): (RecordId, RecordKind)) {
        self.abouts.push((self.id(), id, kind));
    }

    /// A row of an actor with what all four kinds have.
    pub(crate) fn actor_row(&mut self, kind: ActorKind, label: &str) -> entity::actor::Model {
        entity::actor::Model {
            id: self.id(),
            kind,
            slug: None,
            label: self.filled("label", label),
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

/// A kind as records spell it.
pub(crate) fn word(kind: RecordKind) -> String {
    kind.to_value().to_lowercase().replace('_', " ")
}
