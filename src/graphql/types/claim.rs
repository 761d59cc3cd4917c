//! Propositions that statements take sides on.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use sea_orm::sea_query::Expr;

use crate::error::Result as Answer;
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::keyset::order;
use crate::graphql::connection::loader::by;
use crate::graphql::executor::resolve::{ResolvedList, ResolvedObject};
use crate::graphql::filter::{
    BooleanFilter, EnumFilter, FilterContext, IdFilter, ListFilter, NodeFilter, RecordFilter, StringFilter, all,
    filter, from_record, has_child, refers_to, searched,
};
use crate::graphql::has_many;
use crate::graphql::loading::batch::{NodeType, Row, node_type};
use crate::graphql::loading::projection::{Projection, below};
use crate::graphql::loading::session::{SharedError, session};
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::account::AccountFilter;
use crate::graphql::types::actor::{Actor, ActorFilter};
use crate::graphql::types::change::Change;
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::event::EventFilter;
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::figure::FigureFilter;
use crate::graphql::types::node::{Node, NodeKind, target_if};
use crate::graphql::types::participation::ParticipationFilter;
use crate::graphql::types::relation::RelationFilter;
use crate::graphql::types::stance::{Stance, StanceFilter};
use crate::graphql::types::statement::Statement;
use entity::claim::{Column, Entity};
use entity::record::RecordKind as Noun_;
use entity::stance::StanceKind;
use entity::standing::Standing;

node_type!(Claim of claim, filter ClaimFilter, order ClaimOrderField, facet ClaimFacet);

/// A proposition that statements take sides on, always worded affirmatively.
#[Object]
impl Claim {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        NodeKind::Claim.global(self.0.id.0)
    }
    /// The record that it came with.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// The proposition, in words of this graph's makers.
    async fn text(&self) -> &str {
        &self.0.text
    }
    /// What it is about: an event (that it happened), an account, a participation, a relation, a figure or an actor.
    async fn subject(&self, ctx: &Context<'_>) -> Option<Result<Node, SharedError>> {
        target_if(&self.0, ctx, |row| Some((row.subject_id?.0, row.subject_kind))).await
    }
    /// How it stands between the voices for and against it. Of each voice the last stance counts. It is derived from the
    /// stances and says nothing of the truth.
    async fn standing(&self) -> Standing {
        self.0.standing
    }
    /// Whether it is contested only because a rival account of the same event is asserted by another voice, and nobody denies
    /// it in words.
    async fn implied(&self) -> bool {
        self.0.implied
    }
    /// Who is on which side.
    async fn sides(&self, ctx: &Context<'_>) -> Result<Box<ResolvedObject<Sides>>, SharedError> {
        sides(&self.0, ctx).await.map(|sides| Box::new(ResolvedObject(sides)))
    }
    #[graphql(flatten)]
    async fn lists(&self) -> ClaimLists {
        ClaimLists(self.0.clone())
    }
}

has_many! {
    ClaimLists of Entity, named "Claim" {
    /// The sides that statements take on it, counted or not.
    stances: Stance = by(entity::stance::Column::ClaimId);
    /// Where it is written.
    evidence: Evidence = by(entity::evidence::Column::TargetId);
    /// What was written of it and its parts, oldest first; `asOf` of the root fields reads it as it was.
    history: Change = by(entity::change::Column::RecordId);
    }
}

/// Who is on which side of a claim. Only the last stance of each voice counts.
#[derive(Clone, SimpleObject)]
pub struct Sides {
    /// Who says that it is so.
    asserts: ResolvedObject<Side>,
    /// Who confirms what another said.
    confirms: ResolvedObject<Side>,
    /// Who says what speaks for it.
    supports: ResolvedObject<Side>,
    /// Who doubts it.
    questions: ResolvedObject<Side>,
    /// Who says that it is not so.
    denies: ResolvedObject<Side>,
    /// Who took it back.
    retracts: ResolvedObject<Side>,
    /// Who would not comment.
    declines_comment: ResolvedObject<Side>,
    /// Whether it is contested only because a rival account of the same event is asserted by another voice.
    implied: bool,
}

/// One side of a claim.
#[derive(Clone, Default, SimpleObject)]
pub struct Side {
    /// How many voices.
    count: i32,
    /// The voices, in the order in which their statements were recorded.
    voices: ResolvedList<Voice>,
    /// The statements that count: of each voice the last that took a side on this claim. All of them are in `Claim.stances`.
    statements: ResolvedList<Statement>,
}

/// A voice: whoever is at the end of a chain of relays.
#[derive(Clone, SimpleObject)]
pub struct Voice {
    /// What to show: the actor's label, or the unnamed speaker as printed, such as `widely (unnamed)`.
    label: String,
    /// The actor; null for an unnamed voice.
    actor: Option<ResolvedObject<Actor>>,
}

