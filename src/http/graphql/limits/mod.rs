//! Query limits: size, depth and cost of a request are checked before any work is done for it.

mod cost;
mod schema_shape;
#[cfg(test)]
mod tests;
mod tokens;
mod work;

use std::sync::{Mutex, PoisonError};

use async_graphql::Variables;
use async_graphql::parser::types::{ExecutableDocument, OperationDefinition};

use crate::config::Limits;
use crate::error::{Error, Result};
use crate::http::graphql::limits::cost::CostAnalyzer;
pub(crate) use crate::http::graphql::limits::cost::DocumentSize;
pub(crate) use crate::http::graphql::limits::schema_shape::SchemaShape;
pub(crate) use crate::http::graphql::limits::work::TableSizes;

/// Tokens per value in a map: its name, a colon, the value and one bracket.
const TOKENS_PER_VALUE: usize = 4;

/// Checks the length, the tokens and the nesting of a document before it is parsed, and returns the number of tokens. Error:
/// `LIMIT`.
pub(crate) fn check_text(document: &str, limits: &Limits) -> Result<usize> {
    let advice = "split the query, or pass values as variables";
    check_limit("The document's length in bytes", document.len(), limits.max_document, advice)?;
    tokens::check(document, limits)
}

/// Checks the JSON text of variables before memory is allocated for them; the filters in them are traversed several times.
/// Error: `LIMIT`.
pub(crate) fn check_variables(text: &str, limits: &Limits) -> Result<()> {
    let (tokens, depth) = tokens::measure(text);
    let advice = "make the filter flatter: `and` and `or` take lists";
    check_limit("The nesting depth of the variables", depth.saturating_sub(1), limits.max_value_depth, advice)?;
    let max_tokens = limits.max_values.saturating_mul(TOKENS_PER_VALUE);
    check_limit("The number of tokens in the variables", tokens, max_tokens, "send shorter lists, in several queries")
}

/// A cache of the sizes of a document's operations, of those that do not depend on variables.
#[derive(Debug, Default)]
pub(crate) struct KnownSizes(Mutex<Vec<KnownSize>>);

/// The size of an operation while the tables have the same sizes.
#[derive(Debug)]
struct KnownSize {
    operation: Option<String>,
    tables: u64,
    size: DocumentSize,
}

impl KnownSizes {
    /// Returns the size of an operation, measured now unless it is known. The cost is the number of values in the response if all
    /// pages are full, the work the number of rows that the database reads besides. Error: `BAD_INPUT` when a fragment spreads
    /// itself.
    pub(crate) fn size(
        &self,
        document: &ExecutableDocument,
        (name, operation): (Option<&str>, &OperationDefinition),
        variables: &Variables,
        shape: &SchemaShape,
        sizes: &TableSizes,
    ) -> Result<DocumentSize> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tables = sizes.generation();
        let is_current = |one: &&KnownSize| one.operation.as_deref() == name && one.tables == tables;
        if let Some(known) = lock().iter().find(is_current) {
            return Ok(known.size);
        }
        let mut analyzer = CostAnalyzer::new(document, variables, shape, sizes);
        let size = analyzer.operation_size(operation)?;
        if !analyzer.reads_variables() {
            let mut known = lock();
            known.retain(|one| one.operation.as_deref() != name);
            known.push(KnownSize { operation: name.map(str::to_owned), tables, size });
        }
        Ok(size)
    }
}

/// Checks the size of an operation. Error: `LIMIT` when a measure is over its limit.
pub(crate) fn check_size(size: &DocumentSize, limits: &Limits) -> Result<()> {
    for (measure, value, max, advice) in [
        (
            "The depth of nested fields",
            size.depth,
            limits.max_depth,
            "select less at once, or continue from an id with a second query",
        ),
        (
            "The number of fields after expanding fragments",
            size.fields,
            limits.max_fields,
            "select fewer fields, or split the query",
        ),
        ("The number of root fields", size.root_fields, limits.max_root_fields, "split the query"),
        ("The number of aliases after expanding fragments", size.aliases, limits.max_aliases, "split the query"),
        (
            "The number of directives after expanding fragments",
            size.directives,
            limits.max_directives,
            "remove some directives",
        ),
        (
            "The query's cost (values in the response if all pages are full)",
            size.cost,
            limits.max_cost,
            "request smaller pages (`first`), or fewer lists within lists",
        ),
        (
            "The query's work (rows to read for counts and searches)",
            size.work,
            limits.max_work,
            "request fewer facets, histograms and counts at once, or a smaller depth",
        ),
    ] {
        check_limit(measure, value, max, advice)?;
    }
    Ok(())
}

/// Returns a `LIMIT` error when a measure is over its limit. `usize::MAX` stands for a number that was not counted to its end.
fn check_limit(measure: &str, value: usize, max: usize, advice: &str) -> Result<()> {
    if value <= max {
        return Ok(());
    }
    let value = if value == usize::MAX { "too large to count".to_owned() } else { value.to_string() };
    Err(Error::Limit(format!("{measure} is {value}; the limit is {max}: {advice}")))
}
