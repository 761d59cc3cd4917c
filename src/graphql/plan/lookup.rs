//! Root fields that find one node by an identifier, such as `event`.

use async_graphql::{ID, InputObject};
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query};

use crate::error::{Error, Result};
use crate::graphql::filter::ids_with_slug;
use crate::graphql::plan::arguments::FieldArguments;
use crate::graphql::schema::node_type::NodeType;

/// An external id: the id of a node in another system.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct ExternalIdInput {
    /// Name of the other system: `wikidata`, `geonames`, `gdelt`, `acled`, `ucdp`, `twitter`, ...
    pub scheme: String,
    /// The id in that system.
    pub value: String,
}

/// Identifies a record by its dataset and key.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct RecordInput {
    /// Key of the dataset.
    pub dataset: String,
    /// Key of the record, unique within its dataset.
    pub key: String,
}

/// Returns the condition on the node that the arguments identify; `None` if they give its id. Error: `BAD_INPUT` unless exactly
/// one identifier is given.
pub(super) fn lookup_condition(node_type: &NodeType, arguments: &FieldArguments) -> Result<Option<Expr>> {
    let (id, slug) = (arguments.get::<Option<ID>>("id")?, arguments.get::<Option<String>>("slug")?);
    let external_id = arguments.get::<Option<ExternalIdInput>>("externalId")?;
    let record = arguments.get::<Option<RecordInput>>("record")?;
    let ids = match (id, slug, external_id, record) {
        (Some(_), None, None, None) => return Ok(None),
        (None, Some(slug), None, None) => ids_with_slug(node_type.kind, |column| column.eq(slug.as_str())),
        (None, None, Some(external), None) => Query::select()
            .column("target_id")
            .from("external_id")
            .and_where(Expr::col("scheme").eq(external.scheme))
            .and_where(Expr::col("value").eq(external.value))
            .and_where(
                Expr::col("target_kind").eq(node_type
                    .kind
                    .stored()
                    .map(|stored| stored.to_value())
                    .unwrap_or_default()),
            )
            .take(),
        (None, None, None, Some(record)) => {
            let dataset =
                Query::select().column("id").from("dataset").and_where(Expr::col("key").eq(record.dataset)).take();
            Query::select()
                .expr(Func::coalesce([Expr::col("same_as_id"), Expr::col("id")]))
                .from("record")
                .and_where(Expr::col("dataset_id").in_subquery(dataset))
                .and_where(Expr::col("key").eq(record.key))
                .take()
        }
        _ => {
            let message = format!("Give exactly one argument that identifies the {}", node_type.kind.words());
            return Err(Error::BadInput(message));
        }
    };
    Ok(Some(node_type.id().in_subquery(ids)))
}
