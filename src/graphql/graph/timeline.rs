//! Timelines of actors: their events, statements and relations in chronological order, loaded for a whole batch of
//! actors at once.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, Object};
use entity::{actor, event, participation, relation, statement, statement_about};
use sea_orm::sea_query::{Expr, ExprTrait, Func, Order, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, EntityTrait};
use tokio::sync::OnceCell;

use crate::db::LIST;
use crate::graphql::connection::PageInfo;
use crate::graphql::connection::keyset::Keyset;
use crate::graphql::connection::order_by::{Direction, SortKey};
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::executor::list::ResolvedList;
use crate::graphql::filter::{DateColumns, DateFilter};
use crate::graphql::graph::ActorLinkKind;
use crate::graphql::graph::actor_link::{ActorLink, load_actor_links};
use crate::graphql::graph::hop_query::union;
use crate::graphql::loading::batch::{LoadOnce, Row};
use crate::graphql::loading::session::{Session, SharedError, session};
use crate::graphql::plan::computed::{Call, Computed, FunctionFuture, count};

/// The columns that identify an entry. In a row, the keys of the sort order follow them.
const KEY_COLUMNS: [&str; 3] = ["actor", "kind", "id"];

/// The arguments of the field `timeline`.
pub(crate) struct TimelineArgs {
    pub(crate) kinds: Option<Vec<ActorLinkKind>>,
    pub(crate) when: Option<Box<DateFilter>>,
    pub(crate) window: PageArgs,
}

/// The timelines of a batch of actors.
struct Timelines {
    args: TimelineArgs,
    actors: Vec<i64>,
    read: LoadOnce<HashMap<i64, TimelinePage>>,
    links: LoadOnce<HashMap<i64, ActorLink>>,
    counts: LoadOnce<HashMap<i64, i64>>,
}

/// The loaded page of one actor's timeline.
#[derive(Default)]
struct TimelinePage {
    entries: Vec<(ActorLinkKind, i64)>,
    cursors: Vec<String>,
    has_more: bool,
}

/// A page of an actor's timeline.
pub struct Timeline {
    timelines: Arc<Timelines>,
    actor: i64,
}

/// An entry of a timeline with its cursor.
pub struct TimelineEdge {
    cursor: String,
    node: ActorLink,
}

/// Returns the timeline of an actor, loaded once for its whole batch.
pub(crate) fn timeline(row: &Row<actor::Entity>, ctx: &Context<'_>, args: impl FnOnce() -> TimelineArgs) -> Timeline {
    let timelines = row.batch().get_or_insert_with((ctx.item.pos, "timeline"), || Timelines {
        args: args(),
        actors: row.siblings().iter().map(|row| row.id.0).collect(),
        read: OnceCell::new(),
        links: OnceCell::new(),
        counts: OnceCell::new(),
    });
    Timeline { timelines, actor: row.id.0 }
}

impl Timelines {
    fn keyset() -> Keyset {
        let keys = ["earliest", "kind"].map(|name| (SortKey::Number(Expr::col(name)), Direction::Asc));
        Keyset::new("Actor.timeline", keys.into(), Expr::col("id"))
    }

