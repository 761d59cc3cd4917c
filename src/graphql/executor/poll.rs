//! Speculative polling: a field is polled once in place, and only a field that has to wait gets a boxed future.
//!
//! If the first poll of a field is not ready, its future is dropped, and a new future starts from the beginning. The first poll
//! must therefore have no effect. Code that runs an SQL statement first awaits [`suspend_if_speculative`].

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::PoisonError;
use std::task::{self, Poll, Waker};

use async_graphql::parser::types::Field;
use async_graphql::{ContainerType, ContextSelectionSet, Positioned, ServerResult, Value};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::graphql::executor::budget::ResponseBudget;

thread_local! {
    static IS_SPECULATIVE: Cell<bool> = const { Cell::new(false) };
}

/// Marks the polls of this thread as speculative until it is dropped.
struct SpeculativePoll {
    was_speculative: bool,
}

impl SpeculativePoll {
    fn start() -> Self {
        Self { was_speculative: IS_SPECULATIVE.replace(true) }
    }
}

impl Drop for SpeculativePoll {
    fn drop(&mut self) {
        IS_SPECULATIVE.set(self.was_speculative);
    }
}

/// Suspends the caller if it is polled speculatively: work that it starts now would be dropped and started again.
pub(crate) async fn suspend_if_speculative() {
    poll_fn(|_| if IS_SPECULATIVE.get() { Poll::Pending } else { Poll::Ready(()) }).await;
}

/// The result of polling a field.
pub(super) enum PolledField<'a> {
    /// Its value or error.
    Ready(ServerResult<Value>),
    /// The field has to wait.
    Pending(BoxFuture<'a, ServerResult<Value>>),
}

/// Polls a field speculatively.
///
/// Not inlined, and the only place that uses the field's future: the compiler would generate code for each copy of it.
#[inline(never)]
pub(super) fn poll_field<'a, T: ContainerType>(
    row: &'a T,
    ctx: &'a ContextSelectionSet<'_>,
    field: &'a Positioned<Field>,
    budget: Option<&ResponseBudget>,
) -> PolledField<'a> {
    let counted = budget.map(ResponseBudget::values);
    let resolve = async move || Ok(row.resolve_field(&ctx.with_field(field)).await?.unwrap_or_default());
    let errors = || ctx.query_env.errors.lock().unwrap_or_else(PoisonError::into_inner);
    // A leaf that reports an error is ready, so only fields with a selection can be pending after an error below them.
    let error_count = (!field.node.selection_set.node.items.is_empty()).then(|| errors().len());
    let polled = {
        let _speculative = SpeculativePoll::start();
        pin!(resolve()).poll(&mut task::Context::from_waker(Waker::noop()))
    };
    match polled {
        Poll::Ready(value) => PolledField::Ready(value),
        Poll::Pending => {
            // Errors below the field will be reported again by the next poll.
            if let Some(error_count) = error_count {
                errors().truncate(error_count);
            }
            // So will the values be counted again.
            if let (Some(budget), Some(counted)) = (budget, counted) {
                budget.reset_values(counted);
            }
            PolledField::Pending(resolve().boxed())
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

    /// Larger allocations leave the fast path of the system's allocator.
    const MAX_FUTURE_SIZE: usize = 1032;

    fn size<A, B, R>(_: impl FnOnce(A, B) -> R) -> usize {
        size_of::<R>()
    }

    /// The future of a field is as large as that of the largest field of its type, and one is made for each field of each
    /// row. An argument held by value, or a loader that is not boxed, would slow down all of them.
    #[test]
    fn futures_of_fields_are_small() {
        macro_rules! assert_small {
            ($($type:ty),+ $(,)?) => {$(
                let bytes = size(|row: &'static $type, ctx: &'static Context<'static>| row.resolve_field(ctx));
                assert!(bytes <= MAX_FUTURE_SIZE, "{}: {bytes} bytes", stringify!($type));
            )+};
        }
        assert_small!(
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
