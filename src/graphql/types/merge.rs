//! Judgements on two things being one: what was judged, and judging.

use async_graphql::{Context, Enum, ID, Object};

use crate::auth::Scope;
use crate::error::Error;
use crate::graphql::connection::facets::{NounFacet, Values};
use crate::graphql::connection::keyset::order;
use crate::graphql::filter::{EnumFilter, filter};
use crate::graphql::loading::batch::noun;
use crate::graphql::loading::session::{Fault, caller, session};
use crate::graphql::root_fields::root;
use crate::graphql::types::date::DateTime;
use crate::graphql::types::node::{Kind, Node, load, target_if};
use crate::import;
use crate::import::{Judge, LONGEST_REASON};
use entity::merge::{Column, Judgement};

noun!(Merge of merge, filter MergeFilter, order MergeOrderField, facet MergeFacet);

/// A recorded judgement on two actors, places or events being one. Judged the same, the other is no thing of its own any more:
/// its id and slug name the kept one, which has its names, ids elsewhere, relations, parts in events, statements and evidence
/// besides its own. `unmerge` undoes it to the letter.
#[Object]
impl Merge {
    /// Its id: opaque, unique over all types.
    async fn id(&self) -> ID {
        Kind::Merge.global(self.0.id.0)
    }
    /// What was judged.
    async fn judgement(&self) -> Judgement {
        self.0.judgement
    }
    /// The one that is kept when they are the same.
    async fn kept(&self, ctx: &Context<'_>) -> Option<Result<Node, Fault>> {
        target_if(&self.0, ctx, |row| Some((row.left_id.0, Some(row.kind)))).await
    }
    /// The id of the kept one.
    async fn kept_id(&self) -> Option<ID> {
        Some(shown(self.0.kind)?.global(self.0.left_id.0))
    }
    /// The other; null while it is judged to be the kept one.
    async fn other(&self, ctx: &Context<'_>) -> Option<Result<Node, Fault>> {
        target_if(&self.0, ctx, |row| Some((row.right_id.0, Some(row.kind)))).await
    }
    /// The id of the other, for `unmerge`.
    async fn other_id(&self) -> Option<ID> {
        Some(shown(self.0.kind)?.global(self.0.right_id.0))
    }
    /// When it was judged.
    async fn at(&self) -> DateTime {
        DateTime(self.0.judged_at)
    }
    /// Why.
    async fn reason(&self) -> Option<&String> {
        self.0.reason.as_ref()
    }
    /// Who judged: the name of a key. Needs the scope ADMIN; others get null and an error (`FORBIDDEN`, without a key
    /// `UNAUTHENTICATED`).
    async fn by(&self, ctx: &Context<'_>) -> Option<Result<&str, Fault>> {
        Some(caller(ctx).needs(Scope::Admin).map(|()| self.0.judged_by.as_str()).map_err(Fault::from))
    }
}

/// The noun as ids have it.
fn shown(kind: entity::record::Kind) -> Option<Kind> {
    Kind::of_stored(kind).filter(|kind| matches!(kind, Kind::Actor | Kind::Place | Kind::Event))
}

filter! {
    /// Which judgements.
    MergeFilter of merge {
        /// What was judged.
        judgement: EnumFilter<Judgement> = column(Judgement);
        /// The noun of both.
        kind: EnumFilter<entity::record::Kind> = column(Kind);
    }
}

/// By what judgements can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MergeFacet {
    /// What was judged.
    Judgement,
    /// The noun of both.
    Kind,
}

impl NounFacet for MergeFacet {
    fn values(self) -> Values {
        match self {
            Self::Judgement => Values::words(Column::Judgement),
            Self::Kind => Values::words(Column::Kind),
        }
    }
}

order! {
    /// By what judgements can be ordered.
    MergeOrderField {
        /// In the order in which they were recorded.
        Recorded = Recorded,
    }
}

root! {
    MergeQuery of Merge {
        lists {
            /// What was judged of two things being one.
            merges;
        }
    }
}

/// What can be judged.
#[derive(Default)]
pub struct MergeMutation;

/// What can be judged.
#[Object]
impl MergeMutation {
    /// Judges whether two actors are one. A judgement of the same pair again takes the place of
    /// the one before. Needs the scope WRITE. Errors: `UNAUTHENTICATED` without a key, `FORBIDDEN` without the scope, `NOT_FOUND`
    /// for an id that nothing has, `CONFLICT` for SAME on a pair that was judged NOT_SAME (judge UNSURE first to open it again),
    /// `BAD_INPUT` for things that are one already or that the graph ties to each other,
    /// or of which one only is an anonymous source.
    async fn merge_actors(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The one that is kept.")] keep: ID,
        #[graphql(desc = "The other.")] other: ID,
        #[graphql(desc = "What is judged.", default_with = "Judgement::Same")] judgement: Judgement,
        #[graphql(desc = "Why, at most 2,000 letters.")] reason: Option<String>,
    ) -> Result<Merge, Fault> {
        record(ctx, Kind::Actor, &keep, &other, judgement, reason).await
    }

