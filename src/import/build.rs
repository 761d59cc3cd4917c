//! Reads fields of records: every mistake is noted and reading goes on, every reference is noted or resolved.

use std::collections::HashMap;

use entity::actor::ActorKind;
use entity::id::{AccountId, ActorId, ArticleId, ClaimId, EventId, FigureId, PlaceId, RecordId, StatementId};
use entity::record::Kind;
use sea_orm::ActiveEnum;
use sha2::{Digest, Sha256};

use super::record::{Ref, When};
use crate::error::did_you_mean;
use crate::text::date::Date;
use crate::text::fold::fold;

/// The longest text of one line that is a name, a label or a slug, in code points.
const LINE: usize = 1000;

/// Who gives ids elsewhere, whether a text is such an id, and one of them.
type Scheme = (&'static str, fn(&str) -> bool, &'static str);

/// The schemes known here. Others are written as `x-name`.
const SCHEMES: &[Scheme] = &[
    ("wikidata", |id| matches!(id.as_bytes(), [b'Q' | b'P' | b'L', rest @ ..] if number(rest)), "Q796"),
    ("geonames", |id| number(id.as_bytes()), "98182"),
    ("gdelt", |id| number(id.as_bytes()), "410412345"),
    ("gdelt-feature", |id| id.split(':').count() == 3, "4:IZ:-3103600"),
    ("gdelt-actor", |id| !id.is_empty(), "IRQGOV/BAGHDAD"),
    ("acled", |id| id.len() > 3 && id.chars().all(|c| c.is_ascii_alphanumeric()), "IRQ12345"),
    ("ucdp", |id| number(id.as_bytes()), "244657"),
    ("polecat", |id| !id.is_empty(), "20210711-0021-abc"),
    ("ftm", |id| !id.is_empty(), "NK-abc123"),
    ("wikipedia", |id| !id.is_empty(), "Mustafa_Al-Kadhimi"),
    (
        "twitter",
        |id| (1..=15).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'),
        "ali_almikdam",
    ),
    ("facebook", |id| !id.is_empty(), "rudawenglish"),
    ("telegram", |id| !id.is_empty() && !id.starts_with('@'), "channel"),
    ("doi", |id| id.starts_with("10."), "10.1000/182"),
    ("isbn", |id| matches!(id.chars().filter(char::is_ascii_digit).count(), 9 | 10 | 13), "9780306406157"),
    ("url", |id| url::Url::parse(id).is_ok(), "https://example.org/1"),
];

fn number(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit)
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(text: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

/// What a reference names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named {
    pub(crate) id: RecordId,
    pub(crate) kind: Kind,
    pub(crate) owner: Option<RecordId>,
    /// Whether the register holds the digest of a record written before.
    pub(crate) written: bool,
}

/// What the references of a batch name, resolved at once.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) keys: HashMap<(String, String), Named>,
    pub(crate) external: HashMap<(String, String), Vec<(RecordId, Kind)>>,
}

