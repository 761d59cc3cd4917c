//! Plans: documents that are compiled once, and executed with SQL that selects only what is shown.
//!
//! - [`noun`]: the types that are backed by a table, as data. [`roots`]: the root fields.
//! - [`level`]: plans and their levels. [`compile`]: a document becomes a plan. [`arguments`]: the values of a request.
//! - [`statement`]: the SQL of a level. [`execute`]: runs the levels and keeps their rows. [`write`]: writes them as JSON.

pub(crate) mod arguments;
pub(crate) mod compile;
pub(crate) mod execute;
pub(crate) mod level;
pub(crate) mod noun;
pub(crate) mod roots;
pub(crate) mod statement;
pub(crate) mod write;

use std::sync::Arc;

use async_graphql::parser::types::{BaseType, ExecutableDocument, OperationDefinition};
use async_graphql::{Value, Variables};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::graphql::loading::session::Session;
use arguments::Arguments;
use compile::compile;
use level::Plan;

/// Approximate memory of an operation without a plan, in bytes.
const NO_PLAN_MEMORY: u64 = 200;

/// Plans of the operations that were executed recently, as many as fit into a given memory.
pub(crate) struct PlanCache(Cache<PlanKey, Option<Arc<Plan>>, PlanWeight>);

/// The part of a request that its plan depends on.
#[derive(Clone, PartialEq, Eq, Hash)]
struct PlanKey {
    /// The digest of the document's text.
    document: [u8; 32],
    operation: Option<String>,
    /// The values of the variables of the type `Int`, which page sizes may be.
    integers: Vec<Option<i64>>,
}

#[derive(Clone)]
struct PlanWeight;

impl Weighter<PlanKey, Option<Arc<Plan>>> for PlanWeight {
    fn weight(&self, key: &PlanKey, plan: &Option<Arc<Plan>>) -> u64 {
        let key = key.operation.as_ref().map_or(0, String::len) + key.integers.len() * size_of::<Option<i64>>();
        NO_PLAN_MEMORY + key as u64 + plan.as_ref().map_or(0, |plan| plan.memory())
    }
}

/// An operation of a valid document, with the values of its variables.
#[derive(Clone, Copy)]
pub(crate) struct Operation<'r> {
    pub(crate) document: &'r ExecutableDocument,
    /// The name by which the operation was selected, if any.
    pub(crate) name: Option<&'r str>,
    pub(crate) definition: &'r OperationDefinition,
    pub(crate) variables: &'r Variables,
}

impl<'r> Operation<'r> {
    fn arguments(&self) -> Arguments<'r> {
        Arguments { operation: self.definition, variables: self.variables }
    }

    fn compile(&self) -> Option<Arc<Plan>> {
        compile(self.document, self.definition, self.arguments()).map(Arc::new)
    }

    /// Executes the operation without a cache of plans, like [`PlanCache::execute`].
    pub(crate) async fn execute(&self, session: &Session) -> Option<Vec<u8>> {
        execute(&*self.compile()?, *self, session).await
    }
}

impl PlanCache {
    /// Creates a cache that takes at most this memory, in bytes.
    pub(crate) fn new(capacity: u64) -> Self {
        let expected_entries = usize::try_from(capacity / 20_000).unwrap_or(usize::MAX).max(1);
        Self(Cache::with_weighter(expected_entries, capacity, PlanWeight))
    }

    /// Executes an operation by its plan. Returns the data of the response as JSON, or `None` if the resolvers have to execute
    /// it: it has no plan, or there was an error, which they report at its path.
    pub(crate) async fn execute(
        &self,
        document: [u8; 32],
        operation: Operation<'_>,
        session: &Session,
    ) -> Option<Vec<u8>> {
        execute(&*self.plan(document, operation)?, operation, session).await
    }

    fn plan(&self, document: [u8; 32], operation: Operation<'_>) -> Option<Arc<Plan>> {
        let definitions = operation.definition.variable_definitions.iter();
        let integers = definitions
            .filter(|definition| matches!(&definition.node.var_type.node.base, BaseType::Named(name) if name == "Int"))
            .map(|definition| match operation.variables.get(&definition.node.name.node) {
                None | Some(Value::Null) => Some(None),
                Some(Value::Number(number)) => number.as_i64().map(Some),
                Some(_) => None,
            })
            .collect::<Option<Vec<_>>>()?;
        let key = PlanKey { document, operation: operation.name.map(str::to_owned), integers };
        self.0.get(&key).unwrap_or_else(|| {
            let plan = operation.compile();
            self.0.insert(key, plan.clone());
            plan
        })
    }
}

async fn execute(plan: &Plan, operation: Operation<'_>, session: &Session) -> Option<Vec<u8>> {
    match execute::execute(plan, session, operation.arguments()).await {
        Ok(data) => Some(data),
        Err(error) => {
            // PostgreSQL runs nothing more in a transaction in which a statement failed.
            session.end_snapshot().await;
            tracing::debug!(?error, "a plan failed; the resolvers execute the operation");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::Variables;
    use async_graphql::parser::parse_query;

    use crate::graphql::plan::{Operation, PlanCache};

    /// A document has a plan for each page size, so the plans of few documents could take any memory.
    #[test]
    fn plans_take_no_more_memory_than_allowed() {
        const CAPACITY: u64 = 1 << 20;
        let text = "query($first: Int) { events(first: $first) { nodes { evidence { nodes { target { id } } } } } }";
        let document = parse_query(text).unwrap();
        let (_, definition) = document.operations.iter().next().unwrap();
        let (cache, mut sum) = (PlanCache::new(CAPACITY), 0);
        for first in 0..100 {
            let variables = Variables::from_json(serde_json::json!({ "first": first }));
            let operation =
                Operation { document: &document, name: None, definition: &definition.node, variables: &variables };
            let plan = cache.plan([0; 32], operation).unwrap();
            assert_eq!(cache.plan([0; 32], operation).unwrap().levels.len(), plan.levels.len());
            sum += plan.memory();
            assert!(cache.0.weight() <= CAPACITY);
        }
        assert!(sum > 4 * CAPACITY && cache.0.len() > 4, "{sum} bytes, {} plans", cache.0.len());
    }
}
