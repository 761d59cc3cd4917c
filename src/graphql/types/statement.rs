//! Statements: who said what, as articles report it.

use async_graphql::{Context, ID, Object};

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::histogram::DatedConnectionFields;
use crate::graphql::connection::loader::{foreign_key, join_table};
use crate::graphql::connection::order_by::order;
use crate::graphql::executor::object::ResolvedObject;
use crate::graphql::filter::{
    DateFilter, EnumFilter, IdFilter, ListFilter, RecordFilter, StringFilter, filter, from_record, full_text_match,
    has_child, via_join_table,
};
use crate::graphql::has_many;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::node_type::node_type;
use crate::graphql::loading::session::SharedError;
use crate::graphql::plan::noun::planned;
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::actor::{Actor, ActorFilter};
use crate::graphql::types::article::{Article, ArticleFilter};
use crate::graphql::types::change::Change;
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::date::Date;
use crate::graphql::types::event::{Event, EventFilter};
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::figure::{Figure, FigureFilter};
use crate::graphql::types::node::NodeKind;
use crate::graphql::types::place::{Place, PlaceFilter};
use crate::graphql::types::stance::{Stance, StanceFilter};
use entity::statement::{Attribution, Column, Entity, Medium, QuoteType, SpeechAct};
use entity::statement_about::Column as About;

/// Columns that only the fields of the same names read: they are not loaded unless such a field is selected.
const LAZY_COLUMNS: &[Column] = &[
    Column::Text,
    Column::SpeakerText,
    Column::Cue,
    Column::Platform,
    Column::Act,
    Column::Language,
    Column::Position,
];

belongs_to! {
    statement {
        SPEAKER "speaker": Actor = speaker_id or null;
        PLACE "place": Place = place_id or null;
        ADDRESSEE "addressee": Actor = addressee_id or null;
        ARTICLE "article": Article = article_id or null;
        RELAYS "relays": Statement = relays_id or null;
        VOICE "voice": Actor = voice_id or null;
    }
}

node_type!(Statement of statement, filter StatementFilter, order StatementOrderField, facet StatementFacet, connection_fields DatedConnectionFields<Statement>, dated [Earliest Latest], lazy_columns LAZY_COLUMNS, belongs_to BELONGS_TO);

planned! {
    Statement of statement as Statement, lists [StatementLists] {
        "summary" Text Summary,
        "text" Text Text,
        "speakerText" Text SpeakerText,
        "cue" Text Cue,
        "attribution" Text Attribution,
        "quoteType" Text QuoteType,
        "medium" Text Medium,
        "platform" Text Platform,
        "act" Text Act,
        "language" Text Language,
        dates:
        "saidAt" [Said, SaidRaw; Earliest Latest],
    }
}

