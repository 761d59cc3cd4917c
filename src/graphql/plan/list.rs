//! Reads the pages of lists and their counts, and builds queries over whole lists.

use std::sync::Arc;

use async_graphql::Value as ConstValue;
use entity::row::QueryRow;
use sea_orm::Statement;
use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, JoinType, Query, SelectStatement, Value};

use crate::db::{CONDITION_MARKER, Dialect, LIST};
use crate::error::Result;
use crate::graphql::connection::sqlite_scan::RowTest;
use crate::graphql::filter::{FilterContext, References};
use crate::graphql::plan::arguments::{Arguments, ListArguments, ListValues};
use crate::graphql::plan::filter_template::{BoundFilter, FilterTemplate, FilterTemplates, Untranslatable};
use crate::graphql::plan::level::Level;
use crate::graphql::plan::rows::{LevelRows, ROOT_PARENT, integer};
use crate::graphql::plan::statement::{self, Bindings, ListPage, PAGE, PARENT, StatementKind, Statements, prepare};
use crate::graphql::schema::field::ListField;
use crate::graphql::schema::node_type::NodeType;
use crate::graphql::session::{Session, SharedError};

/// The condition of a list, and what its filter mentions.
#[derive(Clone, Default)]
pub(crate) struct Condition {
    /// The condition as a set of rows: related rows are matched by `IN`.
    pub(crate) set_condition: Option<Expr>,
    /// The condition as a test of one row, for a scan. Only present if that may be faster.
    pub(super) row_test: Option<RowTest>,
    /// The names that the filter searches.
    names: Vec<String>,
}

impl Condition {
    /// Translates a filter, which is combined with the condition that the list itself has. Errors: `BAD_INPUT` or `LIMIT` for
    /// invalid values.
    pub(super) fn of_filter(
        node_type: &NodeType,
        list: &ListField,
        own: Option<&Expr>,
        filter: ConstValue,
        context: &mut FilterContext,
    ) -> Result<Self> {
        let with_scope = |test: Expr| node_type.with_scope(own.cloned().into_iter().chain([test]));
        let filter = (node_type.filter)(filter)?;
        let set_condition = with_scope(filter.condition(context)?);
        let mut row_test = None;
        if list.parent.is_none() && context.may_scan() {
            // Variables of both translations are numbered together. What else the second one notes is known.
            let mut rows = context.for_scan();
            let test = with_scope(filter.condition(&mut rows)?);
            context.operands = rows.operands;
            let tests_columns = rows.tests_columns || own.is_some() || node_type.scope.is_some();
            row_test = test.map(|condition| RowTest { condition, tests_columns });
        }
        Ok(Self { set_condition, row_test, names: std::mem::take(&mut context.names) })
    }
}

/// The lists of some parents, or one list at the root: which rows they have.
pub(crate) struct ListQuery {
    pub(crate) node_type: &'static NodeType,
    list: &'static ListField,
    condition: Arc<Condition>,
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
    condition: ConditionSource,
    /// True if the order is the same for all requests.
    has_fixed_order: bool,
    /// The values of the variables in a filter that was translated for all requests.
    operands: Vec<Value>,
    query: ListQuery,
}

/// The origin of the condition on the rows of a list.
enum ConditionSource {
    /// It is the same for all requests, or there is none.
    Fixed,
    /// The filter was translated for all requests with variables of this kind.
    Template(Arc<FilterTemplate>),
    /// The filter was translated for this request.
    Request,
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
    let dialect = session.dialect();
    let values = arguments.list(given)?;
    let has_fixed_order = given.has_fixed_order();
    let page = ListPage::new(level, list, &values, has_fixed_order)?;
    // Functions read the list in other ways, which are built for each request.
    let has_functions = level.has_list_functions();
    let filter = given.filter.as_ref().filter(|_| !has_functions);
    let templates = filter.and_then(|filter| templates(level, list, filter, arguments, dialect));
    let (source, condition, operands, references) = match templates {
        Some(templates) => {
            let BoundFilter { template, operands, references } = templates.bind(arguments, dialect)?;
            let condition = Arc::clone(&template.condition);
            (ConditionSource::Template(template), condition, operands, references)
        }
        None => {
            let (condition, references) = condition(level.node_type, list, given, &values, dialect, arguments)?;
            let is_fixed =
                condition.set_condition.is_none() || (given.filter.is_none() && list.own_condition.is_none());
            let source = if is_fixed { ConditionSource::Fixed } else { ConditionSource::Request };
            (source, Arc::new(condition), Vec::new(), references)
        }
    };
    let mut found = LevelRows { list: Some((Arc::clone(&page.keyset), values.page)), ..LevelRows::default() };
    let query = ListQuery { node_type: level.node_type, list, condition, parents, dialect };
    let request = Request { level, page, condition: source, has_fixed_order, operands, query };
    if !request.query.parents().is_empty() {
        if level.reads_rows {
            request.read_pages(&mut found, session).await?;
        }
        if !references.are_shown(!found.rows.is_empty()) {
            references.check(session).await?;
        }
        if level.shows_count() {
            request.count(&mut found, session).await?;
        }
    }
    found.query = has_functions.then(|| Arc::new(request.query));
    Ok(found)
}

