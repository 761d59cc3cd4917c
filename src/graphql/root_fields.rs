//! Root fields of the query type: one node by an identifier (`event`), and lists of nodes (`events`).

use async_graphql::{Context, ID};
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query};

use crate::error::Error;
use crate::graphql::executor::object::ResolvedObject;
use crate::graphql::filter::ids_with_slug;
use crate::graphql::loading::batch::Row;
use crate::graphql::loading::node_type::NodeType;
use crate::graphql::loading::projection::Projection;
use crate::graphql::loading::session::{SharedError, session};
use crate::graphql::types::node::NodeKind;

pub use crate::graphql::plan::lookup::{ExternalIdInput, RecordInput};

/// The arguments that identify one node. Exactly one must be given.
#[derive(Default)]
pub(crate) struct Lookup {
    pub(crate) id: Option<ID>,
    pub(crate) slug: Option<String>,
    pub(crate) external_id: Option<ExternalIdInput>,
    pub(crate) record: Option<RecordInput>,
}

/// Finds one node. An identifier of a merged node finds the node that it was merged into. Error: `BAD_INPUT` unless exactly one
/// identifier is given.
pub(crate) async fn find<T: NodeType>(
    ctx: &Context<'_>,
    kind: NodeKind,
    lookup: Lookup,
) -> Result<Option<ResolvedObject<T>>, SharedError> {
    let id = || Expr::col((T::Entity::default(), "id"));
    let condition = match (lookup.id, lookup.slug, lookup.external_id, lookup.record) {
        (Some(given), None, None, None) => {
            let number = kind.number(&given)?;
            let merged_into =
                Query::select().column("same_as_id").from("record").and_where(Expr::col("id").eq(number)).take();
            let merged_into = Expr::SubQuery(None, Box::new(merged_into.into()));
            id().eq(Func::coalesce([merged_into, Expr::val(number)]))
        }
        (None, Some(slug), None, None) => id().in_subquery(ids_with_slug(kind, |column| column.eq(slug.as_str()))),
        (None, None, Some(external), None) => {
            let targets = Query::select()
                .column("target_id")
                .from("external_id")
                .and_where(Expr::col("scheme").eq(external.scheme))
                .and_where(Expr::col("value").eq(external.value))
                .and_where(
                    Expr::col("target_kind").eq(kind.stored().map(|stored| stored.to_value()).unwrap_or_default()),
                )
                .take();
            id().in_subquery(targets)
        }
        (None, None, None, Some(record)) => {
            let dataset =
                Query::select().column("id").from("dataset").and_where(Expr::col("key").eq(record.dataset)).take();
            let records = Query::select()
                .expr(Func::coalesce([Expr::col("same_as_id"), Expr::col("id")]))
                .from("record")
                .and_where(Expr::col("dataset_id").in_subquery(dataset))
                .and_where(Expr::col("key").eq(record.key))
                .take();
            id().in_subquery(records)
        }
        _ => {
            return Err(
                Error::BadInput(format!("Give exactly one argument that identifies the {}", kind.words())).into()
            );
        }
    };
    let projection = Projection::<T>::for_field(ctx);
    let mut select = projection.select();
    // Two datasets may give the same external id to nodes that have not been merged: the older one is returned.
    select.and_where(condition).order_by((T::Entity::default(), "id"), sea_orm::sea_query::Order::Asc).limit(1);
    let batch = projection.load(session(ctx)?, select).await?;
    Ok(Row::get(&batch, 0).map(|row| ResolvedObject(T::from_row(row))))
}

