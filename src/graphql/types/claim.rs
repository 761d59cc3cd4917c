//! Claims: propositions on which statements take a stance.

use std::collections::HashMap;

use async_graphql::InputObject;
use entity::row::{CellValue, QueryRow, Rows};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};

use crate::error::Result;
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::connection::parents::foreign_key;
use crate::graphql::filter::{
    BooleanFilter, EnumFilter, FilterContext, IdFilter, ListFilter, NodeFilter, RecordFilter, StringFilter, all,
    filter, from_record, full_text_match, has_child, refers_to,
};
use crate::graphql::plan::computed::{Call, Computed, FunctionFuture, Values, count};
use crate::graphql::schema::connection::List;
use crate::graphql::schema::node_type::node_type;
use crate::graphql::schema::object::object;
use crate::graphql::schema::root::root_fields;
use crate::graphql::session::SharedError;
use crate::graphql::types::account::AccountFilter;
use crate::graphql::types::actor::{Actor, ActorFilter};
use crate::graphql::types::change::Change;
use crate::graphql::types::event::EventFilter;
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::figure::FigureFilter;
use crate::graphql::types::node::{Node, NodeKind};
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
        sides: Sides = function(sides_of_claims);
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
        filter.map(|filter| refers_to(Column::SubjectId, filter, context)).transpose()
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

/// Computes the sides of claims. Only the latest stance of each voice counts.
fn sides_of_claims<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let (session, dialect) = (call.session, call.session.dialect());
        let sides: Vec<SelectedSide> = SIDES.iter().filter_map(|side| SelectedSide::of(side, call)).collect();
        let is_of_claims = |column| dialect.is_one_of(Expr::col(column), dialect.numbers(call.ids));
        // Without a condition on the kind of stance, for which SQLite would read all stances of a kind. Left joins are made in this order.
        let mut stances = Query::select();
        stances
            .columns([("stance", "claim_id"), ("stance", "stance"), ("stance", "statement_id")])
            .from("stance")
            .and_where(is_of_claims(("stance", "claim_id")))
            .and_where(Expr::col(("stance", "current")).eq(true))
            .order_by(("stance", "statement_id"), Order::Asc);
        if sides.iter().any(|side| side.shows_voices) {
            let is = |left, right| Expr::col(left).equals(right);
            stances
                .columns([("statement", "voice_id"), ("statement", "speaker_text"), ("statement", "cue")])
                .column(("actor", "label"))
                .left_join("statement", is(("statement", "id"), ("stance", "statement_id")))
                .left_join("actor", is(("actor", "id"), ("statement", "voice_id")));
        }
        let stances = if sides.is_empty() { Rows::default() } else { session.all(&stances).await? };
        // The rows of each side, by claim and stance.
        let mut all: HashMap<(i64, &str), Vec<QueryRow<'_>>> = HashMap::new();
        for row in stances.iter() {
            if let Some(side) = sides.iter().find(|side| row.value(1) == CellValue::Text(side.stance)) {
                all.entry((row.at(0)?, side.stance)).or_default().push(row);
            }
        }
        let mut implied: HashMap<i64, bool> = HashMap::new();
        if call.selects(&["implied"]) {
            let select = Query::select()
                .columns(["id", "implied"])
                .from("claim")
                .and_where(is_of_claims(("claim", "id")))
                .take();
            for row in session.all(&select).await?.iter() {
                implied.insert(row.at(0)?, row.at(1)?);
            }
        }
        let mut values = Values::new();
        for claim in call.ids.iter().copied() {
            let side = |side: &SelectedSide| {
                let rows = all.remove(&(claim, side.stance)).unwrap_or_default();
                let mut fields = vec![("count", count(rows.len() as i64))];
                if side.shows_voices {
                    let voices = rows.iter().map(|row| voice(*row)).collect::<Result<_, SharedError>>()?;
                    fields.push(("voices", Computed::List(voices)));
                }
                if side.shows_statements {
                    let node = |row: &QueryRow<'_>| Ok(Computed::node(NodeKind::Statement, row.at(2)?));
                    fields.push((
                        "statements",
                        Computed::List(rows.iter().map(node).collect::<Result<_, SharedError>>()?),
                    ));
                }
                Ok((side.name, Computed::object("Side", fields)))
            };
            let mut fields: Vec<_> = sides.iter().map(side).collect::<Result<_, SharedError>>()?;
            fields.push(("implied", implied.get(&claim).copied().unwrap_or_default().into()));
            values.insert(claim, Computed::object("Sides", fields));
        }
        Ok(values)
    })
}

/// A side of a claim that is selected.
struct SelectedSide {
    name: &'static str,
    stance: &'static str,
    shows_voices: bool,
    shows_statements: bool,
}

impl SelectedSide {
    /// Returns `None` if the side is not selected.
    fn of((name, stance): &(&'static str, &'static str), call: &Call<'_>) -> Option<Self> {
        let selects = |field| call.selects(&[name, field]);
        let (shows_voices, shows_statements) = (selects("voices"), selects("statements"));
        call.selects(&[name]).then_some(Self { name, stance, shows_voices, shows_statements })
    }
}

/// The sides of a claim, each with its kind of stance.
const SIDES: [(&str, &str); 7] = [
    ("asserts", "ASSERTS"),
    ("confirms", "CONFIRMS"),
    ("supports", "SUPPORTS"),
    ("questions", "QUESTIONS"),
    ("denies", "DENIES"),
    ("retracts", "RETRACTS"),
    ("declinesComment", "DECLINES_COMMENT"),
];

/// Returns the voice of a stance.
fn voice(row: QueryRow<'_>) -> Result<Computed, SharedError> {
    let (id, words, cue): (Option<i64>, Option<String>, Option<String>) = (row.at(3)?, row.at(4)?, row.at(5)?);
    let label = match (row.at::<Option<String>>(6)?, words.or(cue)) {
        (Some(label), _) => label,
        (None, Some(words)) => format!("{words} (unnamed)"),
        (None, None) => "(unnamed)".to_owned(),
    };
    let actor = id.map(|id| Computed::node(NodeKind::Actor, id)).into();
    Ok(Computed::object("Voice", [("label", label.into()), ("actor", actor)]))
}
