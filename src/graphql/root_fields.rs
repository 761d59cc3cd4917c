//! Root fields: one thing by a name of its own, and lists.

use async_graphql::{Context, ID, InputObject};
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query};

use crate::error::Error;
use crate::graphql::executor::resolve::ResolvedObject;
use crate::graphql::filter::with_slug;
use crate::graphql::loading::batch::{NodeType, Row};
use crate::graphql::loading::projection::Projection;
use crate::graphql::loading::session::{SharedError, session};
use crate::graphql::types::node::NodeKind;

/// An id that another system gave.
#[derive(Clone, Debug, InputObject)]
pub struct ExternalIdInput {
    /// Who gives such ids: `wikidata`, `geonames`, `gdelt`, `acled`, `ucdp`, `twitter`, ...
    pub scheme: String,
    /// The id.
    pub value: String,
}

/// The key of a record, unique in its dataset.
#[derive(Clone, Debug, InputObject)]
pub struct RecordInput {
    /// The dataset's key.
    pub dataset: String,
    /// The record's key.
    pub key: String,
}

/// By what one thing is asked for; exactly one is given.
#[derive(Default)]
pub(crate) struct Lookup {
    pub(crate) id: Option<ID>,
    pub(crate) slug: Option<String>,
    pub(crate) external_id: Option<ExternalIdInput>,
    pub(crate) record: Option<RecordInput>,
}

/// The thing asked for, or none.
pub(crate) async fn find<T: NodeType>(
    ctx: &Context<'_>,
    kind: NodeKind,
    lookup: Lookup,
) -> Result<Option<ResolvedObject<T>>, SharedError> {
    let id = || Expr::col((T::Entity::default(), "id"));
    let condition = match (lookup.id, lookup.slug, lookup.external_id, lookup.record) {
        (Some(given), None, None, None) => {
            let number = kind.number(&given)?;
            let judged =
                Query::select().column("same_as_id").from("record").and_where(Expr::col("id").eq(number)).take();
            let judged = Expr::SubQuery(None, Box::new(judged.into()));
            id().eq(Func::coalesce([judged, Expr::val(number)]))
        }
        (None, Some(slug), None, None) => id().in_subquery(with_slug(kind, |column| column.eq(slug.as_str()))),
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
        _ => return Err(Error::BadInput(format!("Say which {} by exactly one argument", kind.words())).into()),
    };
    let asked = Projection::<T>::one(ctx);
    let mut select = asked.columns();
    // Two datasets may give one id elsewhere to things that nobody has judged to be one: the older answers.
    select.and_where(condition).order_by((T::Entity::default(), "id"), sea_orm::sea_query::Order::Asc).limit(1);
    let batch = asked.read(session(ctx)?, select).await?;
    Ok(Row::get(&batch, 0).map(|row| ResolvedObject(T::of(row))))
}