    /// Builds the select of all entries of all actors.
    fn entries(&self, session: &Session) -> Result<SelectStatement, SharedError> {
        let dialect = session.dialect();
        let kinds = ActorLinkKind::selected("kinds", self.args.kinds.as_deref())?;
        // Selects the rows of `T` whose id is in column `link` of the rows that have the actor in column `actor`.
        fn entry<T: EntityTrait, C: ColumnTrait>(
            list: (&crate::db::Dialect, &[i64]),
            kind: ActorLinkKind,
            (actor, link): (C, C),
            [text, earliest, latest]: [Expr; 3],
        ) -> SelectStatement {
            let (dialect, actors) = list;
            let joined = |column: C| Expr::col(("joined", column.as_str()));
            Query::select()
                .expr_as(dialect.item(), "actor")
                .expr_as(Expr::cust((kind as u8).to_string()), "kind")
                .expr_as(Expr::col((T::default(), "id")), "id")
                .expr_as(text, "text")
                .expr_as(earliest, "earliest")
                .expr_as(latest, "latest")
                .from_function(dialect.table(dialect.numbers(actors)), LIST)
                // SQLite joins a CROSS JOIN in the order written: the small table must come first.
                .join_as(
                    sea_orm::sea_query::JoinType::CrossJoin,
                    actor.entity_name(),
                    "joined",
                    sea_orm::sea_query::Condition::all(),
                )
                .cross_join(T::default())
                .and_where(joined(actor).eq(dialect.item()))
                .and_where(Expr::col((T::default(), "id")).eq(joined(link)))
                .take()
        }
        let list = (&dialect, self.actors.as_slice());
        let mut all = Vec::new();
        for kind in kinds {
            match kind {
                ActorLinkKind::Event => {
                    use event::Column::{Date, Earliest, Latest};
                    use participation::Column as Of;
                    let dates = [Date, Earliest, Latest].map(|column| Expr::col((event::Entity, column)));
                    all.push(entry::<event::Entity, _>(list, kind, (Of::ActorId, Of::EventId), dates));
                }
                ActorLinkKind::Statement => {
                    use statement::Column::{Earliest, Id, Latest, Said, SpeakerId};
                    use statement_about::Column as Of;
                    let dates = [Said, Earliest, Latest].map(|column| Expr::col((statement::Entity, column)));
                    all.push(entry::<statement::Entity, _>(list, kind, (SpeakerId, Id), dates.clone()));
                    all.push(entry::<statement::Entity, _>(list, kind, (Of::TargetId, Of::StatementId), dates));
                }
                ActorLinkKind::Relation => {
                    use relation::Column::{Id, ObjectId, Since, SinceEarliest, SubjectId, Until, UntilLatest};
                    let own = |column| Expr::col((relation::Entity, column));
                    let text = Func::coalesce([own(Since), own(Until)]).into();
                    let dates = [text, own(SinceEarliest), own(UntilLatest)];
                    all.push(entry::<relation::Entity, _>(list, kind, (SubjectId, Id), dates.clone()));
                    all.push(entry::<relation::Entity, _>(list, kind, (ObjectId, Id), dates));
                }
            }
        }
        let all = union(UnionType::Distinct, all.into_iter());
        let mut select = Query::select();
        select.columns(["actor", "kind", "id", "text", "earliest", "latest"]).from_subquery(all, "entry");
        if let Some(when) = &self.args.when {
            let [text, earliest, latest] = ["text", "earliest", "latest"].map(Expr::col);
            select.and_where(when.test(&DateColumns { text, earliest, latest })?);
        }
        Ok(select)
    }

    async fn read(&self, session: &Session) -> Result<&HashMap<i64, TimelinePage>, SharedError> {
        let read = self.read.get_or_init(async || {
            let window = &self.args.window;
            let (size, backward) = window.size()?;
            let keyset = Self::keyset();
            let mut entries = self.entries(session)?;
            keyset.select_keys(&mut entries);
            for (cursor, before) in [(&window.after, false), (&window.before, true)] {
                let cursor = cursor.as_deref().map(|cursor| keyset.parse_cursor(cursor)).transpose()?;
                entries.and_where_option(cursor.map(|cursor| keyset.seek(&cursor, before)));
            }
            let direction = if backward { "DESC" } else { "ASC" };
            let rank = format!(
                "ROW_NUMBER() OVER (PARTITION BY \"actor\" ORDER BY \"order_0\" {direction}, \"order_1\" {direction}, \"id\" {direction})"
            );
            let ranked = Query::select()
                .columns(KEY_COLUMNS)
                .columns(["order_0", "order_1"])
                .expr_as(Expr::cust(rank), "rank")
                .from_subquery(entries, "entries")
                .take();
            let select = Query::select()
                .columns(KEY_COLUMNS)
                .columns(["order_0", "order_1"])
                .from_subquery(ranked, "ranked")
                // One row more than requested shows whether there are more.
                .and_where(Expr::col("rank").lte(size as i64 + 1))
                .order_by("actor", Order::Asc)
                .order_by("rank", Order::Asc)
                .take();
            let mut timelines: HashMap<i64, TimelinePage> = HashMap::new();
            for row in session.all(&select).await?.iter() {
                let page = timelines.entry(row.get("actor")?).or_default();
                if page.entries.len() == size {
                    page.has_more = true;
                    continue;
                }
                let (id, kind): (i64, i32) = (row.get("id")?, row.get("kind")?);
                let Some(kind) = usize::try_from(kind).ok().and_then(|at| ActorLinkKind::ALL.get(at)) else { continue };
                page.cursors.push(keyset.encode_cursor(&keyset.read_keys(row, KEY_COLUMNS.len())?, id));
                page.entries.push((*kind, id));
            }
            if backward {
                for page in timelines.values_mut() {
                    page.entries.reverse();
                    page.cursors.reverse();
                }
            }
            Ok(timelines)
        });
        read.await.as_ref().map_err(Clone::clone)
    }

    async fn links(&self, session: &Session) -> Result<&HashMap<i64, ActorLink>, SharedError> {
        let read = self.read(session).await?;
        let links = self.links.get_or_init(async || {
            let wanted = read.values().flat_map(|page| page.entries.iter().copied());
            load_actor_links(session, wanted).await
        });
        links.await.as_ref().map_err(Clone::clone)
    }

