//! Versions of disputed events.

use async_graphql::{Context, ID, Object};

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::histogram::DatedList;
use crate::graphql::connection::keyset::order;
use crate::graphql::connection::loader::by;
use crate::graphql::executor::resolve::ResolvedObject;
use crate::graphql::filter::{
    BooleanFilter, DateFilter, EnumFilter, EventTypeFilter, IdFilter, ListFilter, RecordFilter, filter, from_record,
    has_child, searched,
};
use crate::graphql::has_many;
use crate::graphql::loading::batch::node_type;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::session::{SharedError, present};
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::claim::Claim;
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

node_type!(Account of account, filter AccountFilter, order AccountOrderField, facet AccountFacet, chart DatedList<Account>, dated [Earliest Latest], refers REFERENCES);

/// One version of a disputed event; the accounts of one event exclude each other. It may say otherwise than its event
/// what it was, when and where, and has participations of its own.
#[Object]
impl Account {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        NodeKind::Account.global(self.0.id.0)
    }
    /// The record that it came with.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// The event.
    async fn event(&self, ctx: &Context<'_>) -> Result<ResolvedObject<Event>, SharedError> {
        present(self.0.one(ctx, &EVENT).await)
    }
    /// What this version says, in a few words.
    async fn label(&self) -> &str {
        &self.0.label
    }
    /// What kind of event it was, if this version says otherwise.
    #[graphql(name = "type")]
    async fn kind(&self) -> Option<EventType> {
        self.0.kind
    }

    /// When, if this version says otherwise.
    async fn when(&self) -> Option<ResolvedObject<Date>> {
        Date::of(self.0.date.as_ref(), self.0.date_raw.as_ref(), self.0.earliest, self.0.latest).map(ResolvedObject)
    }
    /// Where, if this version says otherwise.
    async fn place(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.one(ctx, &PLACE).await
    }
    /// Where more exactly, in words.
    async fn place_note(&self) -> Option<&String> {
        self.0.place_note.as_ref()
    }
    /// How it stands: as the claim that it is true; CONTESTED too when a rival account is asserted by another voice; null
    /// when nobody takes sides.
    async fn standing(&self) -> Option<Standing> {
        self.0.standing
    }
    /// Whether it is contested only because a rival account is asserted, and nobody denies it in words.
    async fn implied(&self) -> bool {
        self.0.implied
    }
    /// The claim that this version is true, if statements take sides on it.
    async fn claim(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Claim>, SharedError>> {
        self.0
            .one_by::<Claim>(
                ctx,
                entity::claim::Column::SubjectId,
                |row| Some(row.id.0),
                |claim| claim.subject_id.map(|id| id.0),
            )
            .await
    }
    #[graphql(flatten)]
    async fn lists(&self) -> AccountLists {
        AccountLists(self.0.clone())
    }
}

has_many! {
    AccountLists of Entity, named "Account" {
    /// Who and what had a part in the event according to this version.
    participations: Participation = by(entity::participation::Column::AccountId);
    /// Numbers that this version gives.
    figures: Figure = by(entity::figure::Column::TargetId);
    /// Where it is written.
    evidence: Evidence = by(entity::evidence::Column::TargetId);
    }
}

filter! {
    /// Which accounts.
    AccountFilter of account {
        /// The id.
        id: IdFilter = id(Id of Account);
        /// The record that it came with.
        record: RecordFilter = with(from_record::<entity::account::Entity>);
        /// The words are in its label or place note: see `Query.search`.
        search: String = with(searched::<entity::account::Entity>);
        /// What kind of event it was, if this version says otherwise.
        r#type: EventTypeFilter = column(Kind);
        /// When, if this version says otherwise.
        when: DateFilter = date(Date Earliest Latest);
        /// Where, if this version says otherwise.
        place: Box<PlaceFilter> = one(PlaceId);
        /// How it stands.
        standing: EnumFilter<Standing> = column(Standing);
        /// Whether it is contested only because a rival account is asserted.
        implied: BooleanFilter = column(Implied);
        /// The event.
        event: Box<EventFilter> = one(EventId);
        /// Who and what had a part in the event according to this version.
        participations: ListFilter<ParticipationFilter> = many(has_child::<Entity, _>(entity::participation::Column::AccountId));
        /// Where it is written.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::account::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// By what accounts can be counted.
    AccountFacet of account {
        /// The type, where it says otherwise than the event.
        Type = Values::words(Column::Kind),
        /// The place, where it says otherwise than the event.
        Place = Values::things(Column::PlaceId, NodeKind::Place),
        /// How it stands.
        Standing = Values::words(Column::Standing),
    }
}

order! {
    /// By what accounts can be ordered.
    AccountOrderField {
        /// In the order in which they were recorded.
        Recorded = Recorded,
    }
}

root_fields! {
    AccountQuery of Account {
        lists {
            /// Versions of disputed events.
            accounts;
        }
        one {
            /// An account.
            account Account;
        }
    }
}
