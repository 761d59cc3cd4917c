//! Facets, histograms and total counts, compared with a naive loop over the same events.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};
use serde_json::{Value, json};

use crate::fixture::{Fixture, databases, databases_with_story};

const TYPES: &[&str] = &["VISIT", "ABDUCTION", "RELEASE", "DEMONSTRATION"];
const ROLES: &[&str] = &["AGENT", "VICTIM", "VISITOR"];
const WORDS: &[&str] = &["hospital", "highway", "bridge", "square"];
const ACTORS: usize = 7;
/// The key and the country of each place.
const PLACES: &[(&str, Option<&str>)] = &[("p0", Some("IQ")), ("p1", Some("IQ")), ("p2", Some("TR")), ("p3", None)];

/// An event of the model.
struct Event {
    kind: usize,
    place: Option<usize>,
    date: Option<String>,
    /// The earliest and the latest possible day.
    days: (Option<Date>, Option<Date>),
    parts: Vec<(usize, usize)>,
    words: Vec<usize>,
}

/// A pseudorandom number generator with the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }

    fn day(&mut self) -> Date {
        let first = if self.below(8) == 0 { Date::constant(1969, 11, 20) } else { Date::constant(2021, 1, 1) };
        first + Span::new().days(self.below(120) as i64)
    }

    /// Returns a date in EDTF, with its earliest and latest possible day.
    fn date(&mut self) -> (Option<String>, (Option<Date>, Option<Date>)) {
        let day = self.day();
        let (first_of_month, last_of_month) = (day.first_of_month(), day.last_of_month());
        match self.below(9) {
            0 => (None, (None, None)),
            1 => (Some(format!("{:04}-{:02}", day.year(), day.month())), (Some(first_of_month), Some(last_of_month))),
            2 => (Some(format!("{:04}", day.year())), (Some(day.first_of_year()), Some(day.last_of_year()))),
            3 => (Some(format!("{day}/..")), (Some(day), None)),
            4 => (Some(format!("../{day}")), (None, Some(day))),
            5 => {
                let end = day + Span::new().days(self.below(40) as i64 + 1);
                (Some(format!("{day}/{end}")), (Some(day), Some(end)))
            }
            6 => (Some(format!("{day}T23:59:59Z")), (Some(day), Some(day))),
            _ => (Some(day.to_string()), (Some(day), Some(day))),
        }
    }

    fn event(&mut self) -> Event {
        let (date, days) = self.date();
        let place = self.below(PLACES.len() + 1);
        Event {
            // The minimum of two random numbers, so that some types are more frequent than others.
            kind: self.below(TYPES.len()).min(self.below(TYPES.len())),
            place: (place < PLACES.len()).then_some(place),
            date,
            days,
            parts: (0..self.below(4)).map(|_| (self.below(ACTORS), self.below(ROLES.len()))).collect(),
            words: (0..1 + self.below(3)).map(|_| self.below(WORDS.len())).collect(),
        }
    }
}

impl Event {
    fn record(&self, at: usize) -> Value {
        let parts =
            self.parts.iter().map(|(actor, role)| json!({ "actor": format!("a{actor}"), "role": ROLES[*role] }));
        let words: Vec<&str> = self.words.iter().map(|word| WORDS[*word]).collect();
        json!({
            "kind": "event", "key": format!("e{at}"), "type": TYPES[self.kind], "title": words.join(" "),
            "when": self.date, "place": self.place.map(|place| PLACES[place].0),
            "participations": parts.collect::<Vec<_>>(),
        })
    }
}

async fn fill(fixture: &Fixture, events: &[Event]) {
    let mut lines: Vec<Value> = (0..ACTORS)
        .map(|at| json!({ "kind": "person", "key": format!("a{at}"), "label": format!("Actor {at}") }))
        .collect();
    for (key, country) in PLACES {
        lines.push(json!({ "kind": "place", "key": key, "type": "CITY", "label": key, "country": country }));
    }
    lines.extend(events.iter().enumerate().map(|(at, event)| event.record(at)));
    assert_eq!(fixture.import_lines(&lines).await.problems, []);
}

