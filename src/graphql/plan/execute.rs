//! Runs the steps of a plan, and keeps their results until the response is written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::{ID, ServerError};
use entity::row::{CellValue, QueryRow, Rows};

use crate::auth::Caller;
use crate::error::Result;
use crate::graphql::connection::keyset::Keyset;
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::plan::arguments::{ArgumentValues, Arguments};
use crate::graphql::plan::computed::{Call, Computed, NodeRef, Values};
use crate::graphql::plan::level::{
    AllRows, FunctionSource, FunctionStep, Ids, Level, Plan, RootShown, Source, Step, ValueShown,
};
use crate::graphql::plan::list::{ListQuery, read_list};
use crate::graphql::plan::lookup::lookup_condition;
use crate::graphql::plan::rows::{LevelRows, ROOT_PARENT, integer};
use crate::graphql::plan::statement::{self, Bindings, StatementKind, prepare};
use crate::graphql::plan::write;
use crate::graphql::session::{Session, SharedError};
use crate::graphql::types::date::DateTime;

/// The request that a plan is executed for.
#[derive(Clone, Copy)]
pub(crate) struct Request<'r> {
    pub(crate) session: &'r Session,
    pub(crate) caller: &'r Caller,
    pub(crate) arguments: Arguments<'r>,
    /// The rows of [`Source::Given`], with the columns of the level.
    pub(crate) given: Option<&'r Rows>,
}

/// The data of a response as JSON, and the errors of its fields.
#[derive(Debug)]
pub(crate) struct Executed {
    pub(crate) data: Vec<u8>,
    pub(crate) errors: Vec<ServerError>,
}

/// The result of a step.
pub(crate) enum StepResult {
    /// The step did not run: nothing that is shown needs it.
    Skipped,
    Rows(LevelRows),
    Values(FunctionValues),
    Failed(SharedError),
}

/// The values of a function, and the nodes that they refer to, for the level of each type.
pub(crate) struct FunctionValues {
    pub(crate) values: Values,
    nodes: BTreeMap<usize, Vec<i64>>,
}

/// Executes a plan. `introspect` returns the value of a root field that describes the schema, by its response key.
pub(crate) async fn execute(plan: &Plan, request: Request<'_>, introspect: &write::Introspection<'_>) -> Executed {
    let mut execution =
        Execution { plan, request, results: plan.steps.iter().map(|_| StepResult::Skipped).collect(), failed: None };
    for root in &plan.roots {
        if let RootShown::Step { step, as_of } = &root.shown {
            let instant = as_of.as_ref().and_then(|value| request.arguments.value(value));
            match crate::graphql::plan::arguments::decode::<Option<DateTime>>(instant) {
                Ok(None) => execution.run(*step, request.session).await,
                Ok(Some(instant)) => execution.run(*step, &request.session.at(instant)).await,
                Err(error) => execution.set(*step, StepResult::Failed(error.into())),
            }
            let has_failed = matches!(execution.results.get(*step), Some(StepResult::Failed(_)));
            if plan.is_mutation && has_failed && !root.key.is_nullable {
                // The response has no data any more: nothing further may be written.
                break;
            }
        }
    }
    let max = request.session.budget().map_or(usize::MAX, |budget| budget.max());
    let executed = write::write(plan, &execution.results, request, introspect, max);
    if let Some(budget) = request.session.budget() {
        budget.add_errors(executed.errors.len()).await;
        budget.add_response(executed.data.len()).await;
    }
    executed
}

struct Execution<'p> {
    plan: &'p Plan,
    request: Request<'p>,
    results: Vec<StepResult>,
    /// The error of a statement. PostgreSQL runs nothing more in a transaction in which a statement failed.
    failed: Option<SharedError>,
}

