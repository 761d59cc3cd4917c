//! Who and what had a part in events.

use async_graphql::{Context, Enum, ID, Object};
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::error::Result as Answer;
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::keyset::order;
use crate::graphql::connection::loader::by;
use crate::graphql::executor::resolve::ResolvedObject;
use crate::graphql::filter::{
    EnumFilter, FilterContext, IdFilter, ListFilter, RecordFilter, StringFilter, filter, from_record, has_child, truth,
};
use crate::graphql::has_many;
use crate::graphql::loading::batch::node_type;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::session::{SharedError, present};
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::account::{Account, AccountFilter};
use crate::graphql::types::actor::{Actor, ActorFilter};
use crate::graphql::types::article::{Article, ArticleFilter};
use crate::graphql::types::claim::Claim;
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::event::{Event, EventFilter};
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::node::NodeKind;
use crate::graphql::types::place::{Place, PlaceFilter};
use entity::participation::{Certainty, Column, Entity, Role};
use entity::standing::Standing;

/// What only the fields of these names show.
const SPARE: &[Column] = &[Column::Thing, Column::Side, Column::Note, Column::Standing];

belongs_to! {
    participation {
        EVENT "event": Event = event_id;
        ACCOUNT "account": Account = account_id or null;
        ACTOR "actor": Actor = actor_id or null;
        ARTICLE "article": Article = article_id or null;
        PLACE "place": Place = place_id or null;
    }
}

node_type!(Participation of participation, filter ParticipationFilter, order ParticipationOrderField, facet ParticipationFacet, spare SPARE, refers REFERENCES);

/// A part in an event: of exactly one actor, article or thing.
#[Object]
impl Participation {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        NodeKind::Participation.global(self.0.id.0)
    }
    /// The record that it came with.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// The event.
    async fn event(&self, ctx: &Context<'_>) -> Result<ResolvedObject<Event>, SharedError> {
        present(self.0.one(ctx, &EVENT).await)
    }
    /// The account that tells of it; null when it is agreed.
    async fn account(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Account>, SharedError>> {
        self.0.one(ctx, &ACCOUNT).await
    }
    /// The actor, if it is one.
    async fn actor(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Actor>, SharedError>> {
        self.0.one(ctx, &ACTOR).await
    }
    /// The article, if it is one.
    async fn article(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Article>, SharedError>> {
        self.0.one(ctx, &ARTICLE).await
    }
    /// The thing, if it is neither, in words: his social media accounts.
    async fn thing(&self) -> Option<&String> {
        self.0.thing.as_ref()
    }
    /// The part it had.
    async fn role(&self) -> Role {
        self.0.role
    }
    /// The side it was on.
    async fn side(&self) -> Option<&String> {
        self.0.side.as_ref()
    }
    /// Where it took part, if not where the event was.
    async fn place(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.one(ctx, &PLACE).await
    }
    /// What else is told of it.
    async fn note(&self) -> Option<&String> {
        self.0.note.as_ref()
    }
    /// Whether the part is stated or inferred.
    async fn certainty(&self) -> Certainty {
        self.0.certainty
    }
    /// How it stands: as the claim about it, else as its account; null when it is agreed and nobody takes sides.
    async fn standing(&self) -> Option<Standing> {
        self.0.standing
    }
    /// The claim that it is so, if statements take sides on it.
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
    async fn lists(&self) -> ParticipationLists {
        ParticipationLists(self.0.clone())
    }
}

has_many! {
    ParticipationLists of Entity, named "Participation" {
    /// Where it is written.
    evidence: Evidence = by(entity::evidence::Column::TargetId);
    }
}

/// Which participations of an event are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum AccountScope {
    /// Those that all versions agree on and those that only one account tells.
    All,
    /// Only those that are agreed on.
    Agreed,
}

fn among(accounts: &AccountScope, _: &mut FilterContext) -> Answer<Expr> {
    Ok(match accounts {
        AccountScope::All => truth(),
        AccountScope::Agreed => Expr::col((Entity, Column::AccountId)).is_null(),
    })
}

filter! {
    /// Which participations.
    ParticipationFilter of participation {
        /// The id.
        id: IdFilter = id(Id of Participation);
        /// The record that it came with.
        record: RecordFilter = with(from_record::<entity::participation::Entity>);
        /// The part it had.
        role: EnumFilter<Role> = column(Role);
        /// The actor.
        actor: Box<ActorFilter> = one(ActorId);
        /// The article.
        article: Box<ArticleFilter> = one(ArticleId);
        /// The thing, letter for letter.
        thing: StringFilter = column(Thing);
        /// The side it was on.
        side: StringFilter = column(Side);
        /// Where it took part, if not where the event was.
        place: Box<PlaceFilter> = one(PlaceId);
        /// Whether the part is stated or inferred.
        certainty: EnumFilter<Certainty> = column(Certainty);
        /// How it stands.
        standing: EnumFilter<Standing> = column(Standing);
        /// Whether parts that only one account tells are meant too.
        accounts: AccountScope = with(among);
        /// The account that tells of it.
        account: Box<AccountFilter> = one(AccountId);
        /// The event.
        event: Box<EventFilter> = one(EventId);
        /// Where it is written.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::participation::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// By what participations can be counted.
    ParticipationFacet of participation {
        /// The role.
        Role = Values::words(Column::Role),
        /// Who has it.
        Actor = Values::things(Column::ActorId, NodeKind::Actor),
        /// How it stands.
        Standing = Values::words(Column::Standing),
        /// Whether it is stated or inferred.
        Certainty = Values::words(Column::Certainty),
    }
}

order! {
    /// By what participations can be ordered.
    ParticipationOrderField {
        /// In the order in which they were recorded.
        Recorded = Recorded,
    }
}

root_fields! {
    ParticipationQuery of Participation {
        lists {
            /// Who and what had a part in events.
            participations;
        }
    }
}
