//! The actor graph: neighbors and shortest paths, compared with a naive search of the same graph.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::{Just, Strategy, prop};
use proptest::prop_oneof;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::fixture::{Fixture, databases, databases_with_story};

const ACTORS: usize = 12;

/// A link between actors, with the actors that it connects.
#[derive(Clone, Debug)]
enum Link {
    Event(Vec<usize>),
    Series(Vec<usize>),
    Statement { speaker: usize, addressee: Option<usize>, about: Vec<usize> },
    Relation(usize, usize),
}

impl Link {
    fn kind(&self) -> &'static str {
        match self {
            Self::Event(_) | Self::Series(_) => "EVENT",
            Self::Statement { .. } => "STATEMENT",
            Self::Relation(..) => "RELATION",
        }
    }

    /// The actors that it connects. A series connects nobody.
    fn connected(&self) -> BTreeSet<usize> {
        match self {
            Self::Event(actors) => actors.iter().copied().collect(),
            Self::Series(_) => BTreeSet::new(),
            Self::Statement { speaker, addressee, about } => {
                std::iter::once(*speaker).chain(*addressee).chain(about.iter().copied()).collect()
            }
            Self::Relation(subject, object) => BTreeSet::from([*subject, *object]),
        }
    }

    fn record(&self, at: usize) -> Value {
        let key = format!("t{at:03}");
        let actor = |actor: &usize| format!("a{actor}");
        match self {
            Self::Event(actors) | Self::Series(actors) => {
                let occurrence = if matches!(self, Self::Series(_)) { "SERIES" } else { "HAPPENED" };
                let parts = actors.iter().map(|one| json!({ "actor": actor(one), "role": "PARTICIPANT" }));
                json!({ "kind": "event", "key": key, "type": "MEETING", "title": key, "occurrence": occurrence,
                    "participations": parts.collect::<Vec<_>>() })
            }
            Self::Statement { speaker, addressee, about } => json!({
                "kind": "statement", "key": key, "summary": key, "speaker": actor(speaker), "attribution": "NAMED_PERSON",
                "quoteType": "INDIRECT", "medium": "UNKNOWN", "addressee": addressee.as_ref().map(actor),
                "about": about.iter().map(actor).collect::<BTreeSet<_>>(),
            }),
            Self::Relation(subject, object) => json!({
                "kind": "relation", "key": key, "type": "ASSOCIATE_OF", "subject": actor(subject), "object": actor(object),
            }),
        }
    }
}

fn link() -> impl Strategy<Value = Link> {
    let actors = |most| prop::collection::vec(0..ACTORS, 0..most);
    prop_oneof![
        4 => actors(4).prop_map(Link::Event),
        1 => actors(6).prop_map(Link::Series),
        2 => (0..ACTORS, prop::option::of(0..ACTORS), actors(3))
            .prop_map(|(speaker, addressee, about)| Link::Statement { speaker, addressee, about }),
        2 => (0..ACTORS, 1..ACTORS).prop_map(|(one, far)| Link::Relation(one, (one + far) % ACTORS)),
    ]
}

fn via() -> impl Strategy<Value = Vec<&'static str>> {
    prop_oneof![
        3 => Just(vec!["EVENT", "STATEMENT", "RELATION"]),
        1 => Just(vec!["EVENT"]),
        1 => Just(vec!["STATEMENT", "RELATION"]),
    ]
}

/// Returns the distance of each reachable actor, by a breadth-first search.
fn distances(links: &[Link], via: &[&str], from: usize) -> BTreeMap<usize, usize> {
    let mut distances = BTreeMap::from([(from, 0)]);
    let mut queue = VecDeque::from([from]);
    while let Some(at) = queue.pop_front() {
        let next = distances[&at] + 1;
        for connected in links.iter().filter(|link| via.contains(&link.kind())).map(Link::connected) {
            for other in connected.iter().filter(|_| connected.contains(&at)) {
                if !distances.contains_key(other) {
                    distances.insert(*other, next);
                    queue.push_back(*other);
                }
            }
        }
    }
    distances
}

async fn fill(fixture: &Fixture, links: &[Link]) {
    let mut lines: Vec<Value> = (0..ACTORS)
        .map(|at| json!({ "kind": "person", "key": format!("a{at}"), "slug": format!("a{at}"), "label": format!("a{at}") }))
        .collect();
    lines.extend(links.iter().enumerate().map(|(at, link)| link.record(at)));
    assert_eq!(fixture.import_lines(&lines).await.problems, []);
}

