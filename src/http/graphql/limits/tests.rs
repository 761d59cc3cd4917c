use std::time::Instant;

use async_graphql::Variables;
use async_graphql::parser::parse_query;
use clap::Parser;
use proptest::prelude::{any, prop, proptest};
use serde_json::json;

use crate::config::Limits;
use crate::error::Result;
use crate::http::graphql::limits::{SchemaShape, judge, judge_text, judge_variables};

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    limits: Limits,
}

fn limits() -> Limits {
    Flags::parse_from(["test"]).limits
}

fn price(document: &str, variables: serde_json::Value) -> Result<usize> {
    let shape = SchemaShape::read(&crate::graphql::sdl()).unwrap();
    judge_text(document, &limits())?;
    judge_variables(&variables.to_string(), &limits())?;
    let variables = Variables::from_json(variables);
    let document = parse_query(document).unwrap();
    let (_, operation) = document.operations.iter().next().unwrap();
    judge(&document, &operation.node, &variables, &shape, &limits()).map(|size| size.cost)
}

#[test]
fn a_page_costs_its_length_times_what_stands_in_a_row() {
    for (document, variables, cost) in [
        ("{ event(slug: \"x\") { id title } }", json!({}), 3),
        // 1 for the list, 1 for its count, 20 rows of themselves and one value.
        ("{ events { totalCount nodes { id } } }", json!({}), 42),
        ("{ events(first: 3) { nodes { id } } }", json!({}), 7),
        ("{ events(last: 3) { edges { node { id } } } }", json!({}), 10),
        ("query($n: Int) { events(first: $n) { nodes { id } } }", json!({ "n": 4 }), 9),
        ("query($n: Int = 6) { events(first: $n) { nodes { id } } }", json!({}), 13),
        ("query($n: Int = 6) { events(first: $n) { nodes { id } } }", json!({ "n": 4 }), 9),
        (
            "{ events(first: 3) { ...a } } fragment a on EventConnection { ...b } fragment b on EventConnection { nodes { id } }",
            json!({}),
            7,
        ),
        ("{ events(first: 2) { nodes { participations(first: 5) { nodes { id } } } } }", json!({}), 25),
        ("{ events { facets(by: [TYPE, PLACE], first: 3) { buckets { count } } } }", json!({}), 1 + 2 * (1 + 3 * 2)),
        ("{ events { histogram(interval: DAY) { buckets { count } } } }", json!({}), 2 + 100 * 2),
        ("{ nodes(ids: [\"a\", \"b\"]) { id } }", json!({}), 4),
        ("query($i: [ID!]!) { nodes(ids: $i) { id } }", json!({ "i": ["a", "b", "c"] }), 6),
    ] {
        assert_eq!(price(document, variables).unwrap(), cost, "{document}");
    }
}