/// Three statements for all claims of the batch: their stances, the statements, the actors.
async fn sides(row: &Row<Entity>, ctx: &Context<'_>) -> Result<Sides, SharedError> {
    type Loaded = HashMap<i64, Vec<(StanceKind, Statement, Voice)>>;
    let loaded: Arc<Loaded> = row
        .shared(ctx, async |claims| {
            let session = session(ctx)?;
            let ids: Vec<i64> = claims.iter().map(|claim| claim.id.0).collect();
            let stances = Projection::<Stance>::whole().read_by(session, entity::stance::Column::ClaimId, &ids).await?;
            let mut stances: Vec<_> = Row::all(&stances).filter(|stance| stance.current).collect();
            stances.sort_unstable_by_key(|stance| stance.statement_id);
            let ids: Vec<i64> = stances.iter().map(|stance| stance.statement_id.0).collect();
            // What is shown of statements and actors, and what they are called besides.
            let sides: Vec<_> = ctx.field().selection_set().collect();
            let asked = Projection::<Statement>::of(ctx, &below(&sides, "statements"), &["speakerText", "cue"]);
            let statements = asked.read_by(session, entity::statement::Column::Id, &ids).await?;
            let mut voices: Vec<i64> =
                Row::all(&statements).filter_map(|statement| statement.voice_id.map(|id| id.0)).collect();
            voices.sort_unstable();
            voices.dedup();
            let asked = Projection::<Actor>::of(ctx, &below(&below(&sides, "voices"), "actor"), &[]);
            let actors = asked.read_by(session, entity::actor::Column::Id, &voices).await?;
            let actors: HashMap<_, _> = Row::all(&actors).map(|row| (row.id, row)).collect();
            let statements: HashMap<_, _> = Row::all(&statements).map(|row| (row.id, row)).collect();
            let mut loaded = Loaded::new();
            for stance in stances {
                let Some(said) = statements.get(&stance.statement_id).cloned() else { continue };
                let actor = said.voice_id.and_then(|id| actors.get(&id).cloned());
                let label = match &actor {
                    Some(actor) => actor.label.clone(),
                    None => match said.speaker_text.as_ref().or(said.cue.as_ref()) {
                        Some(words) => format!("{words} (unnamed)"),
                        None => "(unnamed)".to_owned(),
                    },
                };
                let voice = Voice { label, actor: actor.map(|actor| ResolvedObject(Actor::of(actor))) };
                loaded.entry(stance.claim_id.0).or_default().push((stance.stance, Statement(said), voice));
            }
            Ok(loaded)
        })
        .await?;
    let side = |kind: StanceKind| {
        let mut side = Side::default();
        let all = loaded.get(&row.id.0).into_iter().flatten();
        for (_, statement, voice) in all.filter(|(stance, ..)| *stance == kind) {
            side.count += 1;
            side.voices.0.push(voice.clone());
            side.statements.0.push(statement.clone());
        }
        ResolvedObject(side)
    };
    Ok(Sides {
        asserts: side(StanceKind::Asserts),
        confirms: side(StanceKind::Confirms),
        supports: side(StanceKind::Supports),
        questions: side(StanceKind::Questions),
        denies: side(StanceKind::Denies),
        retracts: side(StanceKind::Retracts),
        declines_comment: side(StanceKind::DeclinesComment),
        implied: row.implied,
    })
}

/// What a claim is about. All that is given must hold, so give one.
#[derive(Clone, Debug, InputObject)]
pub struct SubjectFilter {
    /// The noun.
    pub kind: Option<EnumFilter<Noun_>>,
    /// An event.
    pub event: Option<Box<EventFilter>>,
    /// An account.
    pub account: Option<Box<AccountFilter>>,
    /// A participation.
    pub participation: Option<Box<ParticipationFilter>>,
    /// A relation.
    pub relation: Option<Box<RelationFilter>>,
    /// A figure.
    pub figure: Option<Box<FigureFilter>>,
    /// An actor.
    pub actor: Option<Box<ActorFilter>>,
}

fn about(filter: &SubjectFilter, context: &mut FilterContext) -> Answer<Expr> {
    use crate::graphql::filter::ColumnFilter;
    fn one<F: NodeFilter>(filter: Option<&F>, context: &mut FilterContext) -> Answer<Option<Expr>> {
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
    /// Which claims.
    ClaimFilter of claim {
        /// The id.
        id: IdFilter = id(Id of Claim);
        /// The record that it came with.
        record: RecordFilter = with(from_record::<entity::claim::Entity>);
        /// The words are in its text: see `Query.search`.
        search: String = with(searched::<entity::claim::Entity>);
        /// The text, letter for letter.
        text: StringFilter = column(Text);
        /// How it stands.
        standing: EnumFilter<Standing> = column(Standing);
        /// Whether it is contested only because a rival account is asserted.
        implied: BooleanFilter = column(Implied);
        /// What it is about.
        subject: SubjectFilter = with(about);
        /// The sides that statements take on it.
        stances: ListFilter<StanceFilter> = many(has_child::<Entity, _>(entity::stance::Column::ClaimId));
        /// Where it is written.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::claim::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// By what claims can be counted.
    ClaimFacet of claim {
        /// How it stands.
        Standing = Values::words(Column::Standing),
        /// The noun of its subject.
        SubjectKind = Values::words(Column::SubjectKind),
    }
}

order! {
    /// By what claims can be ordered.
    ClaimOrderField {
        /// In the order in which they were recorded.
        Recorded = Recorded,
    }
}

root_fields! {
    ClaimQuery of Claim {
        lists {
            /// Propositions that statements take sides on.
            claims;
        }
        one {
            /// A claim.
            claim Claim;
        }
    }
}
