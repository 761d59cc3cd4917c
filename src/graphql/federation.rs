//! The graph as a subgraph of Apollo Federation 2: things by their ids, for other subgraphs that add fields to them.
//!
//! The library would look each thing up on its own; here those of one noun are read together, as everywhere.

use std::borrow::Cow;
use std::sync::LazyLock;

use async_graphql::parser::types::Field;
use async_graphql::registry::{MetaType, MetaTypeId, Registry};
use async_graphql::{
    Context, ContextSelectionSet, ID, InputValueError, InputValueResult, Object, OutputType, Positioned, Scalar,
    ScalarType, ServerResult, SimpleObject, Value,
};

use crate::error::Error;
use crate::graphql::connection::page_args::LONGEST_PAGE;
use crate::graphql::loading::session::{SharedError, session};
use crate::graphql::types::node::{Node, parse};
use crate::graphql::types::node_query::named;

/// What the gateway is told of this subgraph.
static SUBGRAPH: LazyLock<String> = LazyLock::new(|| annotated(&crate::graphql::sdl()));

/// What makes a schema one of Federation 2.
const LINK: &str =
    "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.3\", import: [\"@key\", \"@shareable\"])\n\n";

/// The schema in the schema definition language, as a subgraph.
pub fn sdl() -> &'static str {
    &SUBGRAPH
}

/// The schema with the marks of a subgraph: things are known by their ids, and what Relay gives to all schemas is shared.
fn annotated(sdl: &str) -> String {
    let mut marked = String::from(LINK);
    for line in sdl.lines() {
        let is_node =
            line.starts_with("type ") && line.ends_with('{') && line.contains(" implements ") && line.contains("Node");
        let mark = if is_node {
            " @key(fields: \"id\") {"
        } else if line == "type PageInfo {" {
            " @shareable {"
        } else {
            marked.push_str(line);
            marked.push('\n');
            continue;
        };
        marked.push_str(line.trim_end_matches(" {"));
        marked.push_str(mark);
        marked.push('\n');
    }
    marked
}

/// A thing by its type and id, as the gateway names it: `{"__typename": "Event", "id": "..."}`.
pub struct Representation {
    typename: String,
    id: ID,
}

/// A thing by its type and id, as the gateway names it: `{"__typename": "Event", "id": "..."}`.
#[Scalar(name = "_Any")]
impl ScalarType for Representation {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::Object(object) = &value else { return Err(InputValueError::expected_type(value)) };
        match (object.get("__typename"), object.get("id")) {
            (Some(Value::String(typename)), Some(Value::String(id))) => {
                Ok(Self { typename: typename.clone(), id: id.clone().into() })
            }
            _ => Err(InputValueError::custom("a representation has `__typename` and `id`")),
        }
    }

    fn to_value(&self) -> Value {
        Value::from_json(serde_json::json!({ "__typename": self.typename, "id": self.id })).unwrap_or_default()
    }
}

/// A thing that other subgraphs know by its id.
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
                description: Some("A thing that other subgraphs know by its id.".into()),
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

/// What a gateway asks of a subgraph about itself.
#[derive(SimpleObject)]
#[graphql(name = "_Service")]
pub struct Service {
    /// The schema, with the marks of Apollo Federation 2.
    sdl: &'static str,
}

/// What a gateway asks of a subgraph.
#[derive(Default)]
pub struct SubgraphQuery;

/// What a gateway asks of a subgraph.
#[Object]
impl SubgraphQuery {
    /// What this subgraph is.
    #[graphql(name = "_service")]
    async fn service(&self) -> Service {
        Service { sdl: sdl() }
    }

    /// Things by type and id, in the order in which they are named; null where there is none of that type. Errors:
    /// `BAD_INPUT` for text that is no id, `LIMIT` for more than 500.
    #[graphql(name = "_entities")]
    async fn entities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The things, at most 500.")] representations: Vec<Representation>,
    ) -> Result<Vec<Option<Entity>>, SharedError> {
        if representations.len() > LONGEST_PAGE as usize {
            return Err(Error::Limit(format!(
                "{} representations are more than a page: ask for at most {LONGEST_PAGE}",
                representations.len()
            ))
            .into());
        }
        let ids = representations.iter().map(|one| parse(&one.id)).collect::<Result<Vec<_>, Error>>()?;
        let found = named(session(ctx)?, &ids).await?;
        let things = representations.iter().zip(&ids).map(|(one, id)| {
            let node = found.get(id).filter(|node| Node::introspection_type_name(node) == one.typename)?;
            Some(Entity(node.clone()))
        });
        Ok(things.collect())
    }
}
