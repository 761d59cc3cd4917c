//! Lasting ties of actors.

use async_graphql::{Context, ID, InputObject, Object};
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::error::{Error, Result as Answer};
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::histogram::DatedList;
use crate::graphql::connection::keyset::order;
use crate::graphql::connection::loader::by;
use crate::graphql::executor::resolve::ResolvedObject;
use crate::graphql::filter::{
    EnumFilter, FilterContext, IdFilter, ListFilter, RecordFilter, StringFilter, all, date, filter, from_record,
    has_child, searched,
};
use crate::graphql::has_many;
use crate::graphql::loading::batch::node_type;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::session::{SharedError, present};
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::actor::{Actor, ActorFilter};
use crate::graphql::types::change::Change;
use crate::graphql::types::claim::Claim;
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::date::Date;
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::node::NodeKind;
use crate::graphql::types::place::{Place, PlaceFilter};
use entity::participation::Certainty;
use entity::relation::{Column, Entity, RelationKind};

belongs_to! {
    relation {
        SUBJECT "subject": Actor = subject_id;
        OBJECT "object": Actor = object_id or null;
        PLACE "place": Place = place_id or null;
    }
}

node_type!(Relation of relation, filter RelationFilter, order RelationOrderField, facet RelationFacet, chart DatedList<Relation>, dated [SinceEarliest UntilLatest], refers REFERENCES);

/// A lasting tie from an actor to an actor or to a place: an office, a membership, kinship.
#[Object]
impl Relation {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        NodeKind::Relation.global(self.0.id.0)
    }
    /// The record that it came with.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// What the first is to the second.
    async fn kind(&self) -> RelationKind {
        self.0.kind
    }
    /// The first: the holder, the member, the mother.
    async fn subject(&self, ctx: &Context<'_>) -> Result<ResolvedObject<Actor>, SharedError> {
        present(self.0.one(ctx, &SUBJECT).await)
    }
    /// The second, when it is an actor.
    async fn object(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Actor>, SharedError>> {
        self.0.one(ctx, &OBJECT).await
    }
    /// The second, when it is a place; else the place for which the tie holds.
    async fn place(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.one(ctx, &PLACE).await
    }
    /// The title or post, such as `Prime Minister`.
    async fn title(&self) -> Option<&String> {
        self.0.title.as_ref()
    }
    /// What else is told of it.
    async fn note(&self) -> Option<&String> {
        self.0.note.as_ref()
    }
    /// From when it holds.
    async fn from(&self) -> Option<ResolvedObject<Date>> {
        Date::parsed(self.0.since.as_ref()).map(ResolvedObject)
    }

    /// Until when it holds.
    async fn to(&self) -> Option<ResolvedObject<Date>> {
        Date::parsed(self.0.until.as_ref()).map(ResolvedObject)
    }

    /// When it was said to hold.
    async fn attested(&self) -> Option<ResolvedObject<Date>> {
        Date::parsed(self.0.attested.as_ref()).map(ResolvedObject)
    }
    /// Whether it is stated or inferred.
    async fn certainty(&self) -> Certainty {
        self.0.certainty
    }
    /// The claim about it, if statements take sides on it.
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
    async fn lists(&self) -> RelationLists {
        RelationLists(self.0.clone())
    }
}

has_many! {
    RelationLists of entity::relation::Entity, named "Relation" {
    /// Where it is written.
    evidence: Evidence = by(entity::evidence::Column::TargetId);
    /// What was written of it and its parts, oldest first; `asOf` of the root fields reads it as it was.
    history: Change = by(entity::change::Column::RecordId);
    }
}

/// A day on which a tie held.
#[derive(Clone, Debug, InputObject)]
pub struct HeldOnInput {
    /// The day, or a longer time throughout which it held, in EDTF.
    pub date: String,
    /// Also ties that are not excluded: not known to have begun later or ended earlier. False when left out.
    #[graphql(default)]
    pub presumed: bool,
}

fn held_on(held: &HeldOnInput, _: &mut FilterContext) -> Answer<Expr> {
    let date = date(&held.date)?;
    let (Some(start), Some(end)) = (date.earliest, date.latest) else {
        return Err(Error::BadInput(format!("`heldOn: {}` is open: give a day, month or year", held.date)));
    };
    let column = |column: Column| Expr::col((Entity, column));
    Ok(if held.presumed {
        all([
            column(Column::SinceEarliest).is_null().or(column(Column::SinceEarliest).lt(end)),
            column(Column::UntilLatest).is_null().or(column(Column::UntilLatest).gt(start)),
        ])
    } else {
        // An open end that is known to be open holds on; an unknown one is as late as it was last attested.
        all([column(Column::HeldEarliest).lte(start), column(Column::HeldLatest).gte(end)])
    })
}

filter! {
    /// Which relations.
    RelationFilter of relation {
        /// The id.
        id: IdFilter = id(Id of Relation);
        /// The record that it came with.
        record: RecordFilter = with(from_record::<entity::relation::Entity>);
        /// The words are in its title or note: see `Query.search`.
        search: String = with(searched::<entity::relation::Entity>);
        /// What the first is to the second.
        kind: EnumFilter<RelationKind> = column(Kind);
        /// The first.
        subject: Box<ActorFilter> = one(SubjectId);
        /// The second, when it is an actor.
        object: Box<ActorFilter> = one(ObjectId);
        /// The place.
        place: Box<PlaceFilter> = one(PlaceId);
        /// The title, letter for letter.
        title: StringFilter = column(Title);
        /// That it held on a day: the day lies between its start, or when it was first attested, and its end, or when it
        /// was last attested.
        held_on: HeldOnInput = with(held_on);
        /// Whether it is stated or inferred.
        certainty: EnumFilter<Certainty> = column(Certainty);
        /// Where it is written.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::relation::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// By what relations can be counted.
    RelationFacet of relation {
        /// What the first is to the second.
        Kind = Values::words(Column::Kind),
        /// The second, when it is an actor.
        Object = Values::things(Column::ObjectId, NodeKind::Actor),
    }
}

order! {
    /// By what relations can be ordered.
    RelationOrderField {
        /// In the order in which they were recorded.
        Recorded = Recorded,
        /// By when they begin.
        From = Number (Entity, Column::SinceEarliest),
    }
}

root_fields! {
    RelationQuery of Relation {
        lists {
            /// Lasting ties of actors.
            relations;
        }
        one {
            /// A relation.
            relation Relation;
        }
    }
}