/// Declares the root fields of a node type:
///
/// - `lists`: connections. A list of another type than that of the macro names it after a colon.
/// - `one`: a field that finds one node by its id or record.
/// - `named`: a field that finds one node by its id, slug, external id or record.
macro_rules! root_fields {
    ($name:ident of $node_type:ty {
        lists { $($(#[doc = $list_doc:literal])+ $list:ident $(: $list_type:ty)?;)+ }
        $(one { $(#[doc = $one_doc:literal])+ $one:ident $one_kind:ident; })?
        $(named { $(#[doc = $named_doc:literal])+ $named:ident $named_kind:ident; })?
    }) => {
        #[derive(Default)]
        #[allow(missing_docs)]
        pub struct $name;

        impl $name {
            /// Returns the fields for the compiler of plans, by name.
            pub(crate) fn plan_roots() -> Vec<(&'static str, $crate::graphql::plan::roots::RootField)> {
                use $crate::graphql::plan::noun::{ListField, PlannedType};
                use $crate::graphql::plan::roots::RootField;
                vec![
                    $((stringify!($list), RootField::List(ListField {
                        name: stringify!($list).to_owned(),
                        noun: <$crate::graphql::root_fields::list_type!($node_type $(, $list_type)?)>::noun,
                        parent: None,
                        default_order: Vec::new(),
                        own_condition: None,
                    })),)+
                    $((stringify!($one), RootField::One(<$node_type>::noun)),)?
                    $((stringify!($named), RootField::One(<$node_type>::noun)),)?
                ]
            }
        }

        #[async_graphql::Object]
        #[allow(clippy::too_many_arguments)]
        impl $name {
            $(
                $(#[doc = $one_doc])+
                ///
                /// Give exactly one of `id` and `record` (otherwise `BAD_INPUT`). Null if there is no such node. The identifier of a
                /// merged node returns the node that it was merged into.
                async fn $one(
                    &self,
                    ctx: &async_graphql::Context<'_>,
                    #[graphql(desc = "Global id of the node.")] id: Option<async_graphql::ID>,
                    #[graphql(desc = "Record that the node was imported from.")] record: Option<$crate::graphql::root_fields::RecordInput>,
                    #[graphql(desc = "Point-in-time query: reads this field and everything below it as the graph was known at this instant, including what was changed or deleted since. Cannot be combined with a `search` filter. Default: now.")] as_of: Option<$crate::graphql::types::date::DateTime>,
                ) -> Option<Result<$crate::graphql::executor::object::ResolvedObject<$node_type>, $crate::graphql::loading::session::SharedError>> {
                    if let Err(error) = $crate::graphql::loading::session::as_of(ctx, as_of) {
                        return Some(Err(error));
                    }
                    let lookup = $crate::graphql::root_fields::Lookup { id, record, ..Default::default() };
                    $crate::graphql::root_fields::find::<$node_type>(ctx, $crate::graphql::types::node::NodeKind::$one_kind, lookup).await.transpose()
                }
            )?
            $(
                $(#[doc = $named_doc])+
                ///
                /// Give exactly one of `id`, `slug`, `externalId` and `record` (otherwise `BAD_INPUT`). Null if there is no such node. The
                /// identifier of a merged node returns the node that it was merged into.
                async fn $named(
                    &self,
                    ctx: &async_graphql::Context<'_>,
                    #[graphql(desc = "Global id of the node.")] id: Option<async_graphql::ID>,
                    #[graphql(desc = "Slug of the node, a readable unique name.")] slug: Option<String>,
                    #[graphql(desc = "Id of the node in another system. If several nodes have it, the oldest is returned.")] external_id: Option<$crate::graphql::root_fields::ExternalIdInput>,
                    #[graphql(desc = "Record that the node was imported from.")] record: Option<$crate::graphql::root_fields::RecordInput>,
                    #[graphql(desc = "Point-in-time query: reads this field and everything below it as the graph was known at this instant, including what was changed or deleted since. Cannot be combined with a `search` filter. Default: now.")] as_of: Option<$crate::graphql::types::date::DateTime>,
                ) -> Option<Result<$crate::graphql::executor::object::ResolvedObject<$node_type>, $crate::graphql::loading::session::SharedError>> {
                    if let Err(error) = $crate::graphql::loading::session::as_of(ctx, as_of) {
                        return Some(Err(error));
                    }
                    let lookup = $crate::graphql::root_fields::Lookup { id, slug, external_id, record };
                    $crate::graphql::root_fields::find::<$node_type>(ctx, $crate::graphql::types::node::NodeKind::$named_kind, lookup).await.transpose()
                }
            )?
            $(
                $(#[doc = $list_doc])+
                async fn $list(
                    &self,
                    ctx: &async_graphql::Context<'_>,
                    #[graphql(desc = "Returns only rows that match this filter.")] filter: Option<Box<<$crate::graphql::root_fields::list_type!($node_type $(, $list_type)?) as $crate::graphql::loading::node_type::NodeType>::Filter>>,
                    #[graphql(desc = "Sort order, up to 8 keys; ties are broken by id. Default: import order.")] order_by: Option<Vec<<$crate::graphql::root_fields::list_type!($node_type $(, $list_type)?) as $crate::graphql::loading::node_type::NodeType>::Order>>,
                    #[graphql(desc = "Page size, counted from the start of the list: 0 to 500. Default: 20 if neither `first` nor `last` is given.")] first: Option<i32>,
                    #[graphql(desc = "Returns rows after this cursor.")] after: Option<String>,
                    #[graphql(desc = "Page size, counted from the end of the list: 0 to 500. Cannot be combined with `first`.")] last: Option<i32>,
                    #[graphql(desc = "Returns rows before this cursor.")] before: Option<String>,
                    #[graphql(desc = "Point-in-time query: reads this field and everything below it as the graph was known at this instant, including what was changed or deleted since. Cannot be combined with a `search` filter. Default: now.")] as_of: Option<$crate::graphql::types::date::DateTime>,
                ) -> Option<Result<$crate::graphql::executor::object::ResolvedObject<$crate::graphql::connection::Connection<$crate::graphql::root_fields::list_type!($node_type $(, $list_type)?)>>, $crate::graphql::loading::session::SharedError>> {
                    if let Err(error) = $crate::graphql::loading::session::as_of(ctx, as_of) {
                        return Some(Err(error));
                    }
                    // Nullable, so that an error in one list does not discard the other root fields.
                    Some(Ok($crate::graphql::connection::Connection::root(ctx, $crate::graphql::connection::loader::ConnectionArgs {
                        name: stringify!($list),
                        parent_condition: None,
                        base_condition: None,
                        filter,
                        order_by,
                        default_order: Vec::new(),
                        page: $crate::graphql::connection::page_args::PageArgs { first, after, last, before },
                    })))
                }
            )+
        }
    };
}
pub(crate) use root_fields;

macro_rules! list_type {
    ($node_type:ty) => {
        $node_type
    };
    ($node_type:ty, $other:ty) => {
        $other
    };
}
pub(crate) use list_type;
