//! Timelines of actors: their events, statements and relations in chronological order, read for several actors at once.

use std::collections::HashMap;

use entity::{event, participation, relation, statement, statement_about};
use sea_orm::sea_query::{Expr, ExprTrait, Func, Order, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, EntityTrait};

use crate::db::LIST;
use crate::graphql::connection::keyset::Keyset;
use crate::graphql::connection::order_by::{Direction, SortKey};
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::filter::{DateColumns, DateFilter};
use crate::graphql::graph::ActorLinkKind;
use crate::graphql::graph::actor_link::ActorLink;
use crate::graphql::graph::hop_query::union;
use crate::graphql::plan::computed::{Call, Computed, FunctionFuture, count};
use crate::graphql::schema::connection::{PageInfo, page_info};
use crate::graphql::schema::object::object;
use crate::graphql::session::{Session, SharedError};

/// The columns that identify an entry. In a row, the keys of the sort order follow them.
const KEY_COLUMNS: [&str; 3] = ["actor", "kind", "id"];

/// The arguments of the field `timeline`.
struct TimelineArgs {
    kinds: Option<Vec<ActorLinkKind>>,
    when: Option<DateFilter>,
    window: PageArgs,
}

/// The timelines of actors.
struct Timelines<'a> {
    args: TimelineArgs,
    actors: &'a [i64],
}

/// The page of one actor's timeline.
#[derive(Default)]
struct TimelinePage {
    entries: Vec<(ActorLinkKind, i64)>,
    cursors: Vec<String>,
    has_more: bool,
}

object! {
    /// A page of an actor's timeline, earliest entry first. At the same time, events come before statements and relations,
    /// then by id. Entries without a date or a start come last.
    Timeline {
        /// The entries of the page with their cursors.
        edges: Vec<TimelineEdge> = own;
        /// The entries of the page, without their cursors.
        nodes: Vec<ActorLink> = own;
        /// Position of the page in the timeline: its first and last cursor, and whether there are more entries.
        page_info: PageInfo = own;
        /// Number of entries of the whole timeline, regardless of the page. Counted only when selected.
        total_count: i32 = own;
    }
}

object! {
    /// An entry of a timeline with its cursor.
    TimelineEdge {
        /// Opaque cursor; pass it to `after` or `before` of the same timeline.
        cursor: String = own;
        /// The entry.
        node: ActorLink = own;
    }
}

impl Timelines<'_> {
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
        let list = (&dialect, self.actors);
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

    async fn read(&self, session: &Session) -> Result<HashMap<i64, TimelinePage>, SharedError> {
        let window = &self.args.window;
        let (size, backward) = window.size()?;
        let keyset = Self::keyset();
        let mut entries = self.entries(session)?;
        keyset.select_keys(&mut entries);
        for (cursor, before) in [(&window.after, false), (&window.before, true)] {
            let cursor = cursor.as_deref().map(|cursor| keyset.parse_cursor(cursor)).transpose()?;
            entries.and_where_option(cursor.map(|cursor| keyset.seek(session.dialect(), &cursor, before)));
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
    }

    async fn counts(&self, session: &Session) -> Result<HashMap<i64, i64>, SharedError> {
        self.args.window.size()?;
        let select = Query::select()
            .column("actor")
            .expr_as(Expr::cust("COUNT(*)"), "count")
            .from_subquery(self.entries(session)?, "entries")
            .group_by_col("actor")
            .take();
        let rows = session.all(&select).await?;
        rows.iter().map(|row| Ok((row.get("actor")?, row.get("count")?))).collect()
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
        let timelines = Timelines { args, actors: call.ids };
        let reads_page = ["edges", "nodes", "pageInfo"].iter().any(|name| call.selects(&[name]));
        let pages = if reads_page { timelines.read(call.session).await? } else { HashMap::new() };
        let counts = if call.selects(&["totalCount"]) { timelines.counts(call.session).await? } else { HashMap::new() };
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
                ("pageInfo", page_info(&timelines.args.window, ends, page.has_more)),
                ("totalCount", count(counts.get(actor).copied().unwrap_or(0))),
            ];
            (*actor, Computed::object("Timeline", fields))
        };
        Ok(call.ids.iter().map(timeline).collect())
    })
}