/// Each is refused at once, by a sentence with the limit and what to do.
#[test]
fn bombs_are_refused_at_once() {
    let doubling = |length: usize| {
        (0..length).fold(format!("{{ ...f0 }} fragment f{length} on Query {{ __typename }}"), |text, at| {
            format!("{text} fragment f{at} on Query {{ ...f{next} ...f{next} }}", next = at + 1)
        })
    };
    let wide = (0..4).fold("{ ...f0 } fragment f4 on Query { __typename }".to_owned(), |text, at| {
        format!("{text} fragment f{at} on Query {{ {} }}", format!("...f{} ", at + 1).repeat(40))
    });
    let nested = |open: &str, close: &str, times| format!("{{ {}id{} }}", open.repeat(times), close.repeat(times));
    let filter = nested("and: { or: { ", "} }", 1000);
    let pages = "{ events(first: 500) { nodes { participations(first: 500) { nodes { event { articles(first: 500) { nodes { id } } } } } } } }";
    let shape = SchemaShape::read(&crate::graphql::sdl()).unwrap();
    for (document, words) in [
        (doubling(22), "fields large"),
        (doubling(60), "fields large"),
        (wide, "fields large"),
        (nested("events { nodes { ", "} }", 10_000), "bytes long"),
        (nested("a{", "}", 10_000), "tokens long"),
        (nested("events { nodes { ", "} }", 1000), "levels deep in brackets"),
        (nested("a(b: [", "])", 1000), "levels deep in brackets"),
        ("[".repeat(90_000), "tokens long"),
        ("[".repeat(9000), "levels deep in brackets"),
        (format!("{{ {} }}", (0..4000).map(|at| format!("a{at}:__typename ")).collect::<String>()), "tokens long"),
        (format!("{{ {} }}", (0..300).map(|at| format!("a{at}:__typename ")).collect::<String>()), "fields wide"),
        (
            format!("{{ events {{ {} }} }}", (0..300).map(|at| format!("a{at}:totalCount ")).collect::<String>()),
            "aliases large",
        ),
        (format!("{{ __typename {} }}", "@skip(if: true)".repeat(6000)), "tokens long"),
        (format!("{{ __typename {} }}", "@skip(if: true)".repeat(300)), "directives large"),
        ("a ".repeat(500_000), "bytes long"),
        (pages.to_owned(), "values large if its pages are full"),
        (format!("{{ events(filter: {filter}) {{ totalCount }} }}"), "deep in brackets"),
    ] {
        let start = Instant::now();
        let error = judge_text(&document, &limits()).and_then(|()| {
            let document = parse_query(&document).unwrap();
            let (_, operation) = document.operations.iter().next().unwrap();
            judge(&document, &operation.node, &Variables::default(), &shape, &limits())
        });
        let shown: String = document.chars().take(60).collect();
        let error = error.expect_err(&shown);
        assert_eq!(error.code(), "LIMIT", "{shown}");
        assert!(error.to_string().contains(words), "{shown}: {error}");
        // Far more than it takes, and far less than any of these would take to run.
        assert!(start.elapsed().as_secs() < 5, "{shown}");
    }
}

#[test]
fn variables_have_bounds() {
    let list = json!({ "f": (0..50_000).collect::<Vec<_>>() });
    let deep = (0..100).fold(json!({}), |inner, _| json!({ "not": inner }));
    for (variables, words) in [(list, "tokens long"), (json!({ "f": deep }), "levels deep in its variables")] {
        let error = judge_variables(&variables.to_string(), &limits()).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

/// A string is one token whatever stands in it, as is a comment none.
#[test]
fn tokens_are_counted_as_the_language_has_them() {
    let few = Limits { max_tokens: 7, ..limits() };
    for document in [
        r#"{ a(b: "{{[[((") }"#,
        "{ a(b: \"\"\"\n\"quoted\" \\\"\"\" {{{ \"\"\") }",
        "{ a b c d e } # } } } } } {{{",
        r#"{ a(b: "\"{") }"#,
        "{,,,,a,,,,b\u{feff}}",
        "{ ...a ...b ...c }",
    ] {
        let more = Limits { max_tokens: 8, ..few.clone() };
        assert!(judge_text(document, &more).is_ok(), "{document}");
    }
    assert!(judge_text("{ a b c d e f }", &few).is_err());
}

proptest! {
    #[test]
    fn any_text_is_judged(text in any::<String>(), marks in prop::collection::vec("[{}\\[\\]()\"\\\\.#\n ]", 0..60)) {
        let _ = judge_text(&text, &limits());
        let _ = judge_text(&marks.concat(), &limits());
    }
}

/// The queries of tools are far below the limit; one that goes round in circles is above it.
#[test]
fn introspection_has_its_price() {
    let tool = "query { __schema { queryType { name } types { kind name description
        fields(includeDeprecated: true) { name args { name type { ...T } defaultValue } type { ...T } isDeprecated }
        inputFields { name type { ...T } } interfaces { ...T } enumValues { name } possibleTypes { ...T } }
        directives { name locations args { name type { ...T } } } } }
        fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
        ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";
    let cost = price(tool, json!({})).unwrap();
    assert!((100_000..700_000).contains(&cost), "{cost}");
    let round = "{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }";
    assert_eq!(price(round, json!({})).unwrap_err().code(), "LIMIT");
}
