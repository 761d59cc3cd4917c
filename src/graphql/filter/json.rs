//! Filters given as JSON and not in a GraphQL document. Exports use them to select records by the filters of the API.

use async_graphql::{InputType, Pos, Value};
use entity::record::RecordKind;
use sea_orm::sea_query::Expr;

use crate::error::{Error, Result};
use crate::graphql::filter::context::check_nesting;
use crate::graphql::filter::{FilterContext, NodeFilter};
use crate::graphql::schema::node_type::DeclaredNode;
use crate::graphql::session::{Session, SharedError};
use crate::graphql::validation::{SchemaIndex, validate_json};

/// Translates a filter for the rows of one record type to a condition. Errors: those that the API reports for the same filter.
///
/// With `has_hints`, messages suggest names of the schema.
pub(crate) async fn from_json(
    kind: RecordKind,
    filter: &serde_json::Value,
    has_hints: bool,
    session: &Session,
) -> Result<Expr> {
    let mut context = FilterContext::new(session.dialect());
    let condition = condition(kind, filter, &SchemaIndex::new(has_hints)?, &mut context)?;
    context.references.check(session).await.map_err(SharedError::into_error)?;
    Ok(condition)
}

/// Translates a filter without looking up the ids and slugs in it.
pub(crate) fn condition(
    kind: RecordKind,
    filter: &serde_json::Value,
    schema: &SchemaIndex,
    context: &mut FilterContext,
) -> Result<Expr> {
    macro_rules! by_kind {
        ($($(#[doc = $doc:literal])+ $kind:ident $module:ident,)+) => {
            match kind {
                $(RecordKind::$kind => read::<crate::graphql::types::$module::$kind>(filter, schema)?.condition(context),)+
            }
        };
    }
    entity::for_each_record_kind!(by_kind)
}

fn read<T: DeclaredNode>(filter: &serde_json::Value, schema: &SchemaIndex) -> Result<T::Filter> {
    let invalid =
        |message: String| Error::BadInput(format!("The filter is not a valid `{}`: {message}", T::Filter::type_name()));
    check_nesting(nesting(filter).div_ceil(LEVELS_PER_FILTER))?;
    let value = Value::from_json(filter.clone()).map_err(|error| invalid(error.to_string()))?;
    // async-graphql ignores unknown fields: a filter with a misspelled field would match every record.
    let problems = validate_json(&T::Filter::type_name(), &value, "filter", schema);
    if !problems.is_empty() {
        let messages: Vec<String> = problems.into_iter().map(|problem| problem.message).collect();
        return Err(invalid(messages.join("; ")));
    }
    <T::Filter as InputType>::parse(Some(value))
        .map_err(|error| invalid(error.into_server_error(Pos::default()).message))
}

/// Levels of JSON that nest one filter: a filter, the lists `and` and `or`, and `some`.
const LEVELS_PER_FILTER: usize = 2;

/// The number of levels of objects and lists. Parsing a filter takes much of the stack for each.
fn nesting(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(values) => 1 + values.iter().map(nesting).max().unwrap_or(0),
        serde_json::Value::Object(fields) => 1 + fields.values().map(nesting).max().unwrap_or(0),
        _ => 0,
    }
}
