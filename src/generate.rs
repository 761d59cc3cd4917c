//! Synthetic records for load tests, skewed like real news.
//!
//! A few actors and places occur in most events. Events come in bursts and can have several statements; some have conflicting
//! accounts, and names are in two scripts. The same number of events and seed give the same records on every machine. Records are
//! written one by one, so memory does not grow with their number.

use std::io::Write;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Zipf};
use serde_json::{Value, json};

use crate::error::{Error, Result};

/// The settings of a generator.
#[derive(Clone, Copy, Debug)]
pub struct Generate {
    /// The number of events. Actors, places, articles, claims and statements are generated in addition.
    pub events: u64,
    /// The seed of the random number generator.
    pub seed: u64,
}

/// The day of the first events, and the number of days over which events are spread.
const FIRST_DAY: Date = date(2015, 1, 1);
const DAYS: u64 = 3650;

/// The exponent of Zipf's law for the frequencies of actors and places.
const SKEW: f64 = 1.07;

/// Syllables of names in Latin and in Arabic letters, so that a name can be written in both scripts.
const SYLLABLES: &[(&str, &str)] = &[
    ("ka", "كا"),
    ("li", "لي"),
    ("mu", "مو"),
    ("sa", "سا"),
    ("dar", "دار"),
    ("min", "مين"),
    ("ru", "رو"),
    ("fa", "فا"),
    ("han", "هان"),
    ("zi", "زي"),
    ("ta", "تا"),
    ("bar", "بار"),
    ("ne", "ني"),
    ("wad", "واد"),
    ("ja", "جا"),
    ("qim", "قيم"),
];

const COUNTRIES: &[(&str, &str, f64, f64)] = &[
    ("IQ", "Iraq", 33.0, 44.0),
    ("SY", "Syria", 35.0, 38.0),
    ("TR", "Turkey", 39.0, 35.0),
    ("UA", "Ukraine", 49.0, 32.0),
    ("SD", "Sudan", 15.0, 30.0),
    ("MM", "Myanmar", 21.0, 96.0),
    ("CO", "Colombia", 4.0, -73.0),
    ("NG", "Nigeria", 9.0, 8.0),
    ("FR", "France", 46.0, 2.0),
    ("US", "United States", 39.0, -98.0),
    ("PH", "Philippines", 13.0, 122.0),
    ("ML", "Mali", 17.0, -4.0),
];

/// Event types with their shares, and the roles of their participants.
const TYPES: &[(&str, u32, &[&str])] = &[
    ("DEMONSTRATION", 20, &["ORGANIZER", "PARTICIPANT"]),
    ("VISIT", 12, &["VISITOR", "VISITED"]),
    ("MEETING", 12, &["PARTICIPANT"]),
    ("ARREST", 10, &["AGENT", "TARGET"]),
    ("ARMED_CLASH", 10, &["PARTICIPANT"]),
    ("KILLING", 8, &["AGENT", "VICTIM"]),
    ("AID", 8, &["AGENT", "RECIPIENT"]),
    ("THREAT", 6, &["AGENT", "TARGET"]),
    ("TRAVEL", 6, &["AGENT"]),
    ("ABDUCTION", 4, &["AGENT", "VICTIM"]),
    ("AIR_STRIKE", 4, &["AGENT", "TARGET"]),
];

const WORDS: &[&str] = &[
    "security",
    "forces",
    "activists",
    "square",
    "government",
    "release",
    "hospital",
    "border",
    "checkpoint",
    "strike",
    "talks",
    "election",
    "militia",
    "commission",
    "students",
    "convoy",
    "refugees",
    "court",
    "bridge",
    "market",
    "statement",
    "evening",
];

/// Writes the records as JSON Lines.
///
/// # Errors
///
/// [`Error::Io`] when the output cannot be written.
pub fn generate(settings: Generate, out: &mut dyn Write) -> Result<()> {
    Generator::new(settings)?.run(out).map_err(|error| Error::Io("cannot write".into(), error))
}

struct Generator {
    settings: Generate,
    random: ChaCha8Rng,
    actors: u64,
    places: u64,
    by_actor: Zipf<f64>,
    by_place: Zipf<f64>,
    /// The current burst: its day, counted from [`FIRST_DAY`], and how many more events it has.
    burst: (u64, u64),
    /// The number of the current article.
    article: u64,
}

impl Generator {
    fn new(settings: Generate) -> Result<Self> {
        // The number of actors and places grows with the square root of the events, as most news is about known ones.
        let root = settings.events.max(1).isqrt();
        let (actors, places) = (root * 8 + 20, root * 2 + 20);
        let skewed = |count: u64| Zipf::new(count as f64, SKEW).map_err(|error| Error::Internal(error.to_string()));
        Ok(Self {
            random: ChaCha8Rng::seed_from_u64(settings.seed),
            by_actor: skewed(actors)?,
            by_place: skewed(places)?,
            settings,
            actors,
            places,
            burst: (0, 0),
            article: 0,
        })
    }

