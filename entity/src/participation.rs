//! Who and what had a part in an event.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{AccountId, ActorId, ArticleId, EventId, ParticipationId, PlaceId};
use crate::row::row_struct;
use crate::standing::Standing;
use crate::string_enum::string_enum;

row_struct! {
    /// A part in an event: of exactly one actor, article or thing.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "participation")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ParticipationId,
        /// The event.
        pub event_id: EventId,
        /// The account that tells of it; none when it is agreed.
        pub account_id: Option<AccountId>,
        /// The actor.
        pub actor_id: Option<ActorId>,
        /// The article.
        pub article_id: Option<ArticleId>,
        /// The thing, in words: his social media accounts.
        pub thing: Option<String>,
        /// The part it had.
        pub role: Role,
        /// The side it was on.
        pub side: Option<String>,
        /// Where it took part, if not where the event was.
        pub place_id: Option<PlaceId>,
        /// What else is told of it.
        pub note: Option<String>,
        /// Whether the part is stated or inferred.
        pub certainty: Certainty,
        /// Derived: the standing of the claim that it is so, or of its account.
        pub standing: Option<Standing>,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// The part that an actor, article or thing had in an event.
    Role {
        /// Does it.
        Agent,
        /// It is aimed at.
        Target,
        /// Suffers it.
        Victim,
        /// Visits.
        Visitor,
        /// Is visited.
        Visited,
        /// Receives it.
        Recipient,
        /// It is to its benefit.
        Beneficiary,
        /// Organizes it.
        Organizer,
        /// Speaks at it.
        Speaker,
        /// Sees it.
        Witness,
        /// Hosts it.
        Host,
        /// Steps in.
        Intervening,
        /// Takes part.
        Participant,
        /// Mediates.
        Mediator,
        /// Made what it is about.
        Author,
        /// Published what it is about.
        Publisher,
        /// The thing or work that it is about.
        Object,
        /// By which it is done.
        Instrument,
        /// Pays.
        Payer,
        /// Is paid.
        Payee,
        /// Stands for election or office.
        Candidate,
        /// None of the above.
        Other,
    }
}

string_enum! {
    /// Whether a fact is written or concluded.
    Certainty {
        /// The source says so.
        Stated,
        /// It is concluded from what the source says.
        Inferred,
    }
}