/// A filter with the equivalent predicate.
type Filter = (Value, Box<dyn Fn(&Event) -> bool>);

fn filters() -> Vec<Filter> {
    let country = |event: &Event| event.place.and_then(|place| PLACES[place].1);
    vec![
        (json!({}), Box::new(|_| true)),
        (json!({ "type": { "eq": "VISIT" } }), Box::new(|event| event.kind == 0)),
        (json!({ "place": { "country": { "eq": "IQ" } } }), Box::new(move |event| country(event) == Some("IQ"))),
        (
            json!({ "participations": { "some": { "role": { "eq": "VICTIM" } } } }),
            Box::new(|event| event.parts.iter().any(|(_, role)| *role == 1)),
        ),
        (json!({ "search": "hospital" }), Box::new(|event| event.words.contains(&0))),
        (
            json!({ "search": "bridge -squ*", "not": { "type": { "eq": "RELEASE" } } }),
            Box::new(|event| event.words.contains(&2) && !event.words.contains(&3) && event.kind != 2),
        ),
        (json!({ "title": { "eq": "nothing" } }), Box::new(|_| false)),
    ]
}

/// Returns the 3 most frequent values, the number of distinct values, and the number of events without a value.
fn facet(events: &[&Event], values: impl Fn(&Event) -> Vec<String>) -> Value {
    let (mut counts, mut missing) = (BTreeMap::<String, usize>::new(), 0);
    for event in events {
        let values: BTreeSet<String> = values(event).into_iter().collect();
        missing += usize::from(values.is_empty());
        for value in values {
            *counts.entry(value).or_default() += 1;
        }
    }
    let distinct = counts.len();
    let mut ranked: Vec<(String, usize)> = counts.into_iter().collect();
    ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let buckets: Vec<Value> =
        ranked.into_iter().take(3).map(|(label, count)| json!({ "label": label, "count": count })).collect();
    json!({ "distinct": distinct, "missing": missing, "buckets": buckets })
}

fn facets(events: &[&Event]) -> Value {
    let word = |word: Option<&str>| word.map(str::to_owned).into_iter().collect::<Vec<_>>();
    let place = |event: &Event| event.place.map(|place| PLACES[place]);
    json!([
        facet(events, |event| word(Some(TYPES[event.kind]))),
        facet(events, |event| word(place(event).map(|(key, _)| key))),
        facet(events, |event| word(place(event).and_then(|(_, country)| country))),
        facet(events, |event| event.parts.iter().map(|(actor, _)| format!("Actor {actor}")).collect()),
        facet(events, |event| event.parts.iter().map(|(_, role)| ROLES[*role].to_owned()).collect()),
    ])
}

/// [`facets`] without the number of events that have no value.
fn valued(events: &[&Event]) -> Value {
    let mut all = facets(events);
    for facet in all.as_array_mut().unwrap() {
        facet.as_object_mut().unwrap().remove("missing");
    }
    all
}

/// Returns whether a bucket begins on this day.
fn is_bucket_start(interval: &str, every: i32, day: Date) -> bool {
    let since = |origin: Date| (day - origin).get_days().rem_euclid(if interval == "WEEK" { 7 * every } else { every });
    let months = i32::from(day.year()) * 12 + i32::from(day.month()) - 1;
    match interval {
        "DAY" => since(Date::constant(1970, 1, 1)) == 0,
        "WEEK" => day.weekday() == Weekday::Monday && since(Date::constant(1969, 12, 29)) == 0,
        "MONTH" => day.day() == 1 && months % every == 0,
        "QUARTER" => day.day() == 1 && months % (3 * every) == 0,
        _ => day.day() == 1 && months % (12 * every) == 0,
    }
}

/// Returns the first and last day of the day's bucket, by stepping day by day.
fn bucket(interval: &str, every: i32, day: Date) -> (Date, Date) {
    let (mut from, mut to) = (day, day);
    while !is_bucket_start(interval, every, from) {
        from = from.yesterday().unwrap();
    }
    while !is_bucket_start(interval, every, to.tomorrow().unwrap()) {
        to = to.tomorrow().unwrap();
    }
    (from, to)
}

