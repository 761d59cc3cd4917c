//! Filters that come as JSON and not in a document: exports are narrowed by the filters of the API.

use async_graphql::{InputType, Pos, Value};
use entity::record::RecordKind;
use sea_orm::sea_query::Expr;

use crate::error::{Error, Result, did_you_mean};
use crate::graphql::filter::{FilterContext, NodeFilter};
use crate::graphql::loading::batch::NodeType;
use crate::graphql::loading::session::{Session, SharedError};

/// What holds for the rows of a noun that pass a filter; refuses what the API refuses.
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
    context.look_up(session).await.map_err(SharedError::into_error)?;
    Ok(condition)
}

fn read<T: NodeType>(filter: &serde_json::Value) -> Result<T::Filter> {
    let wrong =
        |message: String| Error::BadInput(format!("The filter does not fit `{}`: {message}", T::Filter::type_name()));
    let value = Value::from_json(filter.clone()).map_err(|error| wrong(error.to_string()))?;
    let read = <T::Filter as InputType>::parse(Some(value.clone()))
        .map_err(|error| wrong(error.into_server_error(Pos::default()).message))?;
    // The library leaves out what it does not know: a filter that is misspelled would let everything pass.
    match unknown(&value, &read.to_value(), "filter") {
        Some(message) => Err(wrong(message)),
        None => Ok(read),
    }
}

/// The first field of a value that is not among those that were read.
fn unknown(given: &Value, read: &Value, path: &str) -> Option<String> {
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => given.iter().find_map(|(name, value)| match read.get(name) {
            Some(known) => unknown(value, known, &format!("{path}.{name}")),
            None => {
                let hint = did_you_mean(name, read.keys().map(|name| name.as_str()));
                Some(format!("`{path}` has no field `{name}`; {}", hint.unwrap_or_else(|| "see the schema".into())))
            }
        }),
        (Value::List(given), Value::List(read)) => given
            .iter()
            .zip(read)
            .enumerate()
            .find_map(|(at, (given, read))| unknown(given, read, &format!("{path}[{at}]"))),
        // One value stands for a list of it.
        (Value::Object(_), Value::List(read)) => read.first().and_then(|read| unknown(given, read, path)),
        _ => None,
    }
}
