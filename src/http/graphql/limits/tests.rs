use std::time::Instant;

use async_graphql::Variables;
use async_graphql::parser::parse_query;
use clap::Parser;
use proptest::prelude::{any, prop, proptest};
use serde_json::json;

use crate::config::Limits;
use crate::error::Result;
use crate::graphql::greatest_length;
use crate::http::graphql::limits::{
    DocumentSize, KnownSizes, SchemaShape, TableSizes, check_size, check_text, check_variables,
};

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    limits: Limits,
}

fn limits() -> Limits {
    Flags::parse_from(["test"]).limits
}

/// Runs all checks and returns the cost.
fn cost(document: &str, variables: serde_json::Value) -> Result<usize> {
    size(document, variables, &TableSizes::default()).map(|size| size.cost)
}

/// Runs all checks and returns the size.
fn size(document: &str, variables: serde_json::Value, sizes: &TableSizes) -> Result<DocumentSize> {
    let shape = SchemaShape::parse(&crate::graphql::sdl()).unwrap();
    check_text(document, &limits())?;
    check_variables(&variables.to_string(), &limits())?;
    let variables = Variables::from_json(variables);
    let document = parse_query(document).unwrap();
    let (_, operation) = document.operations.iter().next().unwrap();
    let known = KnownSizes::default();
    let size = known.size(&document, (None, &operation.node), &variables, &shape, sizes)?;
    check_size(&size, &limits())?;
    Ok(size)
}

#[test]
fn page_cost_is_its_size_times_the_cost_of_a_row() {
    for (document, variables, expected) in [
        ("{ event(slug: \"x\") { id title } }", json!({}), 3),
        // 1 for the connection, 1 for `totalCount`, and 20 rows of 2 values each: the node and its id.
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
        // Lists that have `first` themselves, and those that have no pages.
        ("{ mergeCandidates(of: \"x\", first: 100) { __typename } }", json!({}), 100 * 2),
        ("{ mergeCandidates(of: \"x\") { reasons { __typename } } }", json!({}), 10 * (1 + 5 * 2)),
        (
            "{ actor(slug: \"x\") { ... on Person { neighbors(first: 2) { nodes { hops(first: 300) { __typename } } } } } }",
            json!({}),
            2 + 2 * (1 + 300 * 2),
        ),
        ("{ figures(first: 1) { sums { unit } nodes { value } } }", json!({}), 1 + 5 * 2 + 2),
        ("{ eventTypes { type } }", json!({}), 2 * greatest_length("Query", "eventTypes").unwrap()),
        ("{ path(from: {slug: \"a\"}, to: {slug: \"b\"}) { hops { __typename } } }", json!({}), 1 + 6 * 2),
        ("{ nodes(ids: [\"a\", \"b\"]) { id } }", json!({}), 4),
        ("query($i: [ID!]!) { nodes(ids: $i) { id } }", json!({ "i": ["a", "b", "c"] }), 6),
    ] {
        assert_eq!(cost(document, variables).unwrap(), expected, "{document}");
    }
}

#[test]
fn work_grows_with_the_tables_that_are_read() {
    let sizes = TableSizes::default();
    let rows =
        [("event", 20_000), ("participation", 60_000), ("statement", 10_000), ("relation", 0), ("name_key", 500_000)];
    sizes.set(rows.into_iter().map(|(table, rows)| (table.to_owned(), rows)).collect());
    let aliases = |field: &str, number: usize| (0..number).map(|at| format!("a{at}: {field} ")).collect::<String>();
    for (document, expected) in [
        ("{ events { nodes { id } } }".to_owned(), 100),
        ("{ events { totalCount } }".to_owned(), 1100),
        ("{ events(filter: {title: {isNull: false}}) { totalCount nodes { id } } }".to_owned(), 10_100),
        ("{ events { facets(by: [TYPE, PLACE]) { by } } }".to_owned(), 4100),
        ("{ events { histogram(interval: DAY) { undated } } }".to_owned(), 5100),
        // Lists of a row are short: 10 events with 50 participations each.
        ("{ events(first: 10) { nodes { participations { facets(by: [ROLE]) { by } } } } }".to_owned(), 150),
        (
            format!(
                "{{ actor(slug: \"x\") {{ ... on Person {{ {} }} }} }}",
                aliases("neighbors(depth: 3) { complete }", 2)
            ),
            284_100,
        ),
    ] {
        assert_eq!(size(&document, json!({}), &sizes).unwrap().work, expected, "{document}");
    }
    let heavy = format!(
        "{{ actor(slug: \"x\") {{ ... on Person {{ {} }} }} }}",
        aliases("neighbors(depth: 3) { complete }", 150)
    );
    let error = size(&heavy, json!({}), &sizes).unwrap_err().to_string();
    assert!(error.starts_with("The query's work"), "{error}");
}

