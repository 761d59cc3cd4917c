//! Row ids, one type per table. All tables draw from one sequence, so an id is unique across the graph.

/// Declares the id types.
macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {$(
        $(#[doc = $doc])+
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord,
            sea_orm::DeriveValueType, serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl crate::row::FromCell for $name {
            fn from_cell(value: crate::row::CellValue<'_>) -> Option<Self> {
                i64::from_cell(value).map(Self)
            }
        }
        impl From<$name> for i64 {
            fn from(id: $name) -> i64 { id.0 }
        }
        impl From<i64> for $name {
            fn from(id: i64) -> Self { Self(id) }
        }
    )+};
}

ids! {
    /// Id of a row of any type that has a record. The types below share this id space.
    RecordId,
    /// Id of a dataset.
    DatasetId,
    /// Id of an article.
    ArticleId,
    /// Id of an actor: a person, organization, group or anonymous source.
    ActorId,
    /// Id of a name of an actor or place.
    NameId,
    /// Id of a place.
    PlaceId,
    /// Id of a relation.
    RelationId,
    /// Id of an event.
    EventId,
    /// Id of a participation in an event.
    ParticipationId,
    /// Id of a link between two events.
    EventLinkId,
    /// Id of an account: one version of a disputed event.
    AccountId,
    /// Id of a statement.
    StatementId,
    /// Id of a claim.
    ClaimId,
    /// Id of a stance of a statement on a claim.
    StanceId,
    /// Id of a figure: a number and what it counts.
    FigureId,
    /// Id of a piece of evidence.
    EvidenceId,
    /// Id of a mention.
    MentionId,
    /// Id of an external id.
    ExternalIdId,
    /// Id of a merge decision.
    MergeId,
    /// Id of a change in the audit log, in commit order.
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
