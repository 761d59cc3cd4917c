//! Plans: documents that are compiled once, and executed with SQL that selects only what is shown.
//!
//! - [`compile`]: a document becomes a plan. [`selection`]: the selected fields of an object. [`level`]: plans and their steps.
//!   [`nodes`]: the types of nodes. [`computed`]: values without a column.
//! - [`execute`]: runs the steps and keeps their results. [`arguments`]: the values of a request. [`list`] and [`lookup`]: how
//!   lists and single nodes are read. [`statement`]: the SQL of a level.
//! - [`write`]: writes the results as JSON.

pub(crate) mod arguments;
pub(crate) mod compile;
pub(crate) mod computed;
pub(crate) mod execute;
pub(crate) mod filter_template;
pub(crate) mod level;
pub(crate) mod list;
pub(crate) mod lookup;
pub(crate) mod nodes;
pub(crate) mod rows;
pub(crate) mod selection;
pub(crate) mod statement;
pub(crate) mod write;

use std::sync::Arc;

use async_graphql::parser::types::{BaseType, ExecutableDocument, OperationDefinition};
use async_graphql::{Value, Variables};
use entity::row::Rows;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::auth::Caller;
use crate::error::Result;
use crate::graphql::session::Session;
use crate::graphql::validation::SchemaIndex;
use arguments::Arguments;
use compile::compile;
pub(crate) use execute::Executed;
use execute::Request;
pub(crate) use level::Plan;

/// Plans of the operations that were executed recently, as many as fit into a given memory.
pub(crate) struct PlanCache(Cache<PlanKey, Arc<Plan>, PlanWeight>);

/// The part of a request that its plan depends on.
#[derive(Clone, PartialEq, Eq, Hash)]
struct PlanKey {
    /// The digest of the document's text.
    document: [u8; 32],
    operation: Option<String>,
    /// See [`Operation::shape`].
    shape: Vec<VariableShape>,
}

#[derive(Clone)]
struct PlanWeight;

impl Weighter<PlanKey, Arc<Plan>> for PlanWeight {
    fn weight(&self, key: &PlanKey, plan: &Arc<Plan>) -> u64 {
        let key = key.operation.as_ref().map_or(0, String::len) + key.shape.len() * size_of::<VariableShape>();
        size_of::<PlanKey>() as u64 + key as u64 + plan.memory()
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

/// An operation that owns its document.
pub(crate) trait OwnedOperation: Send + Sync + 'static {
    /// Returns the operation. Error: an internal one if the document has no such operation.
    fn operation(&self) -> Result<Operation<'_>>;
}

impl<'r> Operation<'r> {
    pub(crate) fn arguments(&self) -> Arguments<'r> {
        Arguments { operation: self.definition, variables: self.variables }
    }

    pub(crate) fn compile(&self, schema: &SchemaIndex) -> Result<Plan> {
        compile(self.document, self.definition, self.arguments(), schema)
    }

    /// What a plan depends on: the values of numbers and conditions, and which other variables are given or null.
    fn shape(&self) -> Vec<VariableShape> {
        let definitions = self.definition.variable_definitions.iter().map(|definition| &definition.node);
        let shapes = definitions.map(|definition| {
            let is_int = matches!(&definition.var_type.node.base, BaseType::Named(name) if name == "Int");
            match self.variables.get(&definition.name.node) {
                None => VariableShape::LeftOut,
                Some(Value::Null) => VariableShape::Null,
                Some(Value::Number(number)) if is_int => {
                    number.as_i64().map_or(VariableShape::Other, VariableShape::Number)
                }
                Some(Value::Boolean(value)) => VariableShape::Condition(*value),
                Some(_) => VariableShape::Other,
            }
        });
        shapes.collect()
    }
}

/// The value of a variable, as far as a plan can depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum VariableShape {
    /// Its default value counts.
    LeftOut,
    Null,
    Number(i64),
    Condition(bool),
    Other,
}

impl PlanCache {
    /// Creates a cache that takes at most this memory, in bytes.
    pub(crate) fn new(capacity: u64) -> Self {
        let expected_entries = usize::try_from(capacity / 20_000).unwrap_or(usize::MAX).max(1);
        Self(Cache::with_weighter(expected_entries, capacity, PlanWeight))
    }

    /// Returns the plan of an operation of the document with this digest. Error: `LIMIT` for a document that is too large.
    pub(crate) fn plan(&self, document: [u8; 32], operation: Operation<'_>, schema: &SchemaIndex) -> Result<Arc<Plan>> {
        let key = PlanKey { document, operation: operation.name.map(str::to_owned), shape: operation.shape() };
        if let Some(plan) = self.0.get(&key) {
            return Ok(plan);
        }
        let plan = Arc::new(operation.compile(schema)?);
        self.0.insert(key, Arc::clone(&plan));
        Ok(plan)
    }
}

/// Executes an operation by its plan. `introspection` has the values of the root fields that describe the schema, and `given` the
/// row that a subscription delivers.
pub(crate) async fn execute(
    plan: &Plan,
    operation: Operation<'_>,
    session: &Session,
    caller: &Caller,
    introspection: Option<&Value>,
    given: Option<&Rows>,
) -> Executed {
    let introspect = |key: &str| match introspection {
        Some(Value::Object(fields)) => serde_json::to_vec(fields.get(key)?).ok(),
        _ => None,
    };
    let request = Request { session, caller, arguments: operation.arguments(), given };
    execute::execute(plan, request, &introspect).await
}

#[cfg(test)]
impl PlanCache {
    /// Adds a plan of an operation.
    pub(crate) fn insert(&self, document: [u8; 32], operation: Operation<'_>, plan: Plan) {
        let key = PlanKey { document, operation: operation.name.map(str::to_owned), shape: operation.shape() };
        self.0.insert(key, Arc::new(plan));
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::Variables;
    use async_graphql::parser::parse_query;

    use crate::graphql::plan::{Operation, PlanCache};
    use crate::graphql::validation::SchemaIndex;

    /// A document has a plan for each page size, so the plans of few documents could take any memory.
    #[test]
    fn plans_take_no_more_memory_than_allowed() {
        const CAPACITY: u64 = 1 << 20;
        let text = "query($first: Int) { events(first: $first) { nodes { evidence { nodes { target { id } } } } } }";
        let document = parse_query(text).unwrap();
        let (_, definition) = document.operations.iter().next().unwrap();
        let (cache, mut sum) = (PlanCache::new(CAPACITY), 0);
        let schema = SchemaIndex::new(false).unwrap();
        for first in 0..100 {
            let variables = Variables::from_json(serde_json::json!({ "first": first }));
            let operation =
                Operation { document: &document, name: None, definition: &definition.node, variables: &variables };
            let plan = cache.plan([0; 32], operation, &schema).unwrap();
            assert_eq!(cache.plan([0; 32], operation, &schema).unwrap().steps.len(), plan.steps.len());
            sum += plan.memory();
            assert!(cache.0.weight() <= CAPACITY);
        }
        assert!(sum > 4 * CAPACITY && cache.0.len() > 4, "{sum} bytes, {} plans", cache.0.len());
    }
}
