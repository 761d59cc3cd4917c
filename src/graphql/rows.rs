//! Rows of a list on their way into an answer.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};

/// Rows that were read together, resolved one after the other: the first one asked loads what all of them need, so that the
/// others have nothing to wait for. At once each would wait for the first, and so many futures cost more than their answers.
pub struct Rows<T>(pub(super) Vec<T>);

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: OutputType> OutputType for Rows<T> {
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
        for (at, row) in self.0.iter().enumerate() {
            let ctx = ctx.with_index(at);
            values.push(row.resolve(&ctx, field).await.map_err(|error| ctx.set_error_path(error))?);
        }
        Ok(Value::List(values))
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{ContainerType, Context};

    use crate::graphql::connection::Connection;
    use crate::graphql::{
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
