//! What an actor did and said and what was done and said of it, through time, for a whole batch of actors at once.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, Object};
use entity::{actor, event, participation, relation, statement, statement_about};
use sea_orm::sea_query::{Expr, ExprTrait, Func, Order, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, EntityTrait};
use tokio::sync::OnceCell;

use crate::db::LIST;
use crate::graphql::connection::PageInfo;
use crate::graphql::connection::keyset::{Direction, Key, Keyset};
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::filter::{DateColumns, DateFilter};
use crate::graphql::graph::ActorLinkKind;
use crate::graphql::graph::actor_link::{ActorLink, actor_links};
use crate::graphql::graph::hop_query::union;
use crate::graphql::loading::batch::{Once, Row};
use crate::graphql::loading::session::{Session, SharedError, session};

/// What an entry is read with; the keys of its order come behind.
const KEYED: [&str; 3] = ["actor", "kind", "id"];

/// What is asked of a time line.
pub(crate) struct Entries {
    pub(crate) kinds: Option<Vec<ActorLinkKind>>,
    pub(crate) when: Option<Box<DateFilter>>,
    pub(crate) window: PageArgs,
}

/// The time lines of a batch of actors.
struct Lines {
    asked: Entries,
    actors: Vec<i64>,
    read: Once<HashMap<i64, Line>>,
    actor_links: Once<HashMap<i64, ActorLink>>,
    counts: Once<HashMap<i64, i64>>,
}

/// The page of one actor.
#[derive(Default)]
struct Line {
    entries: Vec<(ActorLinkKind, i64)>,
    cursors: Vec<String>,
    more: bool,
}

/// A page of an actor's time line.
pub struct Timeline {
    lines: Arc<Lines>,
    actor: i64,
}

/// An entry of a time line with its cursor.
pub struct TimelineEdge {
    cursor: String,
    node: ActorLink,
}

/// The time line of an actor, read for its whole batch at once.
pub(crate) fn timeline(row: &Row<actor::Entity>, ctx: &Context<'_>, asked: impl FnOnce() -> Entries) -> Timeline {
    let lines = row.batch().load((ctx.item.pos, "timeline"), || Lines {
        asked: asked(),
        actors: row.siblings().iter().map(|row| row.id.0).collect(),
        read: OnceCell::new(),
        actor_links: OnceCell::new(),
        counts: OnceCell::new(),
    });
    Timeline { lines, actor: row.id.0 }
}

impl Lines {
    fn sequence() -> Keyset {
        let keys = ["earliest", "kind"].map(|name| (Key::Number(Expr::col(name)), Direction::Asc));
        Keyset::new("Actor.timeline", keys.into(), Expr::col("id"))
    }

