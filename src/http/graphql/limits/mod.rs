//! What a request may measure, judged before anything is done with it.

mod cost;
mod schema_shape;
#[cfg(test)]
mod tests;
mod tokens;

use async_graphql::Variables;
use async_graphql::parser::types::{ExecutableDocument, OperationDefinition};

use crate::config::Limits;
use crate::error::{Error, Result};

use crate::http::graphql::limits::cost::{Size, Walk};
pub(crate) use crate::http::graphql::limits::schema_shape::SchemaShape;

/// Refuses a document that is too long to be parsed.
pub(crate) fn judge_text(document: &str, limits: &Limits) -> Result<()> {
    over("bytes long", document.len(), limits.max_document, "split the query, or give values as variables")?;
    tokens::judge(document, limits)
}

/// The tokens of an entry of a map: its name, a colon, its value and a bracket of it.
const TOKENS_OF_VALUE: usize = 4;

/// Refuses variables that hold too much, before memory is taken for them; the filters they make are walked many times.
pub(crate) fn judge_variables(text: &str, limits: &Limits) -> Result<()> {
    let (tokens, depth) = tokens::measure(text);
    let advice = "make the filter flatter: `and` and `or` take lists";
    over("levels deep in its variables", depth.saturating_sub(1), limits.max_value_depth, advice)?;
    let most = limits.max_values.saturating_mul(TOKENS_OF_VALUE);
    over("tokens long in its variables", tokens, most, "ask with shorter lists, in several queries")
}

/// What an operation measures; its cost is how many values its answer has if all pages are full. Refused when it measures more
/// than is allowed.
pub(crate) fn judge(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
    shape: &SchemaShape,
    limits: &Limits,
) -> Result<Size> {
    let mut walk = Walk::new(document, variables, shape);
    let size = walk.operation(operation)?;
    let roots = walk.roots(&operation.selection_set.node);
    for (what, size, most, advice) in [
        ("levels deep", size.depth, limits.max_depth, "ask for less at once, or go on from an id with a second query"),
        (
            "fields large with its fragments spread",
            size.fields,
            limits.max_fields,
            "leave out fields, or split the query",
        ),
        ("fields wide at its root", roots, limits.max_root_fields, "split the query"),
        ("aliases large with its fragments spread", size.aliases, limits.max_aliases, "split the query"),
        ("directives large with its fragments spread", size.directives, limits.max_directives, "leave some out"),
        (
            "values large if its pages are full",
            size.cost,
            limits.max_cost,
            "ask for shorter pages (`first`), or for fewer lists within lists",
        ),
    ] {
        over(what, size, most, advice)?;
    }
    Ok(size)
}

fn over(what: &str, size: usize, most: usize, advice: &str) -> Result<()> {
    if size <= most {
        return Ok(());
    }
    let size = if size == usize::MAX { "far too many".to_owned() } else { size.to_string() };
    Err(Error::Limit(format!("The query is {size} {what}, and the limit is {most}: {advice}")))
}
