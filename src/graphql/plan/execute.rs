//! Runs the levels of a plan, one statement each, and keeps their rows until they are written.

use std::sync::Arc;

use entity::row::{CellValue, QueryRow, Rows};

use crate::graphql::connection::keyset::Keyset;
use crate::graphql::connection::loader::Condition;
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::filter::FilterContext;
use crate::graphql::loading::session::{Session, SharedError};
use crate::graphql::plan::arguments::{Arguments, ListArguments};
use crate::graphql::plan::level::{Level, Plan, Source};
use crate::graphql::plan::noun::{ListField, Noun};
use crate::graphql::plan::statement::{self, Bindings, ListPage, StatementKind, prepare};
use crate::graphql::plan::write;

/// The rows of a level.
#[derive(Default)]
pub(crate) struct LevelRows {
    pub(crate) rows: Rows,
    /// The pages of all parents, sorted by parent; for referenced rows, one page per id.
    pages: Vec<Page>,
    /// The rows of all pages, as indexes into `rows`.
    order: Vec<u32>,
    /// The order of the list and its page arguments; none for single rows.
    pub(crate) list: Option<(Arc<Keyset>, PageArgs)>,
    /// The total counts by parent, sorted.
    counts: Vec<(i64, i64)>,
}

/// The rows of one parent: a range of `LevelRows::order`.
#[derive(Clone, Copy)]
pub(crate) struct Page {
    parent: i64,
    start: usize,
    length: usize,
    pub(crate) has_more: bool,
}

/// The parent of a list at the root.
pub(crate) const ROOT_PARENT: i64 = 0;

impl LevelRows {
    /// Returns the page of a parent; none if it has no rows.
    pub(crate) fn page(&self, parent: i64) -> Option<Page> {
        let index = self.pages.binary_search_by_key(&parent, |page| page.parent).ok()?;
        self.pages.get(index).copied()
    }

    /// Returns the rows of a page.
    pub(crate) fn rows_of(&self, page: Option<Page>) -> impl DoubleEndedIterator<Item = QueryRow<'_>> {
        let range = page.map_or(0..0, |page| page.start..page.start + page.length);
        self.order.get(range).unwrap_or_default().iter().filter_map(|index| self.rows.get(*index as usize))
    }

    /// Returns the total count of a parent's list.
    pub(crate) fn count(&self, parent: i64) -> i64 {
        let found = self.counts.binary_search_by_key(&parent, |(other, _)| *other).ok();
        found.and_then(|index| self.counts.get(index)).map_or(0, |(_, count)| *count)
    }

    /// Forms the pages from rows and the parent of each, in the order of the list.
    fn form_pages(&mut self, parents: &[i64], size: usize, backward: bool) {
        let mut order: Vec<u32> = (0..u32::try_from(parents.len()).unwrap_or(u32::MAX)).collect();
        // Stable, so that the rows of one parent keep their order.
        if !parents.is_sorted() {
            order.sort_by_key(|index| parents.get(*index as usize));
        }
        for index in order {
            let Some(parent) = parents.get(index as usize).copied() else { continue };
            match self.pages.last_mut().filter(|page| page.parent == parent) {
                Some(page) if page.length == size => {
                    page.has_more = true;
                    continue;
                }
                Some(page) => page.length += 1,
                None if size == 0 => {
                    self.pages.push(Page { parent, start: self.order.len(), length: 0, has_more: true });
                    continue;
                }
                None => self.pages.push(Page { parent, start: self.order.len(), length: 1, has_more: false }),
            }
            self.order.push(index);
        }
        if backward {
            for page in &self.pages {
                if let Some(rows) = self.order.get_mut(page.start..page.start + page.length) {
                    rows.reverse();
                }
            }
        }
    }
}