    /// Selects all entries of all actors.
    fn entries(&self, session: &Session) -> Result<SelectStatement, SharedError> {
        let dialect = session.dialect();
        let kinds = ActorLinkKind::asked("kinds", self.asked.kinds.as_deref())?;
        // The rows of `T` whose column `own` is what column `thing` is where column `actor` has the actor.
        fn entry<T: EntityTrait, C: ColumnTrait>(
            list: (&crate::db::Dialect, &[i64]),
            kind: ActorLinkKind,
            (actor, thing): (C, C),
            [text, earliest, latest]: [Expr; 3],
        ) -> SelectStatement {
            let (dialect, actors) = list;
            let joined = |column: C| Expr::col(("tied", column.as_str()));
            Query::select()
                .expr_as(dialect.item(), "actor")
                .expr_as(Expr::cust((kind as u8).to_string()), "kind")
                .expr_as(Expr::col((T::default(), "id")), "id")
                .expr_as(text, "text")
                .expr_as(earliest, "earliest")
                .expr_as(latest, "latest")
                .from_function(dialect.table(dialect.numbers(actors)), LIST)
                // SQLite keeps the order of a cross join: from the few to the many.
                .join_as(
                    sea_orm::sea_query::JoinType::CrossJoin,
                    actor.entity_name(),
                    "tied",
                    sea_orm::sea_query::Condition::all(),
                )
                .cross_join(T::default())
                .and_where(joined(actor).eq(dialect.item()))
                .and_where(Expr::col((T::default(), "id")).eq(joined(thing)))
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
        if let Some(when) = &self.asked.when {
            let [text, earliest, latest] = ["text", "earliest", "latest"].map(Expr::col);
            select.and_where(when.test(&DateColumns { text, earliest, latest })?);
        }
        Ok(select)
    }

    async fn read(&self, session: &Session) -> Result<&HashMap<i64, Line>, SharedError> {
        let read = self.read.get_or_init(async || {
            let window = &self.asked.window;
            let (size, backward) = window.size()?;
            let sequence = Self::sequence();
            let mut entries = self.entries(session)?;
            sequence.select(&mut entries);
            for (cursor, before) in [(&window.after, false), (&window.before, true)] {
                let cursor = cursor.as_deref().map(|cursor| sequence.parse(cursor)).transpose()?;
                entries.and_where_option(cursor.map(|cursor| sequence.beyond(&cursor, before)));
            }
            let way = if backward { "DESC" } else { "ASC" };
            let rank = format!(
                "ROW_NUMBER() OVER (PARTITION BY \"actor\" ORDER BY \"order_0\" {way}, \"order_1\" {way}, \"id\" {way})"
            );
            let ranked = Query::select()
                .columns(KEYED)
                .columns(["order_0", "order_1"])
                .expr_as(Expr::cust(rank), "rank")
                .from_subquery(entries, "entries")
                .take();
            let select = Query::select()
                .columns(KEYED)
                .columns(["order_0", "order_1"])
                .from_subquery(ranked, "ranked")
                // One more than asked for tells whether there are more.
                .and_where(Expr::col("rank").lte(size as i64 + 1))
                .order_by("actor", Order::Asc)
                .order_by("rank", Order::Asc)
                .take();
            let mut lines: HashMap<i64, Line> = HashMap::new();
            for row in session.all(&select).await? {
                let line = lines.entry(row.try_get("", "actor")?).or_default();
                if line.entries.len() == size {
                    line.more = true;
                    continue;
                }
                let (id, kind): (i64, i32) = (row.try_get("", "id")?, row.try_get("", "kind")?);
                let Some(kind) = usize::try_from(kind).ok().and_then(|at| ActorLinkKind::ALL.get(at)) else { continue };
                line.cursors.push(sequence.cursor(&sequence.keys(&row, KEYED.len())?, id));
                line.entries.push((*kind, id));
            }
            if backward {
                for line in lines.values_mut() {
                    line.entries.reverse();
                    line.cursors.reverse();
                }
            }
            Ok(lines)
        });
        read.await.as_ref().map_err(Clone::clone)
    }

    async fn actor_links(&self, session: &Session) -> Result<&HashMap<i64, ActorLink>, SharedError> {
        let read = self.read(session).await?;
        let actor_links = self.actor_links.get_or_init(async || {
            let wanted = read.values().flat_map(|line| line.entries.iter().copied());
            actor_links(session, wanted).await
        });
        actor_links.await.as_ref().map_err(Clone::clone)
    }

    async fn counts(&self, session: &Session) -> Result<&HashMap<i64, i64>, SharedError> {
        let counts = self.counts.get_or_init(async || {
            self.asked.window.size()?;
            let select = Query::select()
                .column("actor")
                .expr_as(Expr::cust("COUNT(*)"), "count")
                .from_subquery(self.entries(session)?, "entries")
                .group_by_col("actor")
                .take();
            let rows = session.all(&select).await?;
            rows.iter().map(|row| Ok((row.try_get("", "actor")?, row.try_get("", "count")?))).collect()
        });
        counts.await.as_ref().map_err(Clone::clone)
    }
}

/// A page of an actor's time line: the earliest first, then events before statements before relations, then by id. What has no
/// date or no beginning comes last.
#[Object]
impl Timeline {
    /// The entries of the page with their cursors.
    async fn edges(&self, ctx: &Context<'_>) -> Result<Vec<TimelineEdge>, SharedError> {
        let nodes = self.entries(session(ctx)?).await?;
        Ok(nodes.into_iter().map(|(cursor, node)| TimelineEdge { cursor, node }).collect())
    }

    /// The entries of the page, without their cursors.
    async fn nodes(&self, ctx: &Context<'_>) -> Result<Vec<ActorLink>, SharedError> {
        Ok(self.entries(session(ctx)?).await?.into_iter().map(|(_, node)| node).collect())
    }

    /// Where the page stands in the time line.
    async fn page_info(&self, ctx: &Context<'_>) -> Result<PageInfo, SharedError> {
        let line = self.lines.read(session(ctx)?).await?.get(&self.actor);
        let ends = line.and_then(|line| Some((line.cursors.first()?.clone(), line.cursors.last()?.clone())));
        Ok(PageInfo::new(&self.lines.asked.window, ends, line.is_some_and(|line| line.more)))
    }

    /// How many entries the whole time line has, whatever the page. Counted only when selected.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32, SharedError> {
        let count = self.lines.counts(session(ctx)?).await?.get(&self.actor).copied().unwrap_or(0);
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }
}

impl Timeline {
    async fn entries(&self, session: &Session) -> Result<Vec<(String, ActorLink)>, SharedError> {
        let Some(line) = self.lines.read(session).await?.get(&self.actor) else { return Ok(Vec::new()) };
        let actor_links = self.lines.actor_links(session).await?;
        let entries = line.cursors.iter().zip(&line.entries);
        Ok(entries.filter_map(|(cursor, (_, id))| Some((cursor.clone(), actor_links.get(id)?.clone()))).collect())
    }
}

/// An entry of a time line with its cursor.
#[Object]
impl TimelineEdge {
    /// Opaque; pass it to `after` or `before` of the same time line.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The entry.
    async fn node(&self) -> &ActorLink {
        &self.node
    }
}