/// Declares the root fields of a noun.
///
/// * `lists`: lists
/// * `one`: one thing by its id or its record
/// * `named`: one thing by slug or id elsewhere too
macro_rules! root_fields {
    ($name:ident of $node_type:ty {
        lists { $($(#[doc = $list_doc:literal])+ $list:ident $(: $list_noun:ty)?;)+ }
        $(one { $(#[doc = $one_doc:literal])+ $one:ident $one_kind:ident; })?
        $(named { $(#[doc = $named_doc:literal])+ $named:ident $named_kind:ident; })?
    }) => {
        #[derive(Default)]
        #[allow(missing_docs)]
        pub struct $name;

        #[async_graphql::Object]
        #[allow(clippy::too_many_arguments)]
        impl $name {
            $(
                $(#[doc = $one_doc])+
                /// Exactly one argument is given, or it is an error (`BAD_INPUT`); null when nothing is found.
                async fn $one(
                    &self,
                    ctx: &async_graphql::Context<'_>,
                    #[graphql(desc = "Its global id.")] id: Option<async_graphql::ID>,
                    #[graphql(desc = "The key of its record.")] record: Option<$crate::graphql::root_fields::RecordInput>,
                    #[graphql(desc = "Read the graph as it was known at this instant, and all below this field too; as it is now when left out. What was changed and deleted since is as it was then.")] as_of: Option<$crate::graphql::types::date::DateTime>,
                ) -> Option<Result<$crate::graphql::executor::resolve::ResolvedObject<$node_type>, $crate::graphql::loading::session::SharedError>> {
                    if let Err(fault) = $crate::graphql::loading::session::as_of(ctx, as_of) {
                        return Some(Err(fault));
                    }
                    let lookup = $crate::graphql::root_fields::Lookup { id, record, ..Default::default() };
                    $crate::graphql::root_fields::find::<$node_type>(ctx, $crate::graphql::types::node::NodeKind::$one_kind, lookup).await.transpose()
                }
            )?
            $(
                $(#[doc = $named_doc])+
                /// Exactly one argument is given, or it is an error (`BAD_INPUT`); null when nothing is found.
                async fn $named(
                    &self,
                    ctx: &async_graphql::Context<'_>,
                    #[graphql(desc = "Its global id.")] id: Option<async_graphql::ID>,
                    #[graphql(desc = "Its slug, a readable unique name.")] slug: Option<String>,
                    #[graphql(desc = "An id that another system gave it.")] external_id: Option<$crate::graphql::root_fields::ExternalIdInput>,
                    #[graphql(desc = "The key of its record.")] record: Option<$crate::graphql::root_fields::RecordInput>,
                    #[graphql(desc = "Read the graph as it was known at this instant, and all below this field too; as it is now when left out. What was changed and deleted since is as it was then.")] as_of: Option<$crate::graphql::types::date::DateTime>,
                ) -> Option<Result<$crate::graphql::executor::resolve::ResolvedObject<$node_type>, $crate::graphql::loading::session::SharedError>> {
                    if let Err(fault) = $crate::graphql::loading::session::as_of(ctx, as_of) {
                        return Some(Err(fault));
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
                    #[graphql(desc = "Only rows for which this holds.")] filter: Option<Box<<$crate::graphql::root_fields::list_noun!($node_type $(, $list_noun)?) as $crate::graphql::loading::batch::NodeType>::Filter>>,
                    #[graphql(desc = "In what order, always ended by the id; as recorded when left out.")] order_by: Option<Vec<<$crate::graphql::root_fields::list_noun!($node_type $(, $list_noun)?) as $crate::graphql::loading::batch::NodeType>::Order>>,
                    #[graphql(desc = "How many rows from the start, 0 to 500; 20 when neither `first` nor `last` is given.")] first: Option<i32>,
                    #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
                    #[graphql(desc = "How many rows from the end, 0 to 500.")] last: Option<i32>,
                    #[graphql(desc = "Only rows in front of this cursor.")] before: Option<String>,
                    #[graphql(desc = "Read the graph as it was known at this instant, and all below this field too; as it is now when left out. What was changed and deleted since is as it was then.")] as_of: Option<$crate::graphql::types::date::DateTime>,
                ) -> Option<Result<$crate::graphql::executor::resolve::ResolvedObject<$crate::graphql::connection::Connection<$crate::graphql::root_fields::list_noun!($node_type $(, $list_noun)?)>>, $crate::graphql::loading::session::SharedError>> {
                    if let Err(fault) = $crate::graphql::loading::session::as_of(ctx, as_of) {
                        return Some(Err(fault));
                    }
                    // Nullable, so that a mistake in one list does not take the others of the query with it.
                    Some(Ok($crate::graphql::connection::Connection::root(ctx, $crate::graphql::connection::loader::ConnectionArgs {
                        name: stringify!($list),
                        link: None,
                        fixed: None,
                        filter,
                        order: order_by,
                        usual: Vec::new(),
                        window: $crate::graphql::connection::page_args::PageArgs { first, after, last, before },
                    })))
                }
            )+
        }
    };
}
pub(crate) use root_fields;

macro_rules! list_noun {
    ($node_type:ty) => {
        $node_type
    };
    ($node_type:ty, $other:ty) => {
        $other
    };
}
pub(crate) use list_noun;