fn number(value: &Value) -> usize {
    value.as_str().unwrap()[1..].parse().unwrap()
}

const HOP: &str = "from { label } to { label } fromParts { role } toParts { role source { __typename } }
    via { __typename ... on Event { record { key } } ... on Statement { record { key } } ... on Relation { record { key } } }";

/// Asserts that both actors of a hop take part in its link.
fn assert_hop(links: &[Link], via: &[&str], hop: &Value) {
    let link = &links[number(&hop["via"]["record"]["key"])];
    let (from, to) = (number(&hop["from"]["label"]), number(&hop["to"]["label"]));
    assert!(via.contains(&link.kind()) && from != to, "{hop}");
    assert!(link.connected().contains(&from) && link.connected().contains(&to), "{hop} of {link:?}");
    for parts in [&hop["fromParts"], &hop["toParts"]] {
        assert_ne!(parts, &json!([]), "{hop}");
    }
}

#[test]
fn paths_and_neighbors_match_a_naive_search() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 8, failure_persistence: None, ..Config::default() });
    let cases = (prop::collection::vec(link(), 1..24), via());
    runner
        .run(&cases, |(links, via)| {
            runtime.block_on(async {
                for fixture in databases().await {
                    fill(&fixture, &links).await;
                    compare_neighbors(&fixture, &links, &via).await;
                    compare_paths(&fixture, &links, &via).await;
                }
            });
            Ok(())
        })
        .unwrap();
}

async fn compare_paths(fixture: &Fixture, links: &[Link], via: &[&str]) {
    for (from, to) in (0..ACTORS).flat_map(|from| [(from, (from * 5 + 1) % ACTORS), (from, (from * 7 + 3) % ACTORS)]) {
        let distance = distances(links, via, from).get(&to).copied();
        for most in [1, 2, 3, 6] {
            let query = format!(
                "query($v: [ActorLinkKind!]) {{ path(from: {{ slug: \"a{from}\" }}, to: {{ slug: \"a{to}\" }}, maxHops: {most}, via: $v) {{
                    length complete hops {{ {HOP} }} }} }}"
            );
            let path = fixture.query_with(&query, json!({ "v": via })).await["path"].clone();
            let expected = distance.filter(|distance| *distance <= most);
            let what = format!("{from} to {to} within {most} via {via:?} on {}: {links:?}", fixture.url);
            assert_eq!(path["length"], json!(expected), "{what}");
            assert_eq!(path["complete"], true, "{what}");
            let hops = path["hops"].as_array().unwrap();
            assert_eq!(hops.len(), expected.unwrap_or(0), "{what}");
            let mut at = from;
            for hop in hops {
                assert_hop(links, via, hop);
                assert_eq!(number(&hop["from"]["label"]), at, "{what}");
                at = number(&hop["to"]["label"]);
            }
            assert!(hops.is_empty() || at == to, "{what}");
        }
    }
}

async fn compare_neighbors(fixture: &Fixture, links: &[Link], via: &[&str]) {
    for depth in 1..=3 {
        let query = format!(
            "query($v: [ActorLinkKind!]) {{ people {{ nodes {{ label neighbors(via: $v, depth: {depth}, first: 500) {{
                complete nodes {{ actor {{ label }} distance linkCount hops(first: 500) {{ {HOP} }} }} }} }} }} }}"
        );
        let data = fixture.query_with(&query, json!({ "v": via })).await;
        for person in data["people"]["nodes"].as_array().unwrap() {
            let what = format!("{} to {depth} via {via:?} on {}: {links:?}", person["label"], fixture.url);
            let distances = distances(links, via, number(&person["label"]));
            let near = |actor: usize, distance: usize| {
                let connects = |link: &&Link| {
                    let connected = link.connected();
                    let nearer = |other: &usize| distances.get(other) == Some(&(distance - 1));
                    via.contains(&link.kind()) && connected.contains(&actor) && connected.iter().any(nearer)
                };
                (distance, std::cmp::Reverse(links.iter().filter(connects).count()), actor)
            };
            let mut expected: Vec<_> = distances
                .iter()
                .filter(|(_, distance)| (1..=depth).contains(*distance))
                .map(|(actor, distance)| near(*actor, *distance))
                .collect();
            expected.sort_unstable();
            assert_eq!(person["neighbors"]["complete"], true, "{what}");
            let mut found = Vec::new();
            for node in person["neighbors"]["nodes"].as_array().unwrap() {
                let (actor, distance) = (number(&node["actor"]["label"]), node["distance"].as_u64().unwrap() as usize);
                let link_count = node["linkCount"].as_u64().unwrap() as usize;
                found.push((distance, std::cmp::Reverse(link_count), actor));
                let hops = node["hops"].as_array().unwrap();
                let between: BTreeSet<usize> = hops.iter().map(|hop| number(&hop["via"]["record"]["key"])).collect();
                assert_eq!(between.len(), link_count, "{what}");
                for hop in hops {
                    assert_hop(links, via, hop);
                    assert_eq!(number(&hop["to"]["label"]), actor, "{what}");
                    assert_eq!(distances[&number(&hop["from"]["label"])], distance - 1, "{what}");
                }
            }
            assert_eq!(found, expected, "{what}");
        }
    }
}

