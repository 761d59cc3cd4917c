//! Lists of rows.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContainerType, ContextSelectionSet, OutputType, Positioned, ServerResult, Value};

use crate::graphql::executor::object::SelectedFields;

/// Rows that were read together. They are resolved one after the other: the first row loads what all of them need, so the
/// others have nothing to wait for. Resolved concurrently, each would wait for the first.
#[derive(Clone)]
pub struct ResolvedList<T>(pub(crate) Vec<T>);

impl<T> Default for ResolvedList<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> FromIterator<T> for ResolvedList<T> {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        Self(rows.into_iter().collect())
    }
}

impl<T: ContainerType> OutputType for ResolvedList<T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<T>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<T>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<T>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let mut values = Vec::with_capacity(self.0.len());
        let mut selected: Option<SelectedFields<'_>> = None;
        for (index, row) in self.0.iter().enumerate() {
            let type_name = row.introspection_type_name();
            // Rows of an interface may have different types.
            if selected.as_ref().is_none_or(|selected| selected.type_name != type_name) {
                selected = SelectedFields::collect::<T>(ctx, type_name);
            }
            let ctx = ctx.with_index(index);
            let value = match &selected {
                Some(selected) => selected.resolve(&ctx, row).await,
                None => row.resolve(&ctx, field).await,
            };
            values.push(value.map_err(|error| ctx.set_error_path(error))?);
        }
        Ok(Value::List(values))
    }
}
