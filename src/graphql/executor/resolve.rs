//! Objects on their way into an answer.
//!
//! The library makes a future on the heap for every field of every object, and joins them all. Hardly a field waits: what it shows
//! is in its row, or was loaded for all rows of its batch by the first one. So each field is tried first, and only one that has
//! to wait gets a future of its own.

use std::borrow::Cow;
use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::PoisonError;
use std::task::{self, Poll, Waker};

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::{ContainerType, ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, try_join_all};

use crate::graphql::executor::json::{ObjectEncoding, write};

/// Rows that were read together, resolved one after the other: the first one asked loads what all of them need, so that the
/// others have nothing to wait for. At once each would wait for the first.
#[derive(Clone)]
pub struct ResolvedList<T>(pub(crate) Vec<T>);

impl<T> Default for ResolvedList<T> {
    fn default() -> Self {
        Self(Vec::new())
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
        for (at, row) in self.0.iter().enumerate() {
            let name = row.introspection_type_name();
            // Rows of an interface may be of several types.
            if selected.as_ref().is_none_or(|selected| selected.name != name) {
                selected = SelectedFields::of::<T>(ctx, name);
            }
            let ctx = ctx.with_index(at);
            let value = match &selected {
                Some(selected) => selected.resolve(&ctx, row).await,
                None => row.resolve(&ctx, field).await,
            };
            values.push(value.map_err(|error| ctx.set_error_path(error))?);
        }
        Ok(Value::List(values))
    }
}

/// One object, resolved like a row of many.
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
        match SelectedFields::of::<T>(ctx, self.0.introspection_type_name()) {
            Some(selected) => selected.resolve(ctx, &self.0).await,
            None => self.0.resolve(ctx, field).await,
        }
    }
}

/// How long a field of an object is, written: about.
const USUAL_FIELD: usize = 32;

/// The fields that are selected of objects of one type, out of their fragments.
struct SelectedFields<'a> {
    /// The type.
    name: Cow<'static, str>,
    fields: Vec<&'a Positioned<Field>>,
    form: ObjectEncoding,
}

impl<'a> SelectedFields<'a> {
    /// None where the library has to resolve them: directives change fields. Its extensions, of which the program has none,
    /// would not see them.
    fn of<T: ContainerType>(ctx: &ContextSelectionSet<'a>, name: Cow<'static, str>) -> Option<Self> {
        let fields = Vec::with_capacity(ctx.item.node.items.len());
        let mut selected = Self { name, fields, form: ObjectEncoding::asked(ctx) };
        selected.add::<T>(ctx, &ctx.item.node)?;
        Some(selected)
    }

