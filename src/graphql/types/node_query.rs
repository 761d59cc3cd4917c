//! Things by their global ids.

use std::collections::HashMap;

use async_graphql::{Context, ID, Object};
use sea_orm::sea_query::{Expr, ExprTrait, Query};

use crate::error::{Error, Result};
use crate::graphql::loading::session::{Session, SharedError, session};
use crate::graphql::types::node::{Node, NodeKind, load, parse};

/// Lookups by global id.
#[derive(Default)]
pub struct NodeQuery;

/// Lookups by global id.
#[Object]
impl NodeQuery {
    /// The thing with this id; null when there is none. Error: `BAD_INPUT` for text that is no id.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A global id.")] id: ID,
    ) -> Option<Result<Node, SharedError>> {
        let found = async {
            let asked = parse(&id)?;
            Ok(named(session(ctx)?, &[asked]).await?.remove(&asked))
        };
        found.await.transpose()
    }

    /// The things with these ids, in the same order; null where there is none. Errors: `BAD_INPUT` for text that is no
    /// id, `LIMIT` for more than 500.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global ids, at most 500.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>, SharedError> {
        if ids.len() > crate::graphql::connection::page_args::LONGEST_PAGE as usize {
            return Err(Error::Limit(format!(
                "{} ids are more than a page: ask for at most {}",
                ids.len(),
                crate::graphql::connection::page_args::LONGEST_PAGE
            ))
            .into());
        }
        let wanted = ids.iter().map(parse).collect::<Result<Vec<_>>>()?;
        let found = named(session(ctx)?, &wanted).await?;
        Ok(wanted.iter().map(|key| found.get(key).cloned()).collect())
    }
}

/// What ids name: the things, or what they were judged to be.
pub(crate) async fn named(
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
        let mut judged = Vec::new();
        for row in session.all(&select).await? {
            judged.push((row.try_get::<i64>("", "id")?, row.try_get::<i64>("", "same_as_id")?));
        }
        let others: Vec<i64> = judged.iter().map(|(_, other)| *other).collect();
        let others = if others.is_empty() { Vec::new() } else { load(session, *kind, &others).await? };
        for (number, other) in judged {
            if let Some((_, node)) = others.iter().find(|(one, _)| *one == other) {
                found.insert((*kind, number), node.clone());
            }
        }
    }
    Ok(found)
}