impl Execution<'_> {
    fn set(&mut self, index: usize, result: StepResult) {
        if let Some(slot) = self.results.get_mut(index) {
            *slot = result;
        }
    }

    /// Runs a step of the root, and all steps below it.
    async fn run(&mut self, root: usize, session: &Session) {
        if self.plan.is_mutation {
            // A field of a mutation does not depend on those before it.
            self.failed = None;
        }
        let mut waiting = vec![root];
        while let Some(index) = waiting.pop() {
            let Some(step) = self.plan.steps.get(index) else { continue };
            let result = match &self.failed {
                Some(error) => Err(error.clone()),
                None => self.run_step(index, step, session).await,
            };
            if self.plan.is_mutation && index == root {
                // What is read of the result must show what was written.
                session.end_snapshot().await;
            }
            match result {
                Ok(result) => {
                    self.set(index, result);
                    waiting.extend(step.children().iter().rev());
                }
                Err(error) => {
                    if error.is_internal() {
                        self.failed = Some(error.clone());
                    }
                    self.set(index, StepResult::Failed(error));
                }
            }
        }
    }

    async fn run_step(&self, index: usize, step: &Step, session: &Session) -> Result<StepResult, SharedError> {
        let memory;
        let result = match step {
            Step::Level(level) => {
                let rows = self.read_level(index, level, session).await?;
                memory = rows.rows.memory();
                StepResult::Rows(rows)
            }
            Step::Function(step) => {
                let values = self.call(step, session).await?;
                memory = values.values.values().map(memory_of).sum();
                StepResult::Values(values)
            }
        };
        if let Some(budget) = session.budget() {
            budget.add_rows(memory).await;
        }
        Ok(result)
    }

    fn rows(&self, step: usize) -> Option<&LevelRows> {
        if let Some(StepResult::Rows(rows)) = self.results.get(step) { Some(rows) } else { None }
    }

    /// Returns the distinct ids in a column of a level, sorted.
    fn ids(&self, ids: &Ids) -> Vec<i64> {
        let Some(read) = self.rows(ids.level) else { return Vec::new() };
        let rows = read.order.iter().filter_map(|index| read.rows.get(*index as usize));
        let is_wanted = |row: &QueryRow<'_>| ids.only.as_ref().is_none_or(|only| only.accepts(*row));
        let id = |row: QueryRow<'_>| if let CellValue::Integer(id) = row.value(ids.column) { Some(id) } else { None };
        let mut found: Vec<i64> = rows.filter(is_wanted).filter_map(id).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    async fn read_level(&self, index: usize, level: &Level, session: &Session) -> Result<LevelRows, SharedError> {
        let arguments = self.request.arguments;
        match &level.source {
            Source::Lookup(given) => look_up(level, given, session, arguments).await,
            Source::Referenced { ids, by } => read_by(level, by, &self.ids(ids), session).await,
            Source::All { parents, rows } => read_all(level, rows, &self.ids(parents), session).await,
            Source::Nodes { function } => {
                let values = match self.results.get(*function) {
                    Some(StepResult::Values(values)) => values.nodes.get(&index),
                    _ => None,
                };
                let ids = values.map(Vec::as_slice).unwrap_or_default();
                read_by(level, "id", ids, session).await
            }
            Source::Root { list, arguments: given } => read_list(level, list, given, None, session, arguments).await,
            Source::Children { parents, list, arguments: given } => {
                read_list(level, list, given, Some(self.ids(parents)), session, arguments).await
            }
            Source::Given { list, .. } => {
                let rows = self.request.given.cloned().unwrap_or_default();
                let keyset = Keyset::new(&list.name, list.default_order.keys.clone(), level.node_type.id());
                let list = Some((Arc::new(keyset), PageArgs::default()));
                let mut found = LevelRows { rows, list, ..LevelRows::default() };
                found.form_pages(&[ROOT_PARENT], 1, false);
                Ok(found)
            }
        }
    }

    async fn call(&self, step: &FunctionStep, session: &Session) -> Result<FunctionValues, SharedError> {
        let (ids, list) = match &step.source {
            FunctionSource::Root => (Cow::Borrowed([ROOT_PARENT].as_slice()), None),
            FunctionSource::Rows(ids) => (Cow::Owned(self.ids(ids)), None),
            FunctionSource::Lists(level) => {
                let rows = self.rows(*level);
                let query = rows.and_then(|rows| rows.query.as_deref());
                let without_rows = |id: &i64| rows.is_none_or(|rows| rows.row(*id).is_none());
                let parents = query.map(ListQuery::parents).unwrap_or_default();
                let ids = match step.only_empty_lists {
                    true => Cow::Owned(parents.iter().copied().filter(without_rows).collect()),
                    false => Cow::Borrowed(parents),
                };
                (ids, query)
            }
        };
        if ids.is_empty() {
            return Ok(FunctionValues { values: Values::new(), nodes: BTreeMap::new() });
        }
        let call = Call {
            session,
            caller: self.request.caller,
            ids: &ids,
            arguments: self.request.arguments.field(&step.arguments),
            shown: &step.shown,
            list,
            request: self.request.arguments,
        };
        let mut values = (step.function)(&call).await?;
        let mut nodes = Vec::new();
        for value in values.values() {
            collect_nodes(value, &step.shown, &mut nodes);
        }
        let mut by_level: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
        for (level, node) in nodes {
            by_level.entry(level).or_default().push(node.id);
        }
        for ids in by_level.values_mut() {
            ids.sort_unstable();
            ids.dedup();
        }
        values.shrink_to_fit();
        Ok(FunctionValues { values, nodes: by_level })
    }
}

