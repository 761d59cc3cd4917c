//! Participations: the roles of actors, articles and things (free text) in events.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{AccountId, ActorId, ArticleId, EventId, ParticipationId, PlaceId};
use crate::row::row_struct;
use crate::standing::Standing;
use crate::string_enum::string_enum;

row_struct! {
    /// The participation of exactly one actor, article or thing in an event.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "participation")]
    pub struct Model {
        /// Row id.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ParticipationId,
        /// The event.
        pub event_id: EventId,
        /// The account that reports the participation; none if all accounts agree on it.
        pub account_id: Option<AccountId>,
        /// The participating actor.
        pub actor_id: Option<ActorId>,
        /// The participating article.
        pub article_id: Option<ArticleId>,
        /// The participating thing as free text, such as `his social media accounts`.
        pub thing: Option<String>,
        /// Role in the event.
        pub role: Role,
        /// The side that the participant was on.
        pub side: Option<String>,
        /// Place of the participation, if it differs from the event's place.
        pub place_id: Option<PlaceId>,
        /// Further information.
        pub note: Option<String>,
        /// Certainty: stated or inferred.
        pub certainty: Certainty,
        /// Derived: the standing of the participation's claim, or of its account.
        pub standing: Option<Standing>,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// The role of an actor, article or thing in an event.
    Role {
        /// Carries out the action.
        Agent,
        /// Is the target of the action.
        Target,
        /// Suffers from the action.
        Victim,
        /// Visits somebody or something.
        Visitor,
        /// Receives a visit.
        Visited,
        /// Receives what is given.
        Recipient,
        /// Benefits from the event.
        Beneficiary,
        /// Organizes the event.
        Organizer,
        /// Speaks at the event.
        Speaker,
        /// Witnesses the event.
        Witness,
        /// Hosts the event.
        Host,
        /// Intervenes.
        Intervening,
        /// Takes part in the event.
        Participant,
        /// Mediates between the parties.
        Mediator,
        /// Created the work that the event is about.
        Author,
        /// Published the work that the event is about.
        Publisher,
        /// Is the thing or work that the event is about.
        Object,
        /// Is the means by which the action is carried out.
        Instrument,
        /// Makes a payment.
        Payer,
        /// Receives a payment.
        Payee,
        /// Runs for election or office.
        Candidate,
        /// Any other role.
        Other,
    }
}

string_enum! {
    /// The certainty of a fact: stated by the source, or inferred from it.
    Certainty {
        /// The source states the fact.
        Stated,
        /// The fact is inferred from what the source says.
        Inferred,
    }
}