type Buckets = (Vec<((String, String), f64)>, usize);

fn histogram(events: &[&Event], (interval, every, spread, empty): (&str, i32, bool, bool)) -> Buckets {
    let (mut by_days, mut undated) = (BTreeMap::<(Date, Date), usize>::new(), 0);
    for event in events {
        match (spread, event.days) {
            (_, (None, None)) | (false, (None, _)) => undated += 1,
            (false, (Some(first), _)) | (true, (Some(first), None)) => *by_days.entry((first, first)).or_default() += 1,
            (true, (None, Some(last))) => *by_days.entry((last, last)).or_default() += 1,
            (true, (Some(first), Some(last))) => *by_days.entry((first, last)).or_default() += 1,
        }
    }
    let mut by_day = BTreeMap::<Date, f64>::new();
    for ((first, last), count) in by_days {
        let days: Vec<Date> = first.series(1.day()).take_while(|day| *day <= last).collect();
        for day in &days {
            *by_day.entry(*day).or_default() += count as f64 / days.len() as f64;
        }
    }
    let mut buckets = BTreeMap::<(Date, Date), f64>::new();
    for (day, count) in by_day {
        *buckets.entry(bucket(interval, every, day)).or_default() += count;
    }
    if let (true, Some(first), Some(last)) =
        (empty, buckets.keys().next().copied(), buckets.keys().next_back().copied())
    {
        let mut at = first;
        while at != last {
            at = bucket(interval, every, at.1.tomorrow().unwrap());
            buckets.entry(at).or_default();
        }
    }
    (buckets.into_iter().map(|((from, to), count)| ((from.to_string(), to.to_string()), count)).collect(), undated)
}

fn parse_histogram(histogram: &Value) -> Buckets {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let buckets = histogram["buckets"].as_array().unwrap().iter();
    let buckets = buckets.map(|one| ((text(&one["from"]), text(&one["to"])), one["count"].as_f64().unwrap()));
    (buckets.collect(), histogram["undated"].as_u64().unwrap() as usize)
}

fn assert_equal_buckets(found: &Buckets, expected: &Buckets, what: &str) {
    let spans = |buckets: &Buckets| buckets.0.iter().map(|(span, _)| span.clone()).collect::<Vec<_>>();
    assert_eq!(spans(found), spans(expected), "{what}");
    for ((span, found), (_, expected)) in found.0.iter().zip(&expected.0) {
        assert!((found - expected).abs() <= 1e-6 * (1.0 + expected), "{what}: {found} and not {expected} in {span:?}");
    }
    assert_eq!(found.1, expected.1, "{what}");
}

async fn compare(fixture: &Fixture, events: &[Event]) {
    let mut queries = 0;
    for (filter, passes) in filters() {
        let passing: Vec<&Event> = events.iter().filter(|event| passes(event)).collect();
        let query = "query($f: EventFilter) { events(filter: $f, first: 0) {
            totalCount
            facets(by: [TYPE, PLACE, COUNTRY, ACTOR, ROLE], first: 3) { distinct missing buckets { label count } }
            valued: facets(by: [TYPE, PLACE, COUNTRY, ACTOR, ROLE], first: 3) { distinct buckets { label count } }
        } }";
        let found = fixture.query_with(query, json!({ "f": filter })).await["events"].clone();
        assert_eq!(found["totalCount"], passing.len(), "{filter} on {}", fixture.url);
        assert_eq!(found["facets"], facets(&passing), "{filter} on {}", fixture.url);
        assert_eq!(found["valued"], valued(&passing), "{filter} on {}", fixture.url);
        for (interval, every) in
            [("DAY", 1), ("DAY", 10), ("WEEK", 1), ("WEEK", 3), ("MONTH", 1), ("QUARTER", 1), ("YEAR", 1), ("YEAR", 5)]
        {
            for (spread, empty) in [(false, false), (true, false), (true, interval != "DAY")] {
                let query = "query($f: EventFilter, $i: Interval!, $n: Int!, $u: UncertainDates!, $e: Boolean!) {
                    events(filter: $f) { histogram(interval: $i, every: $n, uncertain: $u, empty: $e) {
                        undated buckets { from to count } } }
                }";
                let uncertain = if spread { "SPREAD" } else { "EARLIEST" };
                let variables = json!({ "f": filter, "i": interval, "n": every, "u": uncertain, "e": empty });
                let what = format!("{variables} on {}", fixture.url);
                let found = parse_histogram(&fixture.query_with(query, variables).await["events"]["histogram"]);
                let all: f64 = found.0.iter().map(|(_, count)| count).sum::<f64>() + found.1 as f64;
                assert!((all - passing.len() as f64).abs() < 1e-3 * (1.0 + all), "{what}: {all} in all");
                assert_equal_buckets(&found, &histogram(&passing, (interval, every, spread, empty)), &what);
                queries += 1;
            }
        }
    }
    assert_eq!(queries, 7 * 8 * 3);
}

