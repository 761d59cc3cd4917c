//! Lookups of nodes by global id, and the loading of nodes of any type by id.

use std::collections::HashMap;

use async_graphql::{Context, ID, Object};
use sea_orm::sea_query::{Expr, ExprTrait, Query};

use crate::error::{Error, Result};
use crate::graphql::loading::session::{Session, SharedError, session};
use crate::graphql::connection::page_args::MAX_PAGE_SIZE;
use crate::graphql::plan::computed::{Call, Computed, FunctionFuture};
use crate::graphql::types::node::{Node, NodeKind, load, parse};

/// Lookups by global id.
#[derive(Default)]
pub struct NodeQuery;

/// Lookups by global id.
#[Object]
impl NodeQuery {
    /// Looks up a node by its global id; null when there is none. The id of a merged entity returns the entity that was
    /// kept.
    ///
    /// Error: `BAD_INPUT` for a malformed id.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global id of the node.")] id: ID,
    ) -> Option<Result<Node, SharedError>> {
        let found = async {
            let key = parse(&id)?;
            Ok(load_nodes(session(ctx)?, &[key]).await?.remove(&key))
        };
        found.await.transpose()
    }

    /// Looks up nodes by their global ids and returns them in the order of `ids`, with null where there is none. The id
    /// of a merged entity returns the entity that was kept.
    ///
    /// Errors: `BAD_INPUT` for a malformed id; `LIMIT` for more than 500 ids.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global ids of the nodes, at most 500.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>, SharedError> {
        if ids.len() > crate::graphql::connection::page_args::MAX_PAGE_SIZE as usize {
            return Err(Error::Limit(format!(
                "`ids` has {} ids: request at most {} at once",
                ids.len(),
                crate::graphql::connection::page_args::MAX_PAGE_SIZE
            ))
            .into());
        }
        let wanted = ids.iter().map(parse).collect::<Result<Vec<_>>>()?;
        let found = load_nodes(session(ctx)?, &wanted).await?;
        Ok(wanted.iter().map(|key| found.get(key).cloned()).collect())
    }
}

/// Loads nodes of any type by id. For an entity that was merged into another it returns the other.
pub(crate) async fn load_nodes(
    session: &Session,
    ids: &[(NodeKind, i64)],
) -> Result<HashMap<(NodeKind, i64), Node>, SharedError> {
    let mut found = HashMap::new();
    for kind in NodeKind::ALL {
        let mut wanted: Vec<i64> = ids.iter().filter(|(one, _)| one == kind).map(|(_, number)| *number).collect();
        for (number, node) in if wanted.is_empty() { Vec::new() } else { load(session, *kind, &wanted).await? } {
            found.insert((*kind, number), node);
        }
        wanted.retain(|number| !found.contains_key(&(*kind, *number)));
        if wanted.is_empty() || !kind.is_mergeable() {
            continue;
        }
        let select = Query::select()
            .columns(["id", "same_as_id"])
            .from("record")
            .and_where(session.dialect().is_one_of(Expr::col(("record", "id")), session.dialect().numbers(&wanted)))
            .and_where(Expr::col("same_as_id").is_not_null())
            .take();
        let mut merged = Vec::new();
        for row in session.all(&select).await?.iter() {
            merged.push((row.get::<i64>("id")?, row.get::<i64>("same_as_id")?));
        }
        let kept: Vec<i64> = merged.iter().map(|(_, other)| *other).collect();
        let kept = if kept.is_empty() { Vec::new() } else { load(session, *kind, &kept).await? };
        for (number, other) in merged {
            if let Some((_, node)) = kept.iter().find(|(one, _)| *one == other) {
                found.insert((*kind, number), node.clone());
            }
        }
    }
    Ok(found)
}

/// Looks up a node by its global id.
pub(crate) fn node<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let found = surviving(call.session, &[parse(&call.argument("id")?)?]).await?;
        Ok(call.at_root(found.first().map(|(kind, id)| Computed::node(*kind, *id)).into()))
    })
}

/// Looks up nodes by their global ids.
pub(crate) fn nodes<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
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
pub(crate) async fn surviving(
    session: &Session,
    ids: &[(NodeKind, i64)],
) -> Result<Vec<(NodeKind, i64)>, SharedError> {
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
