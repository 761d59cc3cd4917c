//! Filters: the database finds the same events as a naive loop over the records.

use data_encoding::BASE64URL_NOPAD;
use proptest::prelude::{Just, Strategy, any, prop};
use proptest::prop_oneof;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::fixture::{Fixture, databases, databases_with_story};
use crate::server::Server;

/// An event of the model: its type, its first and last day in July 2021, its place, and participations as (actor, role).
#[derive(Clone, Debug)]
struct Event {
    kind: &'static str,
    days: Option<(u32, u32)>,
    place: Option<usize>,
    parts: Vec<(usize, &'static str)>,
}

const TYPES: &[&str] = &["VIOLENCE", "ABDUCTION", "KILLING", "ASSASSINATION", "VISIT"];
const ROLES: &[&str] = &["VICTIM", "AGENT", "VISITOR"];
/// The parent of each place, which form a tree.
const PLACES: &[Option<usize>] = &[None, Some(0), Some(1), Some(0), None, Some(4)];
const ACTORS: usize = 4;

fn below(place: usize, root: usize) -> bool {
    place == root || PLACES[place].is_some_and(|parent| below(parent, root))
}

fn within(kind: &str, root: &str) -> bool {
    kind == root
        || match root {
            "VIOLENCE" => kind != "VISIT",
            "KILLING" => kind == "ASSASSINATION",
            _ => false,
        }
}

#[derive(Clone, Debug)]
enum Filter {
    Type(&'static str),
    Within(&'static str),
    Possibly(u32, u32),
    Certainly(u32, u32),
    Undated(bool),
    PlaceWithin(usize),
    Some(usize, &'static str),
    None(usize),
    Every(&'static str),
    Not(Box<Filter>),
    And(Vec<Filter>),
    Or(Vec<Filter>),
}

impl Filter {
    fn json(&self) -> Value {
        let day = |day: &u32| format!("2021-07-{day:02}");
        match self {
            Self::Type(kind) => json!({ "type": { "eq": kind } }),
            Self::Within(kind) => json!({ "type": { "within": [kind] } }),
            Self::Possibly(from, to) => json!({ "when": { "possiblyWithin": { "from": day(from), "to": day(to) } } }),
            Self::Certainly(from, to) => json!({ "when": { "certainlyWithin": { "from": day(from), "to": day(to) } } }),
            Self::Undated(undated) => json!({ "when": { "isNull": undated } }),
            Self::PlaceWithin(place) => json!({ "place": { "within": { "slug": format!("place-{place}") } } }),
            Self::Some(actor, role) => {
                json!({ "participations": { "some": { "role": { "eq": role }, "actor": { "slug": { "eq": format!("actor-{actor}") } } } } })
            }
            Self::None(actor) => {
                json!({ "participations": { "none": { "actor": { "name": { "matches": format!("Actor{actor}") } } } } })
            }
            Self::Every(role) => json!({ "participations": { "every": { "role": { "eq": role } } } }),
            Self::Not(inner) => json!({ "not": inner.json() }),
            Self::And(all) => json!({ "and": all.iter().map(Self::json).collect::<Vec<_>>() }),
            Self::Or(all) => json!({ "or": all.iter().map(Self::json).collect::<Vec<_>>() }),
        }
    }

    fn passes(&self, event: &Event) -> bool {
        match self {
            Self::Type(kind) => event.kind == *kind,
            Self::Within(kind) => within(event.kind, kind),
            Self::Possibly(from, to) => event.days.is_some_and(|(first, last)| first <= *to && last >= *from),
            Self::Certainly(from, to) => event.days.is_some_and(|(first, last)| first >= *from && last <= *to),
            Self::Undated(undated) => event.days.is_none() == *undated,
            Self::PlaceWithin(root) => event.place.is_some_and(|place| below(place, *root)),
            Self::Some(actor, role) => event.parts.contains(&(*actor, *role)),
            Self::None(actor) => event.parts.iter().all(|(one, _)| one != actor),
            Self::Every(role) => event.parts.iter().all(|(_, one)| one == role),
            Self::Not(inner) => !inner.passes(event),
            Self::And(all) => all.iter().all(|one| one.passes(event)),
            Self::Or(all) => all.iter().any(|one| one.passes(event)),
        }
    }
}

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(words)
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = (
        one_of(TYPES),
        prop::option::of((1..20_u32, 0..5_u32).prop_map(|(first, length)| (first, first + length))),
        prop::option::of(0..PLACES.len()),
        prop::collection::vec((0..ACTORS, one_of(ROLES)), 0..4),
    );
    prop::collection::vec(event.prop_map(|(kind, days, place, parts)| Event { kind, days, place, parts }), 40)
}

fn filters() -> impl Strategy<Value = Filter> {
    let span = (1..25_u32, 0..8_u32);
    let leaf = prop_oneof![
        one_of(TYPES).prop_map(Filter::Type),
        one_of(TYPES).prop_map(Filter::Within),
        span.clone().prop_map(|(from, length)| Filter::Possibly(from, from + length)),
        span.prop_map(|(from, length)| Filter::Certainly(from, from + length)),
        any::<bool>().prop_map(Filter::Undated),
        (0..PLACES.len()).prop_map(Filter::PlaceWithin),
        (0..ACTORS, one_of(ROLES)).prop_map(|(actor, role)| Filter::Some(actor, role)),
        (0..ACTORS).prop_map(Filter::None),
        one_of(ROLES).prop_map(Filter::Every),
        Just(Filter::Or(Vec::new())),
        Just(Filter::And(Vec::new())),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| Filter::Not(Box::new(one))),
            prop::collection::vec(inner.clone(), 1..3).prop_map(Filter::And),
            prop::collection::vec(inner, 1..3).prop_map(Filter::Or),
        ]
    })
}

fn lines(events: &[Event]) -> Vec<Value> {
    let mut lines = Vec::new();
    for (number, parent) in PLACES.iter().enumerate() {
        let mut place = json!({ "kind": "place", "key": format!("place/{number}"), "slug": format!("place-{number}"), "type": "CITY", "label": "x" });
        if let Some(parent) = parent {
            place["parent"] = json!(format!("place/{parent}"));
        }
        lines.push(place);
    }
    for number in 0..ACTORS {
        let name = format!("Actor{number}");
        lines.push(json!({ "kind": "person", "key": format!("actor/{number}"), "slug": format!("actor-{number}"), "label": name, "names": [{ "text": name }] }));
    }
    for (number, event) in events.iter().enumerate() {
        let parts: Vec<Value> = event
            .parts
            .iter()
            .map(|(actor, role)| json!({ "actor": format!("actor/{actor}"), "role": role }))
            .collect();
        let mut line =
            json!({ "kind": "event", "key": format!("{number}"), "type": event.kind, "participations": parts });
        if let Some((first, last)) = event.days {
            line["when"] = json!(if first == last {
                format!("2021-07-{first:02}")
            } else {
                format!("2021-07-{first:02}/2021-07-{last:02}")
            });
        }
        if let Some(place) = event.place {
            line["place"] = json!(format!("place/{place}"));
        }
        lines.push(line);
    }
    lines
}

/// A filter as a document writes it, with variables for the values that it compares with.
#[derive(Default)]
struct WithVariables {
    definitions: Vec<String>,
    values: serde_json::Map<String, Value>,
}

impl WithVariables {
    fn write(&mut self, path: &[&str], value: &Value) -> String {
        let type_name = match path {
            [.., "type", "eq"] => Some("EventType!"),
            [.., "type", "within"] => Some("[EventType!]!"),
            [.., "role", "eq"] => Some("Role"),
            [.., "slug", "eq"] => Some("String!"),
            _ => None,
        };
        if let Some(type_name) = type_name {
            let name = format!("v{}", self.definitions.len());
            self.definitions.push(format!("${name}: {type_name}"));
            self.values.insert(name.clone(), value.clone());
            return format!("${name}");
        }
        match value {
            Value::Array(values) => {
                let values: Vec<String> = values.iter().map(|value| self.write(path, value)).collect();
                format!("[{}]", values.join(", "))
            }
            Value::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, value)| format!("{name}: {}", self.write(&[path, &[name.as_str()]].concat(), value)));
                format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
            }
            value => value.to_string(),
        }
    }

    /// Returns the ids of all matching events in the order of time, read in pages of three.
    async fn ids(&self, filter: &str, fixture: &Fixture) -> Vec<Value> {
        let definitions =
            ["$after: String".to_owned()].iter().chain(&self.definitions).cloned().collect::<Vec<_>>().join(", ");
        let query = format!(
            "query({definitions}) {{ events(filter: {filter}, first: 3, after: $after, orderBy: [{{ field: WHEN }}]) {{ nodes {{ id }} pageInfo {{ endCursor hasNextPage }} }} }}"
        );
        let (mut variables, mut ids) = (self.values.clone(), Vec::new());
        loop {
            let data = fixture.query_with(&query, Value::Object(variables.clone())).await;
            let page = &data["events"];
            ids.extend(page["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()));
            if page["pageInfo"]["hasNextPage"] == false {
                return ids;
            }
            variables.insert("after".into(), page["pageInfo"]["endCursor"].clone());
        }
    }
}

#[test]
fn filters_match_a_naive_loop() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { cases: 4, failure_persistence: None, ..Config::default() };
    let cases = (events(), prop::collection::vec(filters(), 60));
    TestRunner::new(config)
        .run(&cases, |(events, filters)| {
            runtime.block_on(async {
                for fixture in databases().await {
                    assert_eq!(fixture.import_lines(&lines(&events)).await.problems, []);
                    for filter in &filters {
                        let query = "query($filter: EventFilter) { events(filter: $filter, first: 100) { totalCount nodes { record { key } } } byTime: events(filter: $filter, first: 100, orderBy: [{ field: WHEN }]) { nodes { id } } }";
                        let data = fixture.query_with(query, json!({ "filter": filter.json() })).await;
                        let found: Vec<usize> =
                            data["events"]["nodes"].as_array().unwrap().iter().map(|node| node["record"]["key"].as_str().unwrap().parse().unwrap()).collect();
                        let expected: Vec<usize> = (0..events.len()).filter(|at| filter.passes(&events[*at])).collect();
                        assert_eq!(found, expected, "{} on {}", filter.json(), fixture.url);
                        assert_eq!(data["events"]["totalCount"], expected.len());
                        let mut document = WithVariables::default();
                        let text = document.write(&[], &filter.json());
                        let by_time: Vec<Value> =
                            data["byTime"]["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()).collect();
                        assert_eq!(document.ids(&text, &fixture).await, by_time, "{text} on {}", fixture.url);
                    }
                }
            });
            Ok(())
        })
        .unwrap();
}

/// A plan is kept for all requests of a document: values, nulls and wrong values of one request do not change the response to another.
#[tokio::test(flavor = "multi_thread")]
async fn requests_with_different_values_share_a_plan() {
    for fixture in databases_with_story().await {
        let server = Server::start_with(&fixture, &["--answer-cache", "0"]);
        let ids = server.query("{ people(first: 100) { nodes { id slug } } places(first: 1) { nodes { id } } }").await;
        let people = ids["data"]["people"]["nodes"].as_array().unwrap().clone();
        let place = ids["data"]["places"]["nodes"][0]["id"].clone();
        let document = "query($types: [EventType!], $role: Role, $id: ID, $slug: String = \"ali-al-mikdam\", $not: [ID!]) {
            events(first: 50, filter: {
                type: { in: $types }
                participations: { some: { role: { eq: $role }, actor: { id: { eq: $id, notIn: $not }, slug: { eq: $slug } } } }
            }) { totalCount nodes { id } }
        }";
        // The same filter as a value.
        let whole = "query($filter: EventFilter) { events(first: 50, filter: $filter) { totalCount nodes { id } } }";
        let ask = async |query: &str, variables: &Value| -> Value {
            server.post(json!({ "query": query, "variables": variables }).to_string()).await.json().await.unwrap()
        };
        let (first, last) = (&people[0], &people[people.len() - 1]);
        let too_many = vec![first["id"].clone(); 1001];
        let requests = [
            json!({}),
            json!({ "types": ["VISIT"] }),
            json!({ "types": ["VISIT", "ABDUCTION"], "role": "VICTIM" }),
            json!({ "types": "VISIT", "slug": null }),
            json!({ "types": [], "slug": null }),
            json!({ "types": null, "role": null, "slug": null, "id": first["id"] }),
            json!({ "id": last["id"], "slug": last["slug"] }),
            json!({ "id": first["id"], "slug": last["slug"] }),
            json!({ "slug": null, "not": [first["id"], last["id"]] }),
            // These do not exist.
            json!({ "slug": "nobody" }),
            json!({ "slug": null, "not": [first["id"], "YWN0b3I6OTk5OTk5OQ"] }),
            json!({ "slug": null, "id": "YWN0b3I6OTk5OTk5OQ" }),
            // A place is no actor.
            json!({ "slug": null, "id": place }),
            json!({ "slug": null, "id": "nonsense" }),
            json!({ "slug": null, "not": too_many }),
        ];
        let mut codes = std::collections::BTreeSet::new();
        for _ in 0..3 {
            for variables in &requests {
                let mut filter =
                    json!({ "participations": { "some": { "actor": { "slug": { "eq": "ali-al-mikdam" } } } } });
                for (name, value) in variables.as_object().unwrap() {
                    let actor = &mut filter["participations"]["some"]["actor"];
                    match name.as_str() {
                        "types" => filter["type"] = json!({ "in": value }),
                        "role" => filter["participations"]["some"]["role"] = json!({ "eq": value }),
                        "not" => actor["id"]["notIn"] = value.clone(),
                        name => actor[name]["eq"] = value.clone(),
                    }
                }
                let (found, expected) =
                    (ask(document, variables).await, ask(whole, &json!({ "filter": filter })).await);
                assert_eq!(found["data"], expected["data"], "{variables} on {}", fixture.url);
                let messages = |response: &Value| {
                    let errors = response["errors"].as_array().into_iter().flatten();
                    errors
                        .map(|error| (error["message"].clone(), error["extensions"]["code"].clone()))
                        .collect::<Vec<_>>()
                };
                assert_eq!(messages(&found), messages(&expected), "{variables} on {}", fixture.url);
                codes.extend(messages(&found).iter().map(|(_, code)| code.to_string()));
                codes.insert(found["data"]["events"]["totalCount"].to_string());
            }
        }
        assert!(codes.len() > 5 && codes.contains("\"NOT_FOUND\"") && codes.contains("\"LIMIT\""), "{codes:?}");
    }
}

