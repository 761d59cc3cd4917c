//! Who acts and speaks: persons, organizations, groups and anonymous sources.

use async_graphql::{Context, ID, Object};
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::error::Result as Answer;
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::histogram::Undated;
use crate::graphql::connection::keyset::{OrderBy, order};
use crate::graphql::connection::loader::{by, through};
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::executor::resolve::ResolvedObject;
use crate::graphql::filter::{
    DateFilter, EnumFilter, FilterContext, IdFilter, ListFilter, NameMatch, RecordFilter, SlugFilter, StringFilter,
    filter, from_record, has_child, searched_or_named,
};
use crate::graphql::graph::{ActorLinkKind, Entries, NeighborArgs, Neighborhood, Timeline, neighbors, timeline};
use crate::graphql::has_many;
use crate::graphql::loading::batch::{NodeType, Row, node_type};
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::session::SharedError;
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::article::{Article, ArticleFilter};
use crate::graphql::types::change::Change;
use crate::graphql::types::claim::Claim;
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::date::Date;
use crate::graphql::types::event::{Event, EventFilter};
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::external_id::{ExternalId, ExternalIdFilter};
use crate::graphql::types::name::{Name, NameFilter};
use crate::graphql::types::node::{NodeKind, interface};
use crate::graphql::types::participation::{Participation, ParticipationFilter};
use crate::graphql::types::place::{Place, PlaceFilter};
use crate::graphql::types::relation::{Relation, RelationFilter};
use crate::graphql::types::statement::{Statement, StatementFilter};
use entity::actor::{ActorKind, Column, Entity, OrganizationKind};

/// What only the fields of these names show.
const SPARE: &[Column] = &[
    Column::Slug,
    Column::Description,
    Column::Country,
    Column::Sector,
    Column::Occupation,
    Column::Born,
    Column::Died,
    Column::Descriptor,
    Column::Condition,
    Column::Reason,
];

/// What all actors have.
pub struct ActorFields(Row<Entity>);

/// What all actors have.
#[Object]
impl ActorFields {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        NodeKind::Actor.global(self.0.id.0)
    }
    /// The record that it came with.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// A readable unique name, where one was given.
    async fn slug(&self) -> Option<&String> {
        self.0.slug.as_ref()
    }
    /// What to show. It may be a description; what can be matched are the names.
    async fn label(&self) -> &str {
        &self.0.label
    }
    /// What it is, in a few words.
    async fn description(&self) -> Option<&String> {
        self.0.description.as_ref()
    }
    /// ISO 3166-1 alpha-2 code of its country or nationality.
    async fn country(&self) -> Option<&String> {
        self.0.country.as_ref()
    }
    /// PLOVER sector code, such as `CVL`, `GOV`, `MIL`.
    async fn sector(&self) -> Option<&String> {
        self.0.sector.as_ref()
    }
    /// Whom it is tied to, hop by hop: a hop leads from one actor to another through one event, statement or relation, never
    /// through a place or a `SERIES`. Errors: `BAD_INPUT` for `depth` outside of 1 to 3, `LIMIT` for more than 500.
    async fn neighbors(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Through what hops may lead; all kinds when left out.")] via: Option<Vec<ActorLinkKind>>,
        #[graphql(desc = "The most hops to go, 1 to 3.", default = 1)] depth: i32,
        #[graphql(desc = "How many neighbours, 0 to 500.", default = 20)] first: i32,
    ) -> Result<Neighborhood, SharedError> {
        neighbors(&self.0, ctx, NeighborArgs { via, depth, first, events: None }).await
    }
    /// With whom it appears in events, those first with whom in most; `ties` says in how many. A `SERIES` does not count. Error:
    /// `LIMIT` for more than 500.
    async fn appears_with(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only events for which this holds.")] filter: Option<Box<EventFilter>>,
        #[graphql(desc = "How many actors, 0 to 500.", default = 20)] first: i32,
    ) -> Result<Neighborhood, SharedError> {
        neighbors(&self.0, ctx, NeighborArgs { via: Some(vec![ActorLinkKind::Event]), depth: 1, first, events: filter })
            .await
    }
    /// Its events, its statements and those about it, and its relations, through time: the earliest first, then events before
    /// statements before relations, then by id; what has no date or no beginning last.
    #[allow(clippy::too_many_arguments)]
    async fn timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What kinds of entries; all when left out.")] kinds: Option<Vec<ActorLinkKind>>,
        #[graphql(desc = "Only entries of this time: when an event happened, a statement was said, a relation held.")]
        when: Option<Box<DateFilter>>,
        #[graphql(desc = "How many entries from the start, 0 to 500; 20 when neither `first` nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only entries behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many entries from the end, 0 to 500.")] last: Option<i32>,
        #[graphql(desc = "Only entries in front of this cursor.")] before: Option<String>,
    ) -> Timeline {
        timeline(&self.0, ctx, || Entries { kinds, when, window: PageArgs { first, after, last, before } })
    }
    #[graphql(flatten)]
    async fn lists(&self) -> ActorLists {
        ActorLists(self.0.clone())
    }
}