/// Each document is rejected quickly, with the limit and what to do in the message.
#[test]
fn query_bombs_are_rejected_quickly() {
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
    let shape = SchemaShape::parse(&crate::graphql::sdl()).unwrap();
    for (document, words) in [
        (doubling(22), "number of fields"),
        (doubling(60), "number of fields"),
        (wide, "number of fields"),
        (nested("events { nodes { ", "} }", 10_000), "length in bytes"),
        (nested("a{", "}", 10_000), "number of tokens"),
        (nested("events { nodes { ", "} }", 1000), "nested brackets"),
        (nested("a(b: [", "])", 1000), "nested brackets"),
        ("[".repeat(90_000), "number of tokens"),
        ("[".repeat(9000), "nested brackets"),
        (format!("{{ {} }}", (0..4000).map(|at| format!("a{at}:__typename ")).collect::<String>()), "number of tokens"),
        (format!("{{ {} }}", (0..300).map(|at| format!("a{at}:__typename ")).collect::<String>()), "root fields"),
        (
            format!("{{ events {{ {} }} }}", (0..300).map(|at| format!("a{at}:totalCount ")).collect::<String>()),
            "number of aliases",
        ),
        (format!("{{ __typename {} }}", "@skip(if: true)".repeat(6000)), "number of tokens"),
        (format!("{{ __typename {} }}", "@skip(if: true)".repeat(300)), "number of directives"),
        ("a ".repeat(500_000), "length in bytes"),
        (pages.to_owned(), "pages are full"),
        (format!("{{ events(filter: {filter}) {{ totalCount }} }}"), "nested brackets"),
    ] {
        let start = Instant::now();
        let error = check_text(&document, &limits()).and_then(|_| {
            let document = parse_query(&document).unwrap();
            let (_, operation) = document.operations.iter().next().unwrap();
            let (operation, sizes) = ((None, &operation.node), TableSizes::default());
            let size = KnownSizes::default().size(&document, operation, &Variables::default(), &shape, &sizes)?;
            check_size(&size, &limits())
        });
        let shown: String = document.chars().take(60).collect();
        let error = error.expect_err(&shown);
        assert_eq!(error.code(), "LIMIT", "{shown}");
        assert!(error.to_string().contains(words), "{shown}: {error}");
        // Far more time than the checks take, and far less than running any of these would.
        assert!(start.elapsed().as_secs() < 5, "{shown}");
    }
}

#[test]
fn variables_are_limited() {
    let list = json!({ "f": (0..50_000).collect::<Vec<_>>() });
    let deep = (0..100).fold(json!({}), |inner, _| json!({ "not": inner }));
    for (variables, words) in [(list, "number of tokens"), (json!({ "f": deep }), "depth of the variables")] {
        let error = check_variables(&variables.to_string(), &limits()).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

/// A string is one token, whatever it contains. A comment is no token.
#[test]
fn tokens_are_counted_as_graphql_defines_them() {
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
        assert!(check_text(document, &more).is_ok(), "{document}");
    }
    assert!(check_text("{ a b c d e f }", &few).is_err());
}

proptest! {
    #[test]
    fn any_text_can_be_checked(text in any::<String>(), punctuation in prop::collection::vec("[{}\\[\\]()\"\\\\.#\n ]", 0..60)) {
        let _ = check_text(&text, &limits());
        let _ = check_text(&punctuation.concat(), &limits());
    }
}

/// Introspection queries of common tools are below the cost limit; one that goes round in circles is above it.
#[test]
fn introspection_of_tools_is_allowed_and_cyclic_introspection_rejected() {
    let tool = "query { __schema { queryType { name } types { kind name description
        fields(includeDeprecated: true) { name args { name type { ...T } defaultValue } type { ...T } isDeprecated }
        inputFields { name type { ...T } } interfaces { ...T } enumValues { name } possibleTypes { ...T } }
        directives { name locations args { name type { ...T } } } } }
        fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
        ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";
    let measured = cost(tool, json!({})).unwrap();
    assert!((100_000..700_000).contains(&measured), "{measured}");
    let circular = "{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }";
    assert_eq!(cost(circular, json!({})).unwrap_err().code(), "LIMIT");
}
