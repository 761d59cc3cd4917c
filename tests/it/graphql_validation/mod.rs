//! Validation of documents, rule by rule: which documents the GraphQL specification (section 5) allows, and which it forbids.
//!
//! The rules and the cases are those of the reference implementation, graphql-js; the documents are written for this schema.
//! Fragments are written inside documents with an operation, because a document without one cannot be executed.
//!
//! Cases that do not apply: those of type system documents, of arguments of fragments, and of input types that this schema does
//! not have (`@oneOf`, lists of nullable items).

mod directives;
mod fields;
mod fragments;
mod literals;
mod merging;
mod operations;
mod variables;

use std::time::Duration;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::OperationType;
use async_graphql::{Executor, Request, Response, Value as ConstValue, Variables};
use futures_util::StreamExt;
use newsgraph::config::Limits;
use newsgraph::embed::EmbeddedApi;
use serde_json::json;

use crate::fixture::{databases, databases_with_story};

/// A description and a document.
type Case = (&'static str, &'static str);

/// A rule of the specification with documents that keep it and documents that break it.
struct Rule {
    name: &'static str,
    valid: &'static [Case],
    invalid: &'static [Case],
}

const RULES: [&[Rule]; 7] = [
    operations::RULES,
    fields::RULES,
    merging::RULES,
    fragments::RULES,
    directives::RULES,
    literals::RULES,
    variables::RULES,
];

/// The codes of errors in the document.
const CODES: [&str; 2] = ["GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"];

/// How long a subscription may take to report an error of its document. A valid one sends nothing.
const SUBSCRIPTION_WAIT: Duration = Duration::from_millis(50);

/// Executes the first operation of a document. Returns `None` for a subscription that was accepted.
async fn execute(api: &EmbeddedApi, document: &str) -> Option<Response> {
    let parsed = parse_query(document).ok();
    let operation = parsed.as_ref().and_then(|parsed| parsed.operations.iter().next());
    let mut request = Request::new(document);
    if let Some((Some(name), _)) = operation {
        request = request.operation_name(name.as_str());
    }
    if operation.is_some_and(|(_, operation)| operation.node.ty == OperationType::Subscription) {
        let mut responses = api.execute_stream(request, None);
        return tokio::time::timeout(SUBSCRIPTION_WAIT, responses.next()).await.ok().flatten();
    }
    Some(api.execute(request).await)
}

fn codes(response: &Response) -> Vec<String> {
    let code = |error: &async_graphql::ServerError| match error.extensions.as_ref()?.get("code")? {
        ConstValue::String(code) => Some(code.clone()),
        _ => None,
    };
    response.errors.iter().map(|error| code(error).unwrap_or_default()).collect()
}

/// Returns what is wrong with the response to a document, if anything.
fn fault(response: Option<&Response>, is_valid: bool) -> Option<String> {
    let Some(response) = response else { return (!is_valid).then(|| "accepted".to_owned()) };
    let messages: Vec<&str> = response.errors.iter().map(|error| error.message.as_str()).collect();
    // An error without a code comes from the library: errors of this API always have one.
    let is_refused = codes(response).iter().any(|code| code.is_empty() || CODES.contains(&code.as_str()));
    if is_valid {
        return is_refused.then(|| format!("refused: {messages:?}"));
    }
    if !is_refused {
        return Some(format!("accepted: {:?} {messages:?}", codes(response)));
    }
    let is_complete = response.errors.iter().all(|error| {
        let is_located = error.locations.first().is_some_and(|at| at.line > 0 && at.column > 0);
        !error.message.is_empty() && error.path.is_empty() && is_located
    }) && codes(response).iter().all(|code| CODES.contains(&code.as_str()));
    if response.data != ConstValue::Null || !is_complete {
        return Some(format!("the refusal is incomplete: {:?} {:?}", response.data, response.errors));
    }
    None
}

#[tokio::test]
async fn documents_are_valid_or_invalid_as_specified() {
    let fixture = databases().await.swap_remove(0);
    let api = EmbeddedApi::new(fixture.db.clone(), Limits::defaults().unwrap()).unwrap();
    let (mut faults, mut cases) = (Vec::new(), 0);
    for rule in RULES.into_iter().flatten() {
        let valid = rule.valid.iter().map(|case| (case, true));
        for ((description, document), is_valid) in valid.chain(rule.invalid.iter().map(|case| (case, false))) {
            cases += 1;
            if let Some(fault) = fault(execute(&api, document).await.as_ref(), is_valid) {
                let expected = if is_valid { "valid" } else { "invalid" };
                faults.push(format!("{} ({expected}), {description}: {document}\n  {fault}", rule.name));
            }
        }
    }
    assert!(faults.is_empty(), "{} of {cases} cases failed:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_rule_has_valid_and_invalid_documents() {
    let rules: Vec<&Rule> = RULES.into_iter().flatten().collect();
    assert_eq!(rules.len(), 26);
    for rule in rules {
        assert!(!rule.valid.is_empty() && !rule.invalid.is_empty(), "{}", rule.name);
    }
}

/// A variable that is left out is no null: the default value of the argument applies.
#[tokio::test]
async fn omitted_variables_take_the_default_value_of_the_argument() {
    let fixture = databases_with_story().await.swap_remove(0);
    let api = EmbeddedApi::new(fixture.db.clone(), Limits::defaults().unwrap()).unwrap();
    let execute = async |document: &str, variables: serde_json::Value| {
        let response = api.execute(Request::new(document).variables(Variables::from_json(variables))).await;
        (response.errors.into_iter().map(|error| error.message).collect::<Vec<_>>(), response.data)
    };
    let expected = execute("{ actor(slug: \"ali-al-mikdam\") { neighbors { __typename } } }", json!({})).await;
    assert_eq!(expected.0, [""; 0]);
    for document in [
        "query($n: Int) { actor(slug: \"ali-al-mikdam\") { neighbors(depth: $n, first: $n) { __typename } } }",
        "query Q($n: Int) { actor(slug: \"ali-al-mikdam\") { ...F } } fragment F on Actor { neighbors(depth: $n) { __typename } }",
    ] {
        assert_eq!(execute(document, json!({})).await, expected, "{document}");
        let (errors, _) = execute(document, json!({ "n": null })).await;
        assert_eq!(errors.len(), 1, "{document}: null is no valid value: {errors:?}");
    }
}
