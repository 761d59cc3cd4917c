//! Single objects: collects the selected fields, polls them and encodes the result.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{self, Poll};

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::{ContainerType, ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value};
use futures_util::future::{BoxFuture, try_join_all};

use crate::graphql::executor::budget::ResponseBudget;
use crate::graphql::executor::json::{ObjectEncoding, write_json};
use crate::graphql::executor::poll::{PolledField, poll_field, suspend_if_speculative};
use crate::graphql::loading::session::Session;

/// One object, resolved like a row of a [`ResolvedList`](crate::graphql::executor::list::ResolvedList).
#[derive(Clone)]
pub struct ResolvedObject<T>(pub(crate) T);

impl<T: ContainerType> OutputType for ResolvedObject<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match SelectedFields::collect::<T>(ctx, self.0.introspection_type_name()) {
            Some(selected) => selected.resolve(ctx, &self.0).await,
            None => self.0.resolve(ctx, field).await,
        }
    }
}

/// Resolves an object of an interface or union like [`ResolvedObject`].
pub(crate) async fn resolve_object<T: ContainerType>(ctx: &ContextSelectionSet<'_>, object: &T) -> ServerResult<Value> {
    match SelectedFields::collect::<T>(ctx, object.introspection_type_name()) {
        Some(selected) => selected.resolve(ctx, object).await,
        None => async_graphql::resolver_utils::resolve_container(ctx, object).await,
    }
}

/// Typical size of an encoded field in bytes, to allocate the buffer of an object once.
const TYPICAL_FIELD_SIZE: usize = 32;

/// The fields that a document selects of objects of one type, with fragments expanded.
pub(super) struct SelectedFields<'a> {
    pub(super) type_name: Cow<'static, str>,
    fields: Box<[&'a Positioned<Field>]>,
    encoding: ObjectEncoding,
    budget: Option<Arc<ResponseBudget>>,
}

impl<'a> SelectedFields<'a> {
    /// Collects the selected fields. Returns `None` if async-graphql has to resolve the object, because a field has directives
    /// that may change it. Extensions of async-graphql do not see the fields: the budget is counted here.
    pub(super) fn collect<T: ContainerType>(
        ctx: &ContextSelectionSet<'a>,
        type_name: Cow<'static, str>,
    ) -> Option<Self> {
        let mut fields = Vec::with_capacity(ctx.item.node.items.len());
        Self::add::<T>(&mut fields, &type_name, ctx, &ctx.item.node)?;
        let budget = ctx.data_opt::<Session>().and_then(Session::budget).cloned();
        Some(Self { type_name, fields: fields.into(), encoding: ObjectEncoding::from_context(ctx), budget })
    }

    fn add<T: ContainerType>(
        fields: &mut Vec<&'a Positioned<Field>>,
        type_name: &str,
        ctx: &ContextSelectionSet<'a>,
        set: &'a SelectionSet,
    ) -> Option<()> {
        for selection in &set.items {
            let (condition, set) = match &selection.node {
                Selection::Field(field) if field.node.directives.is_empty() => {
                    let is_leaf = |field: &Positioned<Field>| field.node.selection_set.node.items.is_empty();
                    let is_duplicate = |other: &&Positioned<Field>| {
                        other.node.response_key() == field.node.response_key() && (is_leaf(field) || is_leaf(other))
                    };
                    // Leaves cannot be merged: the first one counts, as in async-graphql.
                    if !fields.iter().any(is_duplicate) {
                        fields.push(field);
                    }
                    continue;
                }
                Selection::Field(_) => return None,
                Selection::FragmentSpread(spread) => {
                    let fragment = &ctx.query_env.fragments.get(&spread.node.fragment_name.node)?.node;
                    (Some(&fragment.type_condition), &fragment.selection_set)
                }
                Selection::InlineFragment(fragment) => {
                    (fragment.node.type_condition.as_ref(), &fragment.node.selection_set)
                }
            };
            let applies = condition.is_none_or(|condition| {
                let condition = condition.node.on.node.as_str();
                let interfaces = ctx.schema_env.registry.implements.get(type_name);
                type_name == condition
                    || T::type_name() == condition
                    || interfaces.is_some_and(|interfaces| interfaces.contains(condition))
            });
            if applies {
                Self::add::<T>(fields, type_name, ctx, &set.node)?;
            }
        }
        Some(())
    }

