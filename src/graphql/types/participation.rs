//! Participations: the roles of actors, articles and things (free text) in events.

use async_graphql::{Context, Enum, ID, Object};
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::error::Result;
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::loader::foreign_key;
use crate::graphql::connection::order_by::order;
use crate::graphql::executor::object::ResolvedObject;
use crate::graphql::filter::{
    EnumFilter, FilterContext, IdFilter, ListFilter, RecordFilter, StringFilter, always_true, filter, from_record,
    has_child,
};
use crate::graphql::has_many;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::node_type::node_type;
use crate::graphql::loading::session::{SharedError, required};
use crate::graphql::plan::noun::planned;
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::account::{Account, AccountFilter};
use crate::graphql::types::actor::{Actor, ActorFilter};
use crate::graphql::types::article::{Article, ArticleFilter};
use crate::graphql::types::claim::{Claim, claim_about};
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::event::{Event, EventFilter};
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::node::NodeKind;
use crate::graphql::types::place::{Place, PlaceFilter};
use entity::participation::{Certainty, Column, Entity, Role};
use entity::standing::Standing;

/// Columns that only the fields of the same names read: they are not loaded unless such a field is selected.
const LAZY_COLUMNS: &[Column] = &[Column::Thing, Column::Side, Column::Note, Column::Standing];

belongs_to! {
    participation {
        EVENT "event": Event = event_id;
        ACCOUNT "account": Account = account_id or null;
        ACTOR "actor": Actor = actor_id or null;
        ARTICLE "article": Article = article_id or null;
        PLACE "place": Place = place_id or null;
    }
}

node_type!(Participation of participation, filter ParticipationFilter, order ParticipationOrderField, facet ParticipationFacet, lazy_columns LAZY_COLUMNS, belongs_to BELONGS_TO);

planned! {
    Participation of participation as Participation, lists [ParticipationLists] {
        "thing" Text Thing,
        "role" Text Role,
        "side" Text Side,
        "note" Text Note,
        "certainty" Text Certainty,
        "standing" Text Standing,
        claim: claim
    }
}

/// The participation of exactly one actor, article or thing in an event.
#[Object]
impl Participation {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> ID {
        NodeKind::Participation.global(self.0.id.0)
    }
    /// The imported record this node was created from: its dataset and key.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// The event in which it takes part.
    async fn event(&self, ctx: &Context<'_>) -> Result<ResolvedObject<Event>, SharedError> {
        required(self.0.belongs_to(ctx, &EVENT).await)
    }
    /// The account that reports this participation; null when it is agreed by all accounts.
    async fn account(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Account>, SharedError>> {
        self.0.belongs_to(ctx, &ACCOUNT).await
    }
    /// The participating actor; null for an article or thing.
    async fn actor(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Actor>, SharedError>> {
        self.0.belongs_to(ctx, &ACTOR).await
    }
    /// The participating article; null for an actor or thing.
    async fn article(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Article>, SharedError>> {
        self.0.belongs_to(ctx, &ARTICLE).await
    }
    /// The participating thing as free text, such as `his social media accounts`; null for an actor or article.
    async fn thing(&self) -> Option<&String> {
        self.0.thing.as_ref()
    }
    /// Role in the event.
    async fn role(&self) -> Role {
        self.0.role
    }
    /// Side on which it participated, as free text.
    async fn side(&self) -> Option<&String> {
        self.0.side.as_ref()
    }
    /// Place of the participation, if it differs from the event's place.
    async fn place(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.belongs_to(ctx, &PLACE).await
    }
    /// Further details, as free text.
    async fn note(&self) -> Option<&String> {
        self.0.note.as_ref()
    }
    /// Certainty: stated by the source, or inferred from it.
    async fn certainty(&self) -> Certainty {
        self.0.certainty
    }
    /// Standing computed from the stances of all voices; null when there is no claim about it. It is the standing of
    /// the claim about this participation or, without such a claim, the standing of its account.
    async fn standing(&self) -> Option<Standing> {
        self.0.standing
    }
    /// The claim that this participation is true; null when there is none.
    async fn claim(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Claim>, SharedError>> {
        claim_about(&self.0, ctx, |row| row.id.0).await
    }
    #[graphql(flatten)]
    async fn lists(&self) -> ParticipationLists {
        ParticipationLists(self.0.clone())
    }
}

has_many! {
    ParticipationLists of Entity, named "Participation" {
    /// Evidence: the spans of article text that support this participation.
    evidence: Evidence = foreign_key(entity::evidence::Column::TargetId);
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
    ParticipationQuery of Participation {
        lists {
            /// Paginated list of participations: the roles of actors, articles and things (free text) in events.
            participations;
        }
    }
}