/// One act of saying something, as reported by one reporting phrase or quotation. A headline or a repetition is further
/// evidence of the same statement, not another statement.
#[Object]
impl Statement {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> ID {
        NodeKind::Statement.global(self.0.id.0)
    }
    /// The imported record this node was created from: its dataset and key.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// Summary of what is said, in the words of the dataset's authors.
    async fn summary(&self) -> &str {
        &self.0.summary
    }
    /// Verbatim text of what is said; null if it is not stored.
    async fn text(&self) -> Option<&String> {
        self.0.text.as_ref()
    }
    /// The speaker; null exactly when the attribution is UNATTRIBUTED, NARRATION or NOT_RECORDED.
    async fn speaker(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Actor>, SharedError>> {
        self.0.belongs_to(ctx, &SPEAKER).await
    }
    /// The speaker, as printed in the article.
    async fn speaker_text(&self) -> Option<&String> {
        self.0.speaker_text.as_ref()
    }
    /// The reporting word, such as `said` or `claimed`.
    async fn cue(&self) -> Option<&String> {
        self.0.cue.as_ref()
    }
    /// Kind of source to which the statement is attributed.
    async fn attribution(&self) -> Attribution {
        self.0.attribution
    }
    /// Form of quotation: direct, indirect or mixed.
    async fn quote_type(&self) -> QuoteType {
        self.0.quote_type
    }
    /// Medium through which it was said, the most specific one known.
    async fn medium(&self) -> Medium {
        self.0.medium
    }
    /// Service or outlet on which it was said.
    async fn platform(&self) -> Option<&String> {
        self.0.platform.as_ref()
    }
    /// Speech act: accusing, denying, promising and so on.
    async fn act(&self) -> Option<SpeechAct> {
        self.0.act
    }
    /// Language in which it was said, a BCP 47 tag.
    async fn language(&self) -> Option<&String> {
        self.0.language.as_ref()
    }
    /// Time at which it was said; null when not reported.
    async fn said_at(&self) -> Option<ResolvedObject<Date>> {
        Date::of(self.0.said.as_ref(), self.0.said_raw.as_ref(), self.0.earliest, self.0.latest).map(ResolvedObject)
    }
    /// Place where it was said.
    async fn place(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.belongs_to(ctx, &PLACE).await
    }
    /// The actor to whom it was said.
    async fn addressee(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Actor>, SharedError>> {
        self.0.belongs_to(ctx, &ADDRESSEE).await
    }
    /// The first article that reports it.
    async fn article(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Article>, SharedError>> {
        self.0.belongs_to(ctx, &ARTICLE).await
    }
    /// The statement that this one relays (passes on).
    async fn relays(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Statement>, SharedError>> {
        self.0.belongs_to(ctx, &RELAYS).await
    }
    /// The voice behind the statement: the speaker at the end of the chain of relays, or the publisher for the
    /// article's own voice (NARRATION). Null for an unnamed voice.
    async fn voice(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Actor>, SharedError>> {
        self.0.belongs_to(ctx, &VOICE).await
    }
    #[graphql(flatten)]
    async fn lists(&self) -> StatementLists {
        StatementLists(self.0.clone())
    }
}

has_many! {
    StatementLists of Entity, named "Statement" {
    /// Stances that the statement takes on claims.
    stances: Stance = foreign_key(entity::stance::Column::StatementId);
    /// Actors that the statement is about.
    about_actors: Actor = join_table::<Actor, entity::statement_about::Entity>(About::StatementId, About::TargetId);
    /// Events that the statement is about.
    about_events: Event = join_table::<Event, entity::statement_about::Entity>(About::StatementId, About::TargetId);
    /// Places that the statement is about.
    about_places: Place = join_table::<Place, entity::statement_about::Entity>(About::StatementId, About::TargetId);
    /// Figures that the statement reports.
    figures: Figure = foreign_key(entity::figure::Column::TargetId);
    /// Statements that relay this one (pass it on).
    relayed_by: Statement = foreign_key(Column::RelaysId);
    /// Evidence: the spans of article text that support this statement.
    evidence: Evidence = foreign_key(entity::evidence::Column::TargetId);
    /// Audit log of this statement and its child records, oldest first. Use `asOf` on root fields for point-in-time reads.
    history: Change = foreign_key(entity::change::Column::RecordId);
    /// Evidence of facts that are reported within this statement.
    reported_evidence: Evidence = foreign_key(entity::evidence::Column::StatementId);
    }
}

filter! {
    /// Filter for statements.
    StatementFilter of statement {
        /// Global id.
        id: IdFilter = id(Id of Statement);
        /// The imported record this node was created from: its dataset and key.
        record: RecordFilter = with(from_record::<entity::statement::Entity>);
        /// Full-text search in summary, text and printed speaker; syntax as in `Query.search`.
        search: String = with(full_text_match::<entity::statement::Entity>);
        /// Kind of source to which the statement is attributed.
        attribution: EnumFilter<Attribution> = column(Attribution);
        /// Form of quotation: direct, indirect or mixed.
        quote_type: EnumFilter<QuoteType> = column(QuoteType);
        /// Medium through which it was said.
        medium: EnumFilter<Medium> = column(Medium);
        /// Service or outlet on which it was said; exact match, case-sensitive.
        platform: StringFilter = column(Platform);
        /// Speech act.
        act: EnumFilter<SpeechAct> = column(Act);
        /// Language in which it was said, a BCP 47 tag; exact match, case-sensitive.
        language: StringFilter = column(Language);
        /// Time at which it was said.
        said_at: DateFilter = date(Said Earliest Latest);
        /// The statement's speaker.
        speaker: Box<ActorFilter> = one(SpeakerId);
        /// The voice behind the statement, at the end of the chain of relays.
        voice: Box<ActorFilter> = one(VoiceId);
        /// The actor to whom it was said.
        addressee: Box<ActorFilter> = one(AddresseeId);
        /// Place where it was said.
        place: Box<PlaceFilter> = one(PlaceId);
        /// The first article that reports it.
        article: Box<ArticleFilter> = one(ArticleId);
        /// The statement that this one relays (passes on).
        relays: Box<StatementFilter> = one(RelaysId);
        /// Actors that the statement is about.
        about_actors: ListFilter<ActorFilter> = many(via_join_table::<Entity, entity::statement_about::Entity>(About::StatementId, About::TargetId));
        /// Events that the statement is about.
        about_events: ListFilter<EventFilter> = many(via_join_table::<Entity, entity::statement_about::Entity>(About::StatementId, About::TargetId));
        /// Places that the statement is about.
        about_places: ListFilter<PlaceFilter> = many(via_join_table::<Entity, entity::statement_about::Entity>(About::StatementId, About::TargetId));
        /// The statement's stances.
        stances: ListFilter<StanceFilter> = many(has_child::<Entity, _>(entity::stance::Column::StatementId));
        /// The statement's figures.
        figures: ListFilter<FigureFilter> = many(has_child::<Entity, _>(entity::figure::Column::TargetId));
        /// The statement's evidence.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::statement::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// Facets of statements.
    StatementFacet of statement {
        /// The speaker.
        Speaker = FacetValues::node(Column::SpeakerId, NodeKind::Actor),
        /// The voice behind the statement, at the end of the chain of relays.
        Voice = FacetValues::node(Column::VoiceId, NodeKind::Actor),
        /// Kind of source to which the statement is attributed.
        Attribution = FacetValues::column(Column::Attribution),
        /// Medium through which it was said.
        Medium = FacetValues::column(Column::Medium),
        /// Form of quotation.
        QuoteType = FacetValues::column(Column::QuoteType),
        /// Speech act.
        Act = FacetValues::column(Column::Act),
        /// Language in which it was said, a BCP 47 tag.
        Language = FacetValues::column(Column::Language),
        /// Service or outlet on which it was said.
        Platform = FacetValues::column(Column::Platform),
        /// The article that first reports it.
        Article = FacetValues::node(Column::ArticleId, NodeKind::Article),
    }
}

order! {
    /// Sort keys for statements.
    StatementOrderField {
        /// Import order.
        Recorded = Recorded,
        /// Earliest time at which the statement may have been said.
        SaidAt = Number (Entity, Column::Earliest),
    }
}

root_fields! {
    StatementQuery of Statement {
        lists {
            /// Paginated list of statements: who said what.
            statements;
        }
        one {
            /// Looks up one statement.
            statement Statement;
        }
    }
}
