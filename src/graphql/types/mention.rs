//! Names seen in articles and not yet judged.

use async_graphql::{Context, ID, Object};

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::keyset::order;
use crate::graphql::executor::resolve::ResolvedObject;
use crate::graphql::filter::{EnumFilter, IdFilter, RecordFilter, StringFilter, filter, from_record};
use crate::graphql::loading::batch::node_type;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::session::{SharedError, present};
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

node_type!(Mention of mention, filter MentionFilter, order MentionOrderField, facet MentionFacet, refers REFERENCES);

/// A name seen in an article and not yet judged, or judged to name an actor or place.
#[Object]
impl Mention {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        NodeKind::Mention.global(self.0.id.0)
    }
    /// The record that it came with.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// The article.
    async fn article(&self, ctx: &Context<'_>) -> Result<ResolvedObject<Article>, SharedError> {
        present(self.0.one(ctx, &ARTICLE).await)
    }
    /// The name as written there.
    async fn text(&self) -> &str {
        &self.0.text
    }
    /// What it seems to name.
    async fn kind(&self) -> MentionKind {
        self.0.kind
    }
    /// First code point in the article's text, from 0.
    async fn start(&self) -> Option<i32> {
        self.0.start
    }
    /// The actor or place that it was judged to name.
    async fn resolved_to(&self, ctx: &Context<'_>) -> Option<Result<Node, SharedError>> {
        target_if(&self.0, ctx, |row| Some((row.target_id?.0, row.target_kind))).await
    }
}

filter! {
    /// Which mentions.
    MentionFilter of mention {
        /// The id.
        id: IdFilter = id(Id of Mention);
        /// The record that it came with.
        record: RecordFilter = with(from_record::<entity::mention::Entity>);
        /// The name as written, letter for letter.
        text: StringFilter = column(Text);
        /// What it seems to name.
        kind: EnumFilter<MentionKind> = column(Kind);
        /// The article.
        article: Box<ArticleFilter> = one(ArticleId);
    }
}

facet! {
    /// By what mentions can be counted.
    MentionFacet of mention {
        /// What is named.
        Kind = Values::words(Column::Kind),
        /// The name as it is written.
        Text = Values::words(Column::Text),
    }
}

order! {
    /// By what mentions can be ordered.
    MentionOrderField {
        /// In the order in which they were recorded.
        Recorded = Recorded,
    }
}

root_fields! {
    MentionQuery of Mention {
        lists {
            /// Names seen in articles and not yet judged.
            mentions;
        }
    }
}
