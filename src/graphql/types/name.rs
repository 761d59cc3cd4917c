//! Names of actors and places.

use async_graphql::{Context, ID, Object};

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::keyset::order;
use crate::graphql::connection::loader::by;
use crate::graphql::filter::{
    EnumFilter, IdFilter, ListFilter, RecordFilter, StringFilter, filter, from_record, has_child,
};
use crate::graphql::has_many;
use crate::graphql::loading::batch::node_type;
use crate::graphql::loading::session::SharedError;
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::node::{Node, NodeKind, target};
use entity::name::NameKind;

node_type!(Name of name, filter NameFilter, order NameOrderField, facet NameFacet);

/// What an actor or place is called.
#[Object]
impl Name {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        NodeKind::Name.global(self.0.id.0)
    }
    /// The record that it came with.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// The name as written; a handle without its `@`.
    async fn text(&self) -> &str {
        &self.0.text
    }
    /// BCP 47 language tag.
    async fn language(&self) -> Option<&String> {
        self.0.language.as_ref()
    }
    /// ISO 15924 code of its script, computed from the text.
    async fn script(&self) -> Option<&String> {
        self.0.script.as_ref()
    }
    /// What sort of name it is.
    async fn kind(&self) -> NameKind {
        self.0.kind
    }
    /// The actor or place that bears it.
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
    /// Where it is written.
    evidence: Evidence = by(entity::evidence::Column::TargetId);
    }
}

filter! {
    /// Which names, as rows of their own.
    NameFilter of name {
        /// The id.
        id: IdFilter = id(Id of Name);
        /// The record that it came with.
        record: RecordFilter = with(from_record::<entity::name::Entity>);
        /// The text, letter for letter.
        text: StringFilter = column(Text);
        /// The language tag.
        language: StringFilter = column(Language);
        /// The script.
        script: StringFilter = column(Script);
        /// The sort of name.
        kind: EnumFilter<NameKind> = column(Kind);
        /// Where it is written.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::name::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// By what names can be counted.
    NameFacet of name {
        /// What kind of name it is.
        Kind = Values::words(Column::Kind),
        /// The language, a BCP 47 tag.
        Language = Values::words(Column::Language),
        /// The script, an ISO 15924 code.
        Script = Values::words(Column::Script),
    }
}

order! {
    /// By what names can be ordered.
    NameOrderField {
        /// In the order in which they were recorded.
        Recorded = Recorded,
        /// By the text, code point by code point.
        Text = Text (entity::name::Entity, entity::name::Column::Text),
    }
}
