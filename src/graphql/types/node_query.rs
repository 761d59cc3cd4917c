//! Lookups of nodes of any type by global id.

use std::collections::HashMap;

use async_graphql::ID;
use sea_orm::sea_query::{Expr, ExprTrait, Query};

use crate::error::{Error, Result};
use crate::graphql::connection::page_args::MAX_PAGE_SIZE;
use crate::graphql::plan::computed::{Call, Computed, FunctionFuture};
use crate::graphql::schema::root::root_fields;
use crate::graphql::session::{Session, SharedError};
use crate::graphql::types::node::{Node, NodeKind, parse};

root_fields! {
    root_fields {
        /// Looks up a node by its global id; null when there is none. The id of a merged entity returns the entity that was
        /// kept.
        ///
        /// Error: `BAD_INPUT` for a malformed id.
        node(id: ID, "Global id of the node.";): Option<Node> = function(node);
        /// Looks up nodes by their global ids and returns them in the order of `ids`, with null where there is none. The id
        /// of a merged entity returns the entity that was kept.
        ///
        /// Errors: `BAD_INPUT` for a malformed id; `LIMIT` for more than 500 ids.
        nodes(ids: Vec<ID>, "Global ids of the nodes, at most 500.";): Vec<Option<Node>> = function(nodes);
    }
}

/// Looks up a node by its global id.
fn node<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let found = surviving(call.session, &[parse(&call.argument("id")?)?]).await?;
        Ok(call.at_root(found.first().map(|(kind, id)| Computed::node(*kind, *id)).into()))
    })
}

/// Looks up nodes by their global ids.
fn nodes<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let ids: Vec<ID> = call.argument("ids")?;
        if ids.len() > MAX_PAGE_SIZE as usize {
            let message = format!("`ids` has {} ids: request at most {MAX_PAGE_SIZE} at once", ids.len());
            return Err(Error::Limit(message).into());
        }
        let wanted = ids.iter().map(parse).collect::<Result<Vec<_>>>()?;
        let found = surviving(call.session, &wanted).await?;
        Ok(call.at_root(Computed::List(found.iter().map(|(kind, id)| Computed::node(*kind, *id)).collect())))
    })
}

/// Returns the nodes that ids refer to, in the same order: for a merged node the one that it was merged into.
pub(crate) async fn surviving(session: &Session, ids: &[(NodeKind, i64)]) -> Result<Vec<(NodeKind, i64)>, SharedError> {
    let mergeable: Vec<i64> = ids.iter().filter(|(kind, _)| kind.is_mergeable()).map(|(_, id)| *id).collect();
    let mut merged: HashMap<i64, i64> = HashMap::new();
    if !mergeable.is_empty() {
        let dialect = session.dialect();
        let select = Query::select()
            .columns(["id", "same_as_id"])
            .from("record")
            .and_where(dialect.is_one_of(Expr::col(("record", "id")), dialect.numbers(&mergeable)))
            .and_where(Expr::col("same_as_id").is_not_null())
            .take();
        for row in session.all(&select).await?.iter() {
            merged.insert(row.at(0)?, row.at(1)?);
        }
    }
    Ok(ids.iter().map(|(kind, id)| (*kind, merged.get(id).copied().unwrap_or(*id))).collect())
}
