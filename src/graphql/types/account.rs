//! Accounts: versions of disputed events.

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::connection::parents::foreign_key;
use crate::graphql::filter::{
    BooleanFilter, DateFilter, EnumFilter, EventTypeFilter, IdFilter, ListFilter, RecordFilter, filter, from_record,
    full_text_match, has_child,
};
use crate::graphql::schema::connection::List;
use crate::graphql::schema::node_type::node_type;
use crate::graphql::schema::root::root_fields;
use crate::graphql::types::claim::Claim;
use crate::graphql::types::date::EdtfDate;
use crate::graphql::types::event::{Event, EventFilter};
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::figure::Figure;
use crate::graphql::types::participation::{Participation, ParticipationFilter};
use crate::graphql::types::place::{Place, PlaceFilter};
use entity::account::Entity;
use entity::event_type::EventType;
use entity::standing::Standing;

node_type! {
    /// One version of a disputed event. The accounts of an event exclude each other. An account can differ from its event in type,
    /// time and place, and it has its own participations.
    Account of account as Account, filter AccountFilter, order AccountOrderField, facet AccountFacet,
        dated [Earliest Latest] {
        /// The disputed event.
        event: Event = one(EventId);
        /// Short summary of this version.
        label: String = column(Label);
        /// Type of the event in this version; null if it is the same as `event.type`.
        r#type: Option<EventType> = column(Kind);
        /// Time of the event in this version; null if it is the same as `event.when`.
        when: Option<EdtfDate> = date(Date, DateRaw; Earliest, Latest);
        /// Place of the event in this version; null if it is the same as `event.place`.
        place: Option<Place> = one(PlaceId);
        /// More exact location, as free text.
        place_note: Option<String> = column(PlaceNote);
        /// Standing computed from the stances of all voices; null when there is no claim about it. It is the standing of the
        /// claim that this account is true. It is also CONTESTED if another voice supports a rival account: see `implied`.
        standing: Option<Standing> = column(Standing);
        /// True if the account is contested only because another voice supports a rival account, and nobody denies it explicitly.
        implied: bool = column(Implied);
        /// The claim that this account is true; null when there is none.
        claim: Option<Claim> = claim;
        /// Participations in the event according to this account only.
        participations: List<Participation> = many(foreign_key(entity::participation::Column::AccountId));
        /// Figures that this account reports.
        figures: List<Figure> = many(foreign_key(entity::figure::Column::TargetId));
        /// Evidence: the spans of article text that support this account.
        evidence: List<Evidence> = many(foreign_key(entity::evidence::Column::TargetId));
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
    root_fields {
        /// Looks up one account.
        account: Option<Account> = recorded;
        /// Paginated list of accounts: versions of disputed events.
        accounts: Option<List<Account>> = list;
    }
}
