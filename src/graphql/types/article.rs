//! Articles: published reports and other works.

use std::collections::HashMap;

use async_graphql::{Context, ID, Object};

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::histogram::DatedConnectionFields;
use crate::graphql::connection::loader::{foreign_key, join_table};
use crate::graphql::connection::order_by::order;
use crate::graphql::executor::object::ResolvedObject;
use crate::graphql::filter::{
    DateFilter, IdFilter, ListFilter, RecordFilter, SlugFilter, StringFilter, filter, from_record, full_text_match,
    has_child, via_join_table,
};
use crate::graphql::has_many;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::long_texts::{RowTexts, read_texts};
use crate::graphql::loading::node_type::node_type;
use crate::graphql::loading::session::{SharedError, session};
use crate::graphql::plan::computed::{Call, FunctionFuture};
use crate::graphql::plan::noun::planned;
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::actor::{Actor, ActorFilter};
use crate::graphql::types::change::Change;
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::date::Date;
use crate::graphql::types::event::Event;
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::external_id::{ExternalId, ExternalIdFilter};
use crate::graphql::types::figure::{Figure, FigureFilter};
use crate::graphql::types::mention::{Mention, MentionFilter};
use crate::graphql::types::node::NodeKind;
use crate::graphql::types::participation::Participation;
use crate::graphql::types::place::{Place, PlaceFilter};
use crate::graphql::types::statement::{Statement, StatementFilter};
use entity::article::{Column, Entity};

/// Columns that only the fields of the same names read: they are not loaded unless such a field is selected.
const LAZY_COLUMNS: &[Column] = &[
    Column::Slug,
    Column::Headline,
    Column::Url,
    Column::TimeZone,
    Column::Language,
    Column::TextSha256,
    Column::TextLength,
];

belongs_to! {
    article {
        PUBLISHER "publisher": Actor = publisher_id or null;
        DATELINE "dateline": Place = dateline_place_id or null;
    }
}

node_type!(Article of article, filter ArticleFilter, order ArticleOrderField, facet ArticleFacet, connection_fields DatedConnectionFields<Article>, dated [PublishedEarliest PublishedLatest], large_columns [Text], lazy_columns LAZY_COLUMNS, belongs_to BELONGS_TO);

planned! {
    Article of article as Article, lists [ArticleLists] {
        "slug" Text Slug,
        "headline" Text Headline,
        "url" Text Url,
        "timeZone" Text TimeZone,
        "language" Text Language,
        "textSha256" Text TextSha256,
        "textLength" Int TextLength,
        dates:
        "published" [Published; PublishedEarliest PublishedLatest],
        functions:
        "text" texts,
    }
}

/// A published report or other work. All details are optional: a work may be known only because another article mentions it.
#[Object]
impl Article {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> ID {
        NodeKind::Article.global(self.0.id.0)
    }
    /// The imported record this node was created from: its dataset and key.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// Human-readable unique name; null unless a record sets one.
    async fn slug(&self) -> Option<&String> {
        self.0.slug.as_ref()
    }
    /// Headline.
    async fn headline(&self) -> Option<&String> {
        self.0.headline.as_ref()
    }
    /// Address at which the article can be read.
    async fn url(&self) -> Option<&String> {
        self.0.url.as_ref()
    }
    /// Publisher of the article.
    async fn publisher(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Actor>, SharedError>> {
        self.0.belongs_to(ctx, &PUBLISHER).await
    }
    /// Publication date.
    async fn published(&self) -> Option<ResolvedObject<Date>> {
        Date::of(self.0.published.as_ref(), None, self.0.published_earliest, self.0.published_latest)
            .map(ResolvedObject)
    }
    /// Time zone of the dateline, an IANA name. Relative dates in the article, such as `on Friday`, are resolved in it.
    async fn time_zone(&self) -> Option<&String> {
        self.0.time_zone.as_ref()
    }
    /// Dateline: the place where the article was written.
    async fn dateline(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.belongs_to(ctx, &DATELINE).await
    }
    /// Language of the article, a BCP 47 tag.
    async fn language(&self) -> Option<&String> {
        self.0.language.as_ref()
    }
    /// Full text; null if it is not stored. The texts of one response together have at most `--max-response` bytes (`LIMIT`).
    async fn text(&self, ctx: &Context<'_>) -> Option<Result<String, SharedError>> {
        // Loaded in a separate query, because texts are much larger than the rest of the rows.
        let texts = self.0.load_for_batch(ctx, async |rows| {
            let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
            read_texts(session(ctx)?, "article", &["text"], &ids).await
        });
        let text = |texts: &HashMap<i64, RowTexts>| texts.get(&self.0.id.0)?.first()?.1.clone();
        texts.await.map(|texts| text(&texts)).transpose()
    }
    /// SHA-256 of the full text in UTF-8, in hexadecimal.
    #[graphql(name = "textSha256")]
    async fn text_sha256(&self) -> Option<&String> {
        self.0.text_sha256.as_ref()
    }
    /// Length of the full text in Unicode code points.
    async fn text_length(&self) -> Option<i32> {
        self.0.text_length
    }
    #[graphql(flatten)]
    async fn lists(&self) -> ArticleLists {
        ArticleLists(self.0.clone())
    }
}

/// Returns the texts of articles.
fn texts<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let texts = read_texts(call.session, "article", &["text"], call.ids).await?;
        let text = |columns: RowTexts| columns.into_iter().next().and_then(|(_, text)| text);
        Ok(texts.into_iter().map(|(id, columns)| (id, text(columns).into())).collect())
    })
}

