//! Lasting ties of actors.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ActorId, PlaceId, RelationId};
use crate::participation::Certainty;
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// A lasting tie from an actor to an actor or to a place.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "relation")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: RelationId,
        /// What the first is to the second.
        pub kind: RelationKind,
        /// The first: the holder, the member, the mother.
        pub subject_id: ActorId,
        /// The second, when it is an actor.
        pub object_id: Option<ActorId>,
        /// The second, when it is a place; else the place for which the tie holds.
        pub place_id: Option<PlaceId>,
        /// The title or post, such as `Prime Minister`.
        pub title: Option<String>,
        /// What else is told of it.
        pub note: Option<String>,
        /// From when it holds, in EDTF.
        pub since: Option<String>,
        /// Start of that time, seconds since 1970 UTC.
        pub since_earliest: Option<i64>,
        /// Until when it holds, in EDTF.
        pub until: Option<String>,
        /// End of that time, exclusive.
        pub until_latest: Option<i64>,
        /// When it was said to hold, in EDTF.
        pub attested: Option<String>,
        /// From when it is known to have held: `since`, or else the first attested.
        pub held_earliest: Option<i64>,
        /// Until when it is known to have held: `until`, or else the last attested.
        pub held_latest: Option<i64>,
        /// Whether it is stated or inferred.
        pub certainty: Certainty,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// What the first actor of a relation is to the second, or to the place.
    RelationKind {
        /// The first holds a post (the title) at the second.
        HoldsPositionAt,
        /// The first is a member of the second.
        MemberOf,
        /// The first is a part of the second.
        PartOf,
        /// The first works for the second.
        WorksFor,
        /// The first studied at the second.
        StudiedAt,
        /// The first took part in the second, a movement or campaign.
        TookPartIn,
        /// The first is the mother of the second.
        Mother,
        /// The first is the father of the second.
        Father,
        /// The two are married.
        Spouse,
        /// The two are of one family.
        FamilyOther,
        /// The first backs the second.
        Backs,
        /// The first is affiliated with the second.
        AffiliatedWith,
        /// The two are allied.
        AlliedWith,
        /// The first owns the second.
        Owns,
        /// The first is an associate of the second.
        AssociateOf,
        /// The first speaks for the second.
        SpokespersonFor,
        /// The first lives in the place.
        LivesIn,
        /// The first is based in the place.
        BasedIn,
    }
}
