//! Accounts: versions of disputed events.

use async_graphql::{Context, ID, Object};

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::histogram::DatedConnectionFields;
use crate::graphql::connection::loader::foreign_key;
use crate::graphql::connection::order_by::order;
use crate::graphql::executor::object::ResolvedObject;
use crate::graphql::filter::{
    BooleanFilter, DateFilter, EnumFilter, EventTypeFilter, IdFilter, ListFilter, RecordFilter, filter, from_record,
    full_text_match, has_child,
};
use crate::graphql::has_many;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::node_type::node_type;
use crate::graphql::loading::session::{SharedError, required};
use crate::graphql::plan::noun::planned;
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::claim::{Claim, claim_about};
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::date::Date;
use crate::graphql::types::event::{Event, EventFilter};
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::figure::Figure;
use crate::graphql::types::node::NodeKind;
use crate::graphql::types::participation::{Participation, ParticipationFilter};
use crate::graphql::types::place::{Place, PlaceFilter};
use entity::account::Entity;
use entity::event_type::EventType;
use entity::standing::Standing;

belongs_to! {
    account {
        EVENT "event": Event = event_id;
        PLACE "place": Place = place_id or null;
    }
}

node_type!(Account of account, filter AccountFilter, order AccountOrderField, facet AccountFacet, connection_fields DatedConnectionFields<Account>, dated [Earliest Latest], belongs_to BELONGS_TO);

planned! {
    Account of account as Account, lists [AccountLists] {
        "label" Text Label,
        "type" Text Kind,
        "placeNote" Text PlaceNote,
        "standing" Text Standing,
        "implied" Bool Implied,
        dates:
        "when" [Date, DateRaw; Earliest Latest],
        claim: claim
    }
}

/// One version of a disputed event. The accounts of an event exclude each other. An account can differ from its event in type,
/// time and place, and it has its own participations.
#[Object]
impl Account {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> ID {
        NodeKind::Account.global(self.0.id.0)
    }
    /// The imported record this node was created from: its dataset and key.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// The disputed event.
    async fn event(&self, ctx: &Context<'_>) -> Result<ResolvedObject<Event>, SharedError> {
        required(self.0.belongs_to(ctx, &EVENT).await)
    }
    /// Short summary of this version.
    async fn label(&self) -> &str {
        &self.0.label
    }
    /// Type of the event in this version; null if it is the same as `event.type`.
    #[graphql(name = "type")]
    async fn kind(&self) -> Option<EventType> {
        self.0.kind
    }

    /// Time of the event in this version; null if it is the same as `event.when`.
    async fn when(&self) -> Option<ResolvedObject<Date>> {
        Date::of(self.0.date.as_ref(), self.0.date_raw.as_ref(), self.0.earliest, self.0.latest).map(ResolvedObject)
    }
    /// Place of the event in this version; null if it is the same as `event.place`.
    async fn place(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.belongs_to(ctx, &PLACE).await
    }
    /// More exact location, as free text.
    async fn place_note(&self) -> Option<&String> {
        self.0.place_note.as_ref()
    }
    /// Standing computed from the stances of all voices; null when there is no claim about it. It is the standing of the
    /// claim that this account is true. It is also CONTESTED if another voice supports a rival account: see `implied`.
    async fn standing(&self) -> Option<Standing> {
        self.0.standing
    }
    /// True if the account is contested only because another voice supports a rival account, and nobody denies it explicitly.
    async fn implied(&self) -> bool {
        self.0.implied
    }
    /// The claim that this account is true; null when there is none.
    async fn claim(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Claim>, SharedError>> {
        claim_about(&self.0, ctx, |row| row.id.0).await
    }
    #[graphql(flatten)]
    async fn lists(&self) -> AccountLists {
        AccountLists(self.0.clone())
    }
}

has_many! {
    AccountLists of Entity, named "Account" {
    /// Participations in the event according to this account only.
    participations: Participation = foreign_key(entity::participation::Column::AccountId);
    /// Figures that this account reports.
    figures: Figure = foreign_key(entity::figure::Column::TargetId);
    /// Evidence: the spans of article text that support this account.
    evidence: Evidence = foreign_key(entity::evidence::Column::TargetId);
    }
}

filter! {
    /// Filter for accounts.
    AccountFilter of account {
        /// Global id.
        id: IdFilter = id(Id of Account);
        /// The imported record this node was created from: its dataset and key.
        record: RecordFilter = with(from_record::<entity::account::Entity>);
        /// Full-text search in label and place note; syntax as in `Query.search`.
        search: String = with(full_text_match::<entity::account::Entity>);
        /// Type of the event, where the account differs from its event.
        r#type: EventTypeFilter = column(Kind);
        /// Time of the event, where the account differs from its event.
        when: DateFilter = date(Date Earliest Latest);
        /// Place of the event, where the account differs from its event.
        place: Box<PlaceFilter> = one(PlaceId);
        /// Standing of the account.
        standing: EnumFilter<Standing> = column(Standing);
        /// True for accounts that are contested only because another voice supports a rival account.
        implied: BooleanFilter = column(Implied);
        /// The account's event.
        event: Box<EventFilter> = one(EventId);
        /// The account's own participations.
        participations: ListFilter<ParticipationFilter> = many(has_child::<Entity, _>(entity::participation::Column::AccountId));
        /// The account's evidence.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::account::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// Facets of accounts.
    AccountFacet of account {
        /// Type of the event, where the account differs from its event.
        Type = FacetValues::column(Column::Kind),
        /// Place of the event, where the account differs from its event.
        Place = FacetValues::node(Column::PlaceId, NodeKind::Place),
        /// Standing of the account.
        Standing = FacetValues::column(Column::Standing),
    }
}

order! {
    /// Sort keys for accounts.
    AccountOrderField {
        /// Import order.
        Recorded = Recorded,
    }
}

root_fields! {
    AccountQuery of Account {
        lists {
            /// Paginated list of accounts: versions of disputed events.
            accounts;
        }
        one {
            /// Looks up one account.
            account Account;
        }
    }
}
