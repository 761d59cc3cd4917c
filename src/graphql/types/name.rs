//! Names of actors and places.

use async_graphql::{Context, ID, Object};

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::loader::foreign_key;
use crate::graphql::connection::order_by::order;
use crate::graphql::filter::{
    EnumFilter, IdFilter, ListFilter, RecordFilter, StringFilter, filter, from_record, has_child,
};
use crate::graphql::has_many;
use crate::graphql::loading::node_type::node_type;
use crate::graphql::loading::session::SharedError;
use crate::graphql::plan::noun::planned;
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::node::{Node, NodeKind, target};
use entity::name::NameKind;

node_type!(Name of name, filter NameFilter, order NameOrderField, facet NameFacet);

planned! {
    Name of name as Name, lists [NameLists] {
        "text" Text Text,
        "language" Text Language,
        "script" Text Script,
        "kind" Text Kind,
        nodes:
        "bearer" [TargetId],
    }
}

/// A name of an actor or place.
#[Object]
impl Name {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> ID {
        NodeKind::Name.global(self.0.id.0)
    }
    /// The imported record this node was created from: its dataset and key.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// The name as written; a handle without the leading `@`.
    async fn text(&self) -> &str {
        &self.0.text
    }
    /// Language of the name, a BCP 47 tag.
    async fn language(&self) -> Option<&String> {
        self.0.language.as_ref()
    }
    /// Script of the name, an ISO 15924 code; computed from the text.
    async fn script(&self) -> Option<&String> {
        self.0.script.as_ref()
    }
    /// Kind of name.
    async fn kind(&self) -> NameKind {
        self.0.kind
    }
    /// The actor or place that has this name.
    async fn bearer(&self, ctx: &Context<'_>) -> Result<Node, SharedError> {
        target(&self.0, ctx, |row| Some((row.target_id.0, None))).await
    }
    #[graphql(flatten)]
    async fn lists(&self) -> NameLists {
        NameLists(self.0.clone())
    }
}

has_many! {
    NameLists of entity::name::Entity, named "Name" {
    /// Evidence: the spans of article text that support this name.
    evidence: Evidence = foreign_key(entity::evidence::Column::TargetId);
    }
}

filter! {
    /// Filter for names as nodes of their own. To find actors and places by a name in any script, use their filter
    /// `name`.
    NameFilter of name {
        /// Global id.
        id: IdFilter = id(Id of Name);
        /// The imported record this node was created from: its dataset and key.
        record: RecordFilter = with(from_record::<entity::name::Entity>);
        /// The name as written; exact match, case-sensitive.
        text: StringFilter = column(Text);
        /// Language of the name, a BCP 47 tag; exact match, case-sensitive.
        language: StringFilter = column(Language);
        /// Script of the name, an ISO 15924 code; exact match, case-sensitive.
        script: StringFilter = column(Script);
        /// Kind of name.
        kind: EnumFilter<NameKind> = column(Kind);
        /// The name's evidence.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::name::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// Facets of names.
    NameFacet of name {
        /// Kind of name.
        Kind = FacetValues::column(Column::Kind),
        /// Language of the name, a BCP 47 tag.
        Language = FacetValues::column(Column::Language),
        /// Script of the name, an ISO 15924 code.
        Script = FacetValues::column(Column::Script),
    }
}

order! {
    /// Sort keys for names.
    NameOrderField {
        /// Import order.
        Recorded = Recorded,
        /// The name as written, compared by code point.
        Text = Text (entity::name::Entity, entity::name::Column::Text),
    }
}
