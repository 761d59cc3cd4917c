//! GraphQL documents: limits, validation and execution.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::parser::types::{OperationType, Selection, SelectionSet};
use async_graphql::{Request, Variables};
use serde_json::Value;

use crate::auth::{Caller, Scope};
use crate::fuzzing::bytes::Bytes;
use crate::fuzzing::generator::{Document, Generator};
use crate::fuzzing::story::{STORY, Story, run};
use crate::graphql::{ResponseBudget, Session, json, within_budget};
use crate::http::graphql::limits::{self, DocumentSize};
use crate::http::graphql::operation_rules::{check, select_operation};
use crate::http::graphql::persisted_queries::ParsedDocument;

/// SQL statements that a field may cause: its rows, those that they refer to, and the ids and slugs of its filter.
const STATEMENTS_PER_FIELD: usize = 4;

/// Lists without pages whose rows decide how long they are, with the length that the cost assumes. Only as many elements of them
/// are counted.
const ESTIMATED: &[(&str, usize)] = &[
    ("sums", 5),
    ("ranges", 5),
    ("fromParts", 5),
    ("toParts", 5),
    ("reasons", 5),
    ("voices", 5),
    ("statements", 5),
    ("fields", 5),
    ("buckets", 100),
];

/// Reads the bytes as a document, followed by NUL and the variables as JSON, or as choices of which a query is made.
///
/// - A document is refused with a code and a message before it runs, or it runs without an internal error.
/// - The response has no more values than the cost that was computed for it, and about as many bytes as allowed.
/// - The number of SQL statements depends on the number of fields, and not on that of rows.
/// - The response is the same whenever the query runs.
pub fn documents(data: &[u8]) {
    let mut bytes = Bytes(data);
    let document = if bytes.one_in(2) {
        let Ok(text) = std::str::from_utf8(bytes.0) else { return };
        let (text, variables) = text.split_once('\0').unwrap_or((text, "{}"));
        if limits::check_variables(variables, &STORY.rules.limits).is_err() {
            return;
        }
        let Ok(variables @ Value::Object(_)) = serde_json::from_str(variables) else { return };
        Document { text: text.to_owned(), variables: Variables::from_json(variables) }
    } else {
        Generator::new(bytes, &STORY).document()
    };
    run(execute(&STORY, document));
}

async fn execute(story: &'static Story, Document { text, variables }: Document) {
    let parsed = match ParsedDocument::parse(text.clone(), &story.rules.limits) {
        Ok(parsed) => parsed,
        Err(error) => {
            assert!(
                matches!(error.code, "LIMIT" | "GRAPHQL_PARSE_FAILED" | "GRAPHQL_VALIDATION_FAILED"),
                "{error:?}: {text}"
            );
            return;
        }
    };
    let Ok((_, operation)) = select_operation(&parsed, None) else { return };
    let size = match check(&parsed, (None, &operation.node), &variables, &story.rules) {
        Ok(size) => size,
        Err(error) => {
            let codes = ["LIMIT", "GRAPHQL_VALIDATION_FAILED", "BAD_INPUT"];
            assert!(codes.contains(&error.code) && error.message.len() < 3000, "{error:?}: {text}");
            return;
        }
    };
    if operation.node.ty != OperationType::Query {
        return;
    }
    let request = |session: &Session| {
        let caller = Caller { name: None, scopes: [Scope::Read].into() };
        let mut request = Request::new(String::new()).variables(variables.clone());
        request.set_parsed_query(parsed.parsed.clone());
        request.data(session.clone()).data(caller)
    };
    let budget = Arc::new(ResponseBudget::new(story.rules.limits.max_response));
    let session = Session::new(story.db.clone()).with_budget(Arc::clone(&budget));
    let executed = within_budget(&budget, story.api.execute(request(&session))).await;
    session.end_snapshot().await;
    let statements = session.statements();
    assert!(statements <= (size.fields + 1) * STATEMENTS_PER_FIELD, "{statements} statements: {text}");
    let response = match executed {
        Ok(response) => response,
        Err(stopped) => {
            let error = stopped.into_error();
            assert_eq!(error.code(), "LIMIT", "{error}: {text}");
            return;
        }
    };
    for error in &response.errors {
        let shown = format!("{} {:?}", error.message, error.extensions);
        assert!(!shown.contains("INTERNAL") && error.message.len() < 3000, "{shown}: {text}");
    }
    let data = json(&response.data);
    assert!(data.len() <= max_bytes(story), "{} bytes: {text}", data.len());
    if !size.introspects {
        // Introspection is estimated.
        check_values(&parsed, &text, &data, size);
    }
    let session = Session::new(story.db.clone());
    let again = story.api.execute(request(&session)).await;
    session.end_snapshot().await;
    assert_eq!(data, json(&again.data), "{text}");
}

/// The size that a response may have: numbers can be a little longer than the budget counts.
fn max_bytes(story: &Story) -> usize {
    let max = story.rules.limits.max_response;
    max + max / 4
}

fn check_values(document: &ParsedDocument, text: &str, data: &str, size: DocumentSize) {
    let mut assumed = HashMap::new();
    for (_, operation) in document.parsed.operations.iter() {
        estimated_lists(&operation.node.selection_set.node, &mut assumed);
    }
    for fragment in document.parsed.fragments.values() {
        estimated_lists(&fragment.node.selection_set.node, &mut assumed);
    }
    let values = match serde_json::from_str(data).unwrap() {
        Value::Object(fields) => fields.iter().map(|(key, value)| values(key, value, &assumed)).sum(),
        _ => 0,
    };
    assert!(values <= size.cost, "{values} values at a cost of {}: {text}", size.cost);
}

/// Collects the response keys of the lists in [`ESTIMATED`].
fn estimated_lists(set: &SelectionSet, assumed: &mut HashMap<String, usize>) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => {
                if let Some((_, length)) = ESTIMATED.iter().find(|(name, _)| field.node.name.node == *name) {
                    assumed.insert(field.node.response_key().node.to_string(), *length);
                }
                estimated_lists(&field.node.selection_set.node, assumed);
            }
            Selection::InlineFragment(fragment) => estimated_lists(&fragment.node.selection_set.node, assumed),
            Selection::FragmentSpread(_) => {}
        }
    }
}

/// The number of values of a field: one for each object and scalar.
fn values(key: &str, of: &Value, assumed: &HashMap<String, usize>) -> usize {
    match of {
        Value::Object(fields) => 1 + fields.iter().map(|(key, value)| values(key, value, assumed)).sum::<usize>(),
        Value::Array(elements) => {
            let counted = assumed.get(key).copied().unwrap_or(usize::MAX);
            elements.iter().take(counted).map(|element| values(key, element, assumed)).sum()
        }
        _ => 1,
    }
}
