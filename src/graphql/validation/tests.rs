use async_graphql::Variables;
use async_graphql::parser::parse_query;
use serde_json::{Value, json};

use crate::graphql::validation::{SchemaIndex, validate_document, validate_variables};

fn index(has_hints: bool) -> SchemaIndex {
    SchemaIndex::new(has_hints).unwrap()
}

fn problems(document: &str) -> Vec<String> {
    let document = parse_query(document).unwrap();
    validate_document(&document, &index(true)).into_iter().map(|problem| problem.message).collect()
}

fn variable_problems(document: &str, variables: Value) -> Vec<String> {
    let document = parse_query(document).unwrap();
    let (_, operation) = document.operations.iter().next().unwrap();
    let variables = Variables::from_json(variables);
    let problems = validate_variables(&operation.node, &variables, &index(true));
    problems.into_iter().map(|problem| problem.message).collect()
}

/// Asserts the one problem of a document.
#[track_caller]
fn assert_problem(document: &str, message: &str) {
    assert_eq!(problems(document), [message], "{document}");
}

#[test]
fn invalid_enum_values_get_a_suggestion() {
    assert_problem(
        "{ events(filter: {type: {within: [VISITS]}}) { totalCount } }",
        "`filter.type.within[0]`: `VISITS` is not a value of the enum `EventType`: did you mean `VISIT`?",
    );
    assert_problem(
        "{ events(filter: {standing: {eq: \"CONTESTED\"}}) { totalCount } }",
        "`filter.standing.eq` takes a value of the enum `Standing`, not a string: write `CONTESTED` without quotation marks",
    );
}

#[test]
fn unknown_input_fields_get_a_suggestion() {
    assert_problem(
        "{ people(filter: {name: {contains: \"x\", matches: \"x\"}}) { totalCount } }",
        "`filter.name` has no field `contains` (`NameMatch`): did you mean `matches`?",
    );
    assert_problem(
        "{ events(filter: {when: {gte: \"2021\"}}) { totalCount } }",
        "`filter.when` has no field `gte` (`DateFilter`): did you mean `after`?",
    );
}

#[test]
fn unknown_arguments_and_root_fields_get_a_suggestion() {
    assert_problem(
        "{ events(where: {}) { totalCount } }",
        "`Query.events` has no argument `where`: did you mean `filter`?",
    );
    assert_problem(
        "{ person(slug: \"x\") { label } }",
        "`Query` has no field `person`: did you mean `actor` or `people`?",
    );
    assert_problem("{ evnts { totalCount } }", "`Query` has no field `evnts`: did you mean `events`?");
}

#[test]
fn values_of_a_wrong_type_get_the_syntax_to_write() {
    assert_problem(
        "{ events(filter: {standing: CONTESTED}) { totalCount } }",
        "`filter.standing` takes an object of type `StandingFilter`, not `CONTESTED`: write `{eq: CONTESTED}`",
    );
    assert_problem(
        "{ events(orderBy: WHEN) { totalCount } }",
        "`orderBy` takes an object of type `EventOrder`, not `WHEN`: write `{field: WHEN}`",
    );
    assert_problem(
        "{ people(filter: {name: \"x\"}) { totalCount } }",
        "`filter.name` takes an object of type `NameMatch`, not `\"x\"`: write `{matches: \"x\"}`",
    );
    assert_problem(
        "{ events(first: \"10\") { totalCount } }",
        "`first` takes a value of type `Int`, not `\"10\"`: write `10` without quotation marks",
    );
    assert_problem(
        "{ events(first: 3000000000) { totalCount } }",
        "`first` takes a value of type `Int`, not `3000000000`: write a whole number from -2147483648 to 2147483647",
    );
}

#[test]
fn missing_arguments_and_fields_are_reported() {
    assert_problem("{ node { id } }", "`Query.node` needs the argument `id`: write `id: \"id\"`");
    assert_problem(
        "{ people(filter: {name: {modes: [EXACT]}}) { totalCount } }",
        "`filter.name` lacks the field `matches` of `NameMatch`: add `matches: \"text\"`",
    );
}

#[test]
fn variables_are_validated_with_their_names() {
    let document = "query($f: EventFilter, $n: Int) { events(filter: $f, first: $n) { totalCount } }";
    assert_eq!(
        variable_problems(document, json!({ "f": { "type": { "within": ["VISITS"] } }, "n": "5" })),
        [
            "`$f.type.within[0]`: `VISITS` is not a value of the enum `EventType`: did you mean `VISIT`?",
            "`$n` takes a value of type `Int`, not `\"5\"`: write `5` without quotation marks",
        ]
    );
    let valid = json!({ "f": { "standing": { "eq": "CONTESTED" }, "type": { "within": "VISIT" } }, "n": 5 });
    assert_eq!(variable_problems(document, valid), [""; 0]);
    assert_eq!(variable_problems(document, json!({ "f": null })), [""; 0]);
}

#[test]
fn default_values_of_variables_are_validated() {
    assert_problem(
        "query($f: EventFilter = {standing: CONTESTED}) { events(filter: $f) { totalCount } }",
        "`$f.standing` takes an object of type `StandingFilter`, not `CONTESTED`: write `{eq: CONTESTED}`",
    );
}

#[test]
fn every_use_in_fragments_is_validated_once() {
    let document =
        "{ events { nodes { ...E ...E } } } fragment E on Event { participations(where: {}) { totalCount } }";
    assert_problem(document, "`Event.participations` has no argument `where`: did you mean `filter`?");
    assert_problem(
        "{ node(id: \"x\") { ... on Event { titel } } }",
        "`Event` has no field `titel`: did you mean `title`?",
    );
}

#[test]
fn problems_are_bounded_and_have_positions() {
    let many = format!("{{ {} }}", (0..50).map(|at| format!("x{at}: nothing ")).collect::<String>());
    assert_eq!(problems(&many).len(), 10);
    let document = parse_query("{\n  events(where: {}) { totalCount }\n}").unwrap();
    let found = validate_document(&document, &index(true));
    assert_eq!((found[0].position.line, found[0].position.column), (2, 10));
}

#[test]
fn hidden_schema_gives_no_suggestions() {
    let document =
        parse_query("{ evnts { totalCount } events(filter: {standing: CONTESTED}) { totalCount } }").unwrap();
    let found: Vec<String> =
        validate_document(&document, &index(false)).into_iter().map(|problem| problem.message).collect();
    assert_eq!(
        found,
        ["`Query` has no field `evnts`", "`filter.standing` takes an object of type `StandingFilter`, not `CONTESTED`"]
    );
}

#[test]
fn valid_documents_of_the_examples_have_no_problems() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/mikdam/queries");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert_eq!(problems(&text), [""; 0], "{text}");
        seen += 1;
    }
    assert!(seen > 20);
}
