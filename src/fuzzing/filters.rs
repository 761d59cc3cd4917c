//! Filters given as JSON, for exports and for lists.

use std::sync::LazyLock;

use async_graphql::{Name, Request, Value, Variables};
use entity::record::RecordKind;
use sea_orm::DatabaseBackend;
use sea_orm::sea_query::{Expr, Query};

use crate::auth::{Caller, Scope};
use crate::db::{self, Dialect};
use crate::fuzzing::bytes::Bytes;
use crate::fuzzing::generator::Generator;
use crate::fuzzing::story::{STORY, run};
use crate::graphql::filter::json::condition;
use crate::graphql::filter::{FilterContext, from_json};
use crate::graphql::validation::{SchemaIndex, TypeDefinition};
use crate::graphql::{Session, json};

/// Values that one statement of PostgreSQL may bind.
const MAX_BOUND: usize = 65_535;

/// Reads the bytes as a filter of a node type: as JSON, or as choices of which a filter is made.
///
/// - A filter is refused with a code and a message, or its SQL runs on the story.
/// - Both databases accept and refuse the same filters, and the statement binds no more values than they allow.
/// - An export and a list of the API accept the same filters, and find as many rows.
pub fn filters(data: &[u8]) {
    // Before `run`, which cannot be nested.
    LazyLock::force(&STORY);
    let mut bytes = Bytes(data);
    let kind = *bytes.pick(RecordKind::ALL);
    let type_name = format!("{kind:?}Filter");
    let filter = if bytes.one_in(2) {
        let Ok(filter) = serde_json::from_slice(bytes.0) else { return };
        filter
    } else {
        Generator::new(bytes, &STORY).value_alone(&type_name).into_json().unwrap()
    };
    let schema = SchemaIndex::new(true).unwrap();
    assert!(schema.get(&type_name).is_some(), "the schema has no type {type_name}");
    run(async move {
        let conditions = [DatabaseBackend::Sqlite, DatabaseBackend::Postgres].map(|backend| {
            let made = condition(kind, &filter, &schema, &mut FilterContext::new(Dialect(backend)));
            if let Ok(condition) = &made {
                let select = Query::select().column("id").from(kind.table()).and_where(condition.clone()).take();
                let bound = db::build(backend, &select).values.map_or(0, |values| values.0.len());
                assert!(bound <= MAX_BOUND, "{bound} values are bound");
            }
            made.map(drop).map_err(|error| error.to_string())
        });
        assert_eq!(conditions[0], conditions[1]);
        let exported = count_exported(kind, &filter).await;
        if let Some(listed) = count_listed(&type_name, &filter, &schema).await {
            assert_eq!(exported, listed, "{filter}");
        }
    });
}

/// The number of rows that an export with the filter has; `None` if it is refused.
async fn count_exported(kind: RecordKind, filter: &serde_json::Value) -> Option<i64> {
    let session = Session::new(STORY.db.clone());
    let counted = match from_json(kind, filter, true, &session).await {
        Err(error) => {
            assert!(error.code() != "INTERNAL", "{error}: {filter}");
            None
        }
        Ok(condition) => {
            let count = Query::select()
                .expr_as(Expr::cust("COUNT(*)"), "number")
                .from(kind.table())
                .and_where(condition)
                .take();
            let rows = session.all(&count).await;
            let rows = rows.unwrap_or_else(|error| panic!("{}: {filter}", error.into_error()));
            Some(rows.first().unwrap().get::<i64>("number").unwrap())
        }
    };
    session.end_snapshot().await;
    counted
}

/// The number of rows that a list of the API with the filter has: none if it is refused, and `None` if there is no such list.
async fn count_listed(type_name: &str, filter: &serde_json::Value, schema: &SchemaIndex) -> Option<Option<i64>> {
    let list = schema.get("Query").and_then(TypeDefinition::fields)?.iter().find(|field| {
        field.arguments.iter().any(|one| one.name == "filter" && one.value_type.to_string().starts_with(type_name))
            && field.type_name.ends_with("Connection")
    })?;
    let query = format!("query($filter: {type_name}!) {{ {}(filter: $filter) {{ totalCount }} }}", list.name);
    let mut variables = Variables::default();
    variables.insert(Name::new("filter"), Value::from_json(filter.clone()).ok()?);
    let document = crate::http::graphql::persisted_queries::ParsedDocument::parse(query, &STORY.rules.limits).unwrap();
    let (_, operation) = crate::http::graphql::operation_rules::select_operation(&document, None).unwrap();
    if let Err(error) =
        crate::http::graphql::operation_rules::check(&document, (None, &operation.node), &variables, &STORY.rules)
    {
        // The limits on documents are not those of exports.
        return if error.code == "LIMIT" { None } else { Some(None) };
    }
    let session = Session::new(STORY.db.clone());
    let caller = Caller { name: None, scopes: [Scope::Read].into() };
    let mut request = Request::new(String::new()).variables(variables).data(session.clone()).data(caller);
    request.set_parsed_query(document.parsed.clone());
    let response = STORY.api.execute(request).await;
    session.end_snapshot().await;
    let data: serde_json::Value = serde_json::from_str(&json(&response.data)).unwrap();
    for error in &response.errors {
        assert!(!format!("{:?}", error.extensions).contains("INTERNAL"), "{}: {filter}", error.message);
    }
    Some(data[list.name.as_str()]["totalCount"].as_i64())
}