    fn run(mut self, out: &mut dyn Write) -> std::io::Result<()> {
        let title = format!("{} generated events, seed {}", self.settings.events, self.settings.seed);
        let mut write = |record: Value| writeln!(out, "{record}");
        write(json!({ "record": "dataset", "key": "generated", "title": title, "license": "CC0-1.0" }))?;
        for (code, label, latitude, longitude) in COUNTRIES {
            write(json!({
                "record": "place", "key": format!("country/{code}"), "kind": "COUNTRY", "label": label, "country": code,
                "latitude": latitude, "longitude": longitude, "names": [{ "text": label, "kind": "PREFERRED" }],
            }))?;
        }
        for place in 0..self.places {
            write(self.place(place))?;
        }
        for actor in 0..self.actors {
            write(self.actor(actor))?;
        }
        for event in 0..self.settings.events {
            for record in self.event(event) {
                write(record)?;
            }
        }
        Ok(())
    }

    /// A random name of two words, in Latin and in Arabic letters.
    fn name(&mut self) -> (String, String) {
        let (mut latin, mut arabic) = (String::new(), String::new());
        for word in 0..2 {
            if word > 0 {
                latin.push(' ');
                arabic.push(' ');
            }
            let start = latin.len();
            for _ in 0..self.random.random_range(2..4) {
                if let Some((one, other)) = SYLLABLES.choose(&mut self.random) {
                    latin.push_str(one);
                    arabic.push_str(other);
                }
            }
            latin[start..start + 1].make_ascii_uppercase();
        }
        (latin, arabic)
    }

    fn place(&mut self, number: u64) -> Value {
        let (code, _, latitude, longitude) = COUNTRIES[number as usize % COUNTRIES.len()];
        let (latin, arabic) = self.name();
        let mut near =
            |degrees: f64| ((degrees + self.random.random_range(-3.0..3.0)) * 10_000.0_f64).round() / 10_000.0;
        json!({
            "record": "place", "key": format!("place/{number}"), "kind": if number.is_multiple_of(9) { "HOSPITAL" } else { "CITY" },
            "label": latin, "parent": format!("country/{code}"), "country": code,
            "latitude": near(latitude), "longitude": near(longitude),
            "names": [{ "text": latin, "kind": "PREFERRED" }, { "text": arabic, "kind": "NATIVE", "language": "ar" }],
        })
    }

    fn actor(&mut self, number: u64) -> Value {
        let (latin, arabic) = self.name();
        let (code, country, ..) = COUNTRIES[number as usize % COUNTRIES.len()];
        let names =
            json!([{ "text": latin, "kind": "PREFERRED" }, { "text": arabic, "kind": "NATIVE", "language": "ar" }]);
        let key = actor_key(number);
        // The most frequent actors are states, because frequency falls with the number.
        match number {
            number if number < COUNTRIES.len() as u64 => json!({
                "record": "organization", "key": key, "kind": "STATE", "label": country, "country": code,
                "place": format!("country/{code}"), "names": [{ "text": country }],
            }),
            number if number.is_multiple_of(7) => {
                json!({ "record": "organization", "key": key, "label": latin, "country": code, "names": names })
            }
            number if number.is_multiple_of(11) => {
                json!({ "record": "group", "key": key, "label": format!("people of {latin}"), "country": code })
            }
            _ => json!({ "record": "person", "key": key, "label": latin, "country": code, "names": names }),
        }
    }

    /// The number of a random actor or place; small numbers are much more frequent.
    fn rank(&mut self, of: Rank) -> u64 {
        let (zipf, count) = match of {
            Rank::Actor => (&self.by_actor, self.actors),
            Rank::Place => (&self.by_place, self.places),
        };
        // Zipf's law counts from 1.
        (zipf.sample(&mut self.random) as u64).clamp(1, count) - 1
    }

    /// The day of the next event.
    fn day(&mut self) -> Date {
        if self.burst.1 == 0 {
            // Most bursts are small, and one in 40 is large.
            let size = if self.random.random_ratio(1, 40) { 200 } else { 12 };
            self.burst = (self.random.random_range(0..DAYS), self.random.random_range(1..=size));
        }
        self.burst.1 -= 1;
        FIRST_DAY.saturating_add(i64::try_from(self.burst.0).unwrap_or(0).days())
    }

    fn words(&mut self, count: usize) -> String {
        let words: Vec<&str> = (0..count).filter_map(|_| WORDS.choose(&mut self.random).copied()).collect();
        words.join(" ")
    }

