//! The mutations `mergeActors`, `mergePlaces`, `mergeEvents` and `unmerge`.

use async_graphql::ID;
use entity::merge::MergeDecision;
use entity::record::RecordKind;

use crate::auth::Scope;
use crate::error::Error;
use crate::graphql::plan::computed::{Call, Computed, FunctionFuture, Values};
use crate::graphql::schema::field::{Argument, Field, argument, fields};
use crate::graphql::session::SharedError;
use crate::graphql::types::merge::{Merge, mergeable};
use crate::graphql::types::node::{self, Node, NodeKind};
use crate::import::{self, MAX_REASON_LENGTH, MergeRequest};

/// The paragraph that the descriptions of all merge mutations share.
const MERGE_RULES: &str = "A new decision on the same pair replaces the earlier one. Needs the scope WRITE. Errors:
`UNAUTHENTICATED` without a key; `FORBIDDEN` without the scope; `NOT_FOUND` for an unknown id;
`LIMIT` for a reason that is too long; `CONFLICT` for SAME on a pair that was decided to be NOT_SAME
(decide UNSURE first to reopen it); `BAD_INPUT` for an id that is malformed or of another type, for
the same entity twice, for entities that are already merged (call `unmerge` first), and for SAME on
entities that are linked to each other in the graph or whose merge would create a cycle.";

/// Returns root fields. The merge mutations differ only in their node type, and `unmerge` is one for all.
pub(crate) fn root_fields() -> Vec<Field> {
    let merges: Vec<Field> = fields!((), none {
        /// Decides whether two actors are the same. An anonymous source merges only with another anonymous source
        /// (otherwise `BAD_INPUT`).
        merge_actors: Merge = function(merge_actors);
        /// Decides whether two places are the same.
        merge_places: Merge = function(merge_places);
        /// Decides whether two events are the same. If both have a claim that they happened, the claim of the kept event
        /// takes over the stances of the other's claim.
        merge_events: Merge = function(merge_events);
    });
    let unmerge: Vec<Field> = fields!((), none {
        /// Undoes a merge and returns the entity that was merged into another. Both are then as if they had never
        /// been merged.
        ///
        /// Needs the scope WRITE. Errors: `UNAUTHENTICATED` without a key; `FORBIDDEN` without the scope;
        /// `NOT_FOUND` for an unknown id; `BAD_INPUT` for a malformed id, and for an entity that is not merged into
        /// another or not an actor, place or event.
        unmerge(id: ID, "Global id of the entity that was merged into another: `Merge.otherId`.";): Node = function(unmerge);
    });
    let merges = merges.into_iter().map(|field| field.documented(MERGE_RULES).with(merge_arguments()));
    merges.chain(unmerge).collect()
}

fn merge_arguments() -> [Argument; 4] {
    [
        argument!(keep: ID, "Global id of the entity that is kept."),
        argument!(other: ID, "Global id of the other entity."),
        argument!(decision: MergeDecision = MergeDecision::Same, "The decision."),
        argument!(reason: Option<String>, "The reason, at most 2,000 code points."),
    ]
}

fn merge_actors<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(decide(call, NodeKind::Actor))
}

fn merge_places<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(decide(call, NodeKind::Place))
}

fn merge_events<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(decide(call, NodeKind::Event))
}

fn unmerge<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        call.caller.require(Scope::Write)?;
        let (kind, number) = node::parse(&call.argument("id")?)?;
        let Some(stored) = stored_kind(kind) else {
            return Err(Error::BadInput("Only actors, places and events can be merged and unmerged".into()).into());
        };
        let by = call.caller.name.as_deref().unwrap_or_default();
        import::unmerge(call.session.db(), stored, number, by).await?;
        Ok(call.at_root(Computed::node(kind, number)))
    })
}

fn stored_kind(kind: NodeKind) -> Option<RecordKind> {
    kind.stored().filter(|stored| mergeable(*stored) == Some(kind))
}

async fn decide(call: &Call<'_>, kind: NodeKind) -> Result<Values, SharedError> {
    call.caller.require(Scope::Write)?;
    let reason: Option<String> = call.argument("reason")?;
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > MAX_REASON_LENGTH) {
        return Err(Error::Limit(format!("`reason` is longer than {MAX_REASON_LENGTH} code points: shorten it")).into());
    }
    let Some(stored) = stored_kind(kind) else {
        return Err(Error::Internal("this node type cannot be merged".into()).into());
    };
    let request = MergeRequest {
        kind: stored,
        keep: kind.number(&call.argument("keep")?)?,
        other: kind.number(&call.argument("other")?)?,
        decision: call.argument("decision")?,
        by: call.caller.name.clone().unwrap_or_default(),
        reason,
    };
    let id = import::record_merge(call.session.db(), &request).await?;
    Ok(call.at_root(Computed::node(NodeKind::Merge, id)))
}
