//! Reads the pages of lists and their counts, and builds queries over whole lists.

use std::borrow::Cow;
use std::sync::Arc;

use entity::row::QueryRow;
use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, JoinType, Query, SelectStatement};

use crate::db::{CONDITION_MARKER, Dialect, LIST};
use crate::error::Result;
use crate::graphql::filter::FilterContext;
use crate::graphql::plan::arguments::{Arguments, ListArguments, ListValues};
use crate::graphql::plan::level::Level;
use crate::graphql::plan::rows::{LevelRows, ROOT_PARENT, integer};
use crate::graphql::plan::statement::{self, Bindings, ListPage, PAGE, PARENT, StatementKind, prepare};
use crate::graphql::schema::field::ListField;
use crate::graphql::schema::node_type::NodeType;
use crate::graphql::session::{Session, SharedError};

/// The condition of a list, and what its filter mentions.
#[derive(Clone, Default)]
pub(crate) struct Condition {
    /// The condition as a set of rows: related rows are matched by `IN`.
    pub(crate) set_condition: Option<Expr>,
    /// The condition as a test of one row: related rows are matched by `EXISTS`. Only present if a scan may be faster.
    pub(crate) row_condition: Option<Expr>,
    /// The names that the filter searches.
    names: Vec<String>,
}

impl Condition {
    /// A condition in whose place each request has its own.
    fn marker() -> Self {
        Self { set_condition: Some(Expr::val(CONDITION_MARKER)), ..Self::default() }
    }
}

/// The lists of some parents, or one list at the root: which rows they have.
pub(crate) struct ListQuery {
    pub(crate) node_type: &'static NodeType,
    list: &'static ListField,
    condition: Condition,
    /// The ids of the parents, sorted; `None` for a list at the root.
    parents: Option<Vec<i64>>,
    dialect: Dialect,
}

impl ListQuery {
    /// The ids of all parents; [`ROOT_PARENT`] for a list at the root.
    pub(crate) fn parents(&self) -> &[i64] {
        self.parents.as_deref().unwrap_or(&[ROOT_PARENT])
    }

    /// The names that the filter searches.
    pub(crate) fn names(&self) -> &[String] {
        &self.condition.names
    }

    /// The column of the parent in the queries of [`Self::all_rows`]; `None` for a list at the root.
    pub(crate) fn parent_column(&self) -> Option<&'static str> {
        self.parents.is_some().then_some(PARENT)
    }

    /// Returns the parent of a row of a query that selects [`Self::parent_column`].
    pub(crate) fn parent_of(&self, row: QueryRow<'_>) -> Result<i64, SharedError> {
        if self.parents.is_some() { Ok(row.get(PARENT)?) } else { Ok(ROOT_PARENT) }
    }

    /// Builds a select of `columns` from all rows of the list, regardless of the page, with the parent of each row if the list
    /// has parents. `narrow` adds joins, or conditions that are not part of the filter.
    pub(crate) fn all_rows(
        &self,
        columns: impl IntoIterator<Item = (Expr, &'static str)>,
        narrow: impl Fn(&mut SelectStatement),
    ) -> SelectStatement {
        let (table, dialect) = (self.node_type.table, self.dialect);
        let condition = self.condition.set_condition.clone();
        let mut select = Query::select();
        for (column, name) in columns {
            select.expr_as(column, name);
        }
        let (Some(parents), Some(is_child)) = (&self.parents, &self.list.parent) else {
            select.from(table).and_where_option(condition);
            narrow(&mut select);
            return select;
        };
        if dialect.has_lateral() {
            select.from(table).and_where(is_child(dialect.item())).and_where_option(condition);
            narrow(&mut select);
            return Query::select()
                .expr(Expr::cust("\"page\".*"))
                .expr_as(dialect.item(), PARENT)
                .from_function(dialect.keys(parents), LIST)
                .join_lateral(JoinType::InnerJoin, select, PAGE, Expr::cust("TRUE"))
                .take();
        }
        let ids = Query::select()
            .expr(self.node_type.id())
            .from(table)
            .and_where(is_child(dialect.item()))
            .and_where_option(condition)
            .take();
        select
            .expr_as(dialect.item(), PARENT)
            .from_function(dialect.keys(parents), LIST)
            .cross_join(table.into_iden())
            .and_where(self.node_type.id().in_subquery(ids));
        narrow(&mut select);
        select
    }
}

/// The values of a list's arguments, and what follows from them.
struct Request<'l> {
    level: &'l Level,
    page: ListPage,
    /// True if the statements of different requests differ only in their parents, cursors and filters.
    is_fixed: bool,
    /// True if the statements have a marker in place of the filter.
    marks_filter: bool,
    query: Arc<ListQuery>,
}

/// Reads the pages of a list, as far as they are shown, and its counts. Errors: `BAD_INPUT` or `LIMIT` for invalid arguments,
/// `NOT_FOUND` for an id or slug in the filter that does not exist.
pub(super) async fn read_list(
    level: &Level,
    list: &'static ListField,
    given: &ListArguments,
    parents: Option<Vec<i64>>,
    session: &Session,
    arguments: Arguments<'_>,
) -> Result<LevelRows, SharedError> {
    let values = arguments.list(given)?;
    let has_fixed_order = given.has_fixed_order();
    let has_filter = values.filter.is_some() || list.own_condition.is_some();
    let page = ListPage::new(level, list, &values, has_fixed_order)?;
    let condition = condition(level.node_type, list, &values, parents.is_none(), session).await?;
    let query = ListQuery { node_type: level.node_type, list, condition, parents, dialect: session.dialect() };
    let list_of = Some((Arc::clone(&page.keyset), values.page));
    // A scan has the filter twice.
    let has_one_condition = query.condition.set_condition.is_some() && query.condition.row_condition.is_none();
    let marks_filter = has_fixed_order && has_filter && has_one_condition;
    let is_fixed = marks_filter || has_fixed_order && !has_filter;
    let request = Request { level, page, is_fixed, marks_filter, query: Arc::new(query) };
    let mut found = LevelRows { list: list_of, query: Some(Arc::clone(&request.query)), ..LevelRows::default() };
    if request.query.parents().is_empty() {
        return Ok(found);
    }
    if level.reads_rows {
        request.read_pages(&mut found, session).await?;
    }
    if level.shows_count() {
        request.count(&mut found, session).await?;
    }
    Ok(found)
}

