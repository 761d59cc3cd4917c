//! Global ids, and the interface of all that has one.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use async_graphql::registry::{MetaType, MetaTypeId, Registry};
use async_graphql::{Context, ID, Object, OutputType};
use data_encoding::BASE64URL_NOPAD;
use entity::record::RecordKind;
use sea_orm::sea_query::{Expr, Func, Query};
use sea_orm::{ActiveEnum, EntityTrait};

use crate::error::{Error, Result};
use crate::graphql::loading::batch::Row;
use crate::graphql::loading::node_type::NodeType;
use crate::graphql::loading::projection::Projection;
use crate::graphql::loading::session::{Session, SharedError, required, session};
use crate::graphql::types::account::Account;
use crate::graphql::types::actor::{Actor, AnonymousSource, Group, Organization, Person};
use crate::graphql::types::article::Article;
use crate::graphql::types::change::Change;
use crate::graphql::types::claim::Claim;
use crate::graphql::types::dataset::Dataset;
use crate::graphql::types::event::Event;
use crate::graphql::types::event_link::EventLink;
use crate::graphql::types::evidence::Evidence;
use crate::graphql::types::external_id::ExternalId;
use crate::graphql::types::figure::Figure;
use crate::graphql::types::mention::Mention;
use crate::graphql::types::merge::Merge;
use crate::graphql::types::name::Name;
use crate::graphql::types::participation::Participation;
use crate::graphql::types::place::Place;
use crate::graphql::types::relation::Relation;
use crate::graphql::types::stance::Stance;
use crate::graphql::types::statement::Statement;

/// Declares the types of nodes: those that are imported as records, and three more.
macro_rules! nodes {
    ($($(#[doc = $doc:literal])+ $kind:ident $module:ident,)+) => {
        nodes! { @ Dataset dataset None, $($kind $module Some(RecordKind::$kind),)+ Merge merge None, Change change None, }
    };
    (@ $($kind:ident $module:ident $stored:expr,)+) => {
        /// The types of nodes: what a global id can refer to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum NodeKind { $(#[allow(missing_docs)] $kind,)+ }

        impl NodeKind {
            pub(super) const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// Returns the table of the type's rows; global ids contain it.
            pub(crate) fn table(self) -> &'static str {
                match self { $(Self::$kind => stringify!($module),)+ }
            }

            /// Returns the kind of record; none for datasets, merges and changes.
            pub(crate) fn stored(self) -> Option<RecordKind> {
                match self { $(Self::$kind => $stored,)+ }
            }
        }

        /// Reads rows of one type by their ids, in no particular order.
        pub(crate) async fn load(session: &Session, kind: NodeKind, ids: &[i64]) -> Result<Vec<(i64, Node)>, SharedError> {
            match kind {
                $(NodeKind::$kind => {
                    let batch = Projection::<$kind>::all_columns().load_by(session, entity::$module::Column::Id, ids).await?;
                    Ok((0..ids.len()).filter_map(|at| {
                        let row: Row<entity::$module::Entity> = Row::get(&batch, at)?;
                        Some((row.id.0, Node::from($kind::from_row(row))))
                    }).collect())
                })+
            }
        }
    };
}
entity::for_each_record_kind!(nodes);

impl NodeKind {
    /// Returns the global id of a row: opaque to clients, and stable for the lifetime of the node.
    pub(crate) fn global(self, number: i64) -> ID {
        // Most rows of a response need one, so the text is built on the stack. 48 bytes hold the longest table name and
        // number.
        let mut plain = [0; 48];
        let mut rest = plain.as_mut_slice();
        let _ = write!(rest, "{}:{number}", self.table());
        let free = rest.len();
        BASE64URL_NOPAD.encode(&plain[..plain.len() - free]).into()
    }

    /// Returns the type's name in plain words, such as `event link`.
    pub(crate) fn words(self) -> String {
        self.table().replace('_', " ")
    }

    /// Returns the node type of a kind of record.
    pub(crate) fn of_stored(kind: RecordKind) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.stored() == Some(kind))
    }

    /// Returns the node type with a word for its kind of record.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.stored().is_some_and(|stored| stored.to_value() == word))
    }

    /// The columns of the type's one-line label: the first that is not null counts. Empty for types without such a text.
    fn label_columns(self) -> &'static [&'static str] {
        match self {
            Self::Dataset => &["title", "key"],
            Self::Article => &["headline", "url"],
            Self::Actor | Self::Place | Self::Account => &["label"],
            Self::Event => &["title"],
            Self::Statement => &["summary"],
            Self::Claim | Self::Name | Self::Mention => &["text"],
            Self::Figure => &["counted"],
            Self::ExternalId => &["value"],
            Self::Relation
            | Self::Participation
            | Self::EventLink
            | Self::Stance
            | Self::Evidence
            | Self::Merge
            | Self::Change => &[],
        }
    }

    /// Reads the one-line labels of nodes of this type.
    pub(crate) async fn labels(self, session: &Session, ids: &[i64]) -> Result<HashMap<i64, String>, SharedError> {
        let columns = self.label_columns();
        if columns.is_empty() || ids.is_empty() {
            return Ok(HashMap::new());
        }
        let (table, dialect) = (self.table(), session.dialect());
        // The last argument because SQLite takes no single one.
        let texts = columns.iter().map(|column| Expr::col((table, *column))).chain([Expr::val(Option::<String>::None)]);
        let label = Func::coalesce(texts);
        let select = Query::select()
            .column((table, "id"))
            .expr_as(label, "text")
            .from(table)
            .and_where(dialect.is_one_of(Expr::col((table, "id")), dialect.numbers(ids)))
            .take();
        let rows = session.all(&select).await?;
        let labels = rows.iter().filter_map(|row| match (row.get("id"), row.get::<Option<String>>("text")) {
            (Ok(id), Ok(text)) => Some(Ok((id, text?))),
            (Err(error), _) | (_, Err(error)) => Some(Err(error.into())),
        });
        labels.collect()
    }

    /// Returns true if nodes of this type can be merged. The id of a merged node then refers to the node that was kept.
    pub(crate) fn is_mergeable(self) -> bool {
        self.stored().is_some_and(RecordKind::is_mergeable)
    }

    /// Returns the row id of a global id of this type. Error: `BAD_INPUT` for a malformed id or another type.
    pub(crate) fn number(self, id: &ID) -> Result<i64> {
        let (kind, number) = parse(id)?;
        if kind == self {
            return Ok(number);
        }
        Err(Error::BadInput(format!(
            "`{}` is an id of type {}; an id of type {} is expected",
            id.as_str(),
            kind.words(),
            self.words()
        )))
    }
}