    fn add<T: ContainerType>(&mut self, ctx: &ContextSelectionSet<'a>, set: &'a SelectionSet) -> Option<()> {
        for selection in &set.items {
            let (condition, set) = match &selection.node {
                Selection::Field(field) if field.node.directives.is_empty() => {
                    let is_leaf = |field: &Positioned<Field>| field.node.selection_set.node.items.is_empty();
                    let stands = |other: &&Positioned<Field>| {
                        other.node.response_key() == field.node.response_key() && (is_leaf(field) || is_leaf(other))
                    };
                    // Of what cannot be put together the first counts, as it does for the library.
                    if !self.fields.iter().any(stands) {
                        self.fields.push(field);
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
            let is_meant = condition.is_none_or(|condition| {
                let wanted = condition.node.on.node.as_str();
                let implements = ctx.schema_env.registry.implements.get(&*self.name);
                self.name == wanted
                    || T::type_name() == wanted
                    || implements.is_some_and(|interfaces| interfaces.contains(wanted))
            });
            if is_meant {
                self.add::<T>(ctx, &set.node)?;
            }
        }
        Some(())
    }

    /// An object with these fields.
    async fn resolve<T: ContainerType>(&self, ctx: &ContextSelectionSet<'a>, row: &T) -> ServerResult<Value> {
        let mut values: Vec<Value> = Vec::with_capacity(self.fields.len());
        let (mut places, mut waiting) = (Vec::new(), Vec::new());
        for (at, field) in self.fields.iter().enumerate() {
            values.push(if field.node.name.node == "__typename" {
                Value::String(self.name.clone().into_owned())
            } else {
                match show(row, ctx, field) {
                    PolledField::AtHand(value) => value?,
                    PolledField::Later(value) => {
                        places.push(at);
                        waiting.push(value);
                        // Tried only, all of it would be begun again; and each level twice as often as the one above it.
                        not_speculative().await;
                        Value::Null
                    }
                }
            });
        }
        if !waiting.is_empty() {
            for (at, value) in places.into_iter().zip(try_join_all(waiting).await?) {
                values[at] = value;
            }
        }
        Ok(match self.form {
            ObjectEncoding::RawJson => self.write(&values),
            ObjectEncoding::Map => {
                let mut object = IndexMap::with_capacity(values.len());
                for (field, value) in self.fields.iter().zip(values) {
                    merge(&mut object, field.node.response_key().node.clone(), value);
                }
                Value::Object(object)
            }
        })
    }

    /// An object as JSON.
    fn write(&self, values: &[Value]) -> Value {
        let mut out = Vec::with_capacity(self.fields.len() * USUAL_FIELD + 2);
        out.push(b'{');
        for (field, value) in self.fields.iter().zip(values) {
            out.extend_from_slice(if out.len() > 1 { b",\"" } else { b"\"" });
            // A name in a document has nothing to escape.
            out.extend_from_slice(field.node.response_key().node.as_bytes());
            out.extend_from_slice(b"\":");
            write(value, &mut out);
        }
        out.push(b'}');
        Value::Binary(out.into())
    }
}

/// What a field has under a name that was selected more than once.
fn merge(object: &mut IndexMap<Name, Value>, name: Name, value: Value) {
    match (object.get_mut(&name), value) {
        (None, value) => {
            object.insert(name, value);
        }
        (Some(before), value) => merge_values(before, value),
    }
}

fn merge_values(before: &mut Value, value: Value) {
    match (before, value) {
        (Value::Object(before), Value::Object(fields)) => {
            for (name, value) in fields {
                merge(before, name, value);
            }
        }
        (Value::List(before), Value::List(values)) => {
            for (before, value) in before.iter_mut().zip(values) {
                merge_values(before, value);
            }
        }
        // The same scalar twice.
        _ => {}
    }
}

thread_local! {
    static IS_SPECULATIVE: Cell<bool> = const { Cell::new(false) };
}

/// While it lives fields are only tried.
struct SpeculativePoll(bool);

impl SpeculativePoll {
    fn new() -> Self {
        Self(IS_SPECULATIVE.replace(true))
    }
}

impl Drop for SpeculativePoll {
    fn drop(&mut self) {
        IS_SPECULATIVE.set(self.0);
    }
}

/// Waits as long as a field is only tried: what it began would be dropped, and begun again.
pub(crate) async fn not_speculative() {
    poll_fn(|_| if IS_SPECULATIVE.get() { Poll::Pending } else { Poll::Ready(()) }).await;
}

/// The value of a field.
enum PolledField<'a> {
    AtHand(ServerResult<Value>),
    /// It has to wait.
    Later(BoxFuture<'a, ServerResult<Value>>),
}

/// Tries a field. Out of line, with all that is made of its future: each copy of that would be compiled anew.
#[inline(never)]
fn show<'a, T: ContainerType>(
    row: &'a T,
    ctx: &'a ContextSelectionSet<'_>,
    field: &'a Positioned<Field>,
) -> PolledField<'a> {
    let resolve = async move || Ok(row.resolve_field(&ctx.with_field(field)).await?.unwrap_or_default());
    let errors = || ctx.query_env.errors.lock().unwrap_or_else(PoisonError::into_inner);
    // What fails in a field that shows no object is told when it is at hand.
    let told = (!field.node.selection_set.node.items.is_empty()).then(|| errors().len());
    let tried = {
        let _trying = SpeculativePoll::new();
        pin!(resolve()).poll(&mut task::Context::from_waker(Waker::noop()))
    };
    match tried {
        Poll::Ready(value) => PolledField::AtHand(value),
        Poll::Pending => {
            // What failed below it fails again.
            if let Some(told) = told {
                errors().truncate(told);
            }
            PolledField::Later(resolve().boxed())
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{ContainerType, Context};

    use crate::graphql::connection::Connection;
    use crate::graphql::types::{
        account, actor, article, claim, date, event, evidence, figure, mention, name, participation, place, relation,
        stance, statement,
    };

    /// Above it the system's allocator leaves its quick way.
    const MOST: usize = 1032;

    fn size<A, B, R>(_: impl FnOnce(A, B) -> R) -> usize {
        size_of::<R>()
    }

    /// The future of a field is as large as the largest of its type, and one is made for each field of each row: an argument
    /// held by value, or what is loaded once for a batch, would make all of them slow.
    #[test]
    fn the_futures_of_fields_are_small() {
        macro_rules! are_small {
            ($($type:ty),+ $(,)?) => {$(
                let bytes = size(|row: &'static $type, ctx: &'static Context<'static>| row.resolve_field(ctx));
                assert!(bytes <= MOST, "{}: {bytes} bytes", stringify!($type));
            )+};
        }
        are_small!(
            account::Account,
            actor::Actor,
            article::Article,
            claim::Claim,
            date::Date,
            event::Event,
            evidence::Evidence,
            figure::Figure,
            mention::Mention,
            name::Name,
            participation::Participation,
            place::Place,
            relation::Relation,
            stance::Stance,
            statement::Statement,
            Connection<actor::Actor>,
            Connection<event::Event>,
            Connection<figure::Figure>,
        );
    }
}