has_many! {
    ActorLists of Entity, named "Actor" {
    /// What it is called.
    names: Name = by(entity::name::Column::TargetId);
    /// Its parts in events, agreed and disputed.
    participations: Participation = by(entity::participation::Column::ActorId);
    /// The events in which it has a part, agreed or disputed.
    events: Event = through::<Event, entity::participation::Entity>(entity::participation::Column::ActorId, entity::participation::Column::EventId), usually Number Asc (entity::event::Entity, entity::event::Column::Earliest);
    /// What it said.
    statements: Statement = by(entity::statement::Column::SpeakerId), usually Number Asc (entity::statement::Entity, entity::statement::Column::Earliest);
    /// What was said to it.
    statements_to: Statement = by(entity::statement::Column::AddresseeId);
    /// What was said about it.
    statements_about: Statement = through::<Statement, entity::statement_about::Entity>(entity::statement_about::Column::TargetId, entity::statement_about::Column::StatementId);
    /// Claims about it.
    claims: Claim = by(entity::claim::Column::SubjectId);
    /// Its ties to others: it is the first.
    relations: Relation = by(entity::relation::Column::SubjectId);
    /// The ties of others to it: it is the second.
    relations_to: Relation = by(entity::relation::Column::ObjectId);
    /// What it published.
    publications: Article = by(entity::article::Column::PublisherId);
    /// What it wrote.
    authored: Article = through::<Article, entity::article_author::Entity>(entity::article_author::Column::ActorId, entity::article_author::Column::ArticleId);
    /// The anonymous sources close to it.
    anonymous_sources: AnonymousSource = by(Column::CloseToId);
    /// Its ids elsewhere.
    external_ids: ExternalId = by(entity::external_id::Column::TargetId);
    /// Where it is written.
    evidence: Evidence = by(entity::evidence::Column::TargetId);
    /// What was written of it and its parts, oldest first; `asOf` of the root fields reads it as it was.
    history: Change = by(entity::change::Column::RecordId);
    }
}

interface! {
    /// Who acts and speaks.
    Actor is Person | Organization | Group | AnonymousSource, with ActorFields, under "Node"
}

impl NodeType for Actor {
    type Entity = Entity;
    type Filter = ActorFilter;
    type Order = OrderBy<ActorOrderField>;
    type Facet = ActorFacet;
    type Chart = Undated;
    const ID: Column = Column::Id;

    fn spare() -> &'static [Column] {
        SPARE
    }
    fn of(row: Row<Entity>) -> Self {
        match row.kind {
            ActorKind::Person => Self::Person(Person(row)),
            ActorKind::Organization => Self::Organization(Organization(row)),
            ActorKind::Group => Self::Group(Group(row)),
            ActorKind::AnonymousSource => Self::AnonymousSource(AnonymousSource(row)),
        }
    }
    fn id_of(model: &entity::actor::Model) -> i64 {
        model.id.0
    }
}

fn of_kind(kind: ActorKind) -> Expr {
    Expr::col((Entity, Column::Kind)).eq(kind.to_value())
}

belongs_to! {
    actor {
        PLACE "place": Place = place_id or null;
        CLOSE_TO "closeTo": Actor = close_to_id or null;
        ARTICLE "article": Article = article_id or null;
    }
}

node_type!(Person of actor, filter ActorFilter, order ActorOrderField, facet ActorFacet, scope of_kind(ActorKind::Person), spare SPARE, refers REFERENCES);

/// A human being.
#[Object]
impl Person {
    #[graphql(flatten)]
    async fn actor(&self) -> ActorFields {
        ActorFields(self.0.clone())
    }

    /// What the person does.
    async fn occupation(&self) -> Option<&String> {
        self.0.occupation.as_ref()
    }
    /// Birth.
    async fn born(&self) -> Option<ResolvedObject<Date>> {
        Date::parsed(self.0.born.as_ref()).map(ResolvedObject)
    }

    /// Death.
    async fn died(&self) -> Option<ResolvedObject<Date>> {
        Date::parsed(self.0.died.as_ref()).map(ResolvedObject)
    }
}

node_type!(Organization of actor, filter ActorFilter, order ActorOrderField, facet ActorFacet, scope of_kind(ActorKind::Organization), spare SPARE, refers REFERENCES);

/// A body with a structure: a state, a government body, a militia, a party, a company. A building is a place, the
/// institution in it an organization.
#[Object]
impl Organization {
    #[graphql(flatten)]
    async fn actor(&self) -> ActorFields {
        ActorFields(self.0.clone())
    }

    /// What kind of organization it is.
    async fn kind(&self) -> Option<OrganizationKind> {
        self.0.organization_kind
    }
    /// Where it is, or the place that a state is.
    async fn place(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.one(ctx, &PLACE).await
    }
}

node_type!(Group of actor, filter ActorFilter, order ActorOrderField, facet ActorFacet, scope of_kind(ActorKind::Group), spare SPARE, refers REFERENCES);

