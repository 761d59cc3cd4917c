//! The log of writes: as a list, and as a stream of what is written from now on.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_graphql::{Context, Enum, ID, Object, Subscription};
use futures_util::Stream;
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::auth::Scope;
use crate::graphql::connection::Edge;
use crate::graphql::connection::facets::{NodeFacet, Values};
use crate::graphql::connection::keyset::{Keyset, order};
use crate::graphql::connection::loader::{ConnectionArgs, ConnectionLoader, ROOT};
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::filter::{EnumFilter, filter};
use crate::graphql::loading::batch::{Row, node_type};
use crate::graphql::loading::projection::Projection;
use crate::graphql::loading::session::{Session, SharedError, caller, session};
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::changed_field::{ChangedField, fields};
use crate::graphql::types::date::DateTime;
use crate::graphql::types::node::{Node, NodeKind, target_if};
use entity::change::{Column, Entity, Operation};

node_type!(Change of change, filter ChangeFilter, order ChangeOrderField, facet ChangeFacet);

/// One write to one thing with its parts. Changes are numbered in the order of commits, without gaps, over all processes that
/// write.
#[Object]
impl Change {
    /// Its id: opaque, unique over all types.
    async fn id(&self) -> ID {
        NodeKind::Change.global(self.0.id.0)
    }
    /// When it was written.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }
    /// What was done.
    async fn operation(&self) -> Operation {
        self.0.operation
    }
    /// The noun of the thing.
    async fn kind(&self) -> entity::record::RecordKind {
        self.0.kind
    }
    /// The thing as it is now; null when it is gone.
    async fn node(&self, ctx: &Context<'_>) -> Option<Result<Node, SharedError>> {
        target_if(&self.0, ctx, |row| Some((row.record_id.0, Some(row.kind)))).await
    }
    /// The id of the thing, also when it is gone or was judged to be another.
    async fn node_id(&self) -> Option<ID> {
        Some(NodeKind::of_stored(self.0.kind)?.global(self.0.record_id.0))
    }
    /// What of it and its parts was changed or taken away. Empty for what was created; parts that came are no fields.
    async fn fields(&self) -> Vec<ChangedField> {
        fields(&self.0)
    }
    /// Names the import or request that it belongs to: the same for all changes of one.
    async fn batch(&self) -> &str {
        &self.0.batch
    }
    /// Who wrote: the name of a key, or `command line`. Needs the scope ADMIN; others get null and an error (`FORBIDDEN`,
    /// without a key `UNAUTHENTICATED`).
    async fn by(&self, ctx: &Context<'_>) -> Option<Result<&str, SharedError>> {
        Some(caller(ctx).needs(Scope::Admin).map(|()| self.0.by.as_str()).map_err(SharedError::from))
    }
}

filter! {
    /// Which changes.
    ChangeFilter of change {
        /// What was done.
        operation: EnumFilter<Operation> = column(Operation);
        /// The noun of the thing.
        kind: EnumFilter<entity::record::RecordKind> = column(Kind);
    }
}

/// By what changes can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ChangeFacet {
    /// What was done.
    Operation,
    /// The noun of the thing.
    Kind,
}

impl NodeFacet for ChangeFacet {
    fn values(self) -> Values {
        match self {
            Self::Operation => Values::words(Column::Operation),
            Self::Kind => Values::words(Column::Kind),
        }
    }
}

order! {
    /// By what changes can be ordered.
    ChangeOrderField {
        /// In the order in which they were committed.
        Recorded = Recorded,
    }
}

root_fields! {
    ChangeQuery of Change {
        lists {
            /// What was written, in the order of commits. Go on with `after` the last cursor to see what came since, or with
            /// the subscription of the same name to wait for it.
            changes;
        }
    }
}

/// What can be waited for.
#[derive(Default)]
pub struct ChangeSubscription;

/// What can be waited for.
#[Subscription]
impl ChangeSubscription {
    /// What is written, as it is committed by whichever process, in the order of commits; nothing is skipped and nothing
    /// comes twice. Who was cut off goes on `after` the last cursor, here or with the list of the same name: their cursors
    /// are the same. Errors: `BAD_INPUT` for a cursor of another list.
    async fn changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only changes for which this holds.")] filter: Option<Box<ChangeFilter>>,
        #[graphql(desc = "Begin behind this cursor; when left out, with what is written from now on.")] after: Option<
            String,
        >,
    ) -> Result<impl Stream<Item = Result<Edge<Change>, SharedError>> + use<>, SharedError> {
        let session = session(ctx)?.clone();
        let position = ctx.data_opt::<Position>().cloned().unwrap_or_default();
        let last = match (position.get(), after) {
            (Some(last), _) => last,
            (None, Some(cursor)) => Keyset::new(LIST, Vec::new(), id()).parse(&cursor)?.id(),
            (None, None) => session.db().reader().counter("change").await?,
        };
        position.set(last);
        let (written, waiting) = (session.db().changes(), VecDeque::new());
        let follow = Follow { written, session, filter, last, waiting, position, told: last };
        Ok(futures_util::stream::try_unfold(follow, |mut follow| async move {
            Ok(follow.next().await?.map(|edge| (edge, follow)))
        }))
    }
}

/// The list whose cursors they are.
const LIST: &str = "changes";

/// Changes read at once.
const PAGE: i32 = 100;

/// How far the client of a stream was told: one that reads elsewhere from now on goes on there.
#[derive(Clone, Debug)]
pub(crate) struct Position(Arc<AtomicI64>);

impl Default for Position {
    fn default() -> Self {
        Self(Arc::new(Self::NOWHERE.into()))
    }
}

impl Position {
    const NOWHERE: i64 = -1;

    fn get(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|at| *at != Self::NOWHERE)
    }

    fn set(&self, at: i64) {
        self.0.store(at, Ordering::Relaxed);
    }
}

fn id() -> Expr {
    Expr::col((Entity, "id"))
}

/// Reads on as fast as its reader takes what was read: nothing heaps up for one who is slow.
struct Follow {
    session: Session,
    written: tokio::sync::watch::Receiver<i64>,
    filter: Option<Box<ChangeFilter>>,
    /// All up to here was read.
    last: i64,
    waiting: VecDeque<Edge<Change>>,
    position: Position,
    /// The change that was handed out last.
    told: i64,
}

impl Follow {
    async fn next(&mut self) -> Result<Option<Edge<Change>>, SharedError> {
        // Whoever asks for the next one has taken the one before.
        self.position.set(self.told);
        loop {
            if let Some(edge) = self.waiting.pop_front() {
                self.told = edge.row().0.id.0;
                return Ok(Some(edge));
            }
            let last = self.last;
            self.position.set(last);
            // The sender goes only when the program ends.
            let Ok(written) = self.written.wait_for(|written| *written > last).await.map(|written| *written) else {
                return Ok(None);
            };
            let list = ConnectionArgs::<Change> {
                name: LIST,
                link: None,
                fixed: Some(id().gt(last).and(id().lte(written))),
                filter: self.filter.clone(),
                order: None,
                usual: Vec::new(),
                window: PageArgs { first: Some(PAGE), ..PageArgs::default() },
            };
            let read = ConnectionLoader::new(list, None, Projection::whole(), true).read(&self.session).await?;
            // What the filter leaves out need not be looked through again.
            let behind = read.pages.get(&ROOT).is_some_and(|page| page.more);
            let row = behind.then(|| Row::all(&read.batch).last()).flatten();
            self.last = row.map_or(written, |row| row.id.0);
            self.waiting.extend(Edge::all(&read, ROOT));
        }
    }
}