    async fn counts(&self, session: &Session) -> Result<&HashMap<i64, i64>, SharedError> {
        let counts = self.counts.get_or_init(async || {
            self.args.window.size()?;
            let select = Query::select()
                .column("actor")
                .expr_as(Expr::cust("COUNT(*)"), "count")
                .from_subquery(self.entries(session)?, "entries")
                .group_by_col("actor")
                .take();
            let rows = session.all(&select).await?;
            rows.iter().map(|row| Ok((row.get("actor")?, row.get("count")?))).collect()
        });
        counts.await.as_ref().map_err(Clone::clone)
    }
}

/// A page of an actor's timeline, earliest entry first. At the same time, events come before statements and relations,
/// then by id. Entries without a date or a start come last.
#[Object]
impl Timeline {
    /// The entries of the page with their cursors.
    async fn edges(&self, ctx: &Context<'_>) -> Result<ResolvedList<TimelineEdge>, SharedError> {
        let nodes = self.entries(session(ctx)?).await?;
        Ok(nodes.into_iter().map(|(cursor, node)| TimelineEdge { cursor, node }).collect())
    }

    /// The entries of the page, without their cursors.
    async fn nodes(&self, ctx: &Context<'_>) -> Result<ResolvedList<ActorLink>, SharedError> {
        Ok(self.entries(session(ctx)?).await?.into_iter().map(|(_, node)| node).collect())
    }

    /// Position of the page in the timeline: its first and last cursor, and whether there are more entries.
    async fn page_info(&self, ctx: &Context<'_>) -> Result<PageInfo, SharedError> {
        let page = self.timelines.read(session(ctx)?).await?.get(&self.actor);
        let ends = page.and_then(|page| Some((page.cursors.first()?.clone(), page.cursors.last()?.clone())));
        Ok(PageInfo::new(&self.timelines.args.window, ends, page.is_some_and(|page| page.has_more)))
    }

    /// Number of entries of the whole timeline, regardless of the page. Counted only when selected.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32, SharedError> {
        let count = self.timelines.counts(session(ctx)?).await?.get(&self.actor).copied().unwrap_or(0);
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }
}

impl Timeline {
    async fn entries(&self, session: &Session) -> Result<Vec<(String, ActorLink)>, SharedError> {
        let Some(page) = self.timelines.read(session).await?.get(&self.actor) else { return Ok(Vec::new()) };
        let links = self.timelines.links(session).await?;
        let entries = page.cursors.iter().zip(&page.entries);
        Ok(entries.filter_map(|(cursor, (_, id))| Some((cursor.clone(), links.get(id)?.clone()))).collect())
    }
}

/// An entry of a timeline with its cursor.
#[Object]
impl TimelineEdge {
    /// Opaque cursor; pass it to `after` or `before` of the same timeline.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The entry.
    async fn node(&self) -> &ActorLink {
        &self.node
    }
}

/// Computes the field `timeline` of actors.
pub(crate) fn timelines_of_actors<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let window = PageArgs {
            first: call.argument("first")?,
            after: call.argument("after")?,
            last: call.argument("last")?,
            before: call.argument("before")?,
        };
        let args = TimelineArgs { kinds: call.argument("kinds")?, when: call.argument("when")?, window };
        let timelines = Timelines {
            args,
            actors: call.ids.to_vec(),
            read: OnceCell::new(),
            links: OnceCell::new(),
            counts: OnceCell::new(),
        };
        let empty = HashMap::new();
        let reads_page = ["edges", "nodes", "pageInfo"].iter().any(|name| call.selects(&[name]));
        let pages = if reads_page { timelines.read(call.session).await? } else { &empty };
        let no_counts = HashMap::new();
        let counts = if call.selects(&["totalCount"]) { timelines.counts(call.session).await? } else { &no_counts };
        let none = TimelinePage::default();
        let timeline = |actor: &i64| {
            let page = pages.get(actor).unwrap_or(&none);
            let node = |(kind, id): &(ActorLinkKind, i64)| Computed::node(kind.node_kind(), *id);
            let edge = |(cursor, entry): (&String, &(ActorLinkKind, i64))| {
                Computed::object("TimelineEdge", [("cursor", cursor.into()), ("node", node(entry))])
            };
            let ends = page.cursors.first().cloned().zip(page.cursors.last().cloned());
            let fields = [
                ("edges", Computed::List(page.cursors.iter().zip(&page.entries).map(edge).collect())),
                ("nodes", Computed::List(page.entries.iter().map(node).collect())),
                ("pageInfo", PageInfo::new(&timelines.args.window, ends, page.has_more).into()),
                ("totalCount", count(counts.get(actor).copied().unwrap_or(0))),
            ];
            (*actor, Computed::object("Timeline", fields))
        };
        Ok(call.ids.iter().map(timeline).collect())
    })
}