/// Executes a plan. Returns the data of the response as JSON.
///
/// # Errors
///
/// Any error: the operation is then executed by the resolvers, which report it at its path.
pub(crate) async fn execute(plan: &Plan, session: &Session, arguments: Arguments<'_>) -> Result<Vec<u8>, SharedError> {
    let mut read: Vec<LevelRows> = plan.levels.iter().map(|_| LevelRows::default()).collect();
    let mut waiting: Vec<usize> = plan.roots.iter().rev().map(|root| root.level).collect();
    while let Some(index) = waiting.pop() {
        let Some(level) = plan.levels.get(index) else { continue };
        let rows = read_level(level, &read, session, arguments).await?;
        if let Some(budget) = session.budget() {
            budget.add_rows(rows.rows.memory()).await;
        }
        waiting.extend(level.children.iter().rev());
        if let Some(slot) = read.get_mut(index) {
            *slot = rows;
        }
    }
    let max = session.budget().map_or(usize::MAX, |budget| budget.max());
    let data = write::write(plan, &read, max);
    if let Some(budget) = session.budget() {
        budget.add_response(data.len()).await;
    }
    Ok(data)
}

async fn read_level(
    level: &Level,
    read: &[LevelRows],
    session: &Session,
    arguments: Arguments<'_>,
) -> Result<LevelRows, SharedError> {
    match &level.source {
        Source::Id(value) => {
            let Some(async_graphql::Value::String(id)) = arguments.value(value) else {
                return Err(crate::error::Error::BadInput("`id` is null".into()).into());
            };
            let id = level.noun.kind.number(&id.into())?;
            let given = Bindings { ids: Some(id.into()), ..Bindings::default() };
            let dialect = session.dialect();
            let find = |follow_merges| {
                let kind = StatementKind::Node { follow_merges };
                prepare(level, dialect, kind, true, &given, || statement::node(level, dialect, follow_merges))
            };
            // Only few nodes were merged, so where an id leads to is looked up only when there is no such node.
            let mut rows = session.rows(find(false)).await?;
            if rows.is_empty() && level.noun.kind.is_mergeable() {
                rows = session.rows(find(true)).await?;
            }
            let mut found = LevelRows { rows, ..LevelRows::default() };
            let parents = vec![ROOT_PARENT; found.rows.len()];
            found.form_pages(&parents, 1, false);
            Ok(found)
        }
        Source::Referenced { parent, column, by, only } => {
            let ids = ids(read, *parent, *column, only.as_ref());
            let mut found = LevelRows::default();
            if !ids.is_empty() {
                let dialect = session.dialect();
                let given = Bindings { ids: Some(dialect.numbers(&ids).into_value()), ..Bindings::default() };
                let build = || statement::referenced(level, dialect, by);
                found.rows =
                    session.rows(prepare(level, dialect, StatementKind::Referenced, true, &given, build)).await?;
                let by = level.columns.iter().position(|column| *column == (0, by)).unwrap_or_default();
                let ids: Vec<i64> = found.rows.iter().map(|row| integer(row, by)).collect();
                found.form_pages(&ids, 1, false);
            }
            Ok(found)
        }
        Source::Root { list, arguments: given } => read_list(level, list, given, None, session, arguments).await,
        Source::Children { parent, column, list, arguments: given } => {
            let parents = ids(read, *parent, *column, None);
            read_list(level, list, given, Some(parents), session, arguments).await
        }
    }
}

