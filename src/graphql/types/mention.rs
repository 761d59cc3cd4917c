//! Mentions: names found in articles, before and after they are resolved to an actor or place.

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::filter::{EnumFilter, IdFilter, RecordFilter, StringFilter, filter, from_record};
use crate::graphql::schema::connection::List;
use crate::graphql::schema::node_type::node_type;
use crate::graphql::schema::root::root_fields;
use crate::graphql::types::article::{Article, ArticleFilter};
use crate::graphql::types::node::Node;
use entity::mention::MentionKind;

node_type! {
    /// A name found in an article: unresolved, or resolved to the actor or place it refers to.
    Mention of mention as Mention, filter MentionFilter, order MentionOrderField, facet MentionFacet {
        /// The article that contains the name.
        article: Article = one(ArticleId);
        /// The name as written in the article.
        text: String = column(Text);
        /// Kind of entity that the name seems to refer to.
        kind: MentionKind = column(Kind);
        /// Start of the name in the article's text, in Unicode code points from 0; null when not recorded.
        start: Option<i32> = column(Start);
        /// The actor or place that the name refers to; null while the mention is unresolved.
        resolved_to: Option<Node> = node(TargetId, TargetKind);
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
    root_fields {
        /// Paginated list of mentions: names found in articles.
        mentions: Option<List<Mention>> = list;
    }
}