/// Collects the nodes that a value refers to, with the level of each.
fn collect_nodes<'v>(value: &'v Computed, shown: &ValueShown, nodes: &mut Vec<(usize, &'v NodeRef)>) {
    match (value, shown) {
        (Computed::List(values), _) => values.iter().for_each(|value| collect_nodes(value, shown, nodes)),
        (Computed::Object(object), ValueShown::Object(parts)) => {
            for part in parts {
                collect_nodes(object.get(part), &part.shown, nodes);
            }
        }
        (Computed::Node(node), ValueShown::Node(levels)) => {
            nodes.extend(
                levels.iter().find(|(node_type, _)| node_type.kind == node.kind).map(|(_, level)| (*level, node)),
            );
        }
        _ => {}
    }
}

/// The approximate memory of a value in bytes, without its texts: long ones are counted when they are read.
fn memory_of(value: &Computed) -> usize {
    let own = size_of::<Computed>();
    own + match value {
        Computed::List(values) => values.iter().map(memory_of).sum(),
        Computed::Object(object) => object.values().map(memory_of).sum(),
        _ => 0,
    }
}

/// Reads the rows whose column `by` has one of these values.
async fn read_by(level: &Level, by: &'static str, values: &[i64], session: &Session) -> Result<LevelRows, SharedError> {
    if values.is_empty() {
        return Ok(LevelRows::default());
    }
    let dialect = session.dialect();
    let given = Bindings { ids: Some(dialect.numbers(values).into_value()), ..Bindings::default() };
    let build = || statement::referenced(level, dialect, by);
    let rows = session
        .rows(prepare(Some(&level.sql.statements), dialect, StatementKind::Referenced, &given, None, build))
        .await?;
    let column = level.columns.iter().position(|column| *column == (0, by)).unwrap_or_default();
    Ok(LevelRows::of_ids(rows, column))
}

/// Reads all rows that belong to these parents.
async fn read_all(level: &Level, all: &AllRows, parents: &[i64], session: &Session) -> Result<LevelRows, SharedError> {
    if parents.is_empty() || all.group.1.is_empty() {
        return Ok(LevelRows::default());
    }
    let dialect = session.dialect();
    let given = Bindings { ids: Some(dialect.numbers(parents).into_value()), ..Bindings::default() };
    let build = || statement::all_rows(level, dialect, all);
    let rows = session
        .rows(prepare(Some(&level.sql.statements), dialect, StatementKind::Referenced, &given, None, build))
        .await?;
    let column = level.columns.iter().position(|column| *column == (0, all.by)).unwrap_or_default();
    let owners: Vec<i64> = rows.iter().map(|row| integer(row, column)).collect();
    let mut found = LevelRows { rows, ..LevelRows::default() };
    found.form_pages(&owners, usize::MAX, false);
    Ok(found)
}

/// Reads the node that the arguments of a root field identify. An identifier of a merged node finds the node that it was merged
/// into.
async fn look_up(
    level: &Level,
    given: &ArgumentValues,
    session: &Session,
    arguments: Arguments<'_>,
) -> Result<LevelRows, SharedError> {
    let (node_type, dialect, given) = (level.node_type, session.dialect(), arguments.field(given));
    let rows = match lookup_condition(node_type, &given)? {
        Some(condition) => {
            let select = statement::node(level, dialect, condition);
            session.look_up(crate::db::build(dialect.0, &select)).await?
        }
        None => {
            let id = node_type.kind.number(&given.get::<ID>("id")?)?;
            let find = |follow_merges: bool| {
                let kind = StatementKind::Node { follow_merges };
                let bound = Bindings { ids: Some(id.into()), ..Bindings::default() };
                let build = || statement::node_by_id(level, dialect, follow_merges);
                prepare(Some(&level.sql.statements), dialect, kind, &bound, None, build)
            };
            // Only few nodes were merged, so where an id leads to is looked up only when there is no such node.
            let rows = session.look_up(find(false)).await?;
            if rows.is_empty() && node_type.kind.is_mergeable() { session.look_up(find(true)).await? } else { rows }
        }
    };
    let parents = vec![ROOT_PARENT; rows.len()];
    let mut found = LevelRows { rows, ..LevelRows::default() };
    found.form_pages(&parents, 1, false);
    Ok(found)
}