#[tokio::test]
async fn counts_match_a_naive_loop() {
    for seed in 0..2 {
        let mut random = Random(seed);
        let events: Vec<Event> = (0..80).map(|_| random.event()).collect();
        for fixture in databases().await {
            fill(&fixture, &events).await;
            compare(&fixture, &events).await;
        }
    }
}

/// Run manually: `cargo test --test it -- --ignored counts_of_100_000`.
#[tokio::test]
#[ignore = "takes minutes"]
async fn counts_of_100_000_events_match_a_naive_loop() {
    let mut random = Random(1);
    let events: Vec<Event> = (0..100_000).map(|_| random.event()).collect();
    for fixture in databases().await {
        fill(&fixture, &events).await;
        compare(&fixture, &events).await;
    }
}

/// Counts, facets and histograms of a nested list cover the rows of its parent only.
#[tokio::test]
async fn counts_of_nested_lists_are_per_parent() {
    let mut random = Random(9);
    let events: Vec<Event> = (0..200).map(|_| random.event()).collect();
    for fixture in databases().await {
        fill(&fixture, &events).await;
        let query = "{ people { nodes { label events(first: 0, filter: { type: { in: [VISIT, RELEASE] } }) {
            totalCount
            facets(by: [TYPE, PLACE, COUNTRY, ACTOR, ROLE], first: 3) { distinct missing buckets { label count } }
            valued: facets(by: [TYPE, PLACE, COUNTRY, ACTOR, ROLE], first: 3) { distinct buckets { label count } }
            histogram(interval: MONTH, uncertain: SPREAD) { undated buckets { from to count } }
        } } } }";
        let people = fixture.query(query).await["people"]["nodes"].clone();
        for (at, person) in people.as_array().unwrap().iter().enumerate() {
            let with =
                |event: &&Event| matches!(event.kind, 0 | 2) && event.parts.iter().any(|(actor, _)| *actor == at);
            let passing: Vec<&Event> = events.iter().filter(with).collect();
            let what = format!("{} on {}", person["label"], fixture.url);
            assert_eq!(person["events"]["totalCount"], passing.len(), "{what}");
            assert_eq!(person["events"]["facets"], facets(&passing), "{what}");
            assert_eq!(person["events"]["valued"], valued(&passing), "{what}");
            let found = parse_histogram(&person["events"]["histogram"]);
            assert_equal_buckets(&found, &histogram(&passing, ("MONTH", 1, true, false)), &what);
        }
        assert_eq!(people.as_array().unwrap().len(), ACTORS);
    }
}