/// Returns the node type and row id of a global id. Error: `BAD_INPUT` for a malformed id.
pub(crate) fn parse(id: &ID) -> Result<(NodeKind, i64)> {
    let read = || {
        let bytes = BASE64URL_NOPAD.decode(id.as_bytes()).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (table, number) = text.split_once(':')?;
        let kind = NodeKind::ALL.iter().copied().find(|kind| kind.table() == table)?;
        Some((kind, number.parse().ok()?))
    };
    read().ok_or_else(|| {
        Error::BadInput(format!(
            "`{}` is not a valid id: use an `id` that this API returned",
            id.as_str().chars().take(80).collect::<String>()
        ))
    })
}

/// Returns the global id of a record's node.
pub(crate) fn global(kind: RecordKind, number: i64) -> String {
    let node = NodeKind::ALL.iter().find(|node| node.stored() == Some(kind));
    node.map(|node| node.global(number).to_string()).unwrap_or_default()
}

/// Declares the enum of an interface or union, and how its objects are resolved.
macro_rules! abstract_type {
    ($(#[doc = $doc:literal])+ $name:ident is $($type:ident)|+, registered by $register:expr) => {
        $(#[doc = $doc])+
        #[derive(Clone)]
        pub enum $name { $(#[allow(missing_docs)] $type($type),)+ }

        $(impl From<$type> for $name {
            fn from(node: $type) -> Self {
                Self::$type(node)
            }
        })+

        impl async_graphql::OutputType for $name {
            fn type_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn introspection_type_name(&self) -> std::borrow::Cow<'static, str> {
                match self { $(Self::$type(_) => <$type as async_graphql::OutputType>::type_name(),)+ }
            }

            fn create_type_info(registry: &mut async_graphql::registry::Registry) -> String {
                let types = |registry: &mut async_graphql::registry::Registry| {
                    vec![$(<$type as async_graphql::OutputType>::create_type_info(registry)),+]
                };
                ($register)(registry, concat!($($doc, "\n"),+), types)
            }

            async fn resolve(&self, ctx: &async_graphql::ContextSelectionSet<'_>, _: &async_graphql::Positioned<async_graphql::parser::types::Field>) -> async_graphql::ServerResult<async_graphql::Value> {
                Box::pin($crate::graphql::executor::object::resolve_object(ctx, self)).await
            }
        }

        impl async_graphql::ContainerType for $name {
            async fn resolve_field(&self, ctx: &async_graphql::Context<'_>) -> async_graphql::ServerResult<Option<async_graphql::Value>> {
                match self { $(Self::$type(inner) => inner.resolve_field(ctx).await,)+ }
            }

            fn collect_all_fields<'a>(&'a self, ctx: &async_graphql::ContextSelectionSet<'a>, fields: &mut async_graphql::resolver_utils::Fields<'a>) -> async_graphql::ServerResult<()> {
                match self { $(Self::$type(inner) => inner.collect_all_fields(ctx, fields),)+ }
            }
        }
    };
}
pub(crate) use abstract_type;

/// Declares an interface. Its fields are those of an object that all types of the interface flatten.
macro_rules! interface {
    ($(#[doc = $doc:literal])+ $name:ident is $($type:ident)|+, with $fields:ty $(, under $above:literal)?) => {
        $crate::graphql::types::node::abstract_type! {
            $(#[doc = $doc])+
            $name is $($type)|+, registered by |registry: &mut async_graphql::registry::Registry, description, types| {
                $crate::graphql::types::node::register::<$name, $fields>(registry, description, types, &[$($above)?])
            }
        }
    };
}
pub(crate) use interface;

/// Declares a union.
macro_rules! union {
    ($(#[doc = $doc:literal])+ $name:ident is $($type:ident)|+) => {
        $crate::graphql::types::node::abstract_type! {
            $(#[doc = $doc])+
            $name is $($type)|+, registered by $crate::graphql::types::node::register_union::<$name>
        }
    };
}
pub(crate) use union;

/// Registers a union of types.
pub(crate) fn register_union<T: OutputType>(
    registry: &mut Registry,
    description: &str,
    types: impl Fn(&mut Registry) -> Vec<String>,
) -> String {
    let name = T::type_name().to_string();
    registry.create_output_type::<T, _>(MetaTypeId::Union, |registry| MetaType::Union {
        name: name.clone(),
        description: Some(description.trim().to_owned()),
        possible_types: types(registry).iter().map(|name| name.trim_end_matches('!').to_owned()).collect(),
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        rust_typename: Some(std::any::type_name::<T>()),
        directive_invocations: Vec::new(),
    })
}

/// Registers an interface with the fields of `F` and the types that implement it.
pub(crate) fn register<T: OutputType, F: OutputType>(
    registry: &mut Registry,
    description: &str,
    types: impl Fn(&mut Registry) -> Vec<String>,
    above: &[&str],
) -> String {
    let name = T::type_name().to_string();
    registry.create_output_type::<T, _>(MetaTypeId::Interface, |registry| {
        let fields = match registry.create_fake_output_type::<F>() {
            MetaType::Object { fields, .. } => fields,
            _ => Default::default(),
        };
        let possible: Vec<String> = types(registry).iter().map(|name| name.trim_end_matches('!').to_owned()).collect();
        for one in &possible {
            registry.add_implements(one, &name);
            // The interface's fields refer back to its types, so a type may be registered before the fields are known.
            // Such a type gets the fields here.
            if let Some(MetaType::Object { fields: own, .. }) = registry.types.get_mut(one) {
                let mut all = fields.clone();
                all.extend(std::mem::take(own));
                *own = all;
            }
        }
        for above in above {
            registry.add_implements(&name, above);
        }
        MetaType::Interface {
            name: name.clone(),
            description: Some(description.trim().to_owned()),
            fields,
            possible_types: possible.into_iter().collect(),
            extends: false,
            keys: None,
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            rust_typename: Some(std::any::type_name::<T>()),
            directive_invocations: Vec::new(),
            requires_scopes: Vec::new(),
        }
    })
}

/// The fields that all nodes have.
pub struct NodeFields(pub(crate) ID);

/// The fields that all nodes have.
#[Object]
impl NodeFields {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> &ID {
        &self.0
    }
}

interface! {
    /// An object with a global id (Relay Global Object Identification).
    Node is Dataset | Article | Person | Organization | Group | AnonymousSource | Name | Place | Relation | Event | Participation
        | EventLink | Account | Statement | Claim | Stance | Figure | Evidence | Mention | ExternalId | Merge | Change,
    with NodeFields
}

impl Node {
    /// Returns a one-line label; none for types without such a text.
    pub(crate) fn label(&self) -> Option<String> {
        match self {
            Self::Dataset(dataset) => dataset.0.title.clone().or_else(|| Some(dataset.0.key.clone())),
            Self::Article(article) => article.0.headline.clone().or_else(|| article.0.url.clone()),
            Self::Person(Person(actor))
            | Self::Organization(Organization(actor))
            | Self::Group(Group(actor))
            | Self::AnonymousSource(AnonymousSource(actor)) => Some(actor.label.clone()),
            Self::Place(place) => Some(place.0.label.clone()),
            Self::Event(event) => event.0.title.clone(),
            Self::Account(account) => Some(account.0.label.clone()),
            Self::Statement(statement) => Some(statement.0.summary.clone()),
            Self::Claim(claim) => Some(claim.0.text.clone()),
            Self::Name(name) => Some(name.0.text.clone()),
            Self::Mention(mention) => Some(mention.0.text.clone()),
            Self::Figure(figure) => Some(figure.0.counted.clone()),
            Self::ExternalId(id) => Some(id.0.value.clone()),
            Self::Relation(_)
            | Self::Participation(_)
            | Self::EventLink(_)
            | Self::Stance(_)
            | Self::Evidence(_)
            | Self::Merge(_)
            | Self::Change(_) => None,
        }
    }
}

impl From<Actor> for Node {
    fn from(actor: Actor) -> Self {
        match actor {
            Actor::Person(person) => Self::Person(person),
            Actor::Organization(organization) => Self::Organization(organization),
            Actor::Group(group) => Self::Group(group),
            Actor::AnonymousSource(source) => Self::AnonymousSource(source),
        }
    }
}

/// The id of a row and its kind of record, if that is stored.
type Target = (i64, Option<RecordKind>);

/// Returns the node that a polymorphic column refers to. The nodes of the whole batch are loaded with one SQL statement
/// per type.
///
/// `of` returns the id and the kind of record. Without a kind, as for the bearer of a name, the node is an actor or a
/// place.
pub(crate) async fn target_if<E>(
    row: &Row<E>,
    ctx: &Context<'_>,
    of: fn(&E::Model) -> Option<Target>,
) -> Option<Result<Node, SharedError>>
where
    E: EntityTrait<Model: Send + Sync>,
{
    let (wanted, _) = of(row)?;
    let found = row.load_for_batch(ctx, async |rows| {
        let mut found = HashMap::new();
        for kind in NodeKind::ALL {
            let of_kind = |stored: Option<RecordKind>| match stored {
                Some(stored) => kind.stored() == Some(stored),
                None => matches!(kind, NodeKind::Actor | NodeKind::Place),
            };
            let mut numbers: Vec<i64> =
                rows.iter().filter_map(of).filter(|(_, stored)| of_kind(*stored)).map(|(number, _)| number).collect();
            numbers.sort_unstable();
            numbers.dedup();
            if !numbers.is_empty() {
                found.extend(load(session(ctx)?, *kind, &numbers).await?);
            }
        }
        Ok(found)
    });
    found.await.map(|found: Arc<HashMap<i64, Node>>| found.get(&wanted).cloned()).transpose()
}

/// [`target_if`] for a column that is never null.
pub(crate) async fn target<E>(
    row: &Row<E>,
    ctx: &Context<'_>,
    of: fn(&E::Model) -> Option<Target>,
) -> Result<Node, SharedError>
where
    E: EntityTrait<Model: Send + Sync>,
{
    required(target_if(row, ctx, of).await)
}
