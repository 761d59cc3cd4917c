//! Claims: propositions on which statements take a stance.

use async_graphql::InputObject;
use sea_orm::sea_query::Expr;

use crate::error::Result;
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::connection::parents::foreign_key;
use crate::graphql::filter::{
    BooleanFilter, EnumFilter, FilterContext, IdFilter, ListFilter, NodeFilter, RecordFilter, StringFilter, all,
    filter, from_record, full_text_match, has_child, refers_to_node,
};
use crate::graphql::plan::computed::{Computed, RowCall};
use crate::graphql::schema::connection::List;
use crate::graphql::schema::node_type::node_type;
use crate::graphql::schema::object::object;
use crate::graphql::schema::root::root_fields;
use crate::graphql::types::account::AccountFilter;
use crate::graphql::types::actor::{Actor, ActorFilter};
use crate::graphql::types::change::Change;
use crate::graphql::types::event::EventFilter;
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::figure::FigureFilter;
use crate::graphql::types::node::Node;
use crate::graphql::types::participation::ParticipationFilter;
use crate::graphql::types::relation::RelationFilter;
use crate::graphql::types::stance::{Stance, StanceFilter};
use crate::graphql::types::statement::Statement;
use entity::claim::{Column, Entity};
use entity::record::RecordKind;
use entity::standing::Standing;

node_type! {
    /// A proposition on which statements take a stance, always worded affirmatively.
    Claim of claim as Claim, filter ClaimFilter, order ClaimOrderField, facet ClaimFacet {
        /// The proposition, in the words of the dataset's authors.
        text: String = column(Text);
        /// Subject of the claim: an event (that it happened), account, participation, relation, figure or actor.
        subject: Option<Node> = node(SubjectId, SubjectKind);
        /// Standing computed from the stances of all voices; only the latest stance of each voice counts. It does not say whether the
        /// claim is true.
        standing: Standing = column(Standing);
        /// True if the claim is contested only because another voice supports a rival account of the same event, and nobody denies
        /// it explicitly.
        implied: bool = column(Implied);
        /// The voices and statements on each side, by kind of stance.
        sides: Sides = sides;
        /// Stances of all statements on the claim, including superseded ones that do not count.
        stances: List<Stance> = many(foreign_key(entity::stance::Column::ClaimId));
        /// Evidence: the spans of article text that support this claim.
        evidence: List<Evidence> = many(foreign_key(entity::evidence::Column::TargetId));
        /// Audit log of this claim and its child records, oldest first. Use `asOf` on root fields for point-in-time reads.
        history: List<Change> = many(foreign_key(entity::change::Column::RecordId));
    }
}

object! {
    /// The sides of a claim, one for each kind of stance. Only the latest stance of each voice counts.
    Sides {
        /// Voices that say that the claim is true.
        asserts: Side = own;
        /// Voices that confirm the claim after another speaker made it.
        confirms: Side = own;
        /// Voices that give reasons for the claim.
        supports: Side = own;
        /// Voices that doubt the claim.
        questions: Side = own;
        /// Voices that say that the claim is false.
        denies: Side = own;
        /// Voices that withdrew the claim.
        retracts: Side = own;
        /// Voices that declined to comment on the claim.
        declines_comment: Side = own;
        /// True if the claim is contested only because another voice supports a rival account of the same event.
        implied: bool = own;
    }
}

object! {
    /// One side of a claim: the voices whose latest stance is of one kind.
    Side {
        /// Number of voices.
        count: i32 = own;
        /// The voices, in the import order of their statements.
        voices: Vec<Voice> = own;
        /// The statements that count: the latest of each voice with a stance on this claim. `Claim.stances` has all of them.
        statements: Vec<Statement> = own;
    }
}

object! {
    /// A voice: the original source of a statement, at the end of a chain of relays.
    Voice {
        /// Display label: the actor's label, or the unnamed speaker as printed, such as `widely (unnamed)`.
        label: String = own;
        /// The actor that is the voice; null for an unnamed voice.
        actor: Option<Actor> = own;
    }
}