/// How a name is searched depends on its words: names of all kinds are found by one document as by a filter that is given whole.
#[tokio::test(flavor = "multi_thread")]
async fn names_of_all_kinds_share_a_plan() {
    let names = [
        "Mikdam",
        "Ali al-Mikdam",
        "Ali al Mikdam",
        "A. Mikdam",
        "A. M. Mikdam",
        "al-Mikdam, Ali",
        "مقدام",
        "علي المقدام",
        "Mustafa Kadhimi",
        "O'Neil",
        "Kadhimi Mustafa al",
        "one two three four five six seven",
        "m",
        "a b",
        "",
        "...",
        "x x x x x x x x x x x x x x x x x x x x x x",
        "Микдам",
        "米",
        "Abu Ali al-Askari of Baghdad",
        "Ali",
        "ali ali",
        "Ali-Mikdam",
    ];
    for fixture in databases_with_story().await {
        let server = Server::start_with(&fixture, &["--answer-cache", "0"]);
        let document = "query($name: String!, $role: Role) {
            actors(first: 50, filter: { name: { matches: $name }, participations: { some: { role: { eq: $role } } } }) { totalCount nodes { id } }
            exact: actors(filter: { or: [{ name: { matches: $name, modes: [EXACT] } }, { label: { eq: $name } }] }) { nodes { label } }
            suggested: actors(filter: { name: { matches: $name } }) { totalCount suggestions }
        }";
        let whole = "query($filter: ActorFilter, $exact: ActorFilter, $name: ActorFilter) {
            actors(first: 50, filter: $filter) { totalCount nodes { id } }
            exact: actors(filter: $exact) { nodes { label } }
            suggested: actors(filter: $name) { totalCount suggestions }
        }";
        let ask = async |query: &str, variables: &Value| -> Value {
            server.post(json!({ "query": query, "variables": variables }).to_string()).await.json().await.unwrap()
        };
        let mut counts = std::collections::BTreeSet::new();
        for _ in 0..2 {
            for name in names {
                let variables = json!({ "name": name, "role": "VICTIM" });
                let of_role = json!({ "some": { "role": { "eq": "VICTIM" } } });
                let exact = json!([{ "name": { "matches": name, "modes": ["EXACT"] } }, { "label": { "eq": name } }]);
                let filters = json!({
                    "filter": { "name": { "matches": name }, "participations": of_role },
                    "exact": { "or": exact },
                    "name": { "name": { "matches": name } },
                });
                let (found, expected) = (ask(document, &variables).await, ask(whole, &filters).await);
                assert_eq!(found["data"], expected["data"], "{name} on {}", fixture.url);
                let errors = |response: &Value| response["errors"].as_array().map_or(0, Vec::len);
                assert_eq!(errors(&found), errors(&expected), "{name} on {}", fixture.url);
                counts.insert(found["data"]["actors"]["totalCount"].to_string());
            }
        }
        assert!(counts.len() > 2, "{counts:?}");
    }
}