has_many! {
    ArticleLists of Entity, named "Article" {
    /// Authors of the article.
    authors: Actor = join_table::<Actor, entity::article_author::Entity>(entity::article_author::Column::ArticleId, entity::article_author::Column::ActorId);
    /// All evidence in this article: every fact that it supports, with the span of text, in text order. Of spans with the same
    /// start, the longer comes first, so that a span always precedes the spans inside of it.
    annotations: Evidence = foreign_key(entity::evidence::Column::ArticleId), default_order span (entity::evidence::Entity, entity::evidence::Column::Start), (entity::evidence::Entity, entity::evidence::Column::End);
    /// Statements that this article is the first to report, in text order.
    statements: Statement = foreign_key(entity::statement::Column::ArticleId), default_order position (entity::statement::Entity, entity::statement::Column::Position);
    /// Events with evidence in this article, earliest first.
    events: Event = join_table::<Event, entity::evidence::Entity>(entity::evidence::Column::ArticleId, entity::evidence::Column::TargetId), default_order date (entity::event::Entity, entity::event::Column::Earliest);
    /// Participations of the article in events, such as being published or taken down.
    participations: Participation = foreign_key(entity::participation::Column::ArticleId);
    /// Figures that the article reports in its own voice.
    figures: Figure = foreign_key(entity::figure::Column::TargetId);
    /// Names found in the article, resolved to an actor or place or not.
    mentions: Mention = foreign_key(entity::mention::Column::ArticleId);
    /// Identifiers in other systems, such as Wikidata.
    external_ids: ExternalId = foreign_key(entity::external_id::Column::TargetId);
    /// Evidence: the spans of article text that support this article.
    evidence: Evidence = foreign_key(entity::evidence::Column::TargetId);
    /// Audit log of this article and its child records, oldest first. Use `asOf` on root fields for point-in-time reads.
    history: Change = foreign_key(entity::change::Column::RecordId);
    }
}

filter! {
    /// Filter for articles.
    ArticleFilter of article {
        /// Global id.
        id: IdFilter = id(Id of Article);
        /// The imported record this node was created from: its dataset and key.
        record: RecordFilter = with(from_record::<entity::article::Entity>);
        /// Full-text search in headline and text; syntax as in `Query.search`.
        search: String = with(full_text_match::<entity::article::Entity>);
        /// Human-readable unique name.
        slug: SlugFilter = slug_of(Slug of Article);
        /// Headline; exact match, case-sensitive.
        headline: StringFilter = column(Headline);
        /// Address of the article; exact match, case-sensitive.
        url: StringFilter = column(Url);
        /// Language of the article, a BCP 47 tag; exact match, case-sensitive.
        language: StringFilter = column(Language);
        /// Publication date.
        published: DateFilter = date(Published PublishedEarliest PublishedLatest);
        /// The article's publisher.
        publisher: Box<ActorFilter> = one(PublisherId);
        /// The article's authors.
        authors: ListFilter<ActorFilter> = many(via_join_table::<Entity, entity::article_author::Entity>(entity::article_author::Column::ArticleId, entity::article_author::Column::ActorId));
        /// The place where the article was written.
        dateline: Box<PlaceFilter> = one(DatelinePlaceId);
        /// All evidence in the article.
        annotations: ListFilter<EvidenceFilter> = many(has_child::<Entity, _>(entity::evidence::Column::ArticleId));
        /// The statements that the article is the first to report.
        statements: ListFilter<StatementFilter> = many(has_child::<Entity, _>(entity::statement::Column::ArticleId));
        /// The names found in the article.
        mentions: ListFilter<MentionFilter> = many(has_child::<Entity, _>(entity::mention::Column::ArticleId));
        /// The figures that the article reports in its own voice.
        figures: ListFilter<FigureFilter> = many(has_child::<Entity, _>(entity::figure::Column::TargetId));
        /// The article's external ids.
        external_ids: ListFilter<ExternalIdFilter> = many(has_child::<Entity, _>(entity::external_id::Column::TargetId));
    }
}

facet! {
    /// Facets of articles.
    ArticleFacet of article {
        /// Publisher of the article.
        Publisher = FacetValues::node(Column::PublisherId, NodeKind::Actor),
        /// Language of the article, a BCP 47 tag.
        Language = FacetValues::column(Column::Language),
    }
}

order! {
    /// Sort keys for articles.
    ArticleOrderField {
        /// Import order.
        Recorded = Recorded,
        /// Earliest possible publication date.
        Published = Number (Entity, Column::PublishedEarliest),
    }
}

root_fields! {
    ArticleQuery of Article {
        lists {
            /// Paginated list of articles: published reports and other works.
            articles;
        }
        named {
            /// Looks up one article.
            article Article;
        }
    }
}