impl Request<'_> {
    /// Returns the condition that statements are built with, and the one that takes the place of its marker.
    fn condition(&self) -> (Cow<'_, Condition>, Option<&Expr>) {
        match &self.query.condition {
            condition if self.marks_filter => (Cow::Owned(Condition::marker()), condition.set_condition.as_ref()),
            condition => (Cow::Borrowed(condition), None),
        }
    }

    async fn read_pages(&self, found: &mut LevelRows, session: &Session) -> Result<(), SharedError> {
        let Self { level, page, is_fixed, query, .. } = self;
        let (dialect, (condition, filter)) = (query.dialect, self.condition());
        let kind = StatementKind::Page { after: page.after.is_some(), before: page.before.is_some() };
        let bound = |ids| Bindings { ids, after: page.after.as_ref(), before: page.before.as_ref() };
        let (rows, owners) = match (&query.parents, &query.list.parent) {
            (Some(parents), Some(parent)) => {
                let build = || statement::lists_of_parents(level, dialect, parent, page, &condition);
                if dialect.has_lateral() {
                    let given = bound(Some(dialect.numbers(parents).into_value()));
                    let rows = session.rows(prepare(level, dialect, kind, *is_fixed, &given, filter, build)).await?;
                    let parent_column = statement::first_key(level) + page.keyset.term_count();
                    let owners = rows.iter().map(|row| integer(row, parent_column)).collect();
                    (rows, owners)
                } else {
                    let statement = prepare(level, dialect, kind, *is_fixed, &bound(None), filter, build);
                    session.rows_for_each(statement, Some(parents.clone())).await?
                }
            }
            _ => {
                let build = || statement::root_list(level, dialect, page, &condition);
                let rows = session.rows(prepare(level, dialect, kind, *is_fixed, &bound(None), filter, build)).await?;
                let owners = vec![ROOT_PARENT; rows.len()];
                (rows, owners)
            }
        };
        found.rows = rows;
        found.form_pages(&owners, page.size, page.backward);
        Ok(())
    }

    async fn count(&self, found: &mut LevelRows, session: &Session) -> Result<(), SharedError> {
        let Self { level, query, is_fixed, .. } = self;
        let (dialect, parent) = (query.dialect, query.list.parent.as_ref());
        let at_end = self.page.after.is_none() && self.page.before.is_none();
        let mut uncounted = Vec::new();
        for parent in query.parents() {
            let page = found.page(*parent);
            // A page that contains the whole list has been counted by reading it.
            if level.reads_rows && at_end && !page.is_some_and(|page| page.has_more) {
                found.counts.push((*parent, page.map_or(0, |page| page.length as i64)));
            } else {
                uncounted.push(*parent);
            }
        }
        if !uncounted.is_empty() {
            let (condition, filter) = self.condition();
            let build = || statement::count(level.node_type, dialect, parent, &condition);
            let ids = (dialect.has_lateral() && parent.is_some()).then(|| dialect.numbers(&uncounted).into_value());
            let is_repeated = ids.is_none() && parent.is_some();
            let given = Bindings { ids, ..Bindings::default() };
            let statement = prepare(level, dialect, StatementKind::Count, *is_fixed, &given, filter, build);
            if is_repeated {
                let (rows, owners) = session.rows_for_each(statement, Some(uncounted)).await?;
                found.counts.extend(owners.into_iter().zip(rows.iter().map(|row| integer(row, 0))));
            } else {
                let rows = match parent {
                    Some(_) => Arc::new(session.rows(statement).await?),
                    None => session.aggregate(statement).await?,
                };
                let owner = |row| if parent.is_some() { integer(row, 1) } else { ROOT_PARENT };
                found.counts.extend(rows.iter().map(|row| (owner(row), integer(row, 0))));
            }
        }
        found.counts.sort_unstable();
        Ok(())
    }
}

/// Returns the condition on the rows of a list, after checking that the ids and slugs in the filter exist.
async fn condition(
    node_type: &NodeType,
    list: &ListField,
    values: &ListValues,
    is_root: bool,
    session: &Session,
) -> Result<Condition, SharedError> {
    let own = match list.own_condition {
        Some(condition) => condition(&values.own)?,
        None => None,
    };
    let with_scope = |test: Option<Expr>| node_type.with_scope(own.iter().cloned().chain(test));
    let Some(filter) = values.filter.clone() else {
        return Ok(Condition { set_condition: with_scope(None), ..Condition::default() });
    };
    let filter = (node_type.filter)(filter)?;
    let mut context = FilterContext::new(session.dialect());
    let set_condition = with_scope(Some(filter.condition(&mut context)?));
    context.check_references(session).await?;
    let mut row_condition = None;
    if is_root && session.can_scan() && context.may_scan() {
        row_condition = with_scope(Some(filter.condition(&mut FilterContext::for_scan(session.dialect()))?));
    }
    Ok(Condition { set_condition, row_condition, names: context.names })
}
