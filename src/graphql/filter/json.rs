//! Filters given as JSON and not in a GraphQL document. Exports use them to select records by the filters of the API.

use async_graphql::{InputType, Pos, Value};
use entity::record::RecordKind;
use sea_orm::sea_query::Expr;

use crate::error::{Error, Result, did_you_mean};
use crate::graphql::filter::{FilterContext, NodeFilter};
use crate::graphql::loading::node_type::NodeType;
use crate::graphql::loading::session::{Session, SharedError};

/// Translates a filter for the rows of one record type to a condition. Errors: those that the API reports for the same filter.
pub(crate) async fn from_json(kind: RecordKind, filter: &serde_json::Value, session: &Session) -> Result<Expr> {
    let mut context = FilterContext::new(session.dialect());
    macro_rules! by_kind {
        ($($(#[doc = $doc:literal])+ $kind:ident $module:ident,)+) => {
            match kind {
                $(RecordKind::$kind => read::<crate::graphql::types::$module::$kind>(filter)?.condition(&mut context)?,)+
            }
        };
    }
    let condition = entity::for_each_record_kind!(by_kind);
    context.check_references(session).await.map_err(SharedError::into_error)?;
    Ok(condition)
}

fn read<T: NodeType>(filter: &serde_json::Value) -> Result<T::Filter> {
    let invalid =
        |message: String| Error::BadInput(format!("The filter is not a valid `{}`: {message}", T::Filter::type_name()));
    let value = Value::from_json(filter.clone()).map_err(|error| invalid(error.to_string()))?;
    let parsed = <T::Filter as InputType>::parse(Some(value.clone()))
        .map_err(|error| invalid(error.into_server_error(Pos::default()).message))?;
    // async-graphql ignores unknown fields: a filter with a misspelled field would match every record.
    match unknown_field(&value, &parsed.to_value(), "filter") {
        Some(message) => Err(invalid(message)),
        None => Ok(parsed),
    }
}

/// Returns a message about the first field of a value that is missing from the parsed filter; `None` if there is none.
fn unknown_field(given: &Value, parsed: &Value, path: &str) -> Option<String> {
    match (given, parsed) {
        (Value::Object(given), Value::Object(parsed)) => {
            given.iter().find_map(|(name, value)| match parsed.get(name) {
                Some(known) => unknown_field(value, known, &format!("{path}.{name}")),
                None => {
                    let hint = did_you_mean(name, parsed.keys().map(|name| name.as_str()));
                    Some(format!("`{path}` has no field `{name}`; {}", hint.unwrap_or_else(|| "see the schema".into())))
                }
            })
        }
        (Value::List(given), Value::List(parsed)) => given
            .iter()
            .zip(parsed)
            .enumerate()
            .find_map(|(index, (given, parsed))| unknown_field(given, parsed, &format!("{path}[{index}]"))),
        // GraphQL accepts a single value for a list.
        (Value::Object(_), Value::List(parsed)) => parsed.first().and_then(|parsed| unknown_field(given, parsed, path)),
        _ => None,
    }
}
