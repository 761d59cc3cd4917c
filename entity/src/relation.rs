//! Lasting relations between actors, or of actors to places.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ActorId, PlaceId, RelationId};
use crate::participation::Certainty;
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// A lasting relation from an actor to another actor or to a place.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "relation")]
    pub struct Model {
        /// Row id.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: RelationId,
        /// Kind of relation.
        pub kind: RelationKind,
        /// Subject: the office holder, the member, the mother.
        pub subject_id: ActorId,
        /// Object, if it is an actor.
        pub object_id: Option<ActorId>,
        /// Object, if it is a place; otherwise the place for which the relation holds.
        pub place_id: Option<PlaceId>,
        /// Title or post, such as `Prime Minister`.
        pub title: Option<String>,
        /// Further information.
        pub note: Option<String>,
        /// Start date, in EDTF.
        pub since: Option<String>,
        /// Earliest possible start, in seconds since 1970 UTC.
        pub since_earliest: Option<i64>,
        /// End date, in EDTF.
        pub until: Option<String>,
        /// Latest possible end, exclusive, in seconds since 1970 UTC.
        pub until_latest: Option<i64>,
        /// Dates at which the relation is attested, in EDTF.
        pub attested: Option<String>,
        /// Start of the known duration: `since`, otherwise the first attested date.
        pub held_earliest: Option<i64>,
        /// End of the known duration: `until`, otherwise the last attested date.
        pub held_latest: Option<i64>,
        /// Certainty: stated or inferred.
        pub certainty: Certainty,
    }
}

/// Empty on purpose: queries write their own joins, and the migrations define the foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// The kind of a relation, from its subject to its object or place.
    RelationKind {
        /// The subject holds a post (`title`) at the object.
        HoldsPositionAt,
        /// The subject is a member of the object.
        MemberOf,
        /// The subject is a part of the object.
        PartOf,
        /// The subject works for the object.
        WorksFor,
        /// The subject studied at the object.
        StudiedAt,
        /// The subject took part in the object, a movement or campaign.
        TookPartIn,
        /// The subject is the mother of the object.
        Mother,
        /// The subject is the father of the object.
        Father,
        /// The subject and the object are married.
        Spouse,
        /// The subject and the object belong to one family.
        FamilyOther,
        /// The subject backs the object.
        Backs,
        /// The subject is affiliated with the object.
        AffiliatedWith,
        /// The subject and the object are allied.
        AlliedWith,
        /// The subject owns the object.
        Owns,
        /// The subject is an associate of the object.
        AssociateOf,
        /// The subject is a spokesperson for the object.
        SpokespersonFor,
        /// The subject lives in the place.
        LivesIn,
        /// The subject is based in the place.
        BasedIn,
    }
}
