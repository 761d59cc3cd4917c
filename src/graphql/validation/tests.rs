use async_graphql::Variables;
use async_graphql::parser::parse_query;
use serde_json::{Value, json};

use crate::graphql::validation::schema_index::TypeDefinition;
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
fn value_in_place_of_an_object_of_a_recursive_type_is_reported() {
    assert_problem(
        "{ people(filter: \"x\") { totalCount } }",
        "`filter` takes an object of type `ActorFilter`, not `\"x\"`: write `{search: \"x\"}`",
    );
    let document = "query($f: ActorFilter) { people(filter: $f) { totalCount } }";
    for value in [json!("x"), json!(1), json!({ "and": ["x", { "not": true }] })] {
        assert!(!variable_problems(document, json!({ "f": value })).is_empty(), "{value}");
    }
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

/// A filter contains filters of its own type: looking for a field that takes the value must end.
#[test]
fn plain_value_as_filter_is_a_problem() {
    assert_problem(
        "{ events(filter: \"x\") { totalCount } }",
        "`filter` takes an object of type `EventFilter`, not `\"x\"`: write `{search: \"x\"}`",
    );
    for value in
        ["5", "true", "VISIT", "[\"x\"]", "[[5]]", "{and: 5}", "{not: [{or: \"x\"}]}", "{place: {parent: 1.5}}"]
    {
        let found = problems(&format!("{{ events(filter: {value}) {{ totalCount }} }}"));
        assert!(
            !found.is_empty() && found.iter().all(|one| one.contains("takes an object of type")),
            "{value}: {found:?}"
        );
    }
    let found = variable_problems("query($f: EventFilter) { events(filter: $f) { totalCount } }", json!({ "f": "x" }));
    assert_eq!(found, ["`$f` takes an object of type `EventFilter`, not `\"x\"`: write `{\"search\": \"x\"}`"]);
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

#[test]
fn fields_with_one_response_key_must_be_the_same_field() {
    let message = |document: &str| problems(document).join("; ");
    for document in [
        "{ a: events(first: 1) { nodes { x: title } } a: events(first: 1) { nodes { x: id } } }",
        "{ events { nodes { id: title id } } }",
        "{ events(first: 1) { totalCount } events(first: 2) { totalCount } }",
        "{ events { totalCount } events(first: 2) { totalCount } }",
        "{ events { nodes { ...A ...B } } } fragment A on Event { participations(first: 1) { totalCount } } fragment B on Event { participations(first: 2) { totalCount } }",
        "{ node(id: \"x\") { ... on Event { x: title } ... on Person { x: aliases: names { totalCount } } } }"
            .replace("aliases: ", "")
            .as_str(),
        "query($a: Int, $b: Int) { events(first: $a) { totalCount } events(first: $b) { totalCount } }",
    ] {
        assert!(message(document).contains("cannot be merged"), "{document}: {}", message(document));
    }
    for document in [
        "{ events { totalCount totalCount } events { nodes { id } } }",
        "{ a: events(first: 1) { totalCount } b: events(first: 2) { totalCount } }",
        // Different object types never meet; their values only need one shape.
        "{ node(id: \"x\") { ... on Person { x: label } ... on Claim { x: text } } }",
        "query($a: Int) { events(first: $a) { totalCount } events(first: $a) { nodes { id } } }",
        "{ events { nodes { ...A ...A } } } fragment A on Event { id title }",
    ] {
        assert_eq!(problems(document), [""; 0], "{document}");
    }
}

#[test]
fn merging_takes_bounded_time() {
    let many = format!("{{ events {{ nodes {{ {} }} }} }}", "title ".repeat(9000));
    let nested = (0..20).fold("id".to_owned(), |inner, _| {
        format!("events {{ nodes {{ place {{ {inner} {inner} }} }} }}").chars().take(40_000).collect()
    });
    let started = std::time::Instant::now();
    problems(&many);
    if let Ok(document) = parse_query(format!("{{ {nested} }}")) {
        validate_document(&document, &index(true));
    }
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}

#[test]
fn hostile_documents_take_bounded_time() {
    // About as many tokens as the default limit allows.
    let uses: String = (0..600).map(|at| format!("a{at}: events(first: $n) {{ totalCount }} ")).collect();
    let operations: String = (0..400).map(|at| format!("query Q{at}($n: Int) {{ ...F }} ")).collect();
    let many_operations = format!("{operations} fragment F on Query {{ {uses} }}");
    let chain: String = (0..1000).map(|at| format!("fragment F{at} on Query {{ ...F{} }} ", at + 1)).collect();
    let chain = format!("{{ ...F0 }} {chain} fragment F1000 on Query {{ __typename }}");
    let doubled: String =
        (0..500).map(|at| format!("fragment F{at} on Event {{ parent {{ ...F{0} ...F{0} }} }} ", at + 1)).collect();
    let doubled = format!("{{ events {{ nodes {{ ...F0 }} }} }} {doubled} fragment F500 on Event {{ id }}");
    let types = ["Person", "Group", "Organization", "AnonymousSource"];
    let in_types = |inner: &str| -> String {
        types
            .iter()
            .map(|one| format!("... on {one} {{ statements {{ nodes {{ speaker {{ {inner} }} }} }} }} "))
            .collect()
    };
    let nested = in_types(&in_types(&in_types(&in_types("label"))));
    let nested = format!("{{ actors {{ nodes {{ {nested} }} }} }}");
    let directives = format!("{{ events {} {{ totalCount }} }}", "@skip(if: true) ".repeat(1500));
    let arguments = format!("{{ events({}) {{ totalCount }} }}", "first: 1 ".repeat(3000));
    for (name, document, is_valid) in [
        ("operations", many_operations, true),
        ("chain", chain, true),
        ("doubled", doubled, true),
        ("nested", nested, true),
        ("directives", directives, false),
        ("arguments", arguments, false),
    ] {
        let document = parse_query(document).unwrap();
        let started = std::time::Instant::now();
        let found = validate_document(&document, &index(true));
        assert_eq!(found.is_empty(), is_valid, "{name}: {found:?}");
        assert!(started.elapsed().as_secs() < 5, "{name}: {:?}", started.elapsed());
    }
}

#[test]
fn fragments_that_spread_themselves_are_found() {
    let cycle = |document: &str| super::first_cycle(&parse_query(document).unwrap()).map(|one| one.position.column);
    assert_eq!(cycle("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"), Some(61));
    assert_eq!(cycle("{ ...A } fragment A on Query { ...B ...B } fragment B on Query { ...Unknown }"), None);
    let long: String = (0..1000).map(|at| format!("fragment F{at} on Query {{ ...F{} }} ", (at + 1) % 1000)).collect();
    assert!(cycle(&format!("{{ ...F0 }} {long}")).is_some());
}

/// The library does not export the types of introspection, so they are written down here.
#[tokio::test]
async fn types_of_introspection_are_those_of_the_library() {
    const TYPE: &str = "type { name kind ofType { name kind ofType { name kind ofType { name kind } } } }";
    fn shown(of: &Value) -> String {
        match of["kind"].as_str() {
            Some("NON_NULL") => format!("{}!", shown(&of["ofType"])),
            Some("LIST") => format!("[{}]", shown(&of["ofType"])),
            _ => of["name"].as_str().unwrap().to_owned(),
        }
    }
    let index = index(true);
    let api = crate::graphql::api();
    let folder = tempfile::tempdir().unwrap();
    let db = crate::db::Db::connect(&format!("sqlite://{}", folder.path().join("graph.db").display())).await.unwrap();
    let fields = format!("fields {{ name args {{ name defaultValue {TYPE} }} {TYPE} }} enumValues {{ name }}");
    for name in [
        "__Schema",
        "__Type",
        "__Field",
        "__InputValue",
        "__EnumValue",
        "__Directive",
        "__TypeKind",
        "__DirectiveLocation",
    ] {
        let request = async_graphql::Request::new(format!("{{ __type(name: \"{name}\") {{ {fields} }} }}"));
        let response = api.execute(request.data(crate::graphql::Session::new(db.clone()))).await;
        let found: Value = serde_json::from_str(&crate::graphql::json(&response.data)).unwrap();
        let found = &found["__type"];
        let names = |list: &Value| -> Vec<String> {
            list.as_array().into_iter().flatten().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
        };
        match index.get(name) {
            Some(TypeDefinition::Enum(values)) => {
                let (mut values, mut found) = (values.clone(), names(&found["enumValues"]));
                values.sort();
                found.sort();
                assert_eq!(values, found, "{name}");
            }
            Some(TypeDefinition::Fields(known)) => {
                assert_eq!(
                    known.iter().map(|field| field.name.clone()).collect::<Vec<_>>(),
                    names(&found["fields"]),
                    "{name}"
                );
                for (field, found) in known.iter().zip(found["fields"].as_array().unwrap()) {
                    assert_eq!(field.value_type.to_string(), shown(&found["type"]), "{name}.{}", field.name);
                    assert_eq!(field.arguments.len(), found["args"].as_array().unwrap().len(), "{name}.{}", field.name);
                    for (argument, found) in field.arguments.iter().zip(found["args"].as_array().unwrap()) {
                        assert_eq!(argument.value_type.to_string(), shown(&found["type"]), "{name}.{}", field.name);
                        assert_eq!(
                            argument.default.is_some(),
                            !found["defaultValue"].is_null(),
                            "{name}.{}",
                            field.name
                        );
                    }
                }
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn variables_stand_only_where_their_type_allows_it() {
    for (document, is_valid) in [
        ("query($i: ID) { node(id: $i) { id } }", false),
        ("query($i: ID!) { node(id: $i) { id } }", true),
        ("query($i: ID = \"x\") { node(id: $i) { id } }", true),
        ("query($i: String!) { node(id: $i) { id } }", false),
        ("query($n: Int!) { events(first: $n) { totalCount } }", true),
        ("query($n: Float) { events(first: $n) { totalCount } }", false),
        ("query($i: [ID]!) { nodes(ids: $i) { id } }", false),
        ("query($i: [ID!]!) { nodes(ids: $i) { id } }", true),
        ("query($i: ID!) { nodes(ids: $i) { id } }", false),
        ("query($i: ID!) { nodes(ids: [$i]) { id } }", true),
        ("query($i: ID) { ...F } fragment F on Query { node(id: $i) { id } }", false),
        ("query($t: String) { people(filter: {name: {matches: $t}}) { totalCount } }", false),
        ("query($t: String!) { people(filter: {name: {matches: $t}}) { totalCount } }", true),
    ] {
        let found = problems(document);
        assert_eq!(found.is_empty(), is_valid, "{document}: {found:?}");
    }
}

#[test]
fn subscriptions_have_one_root_field_and_directives_stand_once() {
    assert_problem(
        "subscription { changes { cursor } other: changes { cursor } }",
        "A subscription has one root field: send one subscription for each",
    );
    assert_eq!(
        problems("subscription { changes { cursor } ...F } fragment F on Subscription { changes { cursor } }"),
        [""; 0]
    );
    assert_problem(
        "{ events @skip(if: false) @skip(if: false) { totalCount } }",
        "The directive `@skip` is given twice here: leave one of them out",
    );
}