    /// Resolves an object with these fields.
    pub(super) async fn resolve<T: ContainerType>(
        &self,
        ctx: &ContextSelectionSet<'a>,
        row: &T,
    ) -> ServerResult<Value> {
        let mut values: Vec<Value> = Vec::with_capacity(self.fields.len());
        let mut pending: Vec<PendingField<'_>> = Vec::new();
        let errors = || ctx.query_env.errors.lock().unwrap_or_else(PoisonError::into_inner).len();
        if self.budget.as_ref().is_some_and(|budget| !budget.allows_errors(errors())) {
            stopped().await;
        }
        for (index, field) in self.fields.iter().enumerate() {
            values.push(if field.node.name.node == "__typename" {
                Value::String(self.type_name.clone().into_owned())
            } else {
                match poll_field(row, ctx, field, self.budget.as_deref()) {
                    PolledField::Ready(value) => value?,
                    PolledField::Pending(future) => {
                        pending.push(PendingField { index, future });
                        // If this object is itself polled speculatively, everything done so far is done again. Stop here:
                        // otherwise each level of nesting would double the work.
                        suspend_if_speculative().await;
                        Value::Null
                    }
                }
            });
            if !self.count(field, values.last()) {
                stopped().await;
            }
        }
        if !pending.is_empty() {
            let mut is_within = true;
            for (index, value) in try_join_all(pending).await? {
                values[index] = value;
                is_within &= self.count(self.fields[index], values.get(index));
            }
            if !is_within {
                stopped().await;
            }
        }
        Ok(match self.encoding {
            ObjectEncoding::RawJson => self.encode(&values),
            ObjectEncoding::Map => {
                let mut object = IndexMap::with_capacity(values.len());
                for (field, value) in self.fields.iter().zip(values) {
                    merge_field(&mut object, field.node.response_key().node.clone(), value);
                }
                Value::Object(object)
            }
        })
    }

    /// Counts the value of a field in the budget of the response. Returns false when the budget is exceeded.
    fn count(&self, field: &Positioned<Field>, value: Option<&Value>) -> bool {
        let (Some(budget), Some(value)) = (&self.budget, value) else { return true };
        budget.add_value(value, &field.node.response_key().node)
    }

    /// Encodes an object as JSON.
    fn encode(&self, values: &[Value]) -> Value {
        let mut out = Vec::with_capacity(self.fields.len() * TYPICAL_FIELD_SIZE + 2);
        out.push(b'{');
        for (field, value) in self.fields.iter().zip(values) {
            out.extend_from_slice(if out.len() > 1 { b",\"" } else { b"\"" });
            // GraphQL names contain no character that JSON escapes.
            out.extend_from_slice(field.node.response_key().node.as_bytes());
            out.extend_from_slice(b"\":");
            write_json(value, &mut out);
        }
        out.push(b'}');
        Value::Binary(out.into())
    }
}

/// A field that has to wait, and its index among the selected fields.
struct PendingField<'a> {
    index: usize,
    future: BoxFuture<'a, ServerResult<Value>>,
}

impl Future for PendingField<'_> {
    type Output = ServerResult<(usize, Value)>;

    fn poll(mut self: Pin<&mut Self>, context: &mut task::Context<'_>) -> Poll<Self::Output> {
        let index = self.index;
        self.future.as_mut().poll(context).map(|value| Ok((index, value?)))
    }
}

/// Waits for ever: the request exceeds its budget and is stopped.
fn stopped() -> std::future::Pending<()> {
    std::future::pending()
}

/// Adds a field to an object, merging it with a field of the same response key.
fn merge_field(object: &mut IndexMap<Name, Value>, name: Name, value: Value) {
    match (object.get_mut(&name), value) {
        (None, value) => {
            object.insert(name, value);
        }
        (Some(existing), value) => merge_values(existing, value),
    }
}

fn merge_values(existing: &mut Value, value: Value) {
    match (existing, value) {
        (Value::Object(existing), Value::Object(fields)) => {
            for (name, value) in fields {
                merge_field(existing, name, value);
            }
        }
        (Value::List(existing), Value::List(values)) => {
            for (existing, value) in existing.iter_mut().zip(values) {
                merge_values(existing, value);
            }
        }
        // The same scalar, selected twice.
        _ => {}
    }
}