#[tokio::test]
async fn appears_with_can_be_filtered_by_event() {
    for story in databases_with_story().await {
        let query = "{ actor(slug: \"ali-al-mikdam\") {
            appearsWith(filter: { type: { within: [VISIT] } }) { complete nodes { actor { label } distance linkCount hops { via { ... on Event { type } } } } }
            few: appearsWith(first: 1) { complete nodes { linkCount } }
            none: appearsWith(filter: { title: { eq: \"no such title\" } }) { complete nodes { linkCount } }
        } }";
        let actor = story.query(query).await["actor"].clone();
        let nodes = actor["appearsWith"]["nodes"].as_array().unwrap();
        let labels: Vec<&str> = nodes.iter().map(|node| node["actor"]["label"].as_str().unwrap()).collect();
        assert_eq!(labels, ["Mustafa al-Kadhimi", "Jeanine Hennis-Plasschaert"]);
        for node in nodes {
            assert_eq!(
                (&node["linkCount"], &node["hops"]),
                (&json!(1), &json!([{ "via": { "type": "VISIT" } }])),
                "{}",
                story.url
            );
        }
        assert_eq!((&actor["appearsWith"]["complete"], &actor["few"]["complete"]), (&json!(true), &json!(false)));
        assert_eq!(actor["none"], json!({ "complete": true, "nodes": [] }));
    }
}

#[tokio::test]
async fn invalid_graph_arguments_are_rejected_with_a_message() {
    for story in databases_with_story().await {
        let actor = |field: &str| format!("{{ actor(slug: \"ali-al-mikdam\") {{ {field} {{ complete }} }} }}");
        let path = |to: &str, most: i32| {
            format!("{{ path(from: {{ slug: \"ali-al-mikdam\" }}, to: {to}, maxHops: {most}) {{ length }} }}")
        };
        for (query, code, words) in [
            (actor("neighbors(depth: 9)"), "BAD_INPUT", "1 to 3"),
            (actor("neighbors(depth: 0)"), "BAD_INPUT", "1 to 3"),
            (actor("neighbors(first: 501)"), "LIMIT", "at most 500"),
            (actor("neighbors(via: [])"), "BAD_INPUT", "list at least one kind"),
            (actor("appearsWith(first: -1)"), "BAD_INPUT", "negative"),
            (
                actor("appearsWith(filter: { slug: { eq: \"visit-of-kadhimi\" } })"),
                "NOT_FOUND",
                "visit-of-kadhimi-to-mikdam",
            ),
            (path("{ slug: \"mustafa-al-kadhimi\" }", 7), "BAD_INPUT", "1 to 6"),
            (path("{ slug: \"mustafa-al-kadhimi\" }", 0), "BAD_INPUT", "1 to 6"),
            (path("{ slug: \"mustafa-al-kadimi\" }", 3), "NOT_FOUND", "mustafa-al-kadhimi"),
            (path("{}", 3), "BAD_INPUT", "exactly one"),
            (path("{ id: \"ZXZlbnQ6MQ\" }", 3), "BAD_INPUT", "actor"),
            (path("{ id: \"YWN0b3I6OTk5OTk5\" }", 3), "NOT_FOUND", "actor"),
        ] {
            let (refused, message) = story.query_error(&query, json!({})).await;
            assert_eq!(refused, code, "{query}: {message}");
            assert!(message.contains(words), "{query}: {message}");
        }
    }
}

/// The timeline contains the actor's lists in order of time. Its pages in either direction add up to it.
#[tokio::test]
async fn timeline_merges_the_lists_of_an_actor() {
    const EVENT: &str = "nodes { id when { earliest } }";
    const STATEMENT: &str = "nodes { id saidAt { earliest } }";
    const RELATION: &str = "nodes { id from { earliest } }";
    for story in databases_with_story().await {
        let lists = format!(
            "{{ actors(first: 500) {{ nodes {{ slug
                timeline(first: 500) {{ totalCount nodes {{ __typename ... on Event {{ id }} ... on Statement {{ id }} ... on Relation {{ id }} }} }}
                events(first: 500) {{ {EVENT} }} statements(first: 500) {{ {STATEMENT} }} statementsAbout(first: 500) {{ {STATEMENT} }}
                relations(first: 500) {{ {RELATION} }} relationsTo(first: 500) {{ {RELATION} }} }} }} }}"
        );
        let actors = story.query(&lists).await["actors"]["nodes"].clone();
        for actor in actors.as_array().unwrap() {
            let mut expected = BTreeSet::new();
            for (kind, list, date) in [
                (0, "events", "when"),
                (1, "statements", "saidAt"),
                (1, "statementsAbout", "saidAt"),
                (2, "relations", "from"),
                (2, "relationsTo", "from"),
            ] {
                for node in actor[list]["nodes"].as_array().unwrap() {
                    let earliest = node[date]["earliest"].as_str().map(str::to_owned);
                    let id = node["id"].as_str().unwrap();
                    let number = data_encoding::BASE64URL_NOPAD.decode(id.as_bytes()).unwrap();
                    let number: i64 = String::from_utf8(number).unwrap().split_once(':').unwrap().1.parse().unwrap();
                    expected.insert((earliest.is_none(), earliest, kind, number, id.to_owned()));
                }
            }
            let expected: Vec<&String> = expected.iter().map(|(.., id)| id).collect();
            let nodes = actor["timeline"]["nodes"].as_array().unwrap();
            let found: Vec<&str> = nodes.iter().map(|node| node["id"].as_str().unwrap()).collect();
            assert_eq!(found, expected, "{} on {}", actor["slug"], story.url);
            assert_eq!(actor["timeline"]["totalCount"], expected.len());
        }
        for (size, cursor, flag, end) in
            [("first", "after", "hasNextPage", "endCursor"), ("last", "before", "hasPreviousPage", "startCursor")]
        {
            let mut pages: Vec<Vec<Value>> = Vec::new();
            let mut at = Value::Null;
            loop {
                let query = format!(
                    "query($c: String) {{ actor(slug: \"ali-al-mikdam\") {{ timeline({size}: 3, {cursor}: $c) {{
                        edges {{ cursor node {{ ... on Event {{ id }} ... on Statement {{ id }} ... on Relation {{ id }} }} }}
                        pageInfo {{ {flag} {end} }} }} }} }}"
                );
                let page = story.query_with(&query, json!({ "c": at })).await["actor"]["timeline"].clone();
                pages.push(page["edges"].as_array().unwrap().iter().map(|edge| edge["node"].clone()).collect());
                at = page["pageInfo"][end].clone();
                if page["pageInfo"][flag] == false {
                    break;
                }
            }
            if size == "last" {
                pages.reverse();
            }
            let query = "{ actor(slug: \"ali-al-mikdam\") { timeline(first: 500) { nodes { ... on Event { id } ... on Statement { id } ... on Relation { id } } } } }";
            let whole = story.query(query).await["actor"]["timeline"]["nodes"].clone();
            assert!(pages.len() > 5, "{size}");
            assert_eq!(json!(pages.concat()), whole, "{size} on {}", story.url);
        }
        for (arguments, code, words) in [
            ("kinds: []", "BAD_INPUT", "list at least one kind"),
            ("first: 501", "LIMIT", "at most 500"),
            ("after: \"x\"", "BAD_INPUT", "not a cursor of this list"),
            ("when: { before: \"soon\" }", "BAD_INPUT", "EDTF"),
        ] {
            let query = format!(
                "{{ actor(slug: \"ali-al-mikdam\") {{ timeline({arguments}) {{ nodes {{ __typename }} }} }} }}"
            );
            let (refused, message) = story.query_error(&query, json!({})).await;
            assert_eq!(refused, code, "{arguments}: {message}");
            assert!(message.contains(words), "{arguments}: {message}");
        }
    }
}
