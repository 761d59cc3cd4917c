//! Who acts and speaks: a person, an organization, a group or an anonymous source.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ActorId, ArticleId, PlaceId};
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// An actor.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "actor")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ActorId,
        /// Which of the four it is.
        pub kind: ActorKind,
        /// A readable unique name, where one was given.
        pub slug: Option<String>,
        /// What to show.
        pub label: String,
        /// The label folded for ordering.
        pub label_key: String,
        /// What it is, in a few words of ours.
        pub description: Option<String>,
        /// ISO 3166-1 alpha-2 code of its country or nationality.
        pub country: Option<String>,
        /// PLOVER sector code, such as `CVL`, `GOV`, `MIL`.
        pub sector: Option<String>,
        /// A person's occupation.
        pub occupation: Option<String>,
        /// A person's birth, in EDTF.
        pub born: Option<String>,
        /// A person's death, in EDTF.
        pub died: Option<String>,
        /// What kind of organization it is.
        pub organization_kind: Option<OrganizationKind>,
        /// Where an organization is, or the place a state is.
        pub place_id: Option<PlaceId>,
        /// An anonymous source, as printed.
        pub descriptor: Option<String>,
        /// On what condition it spoke.
        pub condition: Option<String>,
        /// Why it is not named.
        pub reason: Option<String>,
        /// Whom an anonymous source is close to.
        pub close_to_id: Option<ActorId>,
        /// The article that quotes an anonymous source: it has no life outside of it.
        pub article_id: Option<ArticleId>,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// What an actor is.
    ActorKind {
        /// A human being.
        Person,
        /// A body with a structure: a state, a government body, a militia, a party, a company.
        Organization,
        /// People without a known structure: the kidnappers, security forces, militia channels.
        Group,
        /// Someone whom an article quotes without a name.
        AnonymousSource,
    }
}

string_enum! {
    /// What kind of organization it is.
    OrganizationKind {
        /// A state that acts; it is linked to its place.
        State,
        /// A cabinet or government as a whole.
        Government,
        /// A ministry, an office, a commission of the state.
        GovernmentBody,
        /// A parliament or council.
        Legislature,
        /// A court.
        Court,
        /// A police, an intelligence service, a guard.
        SecurityForce,
        /// An army or a part of it.
        Military,
        /// An armed body outside the regular forces.
        Militia,
        /// A political party.
        Party,
        /// A social or political movement.
        Movement,
        /// A newspaper, agency, broadcaster or outlet.
        Media,
        /// A service on which people publish.
        Platform,
        /// A non-governmental organization.
        Ngo,
        /// An intergovernmental organization or a mission of one.
        Igo,
        /// A business.
        Company,
        /// The institution, not the building.
        Hospital,
        /// A school, institute or university.
        School,
        /// A research institute on policy.
        ThinkTank,
        /// A trade union or professional body.
        Union,
        /// A church, seminary or endowment.
        ReligiousBody,
        /// None of the above.
        Other,
    }
}
