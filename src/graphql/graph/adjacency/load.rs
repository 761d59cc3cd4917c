//! Reads the links of the actor graph from a snapshot: all of them, or those that were written since a version.
//!
//! A row that was written since a version either is new, so its id is greater than the last id of that version, or an older
//! state of it is in a history table, because triggers copy each row that is replaced or deleted. This covers every writer,
//! also merges, which change references in rows that no entry of the audit log mentions. The changed links are then read
//! again, as a whole.

use std::collections::{HashMap, HashSet};

use entity::event::{self, Occurrence as EventOccurrence};
use entity::record::RecordKind;
use entity::row::{QueryRow, Rows};
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement, UnionType};

use crate::db::Snapshot;
use crate::error::Result;
use crate::graphql::graph::ActorLinkKind;
use crate::graphql::graph::adjacency::arrays::{LinkKind, Occurrence};
use crate::graphql::graph::adjacency::version::ChangedLink;
use crate::graphql::graph::hop_query::{edges, union};
use crate::graphql::version_stamp::VersionStamp;

/// Number of rows that are read at once.
const PAGE_SIZE: usize = 5_000;

/// Number of links that are read again by one statement.
const LINKS_PER_STATEMENT: usize = 1_000;

/// The result of a load: the links, or that there are too many.
pub(super) enum Loaded<T> {
    /// All of it.
    Complete(T),
    /// There is more than the maximum, or an id does not fit 32 bits.
    TooLarge,
}

/// Reads all occurrences of actors in links, in no order. There are too many if they are more than `max`.
pub(super) async fn all(snapshot: &mut Snapshot, max: usize) -> Result<Loaded<Vec<Occurrence>>> {
    let series = all_series(snapshot).await?;
    let mut occurrences = Vec::new();
    for edge in edges(ActorLinkKind::ALL) {
        let mut key = Vec::new();
        loop {
            let rows = snapshot.all(&edge.occurrences_after(&key, PAGE_SIZE as u64)).await?;
            for row in rows.iter() {
                let Some(occurrence) = occurrence(row, edge.kind, &series)? else { return Ok(Loaded::TooLarge) };
                occurrences.push(occurrence);
            }
            if occurrences.len() > max {
                return Ok(Loaded::TooLarge);
            }
            let Some(last) = rows.last().filter(|_| rows.len() == PAGE_SIZE) else { break };
            key = (0..edge.key_length()).map(|at| last.at(2 + at)).collect::<Result<_, _>>()?;
        }
    }
    Ok(Loaded::Complete(occurrences))
}

/// Reads an occurrence; `None` if an id does not fit 32 bits.
fn occurrence(row: QueryRow<'_>, kind: ActorLinkKind, series: &HashSet<i64>) -> Result<Option<Occurrence>> {
    let (link, actor): (i64, i64) = (row.at(0)?, row.at(1)?);
    let kind = match kind {
        ActorLinkKind::Event if series.contains(&link) => LinkKind::Series,
        ActorLinkKind::Event => LinkKind::Event,
        ActorLinkKind::Statement => LinkKind::Statement,
        ActorLinkKind::Relation => LinkKind::Relation,
    };
    Ok(u32::try_from(link).ok().zip(u32::try_from(actor).ok()).map(|(link, actor)| Occurrence { link, actor, kind }))
}

/// Reads the ids of all events whose occurrence is `SERIES`.
async fn all_series(snapshot: &mut Snapshot) -> Result<HashSet<i64>> {
    let mut series = HashSet::new();
    let mut last = 0;
    loop {
        let select = Query::select()
            .column("id")
            .from(event::Entity)
            // The condition of the index.
            .and_where(Expr::cust("occurrence <> 'HAPPENED'"))
            .and_where(Expr::cust("occurrence = 'SERIES'"))
            .and_where(Expr::col("id").gt(last))
            .order_by("id", Order::Asc)
            .limit(PAGE_SIZE as u64)
            .take();
        let ids = ids(&snapshot.all(&select).await?)?;
        let Some(greatest) = ids.last() else { return Ok(series) };
        last = *greatest;
        series.extend(ids);
    }
}

fn ids(rows: &Rows) -> Result<Vec<i64>> {
    Ok(rows.iter().map(|row| row.at(0)).collect::<Result<_, _>>()?)
}

