//! Ids of rows. One sequence numbers the rows of all nouns, so an id alone names one thing of the graph.

/// Declares the id of one noun.
macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {$(
        $(#[doc = $doc])+
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord,
            sea_orm::DeriveValueType, serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl From<$name> for i64 {
            fn from(id: $name) -> i64 { id.0 }
        }
        impl From<i64> for $name {
            fn from(id: i64) -> Self { Self(id) }
        }
    )+};
}

ids! {
    /// A row of any noun that has a record: the nouns below share this number space.
    RecordId,
    /// A dataset.
    DatasetId,
    /// An article.
    ArticleId,
    /// A person, organization, group or anonymous source.
    ActorId,
    /// A name of an actor or place.
    NameId,
    /// A place.
    PlaceId,
    /// A lasting tie.
    RelationId,
    /// An event.
    EventId,
    /// A part in an event.
    ParticipationId,
    /// A tie between two events.
    EventLinkId,
    /// One version of a disputed event.
    AccountId,
    /// One act of saying.
    StatementId,
    /// A proposition that statements take sides on.
    ClaimId,
    /// The side a statement takes on a claim.
    StanceId,
    /// A number with what it counts.
    FigureId,
    /// Where in an article a fact is written.
    EvidenceId,
    /// A name seen in an article and not yet judged.
    MentionId,
    /// An id elsewhere.
    ExternalIdId,
    /// A recorded judgement on two things being one.
    MergeId,
    /// A write, in the order of commits.
    ChangeId,
}

macro_rules! of_record {
    ($($name:ident)+) => {$(
        impl From<$name> for RecordId {
            fn from(id: $name) -> Self { Self(id.0) }
        }
    )+};
}
of_record!(ArticleId ActorId NameId PlaceId RelationId EventId ParticipationId EventLinkId AccountId
    StatementId ClaimId StanceId FigureId EvidenceId MentionId ExternalIdId);
