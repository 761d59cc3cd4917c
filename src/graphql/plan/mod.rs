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

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::parser::types::{BaseType, ExecutableDocument, OperationDefinition};
use async_graphql::{Value, Variables};

use crate::graphql::loading::session::Session;
use arguments::Arguments;
use compile::compile;
use level::Plan;

/// Maximum number of plans of one document.
const MAX_PLANS: usize = 16;

/// The plans of a document.
#[derive(Default)]
pub(crate) struct PlanCache(Mutex<Vec<(Shape, Option<Arc<Plan>>)>>);

/// What a plan depends on besides the document: the operation, and the values of its variables of the type `Int`, which page
/// sizes may be.
#[derive(Clone, PartialEq)]
struct Shape {
    operation: Option<String>,
    integers: Vec<Option<Value>>,
}

impl PlanCache {
    /// Executes an operation by its plan. Returns the data of the response as JSON, or `None` if the resolvers have to execute
    /// it: it has no plan, or there was an error, which they report at its path.
    pub(crate) async fn execute(
        &self,
        document: &ExecutableDocument,
        name: Option<&str>,
        operation: &OperationDefinition,
        variables: &Variables,
        session: &Session,
    ) -> Option<Vec<u8>> {
        let arguments = Arguments { operation, variables };
        let plan = self.plan(document, name, arguments)?;
        match execute::execute(&plan, session, arguments).await {
            Ok(data) => Some(data),
            Err(error) => {
                // PostgreSQL runs nothing more in a transaction in which a statement failed.
                session.end_snapshot().await;
                tracing::debug!(?error, "a plan failed; the resolvers execute the operation");
                None
            }
        }
    }

    fn plan(&self, document: &ExecutableDocument, name: Option<&str>, arguments: Arguments<'_>) -> Option<Arc<Plan>> {
        let definitions = arguments.operation.variable_definitions.iter();
        let integers = definitions
            .filter(|definition| matches!(&definition.node.var_type.node.base, BaseType::Named(name) if name == "Int"));
        let shape = Shape {
            operation: name.map(str::to_owned),
            integers: integers.map(|one| arguments.variables.get(&one.node.name.node).cloned()).collect(),
        };
        let plans = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, plan)) = plans().iter().find(|(other, _)| *other == shape) {
            return plan.clone();
        }
        let plan = compile(document, arguments.operation, arguments).map(Arc::new);
        let mut plans = plans();
        if plans.len() >= MAX_PLANS {
            plans.remove(0);
        }
        plans.push((shape, plan.clone()));
        plan
    }
}
