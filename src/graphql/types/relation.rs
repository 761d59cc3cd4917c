//! Relations: lasting relationships of actors to actors or places.

use async_graphql::InputObject;
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::error::{Error, Result};
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::connection::parents::foreign_key;
use crate::graphql::filter::{
    EnumFilter, FilterContext, IdFilter, ListFilter, RecordFilter, StringFilter, all, filter, from_record,
    full_text_match, has_child, parse_date,
};
use crate::graphql::schema::connection::List;
use crate::graphql::schema::node_type::node_type;
use crate::graphql::schema::root::root_fields;
use crate::graphql::types::actor::{Actor, ActorFilter};
use crate::graphql::types::change::Change;
use crate::graphql::types::claim::Claim;
use crate::graphql::types::date::{EdtfDate, parsed_date};
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::place::{Place, PlaceFilter};
use entity::participation::Certainty;
use entity::relation::{Column, Entity, RelationKind};

node_type! {
    /// A lasting relationship of an actor to another actor or to a place, such as an office, a membership or kinship.
    Relation of relation as Relation, filter RelationFilter, order RelationOrderField, facet RelationFacet,
        dated [SinceEarliest UntilLatest] {
        /// Kind of relation of the subject to the object or place.
        kind: RelationKind = column(Kind);
        /// The first actor: the office holder, the member, the mother.
        subject: Actor = one(SubjectId);
        /// The second actor; null for a relation to a place.
        object: Option<Actor> = one(ObjectId);
        /// The place to which the actor is related or, with an `object`, the place for which the relation holds.
        place: Option<Place> = one(PlaceId);
        /// Title or post, such as `Prime Minister`.
        title: Option<String> = column(Title);
        /// Further details, as free text.
        note: Option<String> = column(Note);
        /// Start of the relation.
        from: Option<EdtfDate> = computed([since], parsed_date);
        /// End of the relation.
        to: Option<EdtfDate> = computed([until], parsed_date);
        /// Time at which a source attests that the relation holds.
        attested: Option<EdtfDate> = computed([attested], parsed_date);
        /// Certainty: stated by the source, or inferred from it.
        certainty: Certainty = column(Certainty);
        /// The claim about this relation; null when there is none.
        claim: Option<Claim> = claim;
        /// Evidence: the spans of article text that support this relation.
        evidence: List<Evidence> = many(foreign_key(entity::evidence::Column::TargetId));
        /// Audit log of this relation and its child records, oldest first. Use `asOf` on root fields for point-in-time reads.
        history: List<Change> = many(foreign_key(entity::change::Column::RecordId));
    }
}

/// A day on which a relation held.
#[derive(Clone, Debug, InputObject)]
pub struct HeldOnInput {
    /// The day in EDTF, or a longer period throughout which the relation held.
    pub date: String,
    /// Also matches relations that may have held on that day, because their start or end is unknown or imprecise. Default: false.
    #[graphql(default)]
    pub presumed: bool,
}

fn held_on(held: &HeldOnInput, _: &mut FilterContext) -> Result<Expr> {
    let date = parse_date(&held.date)?;
    let (Some(start), Some(end)) = (date.earliest, date.latest) else {
        return Err(Error::BadInput(format!(
            "`heldOn: {}` has no start or no end: give a day, month or year",
            held.date
        )));
    };
    let column = |column: Column| Expr::col((Entity, column));
    Ok(if held.presumed {
        all([
            column(Column::SinceEarliest).is_null().or(column(Column::SinceEarliest).lt(end)),
            column(Column::UntilLatest).is_null().or(column(Column::UntilLatest).gt(start)),
        ])
    } else {
        // An end that is recorded as open never passes; an unknown end counts as the last time the relation was
        // attested.
        all([column(Column::HeldEarliest).lte(start), column(Column::HeldLatest).gte(end)])
    })
}

filter! {
    /// Filter for relations.
    RelationFilter of relation {
        /// Global id.
        id: IdFilter = id(Id of Relation);
        /// The imported record this node was created from: its dataset and key.
        record: RecordFilter = with(from_record::<entity::relation::Entity>);
        /// Full-text search in title and note; syntax as in `Query.search`.
        search: String = with(full_text_match::<entity::relation::Entity>);
        /// Kind of relation of the subject to the object or place.
        kind: EnumFilter<RelationKind> = column(Kind);
        /// The relation's first actor.
        subject: Box<ActorFilter> = one(SubjectId);
        /// The relation's second actor.
        object: Box<ActorFilter> = one(ObjectId);
        /// The relation's place.
        place: Box<PlaceFilter> = one(PlaceId);
        /// Title or post; exact match, case-sensitive.
        title: StringFilter = column(Title);
        /// Relations that held on a day: the day lies between start and end. An unknown start counts as the first time
        /// the relation was attested, an unknown end as the last time.
        held_on: HeldOnInput = with(held_on);
        /// Certainty: stated by the source, or inferred from it.
        certainty: EnumFilter<Certainty> = column(Certainty);
        /// The relation's evidence.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::relation::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// Facets of relations.
    RelationFacet of relation {
        /// Kind of relation of the subject to the object or place.
        Kind = FacetValues::column(Column::Kind),
        /// The second actor.
        Object = FacetValues::node(Column::ObjectId, NodeKind::Actor),
    }
}

order! {
    /// Sort keys for relations.
    RelationOrderField {
        /// Import order.
        Recorded = Recorded,
        /// Earliest possible start of the relation.
        From = Number (Entity, Column::SinceEarliest),
    }
}

root_fields! {
    root_fields {
        /// Looks up one relation.
        relation: Option<Relation> = recorded;
        /// Paginated list of relations: lasting relationships of actors to actors or places.
        relations: Option<List<Relation>> = list;
    }
}