/// An id that names a node of another type is `NOT_FOUND` in each filter on a related node, also where a column has ids of several types.
#[tokio::test]
async fn id_of_another_type_is_not_found_in_any_filter() {
    for fixture in databases_with_story().await {
        let types = "{ __schema { queryType { fields { name args { name type { name } } } } types { name inputFields { name type { name } } } } }";
        let schema = fixture.query(types).await;
        let named = |list: &Value, name: &str| {
            list.as_array().into_iter().flatten().find(|one| one["name"] == name).cloned().unwrap_or_default()
        };
        let types = &schema["__schema"]["types"];
        let filter_of = |field: &Value| named(&field["args"], "filter")["type"]["name"].as_str().map(str::to_owned);
        let lists: Vec<(String, String)> = schema["__schema"]["queryType"]["fields"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|field| Some((field["name"].as_str()?.to_owned(), filter_of(field)?)))
            .collect();
        let rows = fixture.text_column("SELECT kind || ':' || id AS said FROM record ORDER BY id").await;
        let records: Vec<(&str, &str)> = rows.iter().map(|row| row.split_once(':').unwrap()).collect();
        let (mut fields, mut refused) = (0, 0);
        for (list, filter) in &lists {
            for field in named(types, filter)["inputFields"].as_array().unwrap() {
                let related = field["type"]["name"].as_str().unwrap_or_default();
                let Some((of_related, _)) = lists.iter().find(|(_, filter)| filter == related) else { continue };
                let first = fixture.query(&format!("{{ {of_related}(first: 1) {{ nodes {{ id }} }} }}")).await;
                let Some(id) = first[of_related]["nodes"][0]["id"].as_str() else { continue };
                let id = String::from_utf8(BASE64URL_NOPAD.decode(id.as_bytes()).unwrap()).unwrap();
                let (prefix, number) = id.split_once(':').unwrap();
                // Datasets and changes are no records.
                let Some((kind, _)) = records.iter().find(|(_, one)| *one == number) else { continue };
                let others: Vec<&str> = records.iter().filter(|(other, _)| other != kind).map(|(_, id)| *id).collect();
                fields += 1;
                for numbers in others.chunks(100) {
                    let ask = |number: &&str| {
                        let id = BASE64URL_NOPAD.encode(format!("{prefix}:{number}").as_bytes());
                        let field = &field["name"].as_str().unwrap();
                        format!(
                            "a{number}: {list}(first: 1, filter: {{ {field}: {{ id: {{ eq: \"{id}\" }} }} }}) {{ nodes {{ id }} }}"
                        )
                    };
                    let query = format!("{{ {} }}", numbers.iter().map(ask).collect::<Vec<_>>().join(" "));
                    let (response, _) = fixture.query_counting_statements(&query, json!({})).await;
                    let found: Vec<_> = response["data"]
                        .as_object()
                        .into_iter()
                        .flatten()
                        .filter(|(_, value)| !value.is_null())
                        .collect();
                    assert!(found.is_empty(), "{list} by {} on {}: {found:?}", field["name"], fixture.url);
                    let errors = response["errors"].as_array().unwrap();
                    assert!(errors.iter().all(|error| error["extensions"]["code"] == "NOT_FOUND"), "{errors:?}");
                    refused += errors.len();
                }
            }
        }
        assert!(fields > 30 && refused > 1000, "{fields} fields, {refused} ids");
    }
}
