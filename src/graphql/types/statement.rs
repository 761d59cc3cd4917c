//! Acts of saying.

use async_graphql::{Context, ID, Object};

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::histogram::DatedList;
use crate::graphql::connection::keyset::order;
use crate::graphql::connection::loader::{by, through};
use crate::graphql::executor::resolve::ResolvedObject;
use crate::graphql::filter::{
    DateFilter, EnumFilter, IdFilter, ListFilter, RecordFilter, StringFilter, filter, from_record, has_child, searched,
    via_join_table,
};
use crate::graphql::has_many;
use crate::graphql::loading::batch::node_type;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::session::SharedError;
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

/// What only the fields of these names show.
const SPARE: &[Column] = &[
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

node_type!(Statement of statement, filter StatementFilter, order StatementOrderField, facet StatementFacet, chart DatedList<Statement>, dated [Earliest Latest], spare SPARE, refers REFERENCES);

/// One act of saying, as one reporting phrase or quotation gives it. A headline or a repetition is more evidence of it,
/// not another statement.
#[Object]
impl Statement {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        NodeKind::Statement.global(self.0.id.0)
    }
    /// The record that it came with.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// What is said, in words of this graph's makers.
    async fn summary(&self) -> &str {
        &self.0.summary
    }
    /// What is said, word for word, where it may be kept.
    async fn text(&self) -> Option<&String> {
        self.0.text.as_ref()
    }
    /// Who says it; null exactly when the attribution is UNATTRIBUTED, NARRATION or NOT_RECORDED.
    async fn speaker(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Actor>, SharedError>> {
        self.0.one(ctx, &SPEAKER).await
    }
    /// The speaker as printed.
    async fn speaker_text(&self) -> Option<&String> {
        self.0.speaker_text.as_ref()
    }
    /// The reporting word: said, claimed.
    async fn cue(&self) -> Option<&String> {
        self.0.cue.as_ref()
    }
    /// How it is attributed.
    async fn attribution(&self) -> Attribution {
        self.0.attribution
    }
    /// Quoted or told.
    async fn quote_type(&self) -> QuoteType {
        self.0.quote_type
    }
    /// By what means it was said, the most specific one known.
    async fn medium(&self) -> Medium {
        self.0.medium
    }
    /// The service or outlet on which it was said.
    async fn platform(&self) -> Option<&String> {
        self.0.platform.as_ref()
    }
    /// What is done by saying it.
    async fn act(&self) -> Option<SpeechAct> {
        self.0.act
    }
    /// BCP 47 tag of the language it was said in.
    async fn language(&self) -> Option<&String> {
        self.0.language.as_ref()
    }
    /// When it was said; null when not told.
    async fn said_at(&self) -> Option<ResolvedObject<Date>> {
        Date::of(self.0.said.as_ref(), self.0.said_raw.as_ref(), self.0.earliest, self.0.latest).map(ResolvedObject)
    }
    /// Where it was said.
    async fn place(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.one(ctx, &PLACE).await
    }
    /// To whom.
    async fn addressee(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Actor>, SharedError>> {
        self.0.one(ctx, &ADDRESSEE).await
    }
    /// The first article that reports it.
    async fn article(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Article>, SharedError>> {
        self.0.one(ctx, &ARTICLE).await
    }
    /// The statement that it passes on.
    async fn relays(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Statement>, SharedError>> {
        self.0.one(ctx, &RELAYS).await
    }
    /// Whose voice it is: the speaker at the end of the chain of relays, for the article's own voice the publisher; null for
    /// an unnamed voice.
    async fn voice(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Actor>, SharedError>> {
        self.0.one(ctx, &VOICE).await
    }
    #[graphql(flatten)]
    async fn lists(&self) -> StatementLists {
        StatementLists(self.0.clone())
    }
}

has_many! {
    StatementLists of Entity, named "Statement" {
    /// The sides it takes on claims.
    stances: Stance = by(entity::stance::Column::StatementId);
    /// The actors it is about.
    about_actors: Actor = through::<Actor, entity::statement_about::Entity>(About::StatementId, About::TargetId);
    /// The events it is about.
    about_events: Event = through::<Event, entity::statement_about::Entity>(About::StatementId, About::TargetId);
    /// The places it is about.
    about_places: Place = through::<Place, entity::statement_about::Entity>(About::StatementId, About::TargetId);
    /// The numbers it gives.
    figures: Figure = by(entity::figure::Column::TargetId);
    /// The statements that pass it on.
    relayed_by: Statement = by(Column::RelaysId);
    /// Where it is written.
    evidence: Evidence = by(entity::evidence::Column::TargetId);
    /// What was written of it and its parts, oldest first; `asOf` of the root fields reads it as it was.
    history: Change = by(entity::change::Column::RecordId);
    /// The facts that are told in it.
    reported_evidence: Evidence = by(entity::evidence::Column::StatementId);
    }
}

filter! {
    /// Which statements.
    StatementFilter of statement {
        /// The id.
        id: IdFilter = id(Id of Statement);
        /// The record that it came with.
        record: RecordFilter = with(from_record::<entity::statement::Entity>);
        /// The words are in its summary, text or printed speaker: see `Query.search`.
        search: String = with(searched::<entity::statement::Entity>);
        /// How it is attributed.
        attribution: EnumFilter<Attribution> = column(Attribution);
        /// Quoted or told.
        quote_type: EnumFilter<QuoteType> = column(QuoteType);
        /// By what means it was said.
        medium: EnumFilter<Medium> = column(Medium);
        /// The service or outlet, letter for letter.
        platform: StringFilter = column(Platform);
        /// What is done by saying it.
        act: EnumFilter<SpeechAct> = column(Act);
        /// The language tag.
        language: StringFilter = column(Language);
        /// When it was said.
        said_at: DateFilter = date(Said Earliest Latest);
        /// Who says it.
        speaker: Box<ActorFilter> = one(SpeakerId);
        /// Whose voice it is.
        voice: Box<ActorFilter> = one(VoiceId);
        /// To whom.
        addressee: Box<ActorFilter> = one(AddresseeId);
        /// Where it was said.
        place: Box<PlaceFilter> = one(PlaceId);
        /// The first article that reports it.
        article: Box<ArticleFilter> = one(ArticleId);
        /// The statement that it passes on.
        relays: Box<StatementFilter> = one(RelaysId);
        /// The actors it is about.
        about_actors: ListFilter<ActorFilter> = many(via_join_table::<Entity, entity::statement_about::Entity>(About::StatementId, About::TargetId));
        /// The events it is about.
        about_events: ListFilter<EventFilter> = many(via_join_table::<Entity, entity::statement_about::Entity>(About::StatementId, About::TargetId));
        /// The places it is about.
        about_places: ListFilter<PlaceFilter> = many(via_join_table::<Entity, entity::statement_about::Entity>(About::StatementId, About::TargetId));
        /// The sides it takes on claims.
        stances: ListFilter<StanceFilter> = many(has_child::<Entity, _>(entity::stance::Column::StatementId));
        /// The numbers it gives.
        figures: ListFilter<FigureFilter> = many(has_child::<Entity, _>(entity::figure::Column::TargetId));
        /// Where it is written.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::statement::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// By what statements can be counted.
    StatementFacet of statement {
        /// Who speaks.
        Speaker = Values::things(Column::SpeakerId, NodeKind::Actor),
        /// Whose voice it is, at the end of what it passes on.
        Voice = Values::things(Column::VoiceId, NodeKind::Actor),
        /// How it is attributed.
        Attribution = Values::words(Column::Attribution),
        /// By what it was said.
        Medium = Values::words(Column::Medium),
        /// How it is quoted.
        QuoteType = Values::words(Column::QuoteType),
        /// What is done by saying it.
        Act = Values::words(Column::Act),
        /// The language, a BCP 47 tag.
        Language = Values::words(Column::Language),
        /// The platform.
        Platform = Values::words(Column::Platform),
        /// The article that first reports it.
        Article = Values::things(Column::ArticleId, NodeKind::Article),
    }
}

order! {
    /// By what statements can be ordered.
    StatementOrderField {
        /// In the order in which they were recorded.
        Recorded = Recorded,
        /// By the earliest they may have been said.
        SaidAt = Number (Entity, Column::Earliest),
    }
}

root_fields! {
    StatementQuery of Statement {
        lists {
            /// Who said what.
            statements;
        }
        one {
            /// A statement.
            statement Statement;
        }
    }
}
