//! Global ids, and the interface of all that has one.

use std::collections::HashMap;
use std::io::{Cursor, Write};

use async_graphql::registry::Registry;
use async_graphql::{ID, OutputType};
use data_encoding::BASE64URL_NOPAD;
use entity::record::RecordKind;
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Expr, Func, Query};

use crate::error::{Error, Result};
use crate::graphql::schema::node_type::id;
use crate::graphql::schema::object::{declared, register_interface};
use crate::graphql::session::{Session, SharedError};
use crate::graphql::types::account::Account;
use crate::graphql::types::actor::{AnonymousSource, Group, Organization, Person};
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
            const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// Returns the table of the type's rows; global ids contain it.
            pub(crate) fn table(self) -> &'static str {
                match self { $(Self::$kind => stringify!($module),)+ }
            }

            /// Returns the kind of record; none for datasets, merges and changes.
            pub(crate) fn stored(self) -> Option<RecordKind> {
                match self { $(Self::$kind => $stored,)+ }
            }
        }
    };
}
entity::for_each_record_kind!(nodes);

impl NodeKind {
    /// Returns the global id of a row: opaque to clients, and stable for the lifetime of the node.
    pub(crate) fn global(self, number: i64) -> ID {
        let mut id = Vec::new();
        self.write_global(number, &mut id);
        // It has letters, digits, `-` and `_` only.
        String::from_utf8(id).unwrap_or_default().into()
    }

    /// Appends the global id of a row to a text.
    pub(crate) fn write_global(self, number: i64, out: &mut Vec<u8>) {
        // Most rows of a response need one, so both texts are built on the stack, without a format string. 48 bytes hold the longest
        // table name and number.
        let (mut plain, mut encoded) = (Cursor::new([0; 48]), [0; 64]);
        let _ = plain.write_all(self.table().as_bytes());
        let _ = plain.write_all(b":");
        let _ = serde_json::to_writer(&mut plain, &number);
        let plain = plain.get_ref().get(..usize::try_from(plain.position()).unwrap_or_default()).unwrap_or_default();
        if let Some(encoded) = encoded.get_mut(..BASE64URL_NOPAD.encode_len(plain.len())) {
            BASE64URL_NOPAD.encode_mut(plain, encoded);
            out.extend_from_slice(encoded);
        }
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

declared! {
    /// An object with a global id (Relay Global Object Identification).
    Node, registered by |registry: &mut Registry| {
        let description = "An object with a global id (Relay Global Object Identification).";
        register_interface::<Node>(registry, description, &[id()], |registry| {
            [
                Dataset::create_type_info,
                Article::create_type_info,
                Person::create_type_info,
                Organization::create_type_info,
                Group::create_type_info,
                AnonymousSource::create_type_info,
                Name::create_type_info,
                Place::create_type_info,
                Relation::create_type_info,
                Event::create_type_info,
                Participation::create_type_info,
                EventLink::create_type_info,
                Account::create_type_info,
                Statement::create_type_info,
                Claim::create_type_info,
                Stance::create_type_info,
                Figure::create_type_info,
                Evidence::create_type_info,
                Mention::create_type_info,
                ExternalId::create_type_info,
                Merge::create_type_info,
                Change::create_type_info,
            ]
            .map(|register| register(registry))
            .into()
        }, &[])
    }
}
