//! The root types: `Query`, `Mutation` and `Subscription`.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::LazyLock;

use async_graphql::registry::{MetaType, Registry};
use async_graphql::{ContainerType, Context, ID, ObjectType, Response, ServerResult, SubscriptionType, Value};
use futures_util::Stream;

use crate::graphql::plan::lookup::{ExternalIdInput, RecordInput};
use crate::graphql::schema::field::{Argument, Field};
use crate::graphql::schema::object::{Declared, object_type, output_type, register_object};
use crate::graphql::types::date::DateTime;
use crate::graphql::types::{
    account, actor, article, change, claim, dataset, event, event_type, evidence, figure, mention, merge,
    merge_candidate, node_query, participation, place, relation, stance, statement,
};
use crate::graphql::{federation, graph, mutations, search};

/// Declares root fields, as in [`fields`](crate::graphql::schema::field::fields). The module then has a function that returns them.
macro_rules! root_fields {
    ($function:ident { $($fields:tt)+ }) => {
        /// Returns root fields.
        pub(crate) fn $function() -> Vec<$crate::graphql::schema::field::Field> {
            $crate::graphql::schema::field::fields!((), none { $($fields)+ })
        }
    };
}
pub(crate) use root_fields;

/// The argument of root fields that read the graph as it was.
pub(crate) fn as_of() -> Argument {
    Argument::new::<Option<DateTime>>(
        "as_of",
        "Point-in-time query: reads this field and everything below it as the graph was known at this instant, including what was changed or deleted since. Cannot be combined with a `search` filter. Default: now.",
        None,
    )
}

/// Completes a field that finds a node by its id or record.
pub(crate) fn recorded(field: Field) -> Field {
    field
        .documented("Give exactly one of `id` and `record` (otherwise `BAD_INPUT`). Null if there is no such node. The identifier of a\nmerged node returns the node that it was merged into.")
        .with([id(), record(), as_of()])
}

/// Completes a field that finds a node by its id, slug, external id or record.
pub(crate) fn named(field: Field) -> Field {
    field
        .documented("Give exactly one of `id`, `slug`, `externalId` and `record` (otherwise `BAD_INPUT`). Null if there is no such node. The\nidentifier of a merged node returns the node that it was merged into.")
        .with([
            id(),
            Argument::new::<Option<String>>("slug", "Slug of the node, a readable unique name.", None),
            Argument::new::<Option<ExternalIdInput>>(
                "external_id",
                "Id of the node in another system. If several nodes have it, the oldest is returned.",
                None,
            ),
            record(),
            as_of(),
        ])
}

fn id() -> Argument {
    Argument::new::<Option<ID>>("id", "Global id of the node.", None)
}

fn record() -> Argument {
    Argument::new::<Option<RecordInput>>("record", "Record that the node was imported from.", None)
}

static QUERY: LazyLock<Vec<Field>> = LazyLock::new(|| {
    [
        node_query::root_fields(),
        article::root_fields(),
        actor::root_fields(),
        place::root_fields(),
        event::root_fields(),
        participation::root_fields(),
        account::root_fields(),
        statement::root_fields(),
        claim::root_fields(),
        stance::root_fields(),
        relation::root_fields(),
        figure::root_fields(),
        evidence::root_fields(),
        mention::root_fields(),
        dataset::root_fields(),
        event_type::root_fields(),
        search::root_fields(),
        graph::root_fields(),
        merge::root_fields(),
        merge_candidate::root_fields(),
        change::root_fields(),
    ]
    .into_iter()
    .flatten()
    .collect()
});

static SUBGRAPH: LazyLock<Vec<Field>> = LazyLock::new(federation::root_fields);

static MUTATION: LazyLock<Vec<Field>> = LazyLock::new(|| {
    [
        mutations::import_records::root_fields(),
        mutations::delete_records::root_fields(),
        mutations::merge::root_fields(),
    ]
    .into_iter()
    .flatten()
    .collect()
});

static SUBSCRIPTION: LazyLock<Vec<Field>> = LazyLock::new(change::subscription_fields);

/// Returns the field of a root type with a name.
pub(crate) fn root_field(type_name: &str, name: &str) -> Option<&'static Field> {
    let fields = match type_name {
        "Query" => QUERY.iter().chain(SUBGRAPH.iter()),
        "Mutation" => MUTATION.iter().chain(&[]),
        _ => SUBSCRIPTION.iter().chain(&[]),
    };
    fields.into_iter().find(|field| field.name == name)
}

/// The query root. Lists are paginated as Relay connections: page size is bounded, and sort orders are total.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query;

/// The query root of a federation subgraph, with the fields that a gateway uses.
#[derive(Clone, Copy, Debug, Default)]
pub struct SubgraphQuery;

/// The mutation root. Every mutation is one transaction and needs an API key with the scope WRITE.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mutation;

/// The subscription root.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subscription;

const QUERY_DESCRIPTION: &str =
    "The query root. Lists are paginated as Relay connections: page size is bounded, and sort orders are total.";

impl Declared for Query {
    fn name() -> Cow<'static, str> {
        "Query".into()
    }

    fn register(registry: &mut Registry) -> String {
        register_object::<Self>(registry, QUERY_DESCRIPTION, QUERY.iter())
    }
}

impl Declared for SubgraphQuery {
    fn name() -> Cow<'static, str> {
        "Query".into()
    }

    fn register(registry: &mut Registry) -> String {
        register_object::<Self>(registry, QUERY_DESCRIPTION, QUERY.iter().chain(SUBGRAPH.iter()))
    }
}

impl Declared for Mutation {
    fn name() -> Cow<'static, str> {
        "Mutation".into()
    }

    fn register(registry: &mut Registry) -> String {
        const DESCRIPTION: &str =
            "The mutation root. Every mutation is one transaction and needs an API key with the scope WRITE.";
        register_object::<Self>(registry, DESCRIPTION, MUTATION.iter())
    }
}

/// Implements the library's traits of roots. It asks a root for its fields only to introspect the schema, which it does itself.
macro_rules! root {
    ($($name:ident),+) => {$(
        output_type!($name);

        impl ContainerType for $name {
            async fn resolve_field(&self, _: &Context<'_>) -> ServerResult<Option<Value>> {
                Ok(None)
            }
        }

        impl ObjectType for $name {}
    )+};
}

root!(Query, SubgraphQuery, Mutation);

impl SubscriptionType for Subscription {
    fn type_name() -> Cow<'static, str> {
        "Subscription".into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_subscription_type::<Self, _>(|registry| {
            let mut described = object_type(registry, Self::type_name(), "The subscription root.", SUBSCRIPTION.iter());
            if let MetaType::Object { is_subscription, rust_typename, .. } = &mut described {
                *is_subscription = true;
                *rust_typename = Some(std::any::type_name::<Self>());
            }
            described
        })
    }

    fn create_field_stream<'a>(
        &'a self,
        _: &'a Context<'_>,
    ) -> Option<Pin<Box<dyn Stream<Item = Response> + Send + 'a>>> {
        None
    }
}
