//! Actors: persons, organizations, groups and anonymous sources.

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
        /// Row id.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ActorId,
        /// Kind of actor.
        pub kind: ActorKind,
        /// Human-readable unique name; null unless a record sets one.
        pub slug: Option<String>,
        /// Display label. It is not necessarily a name.
        pub label: String,
        /// The label folded (case, accents, articles) for sorting.
        pub label_key: String,
        /// Short description, written by the dataset's authors.
        pub description: Option<String>,
        /// ISO 3166-1 alpha-2 code of the actor's country or nationality.
        pub country: Option<String>,
        /// PLOVER sector code, such as `CVL`, `GOV`, `MIL`.
        pub sector: Option<String>,
        /// A person's occupation.
        pub occupation: Option<String>,
        /// A person's date of birth, in EDTF.
        pub born: Option<String>,
        /// A person's date of death, in EDTF.
        pub died: Option<String>,
        /// Kind of organization.
        pub organization_kind: Option<OrganizationKind>,
        /// An organization's location; for a state, its territory.
        pub place_id: Option<PlaceId>,
        /// An anonymous source's description, as printed.
        pub descriptor: Option<String>,
        /// An anonymous source's condition for speaking.
        pub condition: Option<String>,
        /// The reason why an anonymous source is not named.
        pub reason: Option<String>,
        /// The actor that an anonymous source is close to.
        pub close_to_id: Option<ActorId>,
        /// The article that quotes an anonymous source. The source is deleted with it.
        pub article_id: Option<ArticleId>,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// The kind of an actor.
    ActorKind {
        /// A human being.
        Person,
        /// A body with a structure, such as a state, government body, militia, party or company.
        Organization,
        /// People without a known structure, such as kidnappers, security forces or militia channels.
        Group,
        /// A source that an article quotes without naming it.
        AnonymousSource,
    }
}

string_enum! {
    /// The kind of an organization.
    OrganizationKind {
        /// A state as an actor, linked to the place that is its territory.
        State,
        /// A cabinet, or a government as a whole.
        Government,
        /// A ministry, office or commission of a state.
        GovernmentBody,
        /// A parliament or council.
        Legislature,
        /// A court.
        Court,
        /// A police force, intelligence service or guard.
        SecurityForce,
        /// An army, or a part of one.
        Military,
        /// An armed organization outside of the regular forces.
        Militia,
        /// A political party.
        Party,
        /// A social or political movement.
        Movement,
        /// A newspaper, news agency, broadcaster or other news outlet.
        Media,
        /// An online service on which people publish.
        Platform,
        /// A non-governmental organization.
        Ngo,
        /// An intergovernmental organization, or a mission of one.
        Igo,
        /// A business.
        Company,
        /// A hospital as an institution. Its building is a place.
        Hospital,
        /// A school, institute or university.
        School,
        /// A policy research institute.
        ThinkTank,
        /// A trade union or professional body.
        Union,
        /// A church, seminary or religious endowment.
        ReligiousBody,
        /// Any other kind of organization.
        Other,
    }
}
