//! The graph as a subgraph of Apollo Federation 2: nodes are entities with the key `id`, to which other subgraphs add
//! fields.
//!
//! async-graphql's own federation support would read each entity separately (N+1). Here those of one node type are read in one
//! statement.

use std::sync::LazyLock;

use async_graphql::registry::{MetaType, MetaTypeId, Registry};
use async_graphql::{ID, InputValueError, InputValueResult, OutputType, Scalar, ScalarType, Value};

use crate::error::Error;
use crate::graphql::connection::page_args::MAX_PAGE_SIZE;
use crate::graphql::plan::computed::{Call, Computed, FunctionFuture, NodeRef};
use crate::graphql::schema::object::{declared, object, union_type};
use crate::graphql::schema::root::root_fields;
use crate::graphql::types::node::{Node, NodeKind, parse};
use crate::graphql::types::node_query::surviving;

/// The schema that the gateway gets from this subgraph.
static SUBGRAPH: LazyLock<String> = LazyLock::new(|| annotated(&crate::graphql::sdl()));

/// The schema extension that declares Federation 2 and imports its directives.
const LINK: &str =
    "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.3\", import: [\"@key\", \"@shareable\"])\n\n";

/// Returns the schema as a subgraph, in the GraphQL schema definition language (SDL).
pub fn sdl() -> &'static str {
    &SUBGRAPH
}

/// Adds the directives of a subgraph to a schema: nodes have the key `id`, and `PageInfo`, which other Relay schemas
/// have too, is shareable.
fn annotated(sdl: &str) -> String {
    let mut annotated = String::from(LINK);
    for line in sdl.lines() {
        let is_node =
            line.starts_with("type ") && line.ends_with('{') && line.contains(" implements ") && line.contains("Node");
        let directive = if is_node {
            " @key(fields: \"id\") {"
        } else if line == "type PageInfo {" {
            " @shareable {"
        } else {
            annotated.push_str(line);
            annotated.push('\n');
            continue;
        };
        annotated.push_str(line.trim_end_matches(" {"));
        annotated.push_str(directive);
        annotated.push('\n');
    }
    annotated
}

/// The representation of an entity by type and id, as the gateway sends it: `{"__typename": "Event", "id": "..."}`.
pub struct Representation {
    typename: String,
    id: ID,
}

/// The representation of an entity by type and id, as the gateway sends it: `{"__typename": "Event", "id": "..."}`.
#[Scalar(name = "_Any")]
impl ScalarType for Representation {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::Object(object) = &value else { return Err(InputValueError::expected_type(value)) };
        match (object.get("__typename"), object.get("id")) {
            (Some(Value::String(typename)), Some(Value::String(id))) => {
                Ok(Self { typename: typename.clone(), id: id.clone().into() })
            }
            _ => Err(InputValueError::custom("a representation must have `__typename` and `id`")),
        }
    }

    fn to_value(&self) -> Value {
        Value::from_json(serde_json::json!({ "__typename": self.typename, "id": self.id })).unwrap_or_default()
    }
}

declared! {
    /// An entity: a node that other subgraphs reference by its id.
    Entity, named "_Entity", registered by |registry: &mut Registry| {
        registry.create_output_type::<Entity, _>(MetaTypeId::Union, |registry| {
            Node::create_type_info(registry);
            let possible_types = match registry.types.get(Node::type_name().as_ref()) {
                Some(MetaType::Interface { possible_types, .. }) => possible_types.clone(),
                _ => Default::default(),
            };
            union_type::<Entity>("An entity: a node that other subgraphs reference by its id.", possible_types)
        })
    }
}

object! {
    /// The description of this subgraph for a gateway.
    Service, named "_Service" {
        /// The schema with the directives of Apollo Federation 2, in SDL.
        sdl: String = own;
    }
}

root_fields! {
    root_fields {
        /// The description of this subgraph.
        _service: Service = function(service);
        /// Resolves entities by type and id, in the order of `representations`, with null where there is none of that type.
        ///
        /// Errors: `BAD_INPUT` for a malformed id; `LIMIT` for more than 500 representations.
        _entities(
            representations: Vec<Representation>, "Representations of the entities, at most 500.";
        ): Vec<Option<Entity>> = function(entities);
    }
}

/// Returns the description of this subgraph.
fn service<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move { Ok(call.at_root(Computed::object("_Service", [("sdl", sdl().into())]))) })
}

/// Resolves entities by type and id.
fn entities<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let representations: Vec<Representation> = call.argument("representations")?;
        if representations.len() > MAX_PAGE_SIZE as usize {
            let message = format!(
                "`representations` has {} entries: request at most {MAX_PAGE_SIZE} at once",
                representations.len()
            );
            return Err(Error::Limit(message).into());
        }
        let ids = representations.iter().map(|one| parse(&one.id)).collect::<Result<Vec<_>, Error>>()?;
        let found = surviving(call.session, &ids).await?;
        let entity = |(one, (kind, id)): (&Representation, (NodeKind, i64))| {
            Computed::Node(NodeRef { kind, id, type_name: Some(one.typename.clone()) })
        };
        Ok(call.at_root(Computed::List(representations.iter().zip(found).map(entity).collect())))
    })
}
