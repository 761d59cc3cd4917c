//! The graph as a subgraph of Apollo Federation 2: nodes are entities with the key `id`, to which other subgraphs add
//! fields.
//!
//! async-graphql's own federation support would resolve each entity separately (N+1). Here the entities of one node
//! type are loaded in one batch.

use std::borrow::Cow;
use std::sync::LazyLock;

use async_graphql::parser::types::Field;
use async_graphql::registry::{MetaType, MetaTypeId, Registry};
use async_graphql::{
    Context, ContextSelectionSet, ID, InputValueError, InputValueResult, Object, OutputType, Positioned, Scalar,
    ScalarType, ServerResult, SimpleObject, Value,
};

use crate::error::Error;
use crate::graphql::connection::page_args::MAX_PAGE_SIZE;
use crate::graphql::loading::session::{SharedError, session};
use crate::graphql::plan::computed::{Call, Computed, FunctionFuture, NodeRef};
use crate::graphql::types::node::{Node, NodeKind, parse};
use crate::graphql::types::node_query::{load_nodes, surviving};

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

/// An entity: a node that other subgraphs reference by its id.
pub struct Entity(Node);

impl OutputType for Entity {
    fn type_name() -> Cow<'static, str> {
        "_Entity".into()
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        self.0.introspection_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Union, |registry| {
            Node::create_type_info(registry);
            let possible_types = match registry.types.get(Node::type_name().as_ref()) {
                Some(MetaType::Interface { possible_types, .. }) => possible_types.clone(),
                _ => Default::default(),
            };
            MetaType::Union {
                name: Self::type_name().to_string(),
                description: Some("An entity: a node that other subgraphs reference by its id.".into()),
                possible_types,
                visible: None,
                inaccessible: false,
                tags: Vec::new(),
                rust_typename: Some(std::any::type_name::<Self>()),
                directive_invocations: Vec::new(),
            }
        })
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        self.0.resolve(ctx, field).await
    }
}

/// The description of this subgraph for a gateway.
#[derive(SimpleObject)]
#[graphql(name = "_Service")]
pub struct Service {
    /// The schema with the directives of Apollo Federation 2, in SDL.
    sdl: &'static str,
}

/// The root fields that a gateway uses.
#[derive(Default)]
pub struct SubgraphQuery;

/// The root fields that a gateway uses.
#[Object]
impl SubgraphQuery {
    /// The description of this subgraph.
    #[graphql(name = "_service")]
    async fn service(&self) -> Service {
        Service { sdl: sdl() }
    }

    /// Resolves entities by type and id, in the order of `representations`, with null where there is none of that type.
    ///
    /// Errors: `BAD_INPUT` for a malformed id; `LIMIT` for more than 500 representations.
    #[graphql(name = "_entities")]
    async fn entities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Representations of the entities, at most 500.")] representations: Vec<Representation>,
    ) -> Result<Vec<Option<Entity>>, SharedError> {
        if representations.len() > MAX_PAGE_SIZE as usize {
            return Err(Error::Limit(format!(
                "`representations` has {} entries: request at most {MAX_PAGE_SIZE} at once",
                representations.len()
            ))
            .into());
        }
        let ids = representations.iter().map(|one| parse(&one.id)).collect::<Result<Vec<_>, Error>>()?;
        let found = load_nodes(session(ctx)?, &ids).await?;
        let entities = representations.iter().zip(&ids).map(|(one, id)| {
            let node = found.get(id).filter(|node| Node::introspection_type_name(node) == one.typename)?;
            Some(Entity(node.clone()))
        });
        Ok(entities.collect())
    }
}

/// Returns the description of this subgraph.
pub(crate) fn service<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move { Ok(call.at_root(Computed::object("_Service", [("sdl", sdl().into())]))) })
}

/// Resolves entities by type and id.
pub(crate) fn entities<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
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