/// Reads the links that were written since an earlier version. They are too large if there are more than `max` links and
/// occurrences of actors in them.
pub(super) async fn changes(
    snapshot: &mut Snapshot,
    since: VersionStamp,
    max: usize,
) -> Result<Loaded<Vec<ChangedLink>>> {
    let (mut changes, mut left) = (Vec::new(), max);
    for kind in ActorLinkKind::ALL {
        let links = ids(&snapshot.all(&written_links(*kind, since, left)).await?)?;
        let Some(rest) = left.checked_sub(links.len()) else { return Ok(Loaded::TooLarge) };
        left = rest;
        for links in links.chunks(LINKS_PER_STATEMENT) {
            let series = if *kind == ActorLinkKind::Event { series_of(snapshot, links).await? } else { HashSet::new() };
            let mut actors: HashMap<u32, (LinkKind, Vec<u32>)> = HashMap::new();
            for edge in edges(&[*kind]) {
                let select = edge.occurrences_of(snapshot.dialect(), links).limit(left as u64 + 1).take();
                let rows = snapshot.all(&select).await?;
                let Some(rest) = left.checked_sub(rows.len()) else { return Ok(Loaded::TooLarge) };
                left = rest;
                for row in rows.iter() {
                    let Some(one) = occurrence(row, *kind, &series)? else { return Ok(Loaded::TooLarge) };
                    actors.entry(one.link).or_insert((one.kind, Vec::new())).1.push(one.actor);
                }
            }
            for link in links {
                let Ok(id) = u32::try_from(*link) else { return Ok(Loaded::TooLarge) };
                let (kind, actors) = actors.remove(&id).unwrap_or((LinkKind::Event, Vec::new()));
                changes.push(ChangedLink { id, kind, actors });
            }
        }
    }
    Ok(Loaded::Complete(changes))
}

/// Reads which of these events are series.
async fn series_of(snapshot: &mut Snapshot, events: &[i64]) -> Result<HashSet<i64>> {
    let dialect = snapshot.dialect();
    let select = Query::select()
        .column("id")
        .from(event::Entity)
        .and_where(dialect.is_one_of(Expr::col("id"), dialect.numbers(events)))
        .and_where(Expr::col("occurrence").eq(EventOccurrence::Series.to_value()))
        .take();
    Ok(ids(&snapshot.all(&select).await?)?.into_iter().collect())
}

/// Selects the ids of the links of a kind that were written since a version, up to one more than `max`.
fn written_links(kind: ActorLinkKind, since: VersionStamp, max: usize) -> SelectStatement {
    let select = |table: &'static str, column: &'static str| {
        Query::select().expr_as(Expr::col((table, column)), "link").from(table).take()
    };
    let replaced = |history: &'static str| Expr::col((history, "replaced")).gt(since.version);
    let old = |history: &'static str, column| select(history, column).and_where(replaced(history)).take();
    let new = |table, column| select(table, column).and_where(Expr::col((table, "id")).gt(since.last_id)).take();
    let (record_kind, mut selects) = match kind {
        ActorLinkKind::Event => {
            // A merge lets participations refer to another event: both are changed.
            let same_row = Expr::col(("participation_history", "id")).eq(Expr::col(("participation", "id")));
            let moved = select("participation", "event_id")
                .inner_join("participation_history", same_row)
                .and_where(replaced("participation_history"))
                .take();
            let participations = [old("participation_history", "event_id"), new("participation", "event_id"), moved];
            (RecordKind::Event, [vec![old("event_history", "id")], participations.into()].concat())
        }
        ActorLinkKind::Statement => {
            let old = [old("statement_history", "id"), old("statement_about_history", "statement_id")];
            (RecordKind::Statement, [old.into(), vec![new("statement", "id")]].concat())
        }
        ActorLinkKind::Relation => (RecordKind::Relation, vec![old("relation_history", "id"), new("relation", "id")]),
    };
    // An older version could register a record without a row. Such a row is new, but its id is not, and it has no history.
    let created = Query::select()
        .expr_as(Expr::col(("change", "record_id")), "link")
        .from("change")
        .and_where(Expr::col(("change", "id")).gt(since.last_change))
        .and_where(Expr::col(("change", "kind")).eq(record_kind.to_value()))
        .take();
    selects.push(created);
    Query::select()
        .column("link")
        .from_subquery(union(UnionType::Distinct, selects.into_iter()), "written")
        .limit(max as u64 + 1)
        .take()
}
