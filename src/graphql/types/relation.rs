//! Relations: lasting relationships of actors to actors or places.

use async_graphql::{Context, ID, InputObject, Object};
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::error::{Error, Result};
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::histogram::DatedConnectionFields;
use crate::graphql::connection::loader::foreign_key;
use crate::graphql::connection::order_by::order;
use crate::graphql::executor::object::ResolvedObject;
use crate::graphql::filter::{
    EnumFilter, FilterContext, IdFilter, ListFilter, RecordFilter, StringFilter, all, filter, from_record,
    full_text_match, has_child, parse_date,
};
use crate::graphql::has_many;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::node_type::node_type;
use crate::graphql::loading::session::{SharedError, required};
use crate::graphql::plan::noun::planned;
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::actor::{Actor, ActorFilter};
use crate::graphql::types::change::Change;
use crate::graphql::types::claim::{Claim, claim_about};
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

node_type!(Relation of relation, filter RelationFilter, order RelationOrderField, facet RelationFacet, connection_fields DatedConnectionFields<Relation>, dated [SinceEarliest UntilLatest], belongs_to BELONGS_TO);

planned! {
    Relation of relation as Relation, lists [RelationLists] {
        "kind" Text Kind,
        "title" Text Title,
        "note" Text Note,
        "certainty" Text Certainty,
        parsed_dates:
        "from" "since",
        "to" "until",
        "attested" "attested",
        claim: claim
    }
}

/// A lasting relationship of an actor to another actor or to a place, such as an office, a membership or kinship.
#[Object]
impl Relation {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> ID {
        NodeKind::Relation.global(self.0.id.0)
    }
    /// The imported record this node was created from: its dataset and key.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// Kind of relation of the subject to the object or place.
    async fn kind(&self) -> RelationKind {
        self.0.kind
    }
    /// The first actor: the office holder, the member, the mother.
    async fn subject(&self, ctx: &Context<'_>) -> Result<ResolvedObject<Actor>, SharedError> {
        required(self.0.belongs_to(ctx, &SUBJECT).await)
    }
    /// The second actor; null for a relation to a place.
    async fn object(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Actor>, SharedError>> {
        self.0.belongs_to(ctx, &OBJECT).await
    }
    /// The place to which the actor is related or, with an `object`, the place for which the relation holds.
    async fn place(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.belongs_to(ctx, &PLACE).await
    }
    /// Title or post, such as `Prime Minister`.
    async fn title(&self) -> Option<&String> {
        self.0.title.as_ref()
    }
    /// Further details, as free text.
    async fn note(&self) -> Option<&String> {
        self.0.note.as_ref()
    }
    /// Start of the relation.
    async fn from(&self) -> Option<ResolvedObject<Date>> {
        Date::parsed(self.0.since.as_ref()).map(ResolvedObject)
    }

    /// End of the relation.
    async fn to(&self) -> Option<ResolvedObject<Date>> {
        Date::parsed(self.0.until.as_ref()).map(ResolvedObject)
    }

    /// Time at which a source attests that the relation holds.
    async fn attested(&self) -> Option<ResolvedObject<Date>> {
        Date::parsed(self.0.attested.as_ref()).map(ResolvedObject)
    }
    /// Certainty: stated by the source, or inferred from it.
    async fn certainty(&self) -> Certainty {
        self.0.certainty
    }
    /// The claim about this relation; null when there is none.
    async fn claim(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Claim>, SharedError>> {
        claim_about(&self.0, ctx, |row| row.id.0).await
    }
    #[graphql(flatten)]
    async fn lists(&self) -> RelationLists {
        RelationLists(self.0.clone())
    }
}

has_many! {
    RelationLists of entity::relation::Entity, named "Relation" {
    /// Evidence: the spans of article text that support this relation.
    evidence: Evidence = foreign_key(entity::evidence::Column::TargetId);
    /// Audit log of this relation and its child records, oldest first. Use `asOf` on root fields for point-in-time reads.
    history: Change = foreign_key(entity::change::Column::RecordId);
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
    RelationQuery of Relation {
        lists {
            /// Paginated list of relations: lasting relationships of actors to actors or places.
            relations;
        }
        one {
            /// Looks up one relation.
            relation Relation;
        }
    }
}