    /// An event with its statements and claims, and with a new article for one event in four.
    fn event(&mut self, number: u64) -> Vec<Value> {
        let day = self.day();
        let mut records = Vec::new();
        if number == 0 || self.random.random_ratio(1, 4) {
            self.article += 1;
            records.push(json!({
                "record": "article", "key": self.article_key(), "headline": self.words(6), "published": day.to_string(),
                "url": format!("https://example.org/{}/{}", self.settings.seed, self.article), "language": "en", "textLength": 6000,
            }));
        }
        let (kind, roles) = self.kind();
        let key = format!("event/{number}");
        let participations: Vec<Value> = (0..self.random.random_range(1..4))
            .map(|at| json!({ "actor": actor_key(self.rank(Rank::Actor)), "role": roles[at % roles.len()] }))
            .collect();
        let mut event = json!({
            "record": "event", "key": key, "type": kind, "title": self.words(4), "when": self.edtf(day),
            "place": format!("place/{}", self.rank(Rank::Place)), "participations": participations, "evidence": [self.evidence()],
        });
        if matches!(kind, "KILLING" | "DEMONSTRATION" | "AIR_STRIKE") && self.random.random_ratio(1, 2) {
            let value = 1 + self.random.random_range(0..40_u32);
            event["figures"] = json!([{ "counted": "people", "value": value, "unit": "person", "qualifier": "ABOUT" }]);
        }
        let disputed = self.random.random_ratio(3, 100);
        if disputed {
            event["accounts"] = ["one", "other"]
                .iter()
                .map(|side| {
                    json!({
                        "key": format!("{key}/{side}"), "label": self.words(3),
                        "participations": [{ "actor": actor_key(self.rank(Rank::Actor)), "role": "AGENT" }],
                    })
                })
                .collect();
        }
        records.push(event);
        let sides = if disputed { 2 } else { 0 };
        for side in ["one", "other"].iter().take(sides) {
            let claim = format!("claim/{number}/{side}");
            records.push(
                json!({ "record": "claim", "key": claim, "text": self.words(5), "subject": format!("{key}/{side}") }),
            );
            let stances = [("ASSERTS", 0), ("DENIES", 1)];
            for (stance, at) in stances.iter().take(self.random.random_range(1..=2)) {
                let mut statement = self.statement(&format!("statement/{number}/{side}/{at}"), &key, day);
                statement["stances"] = json!([{ "claim": claim, "stance": stance }]);
                records.push(statement);
            }
        }
        for at in 0..self.random.random_range(0..3) {
            records.push(self.statement(&format!("statement/{number}/{at}"), &key, day));
        }
        records
    }

    /// A random event type with its roles.
    fn kind(&mut self) -> (&'static str, &'static [&'static str]) {
        let all: u32 = TYPES.iter().map(|(_, share, _)| share).sum();
        let mut left = self.random.random_range(0..all);
        for (kind, share, roles) in TYPES {
            if left < *share {
                return (kind, roles);
            }
            left -= share;
        }
        ("OTHER", &["PARTICIPANT"])
    }

    /// The date of an event as EDTF: usually the exact day, sometimes only the month or an uncertain day.
    fn edtf(&mut self, day: Date) -> String {
        match self.random.random_range(0..20) {
            0 => day.strftime("%Y-%m").to_string(),
            1 => format!("{day}?"),
            _ => day.to_string(),
        }
    }

    fn statement(&mut self, key: &str, event: &str, day: Date) -> Value {
        let speaker = self.rank(Rank::Actor);
        // The kinds of actors follow from their numbers, as in `actor`.
        let attribution = match speaker {
            number if number < COUNTRIES.len() as u64 || number.is_multiple_of(7) => "NAMED_ORGANIZATION",
            number if number.is_multiple_of(11) => "GROUP",
            _ => "NAMED_PERSON",
        };
        let mediums = ["INTERVIEW", "TWEET", "PRESS_RELEASE", "SPEECH", "UNKNOWN"];
        json!({
            "record": "statement", "key": key, "summary": self.words(8), "speaker": actor_key(speaker), "attribution": attribution,
            "quoteType": if self.random.random_ratio(1, 3) { "DIRECT" } else { "INDIRECT" },
            "medium": mediums.choose(&mut self.random), "saidAt": day.to_string(), "about": [event],
            "article": self.article_key(), "evidence": [self.evidence()],
        })
    }

    fn evidence(&mut self) -> Value {
        let start = self.random.random_range(0..5800);
        json!({ "article": self.article_key(), "start": start, "end": start + self.random.random_range(20..200) })
    }

    fn article_key(&self) -> String {
        format!("article/{}", self.article)
    }
}

/// The type of entity that [`Generator::rank`] chooses.
enum Rank {
    Actor,
    Place,
}

fn actor_key(number: u64) -> String {
    format!("actor/{number}")
}
