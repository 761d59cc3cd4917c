//! Statements: who said what, as articles report it.

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::connection::parents::{foreign_key, join_table};
use crate::graphql::filter::{
    DateFilter, EnumFilter, IdFilter, ListFilter, RecordFilter, StringFilter, filter, from_record, full_text_match,
    has_child, via_join_table,
};
use crate::graphql::schema::connection::List;
use crate::graphql::schema::node_type::node_type;
use crate::graphql::schema::root::root_fields;
use crate::graphql::types::actor::{Actor, ActorFilter};
use crate::graphql::types::article::{Article, ArticleFilter};
use crate::graphql::types::change::Change;
use crate::graphql::types::date::EdtfDate;
use crate::graphql::types::event::{Event, EventFilter};
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::figure::{Figure, FigureFilter};
use crate::graphql::types::place::{Place, PlaceFilter};
use crate::graphql::types::stance::{Stance, StanceFilter};
use entity::statement::{Attribution, Column, Entity, Medium, QuoteType, SpeechAct};
use entity::statement_about::Column as About;

node_type! {
    /// One act of saying something, as reported by one reporting phrase or quotation. A headline or a repetition is further
    /// evidence of the same statement, not another statement.
    Statement of statement as Statement, filter StatementFilter, order StatementOrderField, facet StatementFacet,
        dated [Earliest Latest] {
        /// Summary of what is said, in the words of the dataset's authors.
        summary: String = column(Summary);
        /// Verbatim text of what is said; null if it is not stored.
        text: Option<String> = column(Text);
        /// The speaker; null exactly when the attribution is UNATTRIBUTED, NARRATION or NOT_RECORDED.
        speaker: Option<Actor> = one(SpeakerId);
        /// The speaker, as printed in the article.
        speaker_text: Option<String> = column(SpeakerText);
        /// The reporting word, such as `said` or `claimed`.
        cue: Option<String> = column(Cue);
        /// Kind of source to which the statement is attributed.
        attribution: Attribution = column(Attribution);
        /// Form of quotation: direct, indirect or mixed.
        quote_type: QuoteType = column(QuoteType);
        /// Medium through which it was said, the most specific one known.
        medium: Medium = column(Medium);
        /// Service or outlet on which it was said.
        platform: Option<String> = column(Platform);
        /// Speech act: accusing, denying, promising and so on.
        act: Option<SpeechAct> = column(Act);
        /// Language in which it was said, a BCP 47 tag.
        language: Option<String> = column(Language);
        /// Time at which it was said; null when not reported.
        said_at: Option<EdtfDate> = date(Said, SaidRaw; Earliest, Latest);
        /// Place where it was said.
        place: Option<Place> = one(PlaceId);
        /// The actor to whom it was said.
        addressee: Option<Actor> = one(AddresseeId);
        /// The first article that reports it.
        article: Option<Article> = one(ArticleId);
        /// The statement that this one relays (passes on).
        relays: Option<Statement> = one(RelaysId);
        /// The voice behind the statement: the speaker at the end of the chain of relays, or the publisher for the
        /// article's own voice (NARRATION). Null for an unnamed voice.
        voice: Option<Actor> = one(VoiceId);
        /// Stances that the statement takes on claims.
        stances: List<Stance> = many(foreign_key(entity::stance::Column::StatementId));
        /// Actors that the statement is about.
        about_actors: List<Actor> = many(join_table::<Actor, entity::statement_about::Entity>(About::StatementId, About::TargetId));
        /// Events that the statement is about.
        about_events: List<Event> = many(join_table::<Event, entity::statement_about::Entity>(About::StatementId, About::TargetId));
        /// Places that the statement is about.
        about_places: List<Place> = many(join_table::<Place, entity::statement_about::Entity>(About::StatementId, About::TargetId));
        /// Figures that the statement reports.
        figures: List<Figure> = many(foreign_key(entity::figure::Column::TargetId));
        /// Statements that relay this one (pass it on).
        relayed_by: List<Statement> = many(foreign_key(Column::RelaysId));
        /// Evidence: the spans of article text that support this statement.
        evidence: List<Evidence> = many(foreign_key(entity::evidence::Column::TargetId));
        /// Audit log of this statement and its child records, oldest first. Use `asOf` on root fields for point-in-time reads.
        history: List<Change> = many(foreign_key(entity::change::Column::RecordId));
        /// Evidence of facts that are reported within this statement.
        reported_evidence: List<Evidence> = many(foreign_key(entity::evidence::Column::StatementId));
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
    root_fields {
        /// Looks up one statement.
        statement: Option<Statement> = recorded;
        /// Paginated list of statements: who said what.
        statements: Option<List<Statement>> = list;
    }
}