    /// Judges whether two places are one. A judgement of the same pair again takes the place of
    /// the one before. Needs the scope WRITE. Errors: `UNAUTHENTICATED` without a key, `FORBIDDEN` without the scope, `NOT_FOUND`
    /// for an id that nothing has, `CONFLICT` for SAME on a pair that was judged NOT_SAME (judge UNSURE first to open it again),
    /// `BAD_INPUT` for things that are one already or that the graph ties to each other.
    async fn merge_places(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The one that is kept.")] keep: ID,
        #[graphql(desc = "The other.")] other: ID,
        #[graphql(desc = "What is judged.", default_with = "Judgement::Same")] judgement: Judgement,
        #[graphql(desc = "Why, at most 2,000 letters.")] reason: Option<String>,
    ) -> Result<Merge, Fault> {
        record(ctx, Kind::Place, &keep, &other, judgement, reason).await
    }

    /// Judges whether two events are one. If both have a claim that they happened, the kept event's claim takes over the
    /// stances of the other's. A judgement of the same pair again takes the place of
    /// the one before. Needs the scope WRITE. Errors: `UNAUTHENTICATED` without a key, `FORBIDDEN` without the scope, `NOT_FOUND`
    /// for an id that nothing has, `CONFLICT` for SAME on a pair that was judged NOT_SAME (judge UNSURE first to open it again),
    /// `BAD_INPUT` for things that are one already or that the graph ties to each other.
    async fn merge_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The one that is kept.")] keep: ID,
        #[graphql(desc = "The other.")] other: ID,
        #[graphql(desc = "What is judged.", default_with = "Judgement::Same")] judgement: Judgement,
        #[graphql(desc = "Why, at most 2,000 letters.")] reason: Option<String>,
    ) -> Result<Merge, Fault> {
        record(ctx, Kind::Event, &keep, &other, judgement, reason).await
    }

    /// Takes back that a thing is another, and gives back the thing: both are then as if nobody had judged.
    /// Needs the scope WRITE. Errors: `UNAUTHENTICATED` without a key, `FORBIDDEN` without the scope, `NOT_FOUND` for an id that nothing
    /// has, `BAD_INPUT` for an id of a thing that was not judged to be another.
    async fn unmerge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the thing that was judged to be another: `Merge.otherId`.")] id: ID,
    ) -> Result<Node, Fault> {
        let caller = caller(ctx);
        caller.needs(Scope::Write)?;
        let (kind, number) = crate::graphql::types::node::parse(&id)?;
        let Some(stored) = shown_as_stored(kind) else {
            return Err(Error::BadInput("Actors, places and events can be judged, and nothing else".into()).into());
        };
        let session = session(ctx)?;
        import::unmerge(session.db(), stored, number, caller.name.as_deref().unwrap_or_default()).await?;
        written(load(session, kind, &[number]).await?)
    }
}

fn shown_as_stored(kind: Kind) -> Option<entity::record::Kind> {
    kind.stored().filter(|stored| shown(*stored) == Some(kind))
}

fn written(rows: Vec<(i64, Node)>) -> Result<Node, Fault> {
    rows.into_iter().next().map(|(_, node)| node).ok_or_else(|| Error::Broken("what was written is gone".into()).into())
}

async fn record(
    ctx: &Context<'_>,
    kind: Kind,
    keep: &ID,
    other: &ID,
    judgement: Judgement,
    reason: Option<String>,
) -> Result<Merge, Fault> {
    let caller = caller(ctx);
    caller.needs(Scope::Write)?;
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
        return Err(Error::Limit(format!("`reason` has more than {LONGEST_REASON} letters: be brief")).into());
    }
    let Some(stored) = shown_as_stored(kind) else { return Err(Error::Broken("no such noun".into()).into()) };
    let judge = Judge {
        kind: stored,
        left: kind.number(keep)?,
        right: kind.number(other)?,
        judgement,
        by: caller.name.clone().unwrap_or_default(),
        reason,
    };
    let session = session(ctx)?;
    let id = import::judge(session.db(), &judge).await?;
    match written(load(session, Kind::Merge, &[id]).await?)? {
        Node::Merge(merge) => Ok(merge),
        _ => Err(Error::Broken("a judgement is none".into()).into()),
    }
}
