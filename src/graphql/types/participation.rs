//! Participations: the roles of actors, articles and things (free text) in events.

use async_graphql::Enum;
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::error::Result;
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::connection::parents::foreign_key;
use crate::graphql::filter::{
    EnumFilter, FilterContext, IdFilter, ListFilter, RecordFilter, StringFilter, always_true, filter, from_record,
    has_child,
};
use crate::graphql::schema::connection::List;
use crate::graphql::schema::node_type::node_type;
use crate::graphql::schema::root::root_fields;
use crate::graphql::types::account::{Account, AccountFilter};
use crate::graphql::types::actor::{Actor, ActorFilter};
use crate::graphql::types::article::{Article, ArticleFilter};
use crate::graphql::types::claim::Claim;
use crate::graphql::types::event::{Event, EventFilter};
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::place::{Place, PlaceFilter};
use entity::participation::{Certainty, Column, Entity, Role};
use entity::standing::Standing;

node_type! {
    /// The participation of exactly one actor, article or thing in an event.
    Participation of participation as Participation, filter ParticipationFilter, order ParticipationOrderField, facet ParticipationFacet {
        /// The event in which it takes part.
        event: Event = one(EventId);
        /// The account that reports this participation; null when it is agreed by all accounts.
        account: Option<Account> = one(AccountId);
        /// The participating actor; null for an article or thing.
        actor: Option<Actor> = one(ActorId);
        /// The participating article; null for an actor or thing.
        article: Option<Article> = one(ArticleId);
        /// The participating thing as free text, such as `his social media accounts`; null for an actor or article.
        thing: Option<String> = column(Thing);
        /// Role in the event.
        role: Role = column(Role);
        /// Side on which it participated, as free text.
        side: Option<String> = column(Side);
        /// Place of the participation, if it differs from the event's place.
        place: Option<Place> = one(PlaceId);
        /// Further details, as free text.
        note: Option<String> = column(Note);
        /// Certainty: stated by the source, or inferred from it.
        certainty: Certainty = column(Certainty);
        /// Standing computed from the stances of all voices; null when there is no claim about it. It is the standing of
        /// the claim about this participation or, without such a claim, the standing of its account.
        standing: Option<Standing> = column(Standing);
        /// The claim that this participation is true; null when there is none.
        claim: Option<Claim> = claim;
        /// Evidence: the spans of article text that support this participation.
        evidence: List<Evidence> = many(foreign_key(entity::evidence::Column::TargetId));
    }
}

/// Selects participations by whether all accounts agree on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum AccountScope {
    /// All participations: the agreed ones and those that only one account reports.
    All,
    /// Only agreed participations: those that belong to no account.
    Agreed,
}

fn in_scope(scope: &AccountScope, _: &mut FilterContext) -> Result<Expr> {
    Ok(match scope {
        AccountScope::All => always_true(),
        AccountScope::Agreed => Expr::col((Entity, Column::AccountId)).is_null(),
    })
}

filter! {
    /// Filter for participations.
    ParticipationFilter of participation {
        /// Global id.
        id: IdFilter = id(Id of Participation);
        /// The imported record this node was created from: its dataset and key.
        record: RecordFilter = with(from_record::<entity::participation::Entity>);
        /// Role in the event.
        role: EnumFilter<Role> = column(Role);
        /// The participating actor.
        actor: Box<ActorFilter> = one(ActorId);
        /// The participating article.
        article: Box<ArticleFilter> = one(ArticleId);
        /// The participating thing (free text); exact match, case-sensitive.
        thing: StringFilter = column(Thing);
        /// Side on which it participated; exact match, case-sensitive.
        side: StringFilter = column(Side);
        /// Place of the participation, if it differs from the event's place.
        place: Box<PlaceFilter> = one(PlaceId);
        /// Certainty: stated by the source, or inferred from it.
        certainty: EnumFilter<Certainty> = column(Certainty);
        /// Standing of the participation.
        standing: EnumFilter<Standing> = column(Standing);
        /// `AGREED` excludes participations that only one account reports.
        accounts: AccountScope = with(in_scope);
        /// The account that reports the participation.
        account: Box<AccountFilter> = one(AccountId);
        /// The participation's event.
        event: Box<EventFilter> = one(EventId);
        /// The participation's evidence.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::participation::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// Facets of participations.
    ParticipationFacet of participation {
        /// Role in the event.
        Role = FacetValues::column(Column::Role),
        /// The participating actor.
        Actor = FacetValues::node(Column::ActorId, NodeKind::Actor),
        /// Standing of the participation.
        Standing = FacetValues::column(Column::Standing),
        /// Certainty: stated or inferred.
        Certainty = FacetValues::column(Column::Certainty),
    }
}

order! {
    /// Sort keys for participations.
    ParticipationOrderField {
        /// Import order.
        Recorded = Recorded,
    }
}

root_fields! {
    root_fields {
        /// Paginated list of participations: the roles of actors, articles and things (free text) in events.
        participations: Option<List<Participation>> = list;
    }
}
