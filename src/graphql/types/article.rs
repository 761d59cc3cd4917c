//! Articles: published reports and other works.

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::connection::parents::{foreign_key, join_table};
use crate::graphql::filter::{
    DateFilter, IdFilter, ListFilter, RecordFilter, SlugFilter, StringFilter, filter, from_record, full_text_match,
    has_child, via_join_table,
};
use crate::graphql::long_texts::{RowTexts, read_texts};
use crate::graphql::plan::computed::{Call, FunctionFuture};
use crate::graphql::schema::connection::List;
use crate::graphql::schema::node_type::node_type;
use crate::graphql::schema::root::root_fields;
use crate::graphql::types::actor::{Actor, ActorFilter};
use crate::graphql::types::change::Change;
use crate::graphql::types::date::EdtfDate;
use crate::graphql::types::event::Event;
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::external_id::{ExternalId, ExternalIdFilter};
use crate::graphql::types::figure::{Figure, FigureFilter};
use crate::graphql::types::mention::{Mention, MentionFilter};
use crate::graphql::types::participation::Participation;
use crate::graphql::types::place::{Place, PlaceFilter};
use crate::graphql::types::statement::{Statement, StatementFilter};
use entity::article::{Column, Entity};

node_type! {
    /// A published report or other work. All details are optional: a work may be known only because another article mentions it.
    Article of article as Article, filter ArticleFilter, order ArticleOrderField, facet ArticleFacet,
        dated [PublishedEarliest PublishedLatest] {
        /// Human-readable unique name; null unless a record sets one.
        slug: Option<String> = column(Slug);
        /// Headline.
        headline: Option<String> = column(Headline);
        /// Address at which the article can be read.
        url: Option<String> = column(Url);
        /// Publisher of the article.
        publisher: Option<Actor> = one(PublisherId);
        /// Publication date.
        published: Option<EdtfDate> = date(Published; PublishedEarliest, PublishedLatest);
        /// Time zone of the dateline, an IANA name. Relative dates in the article, such as `on Friday`, are resolved in it.
        time_zone: Option<String> = column(TimeZone);
        /// Dateline: the place where the article was written.
        dateline: Option<Place> = one(DatelinePlaceId);
        /// Language of the article, a BCP 47 tag.
        language: Option<String> = column(Language);
        /// Full text; null if it is not stored. The texts of one response together have at most `--max-response` bytes (`LIMIT`).
        text: Option<String> = function(texts);
        /// SHA-256 of the full text in UTF-8, in hexadecimal.
        text_sha256: Option<String> = column(TextSha256);
        /// Length of the full text in Unicode code points.
        text_length: Option<i32> = column(TextLength);
        /// Authors of the article.
        authors: List<Actor> = many(join_table::<Actor, entity::article_author::Entity>(entity::article_author::Column::ArticleId, entity::article_author::Column::ActorId));
        /// All evidence in this article: every fact that it supports, with the span of text, in text order. Of spans with the same
        /// start, the longer comes first, so that a span always precedes the spans inside of it.
        annotations: List<Evidence> = many(foreign_key(entity::evidence::Column::ArticleId), DefaultOrder::span(entity::evidence::Entity, entity::evidence::Column::Start, entity::evidence::Column::End));
        /// Statements that this article is the first to report, in text order.
        statements: List<Statement> = many(foreign_key(entity::statement::Column::ArticleId), DefaultOrder::position(entity::statement::Entity, entity::statement::Column::Position));
        /// Events with evidence in this article, earliest first.
        events: List<Event> = many(join_table::<Event, entity::evidence::Entity>(entity::evidence::Column::ArticleId, entity::evidence::Column::TargetId), DefaultOrder::date(entity::event::Entity, entity::event::Column::Earliest));
        /// Participations of the article in events, such as being published or taken down.
        participations: List<Participation> = many(foreign_key(entity::participation::Column::ArticleId));
        /// Figures that the article reports in its own voice.
        figures: List<Figure> = many(foreign_key(entity::figure::Column::TargetId));
        /// Names found in the article, resolved to an actor or place or not.
        mentions: List<Mention> = many(foreign_key(entity::mention::Column::ArticleId));
        /// Identifiers in other systems, such as Wikidata.
        external_ids: List<ExternalId> = many(foreign_key(entity::external_id::Column::TargetId));
        /// Evidence: the spans of article text that support this article.
        evidence: List<Evidence> = many(foreign_key(entity::evidence::Column::TargetId));
        /// Audit log of this article and its child records, oldest first. Use `asOf` on root fields for point-in-time reads.
        history: List<Change> = many(foreign_key(entity::change::Column::RecordId));
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
    root_fields {
        /// Looks up one article.
        article: Option<Article> = named;
        /// Paginated list of articles: published reports and other works.
        articles: Option<List<Article>> = list;
    }
}
