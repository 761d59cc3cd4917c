//! Mentions: names found in articles, before and after they are resolved to an actor or place.

use async_graphql::{Context, ID, Object};

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::executor::object::ResolvedObject;
use crate::graphql::filter::{EnumFilter, IdFilter, RecordFilter, StringFilter, filter, from_record};
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::node_type::node_type;
use crate::graphql::loading::session::{SharedError, required};
use crate::graphql::plan::noun::planned;
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::article::{Article, ArticleFilter};
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::node::{Node, NodeKind, target_if};
use entity::mention::MentionKind;

belongs_to! {
    mention {
        ARTICLE "article": Article = article_id;
    }
}

node_type!(Mention of mention, filter MentionFilter, order MentionOrderField, facet MentionFacet, belongs_to BELONGS_TO);

planned! {
    Mention of mention as Mention, lists [] {
        "text" Text Text,
        "kind" Text Kind,
        "start" Int Start,
        nodes:
        "resolvedTo" [TargetId, TargetKind],
    }
}

/// A name found in an article: unresolved, or resolved to the actor or place it refers to.
#[Object]
impl Mention {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> ID {
        NodeKind::Mention.global(self.0.id.0)
    }
    /// The imported record this node was created from: its dataset and key.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// The article that contains the name.
    async fn article(&self, ctx: &Context<'_>) -> Result<ResolvedObject<Article>, SharedError> {
        required(self.0.belongs_to(ctx, &ARTICLE).await)
    }
    /// The name as written in the article.
    async fn text(&self) -> &str {
        &self.0.text
    }
    /// Kind of entity that the name seems to refer to.
    async fn kind(&self) -> MentionKind {
        self.0.kind
    }
    /// Start of the name in the article's text, in Unicode code points from 0; null when not recorded.
    async fn start(&self) -> Option<i32> {
        self.0.start
    }
    /// The actor or place that the name refers to; null while the mention is unresolved.
    async fn resolved_to(&self, ctx: &Context<'_>) -> Option<Result<Node, SharedError>> {
        target_if(&self.0, ctx, |row| Some((row.target_id?.0, row.target_kind))).await
    }
}

filter! {
    /// Filter for mentions.
    MentionFilter of mention {
        /// Global id.
        id: IdFilter = id(Id of Mention);
        /// The imported record this node was created from: its dataset and key.
        record: RecordFilter = with(from_record::<entity::mention::Entity>);
        /// The name as written; exact match, case-sensitive.
        text: StringFilter = column(Text);
        /// Kind of entity that the name seems to refer to.
        kind: EnumFilter<MentionKind> = column(Kind);
        /// The mention's article.
        article: Box<ArticleFilter> = one(ArticleId);
    }
}

facet! {
    /// Facets of mentions.
    MentionFacet of mention {
        /// Kind of entity that the name seems to refer to.
        Kind = FacetValues::column(Column::Kind),
        /// The name as written.
        Text = FacetValues::column(Column::Text),
    }
}

order! {
    /// Sort keys for mentions.
    MentionOrderField {
        /// Import order.
        Recorded = Recorded,
    }
}

root_fields! {
    MentionQuery of Mention {
        lists {
            /// Paginated list of mentions: names found in articles.
            mentions;
        }
    }
}