/// Returns the distinct ids in a column of a level, sorted; with `only`, of the rows whose other column has a word.
fn ids(read: &[LevelRows], level: usize, column: usize, only: Option<&(usize, String)>) -> Vec<i64> {
    let Some(read) = read.get(level) else { return Vec::new() };
    let rows = read.order.iter().filter_map(|index| read.rows.get(*index as usize));
    let is_wanted = |row: &QueryRow<'_>| only.is_none_or(|(column, word)| row.value(*column) == CellValue::Text(word));
    let id = |row: QueryRow<'_>| if let CellValue::Integer(id) = row.value(column) { Some(id) } else { None };
    let mut ids: Vec<i64> = rows.filter(is_wanted).filter_map(id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn integer(row: QueryRow<'_>, column: usize) -> i64 {
    if let CellValue::Integer(number) = row.value(column) { number } else { 0 }
}

async fn read_list(
    level: &Level,
    list: &ListField,
    given: &ListArguments,
    parents: Option<Vec<i64>>,
    session: &Session,
    arguments: Arguments<'_>,
) -> Result<LevelRows, SharedError> {
    let (noun, dialect) = (level.noun, session.dialect());
    let values = arguments.list(given)?;
    let has_fixed_order = given.has_fixed_order();
    let is_fixed = has_fixed_order && values.filter.is_none();
    let page = ListPage::new(level, list, &values, has_fixed_order)?;
    let condition = condition(noun, values.filter, parents.is_none(), session).await?;
    let mut found = LevelRows { list: Some((Arc::clone(&page.keyset), values.page)), ..LevelRows::default() };
    if parents.as_ref().is_some_and(Vec::is_empty) {
        return Ok(found);
    }
    if level.shows_rows() {
        let parent_column = statement::first_key(level) + page.keyset.term_count();
        let kind = StatementKind::Page { after: page.after.is_some(), before: page.before.is_some() };
        let bound = |ids| Bindings { ids, after: page.after.as_ref(), before: page.before.as_ref() };
        let (rows, owners) = match (&parents, &list.parent) {
            (Some(parents), Some(parent)) => {
                let build = || statement::lists_of_parents(level, dialect, parent, &page, &condition);
                if dialect.has_lateral() {
                    let given = bound(Some(dialect.numbers(parents).into_value()));
                    let rows = session.rows(prepare(level, dialect, kind, is_fixed, &given, build)).await?;
                    let owners = rows.iter().map(|row| integer(row, parent_column)).collect();
                    (rows, owners)
                } else {
                    let statement = prepare(level, dialect, kind, is_fixed, &bound(None), build);
                    session.rows_for_each(statement, Some(parents.clone())).await?
                }
            }
            _ => {
                let build = || statement::root_list(level, dialect, &page, &condition);
                let rows = session.rows(prepare(level, dialect, kind, is_fixed, &bound(None), build)).await?;
                let owners = vec![ROOT_PARENT; rows.len()];
                (rows, owners)
            }
        };
        found.rows = rows;
        found.form_pages(&owners, page.size, page.backward);
    }
    if level.shows_count() {
        let at_end = found.list.as_ref().is_some_and(|(_, page)| page.is_at_end());
        let all = parents.unwrap_or_else(|| vec![ROOT_PARENT]);
        let mut uncounted = Vec::new();
        for parent in all {
            let page_of = found.page(parent);
            // A page that contains the whole list has been counted by reading it.
            if level.shows_rows() && at_end && !page_of.is_some_and(|page| page.has_more) {
                found.counts.push((parent, page_of.map_or(0, |page| page.length as i64)));
            } else {
                uncounted.push(parent);
            }
        }
        if !uncounted.is_empty() {
            let build = || statement::count(noun, dialect, list.parent.as_ref(), &condition);
            let ids =
                (dialect.has_lateral() && list.parent.is_some()).then(|| dialect.numbers(&uncounted).into_value());
            let is_repeated = ids.is_none() && list.parent.is_some();
            let given = Bindings { ids, ..Bindings::default() };
            let statement = prepare(level, dialect, StatementKind::Count, is_fixed, &given, build);
            if is_repeated {
                let (rows, owners) = session.rows_for_each(statement, Some(uncounted)).await?;
                found.counts.extend(owners.into_iter().zip(rows.iter().map(|row| integer(row, 0))));
            } else {
                let rows = session.rows(statement).await?;
                let owner = |row| if list.parent.is_some() { integer(row, 1) } else { ROOT_PARENT };
                found.counts.extend(rows.iter().map(|row| (owner(row), integer(row, 0))));
            }
        }
        found.counts.sort_unstable();
    }
    Ok(found)
}

/// Returns the condition on the rows of a list, after checking that the ids and slugs in the filter exist.
async fn condition(
    noun: &Noun,
    filter: Option<async_graphql::Value>,
    is_root: bool,
    session: &Session,
) -> Result<Condition, SharedError> {
    let with_scope = |test| noun.scope.iter().cloned().chain(test).reduce(sea_orm::sea_query::ExprTrait::and);
    let Some(filter) = filter else {
        return Ok(Condition { set_condition: with_scope(None), ..Condition::default() });
    };
    let filter = (noun.filter)(filter)?;
    let mut context = FilterContext::new(session.dialect());
    let set_condition = with_scope(Some(filter.condition(&mut context)?));
    context.check_references(session).await?;
    let mut row_condition = None;
    if is_root && session.can_scan() && context.may_scan() {
        row_condition = with_scope(Some(filter.condition(&mut FilterContext::for_scan(session.dialect()))?));
    }
    Ok(Condition { set_condition, row_condition, names: context.names })
}