#[tokio::test]
async fn invalid_aggregation_arguments_are_rejected_with_a_message() {
    for story in databases_with_story().await {
        for (list, code, words) in [
            ("histogram(interval: DAY, every: 0) { undated }", "BAD_INPUT", "give 1 or more"),
            ("histogram(interval: MONTH, every: -3) { undated }", "BAD_INPUT", "give 1 or more"),
            ("facets(by: [TYPE], first: -1) { distinct }", "BAD_INPUT", "negative"),
            ("facets(by: [TYPE], first: 501) { distinct }", "LIMIT", "at most 500"),
        ] {
            let (refused, message) = story.query_error(&format!("{{ events {{ {list} }} }}"), json!({})).await;
            assert_eq!(refused, code, "{list}: {message}");
            assert!(message.contains(words), "{list}: {message}");
        }
        let many = "TYPE,".repeat(21);
        let (refused, message) =
            story.query_error(&format!("{{ events {{ facets(by: [{many}]) {{ by }} }} }}"), json!({})).await;
        assert_eq!((refused.as_str(), message.contains("at most 20")), ("LIMIT", true), "{message}");
        // Invalid page arguments are rejected even if no row is selected.
        let (refused, _) = story.query_error("{ events(first: -1) { facets(by: [TYPE]) { by } } }", json!({})).await;
        assert_eq!(refused, "BAD_INPUT");
        // An unknown facet is not in the schema's enum.
        let (_, message) = story.query_error("{ events { facets(by: [COLOUR]) { by } } }", json!({})).await;
        assert!(message.contains("COLOUR"), "{message}");
        let far = json!({ "kind": "event", "key": "far", "type": "OTHER", "title": "x", "when": "-4000/2020" });
        assert_eq!(story.import_lines(&[far]).await.problems, []);
        for arguments in ["interval: DAY, empty: true", "interval: DAY, uncertain: SPREAD"] {
            let query = format!("{{ events {{ histogram({arguments}) {{ undated }} }} }}");
            let (refused, message) = story.query_error(&query, json!({})).await;
            assert_eq!((refused.as_str(), message.contains("longer `interval`")), ("LIMIT", true), "{message}");
        }
    }
}

/// Dates whose years have more than four digits count as undated.
#[tokio::test]
async fn dates_beyond_four_digit_years_count_as_undated() {
    for fixture in databases().await {
        let dates = ["Y-170000000000", "Y170000002", "-9999", "9999", "Y-170000002/2020", "0000"];
        let lines: Vec<Value> = dates
            .iter()
            .enumerate()
            .map(|(at, date)| json!({ "kind": "event", "key": at.to_string(), "type": "OTHER", "when": date }))
            .collect();
        assert_eq!(fixture.import_lines(&lines).await.problems, []);
        for (uncertain, every, expected) in [
            (
                "EARLIEST",
                1000,
                json!([["-9999-01-01", "-9001-12-31"], ["0000-01-01", "0999-12-31"], ["9000-01-01", "9999-12-31"]]),
            ),
            (
                "SPREAD",
                1,
                json!([["-9999-01-01", "-9999-12-31"], ["0000-01-01", "0000-12-31"], ["9999-01-01", "9999-12-31"]]),
            ),
        ] {
            let query = format!(
                "{{ events {{ histogram(interval: YEAR, every: {every}, uncertain: {uncertain}) {{ undated buckets {{ from to count }} }} }} }}"
            );
            let histogram = fixture.query(&query).await["events"]["histogram"].clone();
            let spans: Vec<Value> =
                histogram["buckets"].as_array().unwrap().iter().map(|one| json!([one["from"], one["to"]])).collect();
            assert_eq!(json!(spans), expected, "{uncertain} on {}", fixture.url);
            assert_eq!(histogram["undated"], 3, "{uncertain} on {}", fixture.url);
        }
    }
}

/// The number of distinct values does not depend on how many buckets are requested.
#[tokio::test]
async fn distinct_count_includes_values_beyond_the_page() {
    for fixture in databases_with_story().await {
        let execute = async |first: i32| {
            let query = "query($n: Int!) { events(first: 0) { facets(by: [TYPE, PLACE], first: $n) { distinct missing buckets { count } } } }";
            let mut answer = fixture.query_with(query, json!({ "n": first })).await;
            for facet in answer["events"]["facets"].as_array_mut().unwrap() {
                let shown = facet["buckets"].as_array().unwrap().len();
                assert!(shown <= first as usize, "{facet}");
                facet.as_object_mut().unwrap().remove("buckets");
            }
            answer
        };
        assert_eq!(execute(0).await, execute(500).await);
    }
}
