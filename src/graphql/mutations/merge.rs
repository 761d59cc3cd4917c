//! The mutations `mergeActors`, `mergePlaces`, `mergeEvents` and `unmerge`.

use async_graphql::{Context, ID, Object};
use entity::merge::MergeDecision;
use entity::record::RecordKind;

use crate::auth::Scope;
use crate::error::Error;
use crate::graphql::loading::session::{SharedError, caller, session};
use crate::graphql::types::merge::{Merge, mergeable};
use crate::graphql::types::node::{self, Node, NodeKind, load};
use crate::import::{self, MAX_REASON_LENGTH, MergeRequest};

/// Mutations that decide which entities are the same.
#[derive(Default)]
pub struct MergeMutation;

/// Declares [`MergeMutation`]: the merge mutations differ only in their node type, and `unmerge` is one for all.
macro_rules! merge_mutations {
    ($($(#[doc = $doc:literal])+ $name:ident of $kind:ident;)+) => {
        /// Mutations that decide which entities are the same.
        #[Object]
        impl MergeMutation {
            $(
                $(#[doc = $doc])+
                ///
                /// A new decision on the same pair replaces the earlier one. Needs the scope WRITE. Errors:
                /// `UNAUTHENTICATED` without a key; `FORBIDDEN` without the scope; `NOT_FOUND` for an unknown id;
                /// `LIMIT` for a reason that is too long; `CONFLICT` for SAME on a pair that was decided to be NOT_SAME
                /// (decide UNSURE first to reopen it); `BAD_INPUT` for an id that is malformed or of another type, for
                /// the same entity twice, for entities that are already merged (call `unmerge` first), and for SAME on
                /// entities that are linked to each other in the graph or whose merge would create a cycle.
                async fn $name(
                    &self,
                    ctx: &Context<'_>,
                    #[graphql(desc = "Global id of the entity that is kept.")] keep: ID,
                    #[graphql(desc = "Global id of the other entity.")] other: ID,
                    #[graphql(desc = "The decision.", default_with = "MergeDecision::Same")] decision: MergeDecision,
                    #[graphql(desc = "The reason, at most 2,000 code points.")] reason: Option<String>,
                ) -> Result<Merge, SharedError> {
                    decide(ctx, NodeKind::$kind, &keep, &other, decision, reason).await
                }
            )+

            /// Undoes a merge and returns the entity that was merged into another. Both are then as if they had never
            /// been merged.
            ///
            /// Needs the scope WRITE. Errors: `UNAUTHENTICATED` without a key; `FORBIDDEN` without the scope;
            /// `NOT_FOUND` for an unknown id; `BAD_INPUT` for a malformed id, and for an entity that is not merged into
            /// another or not an actor, place or event.
            async fn unmerge(
                &self,
                ctx: &Context<'_>,
                #[graphql(desc = "Global id of the entity that was merged into another: `Merge.otherId`.")] id: ID,
            ) -> Result<Node, SharedError> {
                let caller = caller(ctx);
                caller.require(Scope::Write)?;
                let (kind, number) = node::parse(&id)?;
                let Some(stored) = stored_kind(kind) else {
                    return Err(Error::BadInput("Only actors, places and events can be merged and unmerged".into()).into());
                };
                let session = session(ctx)?;
                import::unmerge(session.db(), stored, number, caller.name.as_deref().unwrap_or_default()).await?;
                session.end_snapshot().await;
                only_node(load(session, kind, &[number]).await?)
            }
        }
    };
}

merge_mutations! {
    /// Decides whether two actors are the same. An anonymous source merges only with another anonymous source
    /// (otherwise `BAD_INPUT`).
    merge_actors of Actor;
    /// Decides whether two places are the same.
    merge_places of Place;
    /// Decides whether two events are the same. If both have a claim that they happened, the claim of the kept event
    /// takes over the stances of the other's claim.
    merge_events of Event;
}

fn stored_kind(kind: NodeKind) -> Option<RecordKind> {
    kind.stored().filter(|stored| mergeable(*stored) == Some(kind))
}

fn only_node(rows: Vec<(i64, Node)>) -> Result<Node, SharedError> {
    let node = rows.into_iter().next().map(|(_, node)| node);
    node.ok_or_else(|| Error::Internal("a row that was just written is missing".into()).into())
}

async fn decide(
    ctx: &Context<'_>,
    kind: NodeKind,
    keep: &ID,
    other: &ID,
    decision: MergeDecision,
    reason: Option<String>,
) -> Result<Merge, SharedError> {
    let caller = caller(ctx);
    caller.require(Scope::Write)?;
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > MAX_REASON_LENGTH) {
        return Err(Error::Limit(format!("`reason` is longer than {MAX_REASON_LENGTH} code points: shorten it")).into());
    }
    let Some(stored) = stored_kind(kind) else {
        return Err(Error::Internal("this node type cannot be merged".into()).into());
    };
    let request = MergeRequest {
        kind: stored,
        keep: kind.number(keep)?,
        other: kind.number(other)?,
        decision,
        by: caller.name.clone().unwrap_or_default(),
        reason,
    };
    let session = session(ctx)?;
    let id = import::record_merge(session.db(), &request).await?;
    session.end_snapshot().await;
    match only_node(load(session, NodeKind::Merge, &[id]).await?)? {
        Node::Merge(merge) => Ok(merge),
        _ => Err(Error::Internal("a merge decision has another node type".into()).into()),
    }
}
