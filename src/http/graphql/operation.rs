//! Prepares an operation: finds or parses its document, reads its variables and checks the query limits.

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response, Variables};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::auth::Caller;
use crate::error::{Error, Result};
use crate::graphql::validation::first_node_field;
use crate::graphql::{Operation, OwnedOperation, Plan, Session};
use crate::http::graphql::error::RequestError;
use crate::http::graphql::limits;
use crate::http::graphql::operation_rules::{check, select_operation};
use crate::http::graphql::persisted_queries::{Digest, ParsedDocument};
use crate::http::graphql::response::to_json;
use crate::http::middleware::client::Client;
use crate::http::state::AppState;

/// The parameters of a GraphQL request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Parameters {
    /// The text of the document.
    pub(crate) query: Option<String>,
    /// The id of a document in the `--documents` file, or a digest.
    pub(crate) document_id: Option<String>,
    /// The operation to run, when the document has several.
    pub(crate) operation_name: Option<String>,
    /// The variables as JSON text: they are parsed only after their limits are checked.
    pub(crate) variables: Option<Box<RawValue>>,
    /// Protocol extensions: `persistedQuery`, `newsgraphVersion`, `cost`.
    pub(crate) extensions: Option<Map<String, Value>>,
}

impl Parameters {
    /// Returns whether the parameters name a document and the variables, if any, are an object.
    pub(crate) fn are_well_formed(&self) -> bool {
        let names_document = self.query.is_some() || self.document_id.is_some() || self.extensions.is_some();
        names_document && self.variables.as_ref().is_none_or(|variables| variables.get().starts_with('{'))
    }
}

/// An operation that is ready to run: parsed, within the limits, and priced.
#[derive(Clone)]
pub(crate) struct PreparedOperation {
    pub(crate) document: Arc<ParsedDocument>,
    variables: Variables,
    /// The name of the operation.
    pub(crate) name: Option<String>,
    /// Query, mutation or subscription.
    pub(crate) kind: OperationType,
    /// The number of values in the response if all pages are full.
    pub(crate) cost: usize,
    /// Rows that the database reads besides, for counts and searches.
    pub(crate) work: usize,
    /// Whether the response reports the cost.
    pub(crate) reports_cost: bool,
    /// The minimum data version to read, from `extensions.newsgraphVersion`; 0 for none.
    pub(crate) minimum_version: i64,
}

impl OwnedOperation for PreparedOperation {
    fn operation(&self) -> Result<Operation<'_>, Error> {
        let name = self.name.as_deref();
        let selected = select_operation(&self.document, name);
        let (_, definition) = selected.map_err(|error| Error::Internal(error.message.into()))?;
        let (document, variables) = (&self.document.parsed, &self.variables);
        Ok(Operation { document, name, definition: &definition.node, variables })
    }
}

impl PreparedOperation {
    /// Prepares an operation. Nothing is read from the database.
    pub(crate) fn prepare(app: &AppState, parameters: Parameters) -> Result<Self, RequestError> {
        let limits = &app.operation_rules.limits;
        let extensions = parameters.extensions.unwrap_or_default();
        let persisted = extensions.get("persistedQuery").and_then(|one| one.get("sha256Hash")).and_then(Value::as_str);
        let id = parameters.document_id.as_deref().or(persisted);
        let text = parameters.query.filter(|text| !text.trim().is_empty());
        let document = app.persisted_queries.find(text, id, limits, &app.metrics)?;
        let (name, operation) =
            select_operation(&document, parameters.operation_name.filter(|name| !name.is_empty()).as_deref())?;
        let kind = operation.node.ty;
        let variables = match &parameters.variables {
            None => Variables::default(),
            Some(text) => {
                // The variables of a mutation hold records, as many as fit into the body.
                if kind != OperationType::Mutation {
                    limits::check_variables(text.get(), limits)?;
                }
                let invalid = |error| RequestError::bad_request(format!("`variables` is not a JSON object: {error}"));
                let map: Map<String, Value> = serde_json::from_str(text.get()).map_err(invalid)?;
                Variables::from_json(Value::Object(map))
            }
        };
        let size = check(&document, (name.as_deref(), &operation.node), &variables, &app.operation_rules)?;
        app.persisted_queries.keep(&document);
        let minimum_version = match extensions.get("newsgraphVersion") {
            None | Some(Value::Null) => 0,
            Some(version) => version.as_i64().filter(|version| *version >= 0).ok_or_else(|| {
                let message = "`extensions.newsgraphVersion` is not a data version: send the number that the response to a write has there, or leave it out";
                RequestError::bad_request(message)
            })?,
        };
        let reports_cost = extensions.get("cost").is_some_and(|wanted| *wanted == Value::Bool(true));
        Ok(Self { document, variables, name, kind, cost: size.cost, work: size.work, reports_cost, minimum_version })
    }

    /// The approximate memory of the operation while it is open, in bytes: the library copies the document, and variables take
    /// about ten times the memory of their text.
    pub(crate) fn memory(&self) -> usize {
        let document = usize::try_from(self.document.memory()).unwrap_or(usize::MAX);
        document
            .saturating_mul(2)
            .saturating_add(to_json(&self.variables).len().saturating_mul(10))
            .saturating_add(20_000)
    }

    /// Returns the plan of the operation. Error: `LIMIT` for a document that is too large.
    pub(crate) fn plan(&self, app: &AppState) -> Result<Arc<Plan>, RequestError> {
        Ok(app.plans.plan(self.document.digest, self.operation()?, app.operation_rules.schema())?)
    }

    /// Executes a query or mutation by its plan.
    pub(crate) async fn execute(
        &self,
        app: &AppState,
        session: &Session,
        caller: &Caller,
    ) -> Result<Response, RequestError> {
        Ok(app.api.execute_operation(&*self.plan(app)?, self.operation()?, session, caller).await)
    }

    /// Returns a digest of everything that the response depends on besides the data version: document, operation, variables,
    /// and the scopes of the client. It is the key of the response cache.
    pub(crate) fn digest(&self, client: &Client) -> Digest {
        let mut digest = Sha256::new();
        digest.update(self.document.digest);
        for part in [
            to_json(&self.variables).as_bytes(),
            self.name.as_deref().unwrap_or_default().as_bytes(),
            &[u8::from(self.reports_cost)],
            client.scopes().as_bytes(),
        ] {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        digest.finalize().into()
    }

    /// Rejects a mutation whose result reads more than the ids of what was written: that requires the scope `read`.
    pub(crate) fn require_unread_result(&self, app: &AppState) -> Result<(), RequestError> {
        let (_, operation) = select_operation(&self.document, self.name.as_deref())?;
        match first_node_field(&self.document.parsed, &operation.node, app.operation_rules.schema()) {
            None => Ok(()),
            Some((position, field)) => {
                let message = format!(
                    "Your key or token lacks the scope `read`, so the result of a mutation may have only the `id` of a node, not `{field}`: leave it out, or ask the operator of this server for a key that has the scope"
                );
                Err(RequestError::new(StatusCode::FORBIDDEN, "FORBIDDEN", message).at_position(Some(position)))
            }
        }
    }

    /// Rejects mutations and subscriptions sent by GET (405): a GET may be a link, and a cache may repeat it.
    pub(crate) fn require_query(self) -> Result<Self, RequestError> {
        if self.kind == OperationType::Query {
            return Ok(self);
        }
        let message = "GET runs queries only: send this operation by POST";
        Err(RequestError::method_not_allowed("POST", message))
    }
}