impl Request<'_> {
    /// Returns where statements are kept for later requests; none if they differ in more than bound values and the filter.
    fn statements(&self) -> Option<&Statements> {
        match &self.condition {
            _ if !self.has_fixed_order => None,
            ConditionSource::Fixed => Some(&self.level.sql.statements),
            ConditionSource::Template(template) => Some(&template.statements),
            ConditionSource::Request => Some(&self.level.sql.marked_statements),
        }
    }

    fn bindings(&self, ids: Option<Value>) -> Bindings<'_> {
        let page = &self.page;
        Bindings { ids, after: page.after.as_ref(), before: page.before.as_ref(), operands: &self.operands }
    }

    /// Builds a statement, or takes the one that was built for an earlier request, and sets its values. `build` gets the condition.
    fn prepare(
        &self,
        kind: StatementKind,
        ids: Option<Value>,
        build: impl Fn(Option<&Expr>) -> SelectStatement,
    ) -> Statement {
        let condition = self.query.condition.set_condition.as_ref();
        let is_marked = self.has_fixed_order && matches!(self.condition, ConditionSource::Request);
        let (filter, marker) = (condition.filter(|_| is_marked), Expr::val(CONDITION_MARKER));
        let build = || build(if filter.is_some() { Some(&marker) } else { condition });
        prepare(self.statements(), self.query.dialect, kind, &self.bindings(ids), filter, build)
    }

    /// Returns a statement that reads a page of a list at the root by a scan.
    fn scan(&self, test: &RowTest) -> Statement {
        let Self { level, page, query, .. } = self;
        let (after, before) = (page.after.is_some(), page.before.is_some());
        let kind = StatementKind::Scan { after, before, tests_columns: test.tests_columns };
        let build = || statement::scan(level, query.dialect, page, test, query.condition.set_condition.as_ref());
        // It has the filter twice, so there is no marker for it.
        let statements = self.statements().filter(|_| matches!(self.condition, ConditionSource::Template(_)));
        prepare(statements, query.dialect, kind, &self.bindings(None), None, build)
    }

    async fn read_pages(&self, found: &mut LevelRows, session: &Session) -> Result<(), SharedError> {
        let Self { level, page, query, .. } = self;
        let dialect = query.dialect;
        let kind = StatementKind::Page { after: page.after.is_some(), before: page.before.is_some() };
        let (rows, owners) = match (&query.parents, &query.list.parent) {
            (Some(parents), Some(parent)) => {
                let build =
                    |condition: Option<&Expr>| statement::lists_of_parents(level, dialect, parent, page, condition);
                if dialect.has_lateral() {
                    let ids = dialect.numbers(parents).into_value();
                    let rows = session.rows(self.prepare(kind, Some(ids), build)).await?;
                    let parent_column = statement::first_key(level) + page.keyset.term_count();
                    let owners = rows.iter().map(|row| integer(row, parent_column)).collect();
                    (rows, owners)
                } else {
                    let statement = self.prepare(kind, None, build);
                    session.rows_for_each(statement, Some(parents.clone())).await?
                }
            }
            _ => {
                let test = query.condition.row_test.as_ref();
                let statement = match test.filter(|_| session.can_scan() && page.keyset.is_indexed()) {
                    Some(test) => self.scan(test),
                    None => self.prepare(kind, None, |condition| statement::root_list(level, dialect, page, condition)),
                };
                let rows = session.rows(statement).await?;
                let owners = vec![ROOT_PARENT; rows.len()];
                (rows, owners)
            }
        };
        found.rows = rows;
        found.form_pages(&owners, page.size, page.backward);
        Ok(())
    }

    async fn count(&self, found: &mut LevelRows, session: &Session) -> Result<(), SharedError> {
        let Self { level, query, .. } = self;
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
            let build = |condition: Option<&Expr>| statement::count(level.node_type, dialect, parent, condition);
            let ids = (dialect.has_lateral() && parent.is_some()).then(|| dialect.numbers(&uncounted).into_value());
            let is_repeated = ids.is_none() && parent.is_some();
            let statement = self.prepare(StatementKind::Count, ids, build);
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

/// Returns the translations of a filter; `None` if it is translated for each request.
fn templates<'l>(
    level: &'l Level,
    list: &'static ListField,
    filter: &async_graphql_value::Value,
    arguments: Arguments<'_>,
    dialect: Dialect,
) -> Option<&'l FilterTemplates> {
    let known = &level.sql.filter;
    if let Some(known) = known.get() {
        return known.as_ref();
    }
    match FilterTemplates::new(level.node_type, list, filter, arguments, dialect) {
        Ok(templates) => known.get_or_init(|| Some(templates)).as_ref(),
        Err(Untranslatable::Always) => known.get_or_init(|| None).as_ref(),
        Err(Untranslatable::ForThisRequest) => None,
    }
}

/// Returns the condition on the rows of a list in one request, and which ids and slugs it mentions.
fn condition(
    node_type: &NodeType,
    list: &ListField,
    given: &ListArguments,
    values: &ListValues,
    dialect: Dialect,
    arguments: Arguments<'_>,
) -> Result<(Condition, References)> {
    let own = match list.own_condition {
        Some(condition) => condition(&values.own)?,
        None => None,
    };
    match given.filter.as_ref().and_then(|filter| arguments.value(filter)) {
        None => {
            let set_condition = node_type.with_scope(own);
            Ok((Condition { set_condition, ..Condition::default() }, References::default()))
        }
        Some(filter) => {
            let mut context = FilterContext::new(dialect);
            let condition = Condition::of_filter(node_type, list, own.as_ref(), filter, &mut context)?;
            Ok((condition, context.references))
        }
    }
}