/// A mistake at a place in a record.
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
    pub(crate) abouts: Vec<(StatementId, RecordId, Kind)>,
    pointer: String,
    id: RecordId,
    wholes: Vec<(RecordId, Kind)>,
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
            abouts: Vec::new(),
            pointer: String::new(),
            id: RecordId(0),
            wholes: Vec::new(),
            event: None,
        }
    }

    /// Turns to the part at `pointer`, whose row is `id`, inside of `wholes`.
    pub(crate) fn turn_to(&mut self, pointer: &str, id: RecordId, wholes: &[(RecordId, Kind)]) {
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
    pub(crate) fn reference(&mut self, field: &str, reference: &Ref, kinds: &[Kind]) -> (RecordId, Kind) {
        let nothing = (RecordId(0), kinds.first().copied().unwrap_or(Kind::Event));
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
        let name = match reference {
            Ref::Key(key) => format!("`{key}`"),
            Ref::Dataset(other) => format!("`{}` of dataset `{}`", other.key, other.dataset),
            Ref::External(external) => format!("{} {}", external.scheme, external.value),
        };
        match found {
            Some(found) if kinds.contains(&found.1) => found,
            Some((_, kind)) => {
                let wanted = kinds.iter().map(|kind| word(*kind)).collect::<Vec<_>>().join(", ");
                let message = format!("{name} is of kind {}, and here stands {wanted}", word(kind));
                self.problem(field, message, Some("refer to a record of that kind".into()));
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
    pub(crate) fn whole(&mut self, field: &str, given: Option<&Ref>, kinds: &[Kind]) -> (RecordId, Kind) {
        match (self.wholes.last().copied(), given) {
            (None, Some(given)) => {
                let whole = self.reference(field, given, kinds);
                if field == "event" {
                    self.event = Some(EventId(whole.0.0));
                }
                whole
            }
            (Some(whole), None) => {
                if whole.1 == Kind::Event {
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
                (RecordId(0), kinds.first().copied().unwrap_or(Kind::Event))
            }
        }
    }

    /// The event of a participation, and the account that tells of it.
    pub(crate) fn event_and_account(
        &mut self,
        event: Option<&Ref>,
        account: Option<&Ref>,
    ) -> (EventId, Option<AccountId>) {
        if let Some((id, Kind::Account)) = self.wholes.last().copied() {
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
        let (event, _) = self.whole("event", event, &[Kind::Event]);
        let account = account.map(|account| self.reference("account", account, &[Kind::Account]).0);
        (EventId(event.0), account.map(|id| AccountId(id.0)))
    }

    pub(crate) fn actor(&mut self, field: &str, reference: &Ref) -> ActorId {
        ActorId(self.reference(field, reference, &[Kind::Actor]).0.0)
    }

    pub(crate) fn actor_if(&mut self, field: &str, reference: Option<&Ref>) -> Option<ActorId> {
        reference.map(|reference| self.actor(field, reference))
    }

    pub(crate) fn place_if(&mut self, field: &str, reference: Option<&Ref>) -> Option<PlaceId> {
        reference.map(|reference| PlaceId(self.reference(field, reference, &[Kind::Place]).0.0))
    }

    pub(crate) fn article(&mut self, field: &str, reference: &Ref) -> ArticleId {
        ArticleId(self.reference(field, reference, &[Kind::Article]).0.0)
    }

    pub(crate) fn event(&mut self, field: &str, reference: &Ref) -> EventId {
        EventId(self.reference(field, reference, &[Kind::Event]).0.0)
    }

    pub(crate) fn statement(&mut self, field: &str, reference: &Ref) -> StatementId {
        StatementId(self.reference(field, reference, &[Kind::Statement]).0.0)
    }

    pub(crate) fn claim(&mut self, field: &str, reference: &Ref) -> ClaimId {
        ClaimId(self.reference(field, reference, &[Kind::Claim]).0.0)
    }

    pub(crate) fn figure(&mut self, field: &str, reference: &Ref) -> FigureId {
        FigureId(self.reference(field, reference, &[Kind::Figure]).0.0)
    }

    pub(crate) fn author(&mut self, author: ActorId) {
        self.authors.push((self.id(), author));
    }

    pub(crate) fn about(&mut self, (id, kind): (RecordId, Kind)) {
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

    /// A time.
    pub(crate) fn when(&mut self, field: &str, when: Option<&When>) -> Span {
        match when {
            None => Span::default(),
            Some(When::Edtf(edtf)) => self.span_of(field, Some(edtf)),
            Some(When::Worded(worded)) => {
                let mut span = self.span_of(&format!("{field}/edtf"), worded.edtf.as_deref());
                span.raw = Some(worded.raw.clone());
                span
            }
        }
    }

    /// A time given as EDTF alone.
    pub(crate) fn span_of(&mut self, field: &str, edtf: Option<&str>) -> Span {
        let Some(edtf) = edtf else { return Span::default() };
        match Date::parse(edtf) {
            Ok(date) => Span { edtf: Some(date.edtf), raw: None, earliest: date.earliest, latest: date.latest },
            Err(error) => {
                self.problem(
                    field,
                    error.to_string(),
                    Some("write EDTF: 2021-07-09, 2021-07, 2021, 2019-10/.., 2021-07-18?".into()),
                );
                Span::default()
            }
        }
    }

    /// Ends after it starts.
    pub(crate) fn ordered(&mut self, field: &str, start: Option<i64>, end: Option<i64>) {
        if let (Some(start), Some(end)) = (start, end)
            && end <= start
        {
            self.problem(field, "ends before it starts", Some("exchange the two".into()));
        }
    }

    /// A text that may not be empty or a book.
    pub(crate) fn filled(&mut self, field: &str, text: &str) -> String {
        if text.trim().is_empty() {
            self.problem(field, "is empty", Some("write it, or leave the record out".into()));
        } else if field != "summary" && field != "text" && text.chars().count() > LINE {
            self.problem(field, format!("is longer than {LINE} code points"), Some("shorten it".into()));
        }
        text.to_owned()
    }

    pub(crate) fn slug(&mut self, slug: Option<&str>) -> Option<String> {
        let slug = slug?;
        let fits = !slug.is_empty()
            && slug.len() <= 200
            && slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !fits {
            let better: String = fold(slug).chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
            self.problem(
                "slug",
                format!("`{slug}` is no slug: lower-case letters a-z, digits and hyphens, at most 200"),
                Some(format!("write `{better}`")),
            );
        }
        Some(slug.to_owned())
    }

    pub(crate) fn url(&mut self, field: &str, url: Option<&str>) -> Option<String> {
        let url = url?;
        if !url::Url::parse(url).is_ok_and(|parsed| matches!(parsed.scheme(), "http" | "https")) {
            self.problem(
                field,
                format!("`{url}` is no absolute http or https address"),
                Some("write https://...".into()),
            );
        }
        Some(url.to_owned())
    }

    pub(crate) fn country(&mut self, field: &str, code: Option<&str>) -> Option<String> {
        let code = code?;
        if rust_iso3166::from_alpha2(code).is_none() {
            let upper = code.to_uppercase();
            let better = rust_iso3166::from_alpha2(&upper)
                .or_else(|| rust_iso3166::from_alpha3(&upper))
                .map(|country| format!("write `{}`", country.alpha2));
            self.problem(
                field,
                format!("`{code}` is no ISO 3166-1 alpha-2 code"),
                better.or(Some("write a code such as IQ".into())),
            );
        }
        Some(code.to_owned())
    }

    /// PLOVER sector codes are three capital letters.
    pub(crate) fn sector(&mut self, field: &str, code: Option<&str>) -> Option<String> {
        let code = code?;
        if code.len() != 3 || !code.chars().all(|c| c.is_ascii_uppercase()) {
            self.problem(
                field,
                format!("`{code}` is no PLOVER sector code"),
                Some("write three capital letters such as GOV, MIL, CVL, JRN".into()),
            );
        }
        Some(code.to_owned())
    }

    pub(crate) fn language(&mut self, field: &str, tag: Option<&str>) -> Option<String> {
        let tag = tag?;
        match oxilangtag::LanguageTag::parse_and_normalize(tag) {
            Ok(tag) => Some(tag.into_inner()),
            Err(_) => {
                self.problem(
                    field,
                    format!("`{tag}` is no BCP 47 language tag"),
                    Some("write a tag such as en, ar or ckb-Arab".into()),
                );
                None
            }
        }
    }

    pub(crate) fn time_zone(&mut self, field: &str, name: Option<&str>) -> Option<String> {
        let name = name?;
        if jiff::tz::TimeZone::get(name).is_err() {
            let near = did_you_mean(name, ["Asia/Baghdad", "Europe/London", "America/New_York", "UTC"]);
            self.problem(
                field,
                format!("`{name}` is no IANA time zone"),
                near.or(Some("write a name such as Asia/Baghdad".into())),
            );
        }
        Some(name.to_owned())
    }

    pub(crate) fn point(&mut self, latitude: Option<f64>, longitude: Option<f64>) -> (Option<f64>, Option<f64>) {
        if latitude.is_some() != longitude.is_some() {
            let missing = if latitude.is_some() { "longitude" } else { "latitude" };
            self.problem(missing, "is missing: a point has both", Some(format!("add \"{missing}\"")));
        }
        for (field, value, bound) in [("latitude", latitude, 90.0), ("longitude", longitude, 180.0)] {
            if value.is_some_and(|value| !(-bound..=bound).contains(&value)) {
                self.problem(
                    field,
                    format!("lies outside of -{bound} to {bound}"),
                    Some("write degrees in WGS 84".into()),
                );
            }
        }
        (latitude, longitude)
    }

    /// Digest and length of an article's text.
    pub(crate) fn text(
        &mut self,
        text: Option<&str>,
        digest: Option<&str>,
        length: Option<i32>,
    ) -> (Option<String>, Option<i32>) {
        self.digest("textSha256", digest);
        self.at_least("textLength", length, 0);
        let Some(text) = text else { return (digest.map(str::to_owned), length) };
        let (actual, count) = (sha256(text), i32::try_from(text.chars().count()).unwrap_or(i32::MAX));
        if digest.is_some_and(|digest| digest != actual) {
            self.problem("textSha256", "does not match the text", Some(format!("write {actual}, or leave it out")));
        }
        if length.is_some_and(|length| length != count) {
            self.problem("textLength", format!("is not the length of the text, {count}"), Some("leave it out".into()));
        }
        (Some(actual), Some(count))
    }

    fn digest(&mut self, field: &str, digest: Option<&str>) {
        if let Some(digest) = digest
            && (digest.len() != 64 || !digest.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')))
        {
            self.problem(field, "is no SHA-256 in hexadecimal", Some("write 64 digits 0-9 and a-f".into()));
        }
    }

    pub(crate) fn quote_digest(&mut self, quote: Option<&str>, digest: Option<&str>) -> Option<String> {
        self.digest("quoteSha256", digest);
        let Some(quote) = quote else { return digest.map(str::to_owned) };
        let actual = sha256(quote);
        if digest.is_some_and(|digest| digest != actual) {
            self.problem("quoteSha256", "does not match the quote", Some(format!("write {actual}, or leave it out")));
        }
        Some(actual)
    }

    /// Both ends or none, in order.
    pub(crate) fn span(&mut self, start: Option<i32>, end: Option<i32>) {
        match (start, end) {
            (Some(start), Some(end)) if start < 0 || end <= start => {
                self.problem(
                    "end",
                    format!("{start} to {end} is no span"),
                    Some("start is at least 0, end is greater than start".into()),
                );
            }
            (Some(_), None) => {
                self.problem("end", "is missing", Some("add \"end\", the code point behind the span".into()))
            }
            (None, Some(_)) => self.problem("start", "is missing", Some("add \"start\", the first code point".into())),
            _ => {}
        }
    }

    pub(crate) fn at_least(&mut self, field: &str, value: Option<i32>, least: i32) {
        if value.is_some_and(|value| value < least) {
            self.problem(field, format!("is less than {least}"), None);
        }
    }

    pub(crate) fn share(&mut self, field: &str, value: Option<f64>) {
        if value.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
            self.problem(field, "lies outside of 0 to 1", Some("write a share such as 0.8".into()));
        }
    }

    pub(crate) fn amounts(&mut self, value: Option<f64>, lower: Option<f64>, upper: Option<f64>) {
        if value.is_none() && lower.is_none() && upper.is_none() {
            self.problem(
                "value",
                "is missing, and so are its bounds",
                Some("add \"value\", \"lower\" or \"upper\"".into()),
            );
        }
        if let (Some(lower), Some(upper)) = (lower, upper)
            && lower > upper
        {
            self.problem("upper", "is less than \"lower\"", Some("exchange the two".into()));
        }
    }

    pub(crate) fn external_id(&mut self, scheme: &str, value: &str) {
        match SCHEMES.iter().find(|(name, ..)| *name == scheme) {
            Some((_, fits, example)) => {
                if !fits(value) {
                    self.problem(
                        "value",
                        format!("`{value}` is no id of {scheme}"),
                        Some(format!("such ids look like `{example}`")),
                    );
                }
            }
            None if scheme.strip_prefix("x-").is_some_and(|rest| !rest.is_empty()) => {}
            None => {
                let known = SCHEMES.iter().map(|(name, ..)| *name);
                let near = did_you_mean(scheme, known.clone());
                let suggestion = near.unwrap_or_else(|| {
                    format!(
                        "write one of {}, or `x-{scheme}` for a scheme of your own",
                        known.collect::<Vec<_>>().join(", ")
                    )
                });
                self.problem("scheme", format!("`{scheme}` is no scheme of ids known here"), Some(suggestion));
            }
        }
    }
}

/// A kind as records spell it.
pub(crate) fn word(kind: Kind) -> String {
    kind.to_value().to_lowercase().replace('_', " ")
}