/// People without a known structure: the kidnappers, security forces, militia channels.
#[Object]
impl Group {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        NodeKind::Actor.global(self.0.id.0)
    }

    #[graphql(flatten)]
    async fn actor(&self) -> ActorFields {
        ActorFields(self.0.clone())
    }
}

node_type!(AnonymousSource of actor, filter ActorFilter, order ActorOrderField, facet ActorFacet, scope of_kind(ActorKind::AnonymousSource), spare SPARE, refers REFERENCES);

/// Someone whom an article quotes without a name. It belongs to that article and is never merged with another by itself.
#[Object]
impl AnonymousSource {
    #[graphql(flatten)]
    async fn actor(&self) -> ActorFields {
        ActorFields(self.0.clone())
    }

    /// The source as printed, such as `a source close to him`.
    async fn descriptor(&self) -> &str {
        self.0.descriptor.as_deref().unwrap_or_default()
    }
    /// On what condition it spoke.
    async fn condition(&self) -> Option<&String> {
        self.0.condition.as_ref()
    }
    /// Why it is not named.
    async fn reason(&self) -> Option<&String> {
        self.0.reason.as_ref()
    }
    /// Whom it is close to.
    async fn close_to(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Actor>, SharedError>> {
        self.0.one(ctx, &CLOSE_TO).await
    }
    /// The article that quotes it: it has no life outside of it.
    async fn article(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Article>, SharedError>> {
        self.0.one(ctx, &ARTICLE).await
    }
}

fn named(filter: &NameMatch, context: &mut FilterContext) -> Answer<Expr> {
    filter.test(Expr::col((Entity, Column::Id)), context)
}

filter! {
    /// Which actors.
    ActorFilter of actor {
        /// The id.
        id: IdFilter = id(Id of Actor);
        /// The record that it came with.
        record: RecordFilter = with(from_record::<entity::actor::Entity>);
        /// The slug.
        slug: SlugFilter = slug_of(Slug of Actor);
        /// Which of the four it is.
        kind: EnumFilter<ActorKind> = column(Kind);
        /// What it is called.
        name: NameMatch = with(named);
        /// Its name agrees, or the words are written of it: see `Query.search`.
        search: String = with(searched_or_named::<Entity>);
        /// The label, letter for letter; a label may be a description.
        label: StringFilter = column(Label);
        /// The country, an ISO 3166-1 alpha-2 code.
        country: StringFilter = column(Country);
        /// The PLOVER sector code.
        sector: StringFilter = column(Sector);
        /// What kind of organization it is.
        organization_kind: EnumFilter<OrganizationKind> = column(OrganizationKind);
        /// Where an organization is.
        place: Box<PlaceFilter> = one(PlaceId);
        /// Whom an anonymous source is close to.
        close_to: Box<ActorFilter> = one(CloseToId);
        /// The article that quotes an anonymous source.
        article: Box<ArticleFilter> = one(ArticleId);
        /// Its names, as rows of their own.
        names: ListFilter<NameFilter> = many(has_child::<Entity, _>(entity::name::Column::TargetId));
        /// Its parts in events.
        participations: ListFilter<ParticipationFilter> = many(has_child::<Entity, _>(entity::participation::Column::ActorId));
        /// What it said.
        statements: ListFilter<StatementFilter> = many(has_child::<Entity, _>(entity::statement::Column::SpeakerId));
        /// Its ties to others: it is the first.
        relations: ListFilter<RelationFilter> = many(has_child::<Entity, _>(entity::relation::Column::SubjectId));
        /// The ties of others to it: it is the second.
        relations_to: ListFilter<RelationFilter> = many(has_child::<Entity, _>(entity::relation::Column::ObjectId));
        /// Its ids elsewhere.
        external_ids: ListFilter<ExternalIdFilter> = many(has_child::<Entity, _>(entity::external_id::Column::TargetId));
        /// Where it is written.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::actor::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// By what actors can be counted.
    ActorFacet of actor {
        /// Which of the four it is.
        Kind = Values::words(Column::Kind),
        /// The country, an ISO 3166-1 alpha-2 code.
        Country = Values::words(Column::Country),
        /// The PLOVER sector code.
        Sector = Values::words(Column::Sector),
        /// What kind of organization it is.
        OrganizationKind = Values::words(Column::OrganizationKind),
        /// Whom an anonymous source is close to.
        CloseTo = Values::things(Column::CloseToId, NodeKind::Actor),
    }
}

order! {
    /// By what actors can be ordered.
    ActorOrderField {
        /// In the order in which they were recorded.
        Recorded = Recorded,
        /// By label, without regard to case, accents and articles.
        Label = Text (Entity, Column::LabelKey),
    }
}

root_fields! {
    ActorQuery of Actor {
        lists {
            /// All who act and speak.
            actors;
            /// Human beings.
            people: Person;
            /// Bodies with a structure.
            organizations: Organization;
            /// People without a known structure.
            groups: Group;
            /// Those whom articles quote without a name.
            anonymous_sources: AnonymousSource;
        }
        named {
            /// An actor.
            actor Actor;
        }
    }
}
