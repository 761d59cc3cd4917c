//! Published reports and works.

use async_graphql::{Context, ID, Object};
use sea_orm::sea_query::{Expr, Query};

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::histogram::DatedList;
use crate::graphql::connection::keyset::order;
use crate::graphql::connection::loader::{by, through};
use crate::graphql::executor::resolve::ResolvedObject;
use crate::graphql::filter::{
    DateFilter, IdFilter, ListFilter, RecordFilter, SlugFilter, StringFilter, filter, from_record, has_child, searched,
    via_join_table,
};
use crate::graphql::has_many;
use crate::graphql::loading::batch::node_type;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::session::{SharedError, session};
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

/// What only the fields of these names show.
const SPARE: &[Column] = &[
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

node_type!(Article of article, filter ArticleFilter, order ArticleOrderField, facet ArticleFacet, chart DatedList<Article>, dated [PublishedEarliest PublishedLatest], large [Text], spare SPARE, refers REFERENCES);

/// A published report or work. A work may be known only by mention, an outlet may be named without a link.
#[Object]
impl Article {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        NodeKind::Article.global(self.0.id.0)
    }
    /// The record that it came with.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// A readable unique name, where one was given.
    async fn slug(&self) -> Option<&String> {
        self.0.slug.as_ref()
    }
    /// Its headline.
    async fn headline(&self) -> Option<&String> {
        self.0.headline.as_ref()
    }
    /// Where it can be read.
    async fn url(&self) -> Option<&String> {
        self.0.url.as_ref()
    }
    /// Who published it.
    async fn publisher(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Actor>, SharedError>> {
        self.0.one(ctx, &PUBLISHER).await
    }
    /// When it was published.
    async fn published(&self) -> Option<ResolvedObject<Date>> {
        Date::of(self.0.published.as_ref(), None, self.0.published_earliest, self.0.published_latest)
            .map(ResolvedObject)
    }
    /// IANA time zone of the dateline, against which its relative days resolve.
    async fn time_zone(&self) -> Option<&String> {
        self.0.time_zone.as_ref()
    }
    /// Where it was written.
    async fn dateline(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.one(ctx, &DATELINE).await
    }
    /// BCP 47 language tag.
    async fn language(&self) -> Option<&String> {
        self.0.language.as_ref()
    }
    /// The text, where it may be kept.
    async fn text(&self, ctx: &Context<'_>) -> Option<Result<String, SharedError>> {
        // Read for itself: with every row it would be most of what is read.
        let texts = self.0.shared(ctx, async |rows| {
            let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
            let session = session(ctx)?;
            let dialect = session.dialect();
            let select = Query::select()
                .columns([Column::Id, Column::Text])
                .from(Entity)
                .and_where(dialect.is_one_of(Expr::col((Entity, Column::Id)), dialect.numbers(&ids)))
                .take();
            let mut texts = std::collections::HashMap::new();
            for row in session.all(&select).await? {
                texts.insert(row.try_get::<i64>("", "id")?, row.try_get::<Option<String>>("", "text")?);
            }
            Ok(texts)
        });
        texts.await.map(|texts| texts.get(&self.0.id.0).cloned().flatten()).transpose()
    }
    /// SHA-256 of the text in UTF-8, in hexadecimal.
    #[graphql(name = "textSha256")]
    async fn text_sha256(&self) -> Option<&String> {
        self.0.text_sha256.as_ref()
    }
    /// Length of the text in Unicode code points.
    async fn text_length(&self) -> Option<i32> {
        self.0.text_length
    }
    #[graphql(flatten)]
    async fn lists(&self) -> ArticleLists {
        ArticleLists(self.0.clone())
    }
}

has_many! {
    ArticleLists of Entity, named "Article" {
    /// Who wrote it.
    authors: Actor = through::<Actor, entity::article_author::Entity>(entity::article_author::Column::ArticleId, entity::article_author::Column::ActorId);
    /// Every fact that is written in it with its span, in the order of the text; of spans that begin together the longer first,
    /// so that each stands before those within it.
    annotations: Evidence = by(entity::evidence::Column::ArticleId), usually Number Asc (entity::evidence::Entity, entity::evidence::Column::Start), Number Desc (entity::evidence::Entity, entity::evidence::Column::End);
    /// The statements that it is the first to report, in the order of the text.
    statements: Statement = by(entity::statement::Column::ArticleId), usually Number Asc (entity::statement::Entity, entity::statement::Column::Position);
    /// The events that are written of in it, by when they happened.
    events: Event = through::<Event, entity::evidence::Entity>(entity::evidence::Column::ArticleId, entity::evidence::Column::TargetId), usually Number Asc (entity::event::Entity, entity::event::Column::Earliest);
    /// The parts it has in events, as a work that is published or taken down.
    participations: Participation = by(entity::participation::Column::ArticleId);
    /// Numbers that it gives in its own voice.
    figures: Figure = by(entity::figure::Column::TargetId);
    /// Names seen in it and not yet judged.
    mentions: Mention = by(entity::mention::Column::ArticleId);
    /// Its ids elsewhere.
    external_ids: ExternalId = by(entity::external_id::Column::TargetId);
    /// Where it is written.
    evidence: Evidence = by(entity::evidence::Column::TargetId);
    /// What was written of it and its parts, oldest first; `asOf` of the root fields reads it as it was.
    history: Change = by(entity::change::Column::RecordId);
    }
}

filter! {
    /// Which articles.
    ArticleFilter of article {
        /// The id.
        id: IdFilter = id(Id of Article);
        /// The record that it came with.
        record: RecordFilter = with(from_record::<entity::article::Entity>);
        /// The words are in its headline or text: see `Query.search`.
        search: String = with(searched::<entity::article::Entity>);
        /// The slug.
        slug: SlugFilter = slug_of(Slug of Article);
        /// The headline, letter for letter.
        headline: StringFilter = column(Headline);
        /// The address.
        url: StringFilter = column(Url);
        /// The language tag.
        language: StringFilter = column(Language);
        /// When it was published.
        published: DateFilter = date(Published PublishedEarliest PublishedLatest);
        /// Who published it.
        publisher: Box<ActorFilter> = one(PublisherId);
        /// Who wrote it.
        authors: ListFilter<ActorFilter> = many(via_join_table::<Entity, entity::article_author::Entity>(entity::article_author::Column::ArticleId, entity::article_author::Column::ActorId));
        /// Where it was written.
        dateline: Box<PlaceFilter> = one(DatelinePlaceId);
        /// What is written in it.
        annotations: ListFilter<EvidenceFilter> = many(has_child::<Entity, _>(entity::evidence::Column::ArticleId));
        /// The statements that it reports.
        statements: ListFilter<StatementFilter> = many(has_child::<Entity, _>(entity::statement::Column::ArticleId));
        /// Names seen in it.
        mentions: ListFilter<MentionFilter> = many(has_child::<Entity, _>(entity::mention::Column::ArticleId));
        /// Numbers that it gives.
        figures: ListFilter<FigureFilter> = many(has_child::<Entity, _>(entity::figure::Column::TargetId));
        /// Its ids elsewhere.
        external_ids: ListFilter<ExternalIdFilter> = many(has_child::<Entity, _>(entity::external_id::Column::TargetId));
    }
}

facet! {
    /// By what articles can be counted.
    ArticleFacet of article {
        /// The publisher.
        Publisher = Values::things(Column::PublisherId, NodeKind::Actor),
        /// The language, a BCP 47 tag.
        Language = Values::words(Column::Language),
    }
}

order! {
    /// By what articles can be ordered.
    ArticleOrderField {
        /// In the order in which they were recorded.
        Recorded = Recorded,
        /// By when they were published.
        Published = Number (Entity, Column::PublishedEarliest),
    }
}

root_fields! {
    ArticleQuery of Article {
        lists {
            /// Published reports and works.
            articles;
        }
        named {
            /// An article.
            article Article;
        }
    }
}