/// Filter for the subject of a claim. All given fields must match, so give only one apart from `kind`.
#[derive(Clone, Debug, InputObject)]
pub struct SubjectFilter {
    /// Type of the subject.
    pub kind: Option<EnumFilter<RecordKind>>,
    /// The subject, if it is an event.
    pub event: Option<Box<EventFilter>>,
    /// The subject, if it is an account.
    pub account: Option<Box<AccountFilter>>,
    /// The subject, if it is a participation.
    pub participation: Option<Box<ParticipationFilter>>,
    /// The subject, if it is a relation.
    pub relation: Option<Box<RelationFilter>>,
    /// The subject, if it is a figure.
    pub figure: Option<Box<FigureFilter>>,
    /// The subject, if it is an actor.
    pub actor: Option<Box<ActorFilter>>,
}

fn about(filter: &SubjectFilter, context: &mut FilterContext) -> Result<Expr> {
    use crate::graphql::filter::ColumnFilter;
    fn one<F: NodeFilter>(filter: Option<&F>, context: &mut FilterContext) -> Result<Option<Expr>> {
        filter.map(|filter| refers_to_node(Column::SubjectId, filter, context)).transpose()
    }
    let mut tests = Vec::new();
    if let Some(kind) = &filter.kind {
        tests.push(kind.test(Expr::col((Entity, Column::SubjectKind)), context)?);
    }
    tests.extend(one(filter.event.as_deref(), context)?);
    tests.extend(one(filter.account.as_deref(), context)?);
    tests.extend(one(filter.participation.as_deref(), context)?);
    tests.extend(one(filter.relation.as_deref(), context)?);
    tests.extend(one(filter.figure.as_deref(), context)?);
    tests.extend(one(filter.actor.as_deref(), context)?);
    Ok(all(tests))
}

filter! {
    /// Filter for claims.
    ClaimFilter of claim {
        /// Global id.
        id: IdFilter = id(Id of Claim);
        /// The imported record this node was created from: its dataset and key.
        record: RecordFilter = with(from_record::<entity::claim::Entity>);
        /// Full-text search in `text`; syntax as in `Query.search`.
        search: String = with(full_text_match::<entity::claim::Entity>);
        /// The proposition; exact match, case-sensitive.
        text: StringFilter = column(Text);
        /// Standing of the claim.
        standing: EnumFilter<Standing> = column(Standing);
        /// True for claims that are contested only because another voice supports a rival account.
        implied: BooleanFilter = column(Implied);
        /// The claim's subject.
        subject: SubjectFilter = with(about);
        /// The stances of statements on the claim.
        stances: ListFilter<StanceFilter> = many(has_child::<Entity, _>(entity::stance::Column::ClaimId));
        /// The claim's evidence.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::claim::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// Facets of claims.
    ClaimFacet of claim {
        /// Standing of the claim.
        Standing = FacetValues::column(Column::Standing),
        /// Type of the subject.
        SubjectKind = FacetValues::column(Column::SubjectKind),
    }
}

order! {
    /// Sort keys for claims.
    ClaimOrderField {
        /// Import order.
        Recorded = Recorded,
    }
}

root_fields! {
    root_fields {
        /// Looks up one claim.
        claim: Option<Claim> = recorded;
        /// Paginated list of claims: propositions on which statements take a stance.
        claims: Option<List<Claim>> = list;
    }
}

/// The sides of a claim, each with its kind of stance.
pub(crate) const SIDES: [(&str, &str); 7] = [
    ("asserts", "ASSERTS"),
    ("confirms", "CONFIRMS"),
    ("supports", "SUPPORTS"),
    ("questions", "QUESTIONS"),
    ("denies", "DENIES"),
    ("retracts", "RETRACTS"),
    ("declinesComment", "DECLINES_COMMENT"),
];

/// Computes the label of a voice, from the label of the actor, the printed speaker, and the reporting word.
pub(crate) fn voice_label(voice: &RowCall<'_>) -> Computed {
    match (voice.text(0), voice.text(1).or(voice.text(2))) {
        (Some(label), _) => label.into(),
        (None, Some(words)) => format!("{words} (unnamed)").into(),
        (None, None) => "(unnamed)".into(),
    }
}
