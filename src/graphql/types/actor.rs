//! Actors: persons, organizations, groups and anonymous sources.

use async_graphql::{Context, ID, Object};
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::error::Result as Answer;
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::histogram::NoConnectionFields;
use crate::graphql::connection::loader::{foreign_key, join_table};
use crate::graphql::connection::order_by::{OrderBy, order};
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::executor::object::ResolvedObject;
use crate::graphql::filter::{
    DateFilter, EnumFilter, FilterContext, IdFilter, ListFilter, NameMatch, RecordFilter, SlugFilter, StringFilter,
    filter, from_record, full_text_or_name_match, has_child,
};
use crate::graphql::graph::{
    ActorLinkKind, NeighborArgs, Neighborhood, Timeline, TimelineArgs, appearances_of_actors, neighbors, neighbors_of_actors,
    timeline, timelines_of_actors,
};
use crate::graphql::has_many;
use crate::graphql::loading::batch::Row;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::node_type::{NodeType, node_type};
use crate::graphql::loading::session::SharedError;
use crate::graphql::plan::computed::{Computed, RowCall};
use crate::graphql::plan::noun::{Field, Scalar, planned};
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

/// Columns that only the fields of the same names read: they are not loaded unless such a field is selected.
const LAZY_COLUMNS: &[Column] = &[
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

/// The fields that all types of actors have.
pub struct ActorFields(Row<Entity>);

/// The fields that all types of actors have.
#[Object]
impl ActorFields {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> ID {
        NodeKind::Actor.global(self.0.id.0)
    }
    /// The imported record this node was created from: its dataset and key.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// Human-readable unique name; null unless a record sets one.
    async fn slug(&self) -> Option<&String> {
        self.0.slug.as_ref()
    }
    /// Display label. It may be a description rather than a name; name filters match `names`.
    async fn label(&self) -> &str {
        &self.0.label
    }
    /// Short description.
    async fn description(&self) -> Option<&String> {
        self.0.description.as_ref()
    }
    /// Country or nationality, an ISO 3166-1 alpha-2 code.
    async fn country(&self) -> Option<&String> {
        self.0.country.as_ref()
    }
    /// Sector, a PLOVER code such as `CVL`, `GOV` or `MIL`.
    async fn sector(&self) -> Option<&String> {
        self.0.sector.as_ref()
    }
    /// Actors that are linked to this one within `depth` hops. A hop leads from one actor to another through one event,
    /// statement or relation. It never leads through a place, or through an event whose occurrence is `SERIES`.
    ///
    /// Errors: `BAD_INPUT` for a `depth` outside of 1 to 3; `LIMIT` for a `first` above 500.
    async fn neighbors(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Kinds of links through which hops may lead (default: all).")] via: Option<Vec<ActorLinkKind>>,
        #[graphql(desc = "Maximum number of hops, 1 to 3.", default = 1)] depth: i32,
        #[graphql(desc = "Maximum number of neighbors, 0 to 500.", default = 20)] first: i32,
    ) -> Result<Neighborhood, SharedError> {
        neighbors(&self.0, ctx, NeighborArgs { via, depth, first, events: None }).await
    }
    /// Actors that take part in the same events as this one, those with the most shared events first. `linkCount` is the number
    /// of shared events. Events whose occurrence is `SERIES` are ignored.
    ///
    /// Error: `LIMIT` for a `first` above 500.
    async fn appears_with(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Counts only events that match this filter.")] filter: Option<Box<EventFilter>>,
        #[graphql(desc = "Maximum number of actors, 0 to 500.", default = 20)] first: i32,
    ) -> Result<Neighborhood, SharedError> {
        neighbors(&self.0, ctx, NeighborArgs { via: Some(vec![ActorLinkKind::Event]), depth: 1, first, events: filter })
            .await
    }
    /// Timeline of the actor: its events, statements by it and about it, and its relations, earliest first. Entries that start
    /// at the same time are sorted by kind (events, statements, relations), then by id. Entries without a start come last.
    #[allow(clippy::too_many_arguments)]
    async fn timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Kinds of entries to return (default: all).")] kinds: Option<Vec<ActorLinkKind>>,
        #[graphql(
            desc = "Returns only entries of this time: when an event happened, a statement was made, or a relation held."
        )]
        when: Option<Box<DateFilter>>,
        #[graphql(
            desc = "Page size, counted from the start of the timeline: 0 to 500. Default: 20 if neither `first` nor `last` is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Returns entries after this cursor.")] after: Option<String>,
        #[graphql(
            desc = "Page size, counted from the end of the timeline: 0 to 500. Cannot be combined with `first`."
        )]
        last: Option<i32>,
        #[graphql(desc = "Returns entries before this cursor.")] before: Option<String>,
    ) -> Timeline {
        timeline(&self.0, ctx, || TimelineArgs { kinds, when, window: PageArgs { first, after, last, before } })
    }
    #[graphql(flatten)]
    async fn lists(&self) -> ActorLists {
        ActorLists(self.0.clone())
    }
}

has_many! {
    ActorLists of Entity, named "Actor" {
    /// Names of the actor.
    names: Name = foreign_key(entity::name::Column::TargetId);
    /// Participations in events, agreed and disputed.
    participations: Participation = foreign_key(entity::participation::Column::ActorId);
    /// Events in which the actor takes part, agreed or disputed.
    events: Event = join_table::<Event, entity::participation::Entity>(entity::participation::Column::ActorId, entity::participation::Column::EventId), default_order date (entity::event::Entity, entity::event::Column::Earliest);
    /// Statements that the actor made.
    statements: Statement = foreign_key(entity::statement::Column::SpeakerId), default_order date (entity::statement::Entity, entity::statement::Column::Earliest);
    /// Statements that are addressed to the actor.
    statements_to: Statement = foreign_key(entity::statement::Column::AddresseeId);
    /// Statements about the actor.
    statements_about: Statement = join_table::<Statement, entity::statement_about::Entity>(entity::statement_about::Column::TargetId, entity::statement_about::Column::StatementId);
    /// Claims about the actor.
    claims: Claim = foreign_key(entity::claim::Column::SubjectId);
    /// Relations of which the actor is the subject.
    relations: Relation = foreign_key(entity::relation::Column::SubjectId);
    /// Relations of which the actor is the object.
    relations_to: Relation = foreign_key(entity::relation::Column::ObjectId);
    /// Articles that the actor published.
    publications: Article = foreign_key(entity::article::Column::PublisherId);
    /// Articles that the actor wrote.
    authored: Article = join_table::<Article, entity::article_author::Entity>(entity::article_author::Column::ActorId, entity::article_author::Column::ArticleId);
    /// Anonymous sources that are close to the actor.
    anonymous_sources: AnonymousSource = foreign_key(Column::CloseToId);
    /// Identifiers in other systems, such as Wikidata.
    external_ids: ExternalId = foreign_key(entity::external_id::Column::TargetId);
    /// Evidence: the spans of article text that support this actor.
    evidence: Evidence = foreign_key(entity::evidence::Column::TargetId);
    /// Audit log of this actor and its child records, oldest first. Use `asOf` on root fields for point-in-time reads.
    history: Change = foreign_key(entity::change::Column::RecordId);
    }
}

interface! {
    /// Somebody who acts or speaks: a person, an organization, a group or an anonymous source.
    Actor is Person | Organization | Group | AnonymousSource, with ActorFields, under "Node"
}

impl NodeType for Actor {
    type Entity = Entity;
    type Filter = ActorFilter;
    type Order = OrderBy<ActorOrderField>;
    type Facet = ActorFacet;
    type ConnectionFields = NoConnectionFields;
    const ID: Column = Column::Id;

    fn lazy_columns() -> &'static [Column] {
        LAZY_COLUMNS
    }
    fn from_row(row: Row<Entity>) -> Self {
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

/// The columns that all types of actors show, for the compiler of plans.
fn actor_columns() -> Vec<Field> {
    [
        ("slug", Column::Slug),
        ("label", Column::Label),
        ("description", Column::Description),
        ("country", Column::Country),
        ("sector", Column::Sector),
    ]
    .map(|(name, column)| Field::column(name, column, Scalar::Text))
    .into_iter()
    .chain([
        Field::function("neighbors", neighbors_of_actors),
        Field::function("appearsWith", appearances_of_actors),
        Field::function("timeline", timelines_of_actors),
    ])
    .collect()
}

planned! {
    Actor of actor as Actor, lists [ActorLists], with actor_columns {}
}

planned! {
    Person of actor as Actor, lists [ActorLists], with actor_columns {
        "occupation" Text Occupation,
        parsed_dates:
        "born" "born",
        "died" "died",
    }
}

planned! {
    Organization of actor as Actor, lists [ActorLists], with actor_columns {
        "kind" Text OrganizationKind,
    }
}

planned! {
    Group of actor as Actor, lists [ActorLists], with actor_columns {}
}

planned! {
    AnonymousSource of actor as Actor, lists [ActorLists], with actor_columns {
        "condition" Text Condition,
        "reason" Text Reason,
        computed:
        "descriptor" ["descriptor"] descriptor,
    }
}

fn descriptor(call: &RowCall<'_>) -> Computed {
    call.text(0).unwrap_or_default().into()
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

node_type!(Person of actor, filter ActorFilter, order ActorOrderField, facet ActorFacet, scope of_kind(ActorKind::Person), lazy_columns LAZY_COLUMNS, belongs_to BELONGS_TO);

/// A human being.
#[Object]
impl Person {
    #[graphql(flatten)]
    async fn actor(&self) -> ActorFields {
        ActorFields(self.0.clone())
    }

    /// Occupation, as free text.
    async fn occupation(&self) -> Option<&String> {
        self.0.occupation.as_ref()
    }
    /// Date of birth.
    async fn born(&self) -> Option<ResolvedObject<Date>> {
        Date::parsed(self.0.born.as_ref()).map(ResolvedObject)
    }

    /// Date of death.
    async fn died(&self) -> Option<ResolvedObject<Date>> {
        Date::parsed(self.0.died.as_ref()).map(ResolvedObject)
    }
}

node_type!(Organization of actor, filter ActorFilter, order ActorOrderField, facet ActorFacet, scope of_kind(ActorKind::Organization), lazy_columns LAZY_COLUMNS, belongs_to BELONGS_TO);

/// A body with a structure, such as a state, government body, militia, party or company. The institution is an organization;
/// its building is a place.
#[Object]
impl Organization {
    #[graphql(flatten)]
    async fn actor(&self) -> ActorFields {
        ActorFields(self.0.clone())
    }

    /// Kind of organization.
    async fn kind(&self) -> Option<OrganizationKind> {
        self.0.organization_kind
    }
    /// Location of the organization; for a state, its territory.
    async fn place(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.belongs_to(ctx, &PLACE).await
    }
}

node_type!(Group of actor, filter ActorFilter, order ActorOrderField, facet ActorFacet, scope of_kind(ActorKind::Group), lazy_columns LAZY_COLUMNS, belongs_to BELONGS_TO);

/// People without a known structure, such as kidnappers, security forces or militia channels.
#[Object]
impl Group {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> ID {
        NodeKind::Actor.global(self.0.id.0)
    }

    #[graphql(flatten)]
    async fn actor(&self) -> ActorFields {
        ActorFields(self.0.clone())
    }
}

node_type!(AnonymousSource of actor, filter ActorFilter, order ActorOrderField, facet ActorFacet, scope of_kind(ActorKind::AnonymousSource), lazy_columns LAZY_COLUMNS, belongs_to BELONGS_TO);

/// A source that an article quotes without naming it. It belongs to that article and is never merged with another source
/// automatically.
#[Object]
impl AnonymousSource {
    #[graphql(flatten)]
    async fn actor(&self) -> ActorFields {
        ActorFields(self.0.clone())
    }

    /// Description of the source as printed, such as `a source close to him`.
    async fn descriptor(&self) -> &str {
        self.0.descriptor.as_deref().unwrap_or_default()
    }
    /// Condition on which the source spoke.
    async fn condition(&self) -> Option<&String> {
        self.0.condition.as_ref()
    }
    /// Reason why the source is not named.
    async fn reason(&self) -> Option<&String> {
        self.0.reason.as_ref()
    }
    /// The actor that the source is close to.
    async fn close_to(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Actor>, SharedError>> {
        self.0.belongs_to(ctx, &CLOSE_TO).await
    }
    /// The article that quotes the source. To delete the article, delete the source too.
    async fn article(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Article>, SharedError>> {
        self.0.belongs_to(ctx, &ARTICLE).await
    }
}

fn named(filter: &NameMatch, context: &mut FilterContext) -> Answer<Expr> {
    filter.test(Expr::col((Entity, Column::Id)), context)
}

filter! {
    /// Filter for actors.
    ActorFilter of actor {
        /// Global id.
        id: IdFilter = id(Id of Actor);
        /// The imported record this node was created from: its dataset and key.
        record: RecordFilter = with(from_record::<entity::actor::Entity>);
        /// Human-readable unique name.
        slug: SlugFilter = slug_of(Slug of Actor);
        /// Kind of actor.
        kind: EnumFilter<ActorKind> = column(Kind);
        /// Names of the actor, matched in any script.
        name: NameMatch = with(named);
        /// Full-text search in names, label, description, occupation and the descriptor of an anonymous source; syntax as in `Query.search`. Names also match in other scripts.
        search: String = with(full_text_or_name_match::<Entity>);
        /// The display label, which may be a description; exact match, case-sensitive.
        label: StringFilter = column(Label);
        /// Country or nationality, an ISO 3166-1 alpha-2 code; exact match, case-sensitive.
        country: StringFilter = column(Country);
        /// Sector, a PLOVER code; exact match, case-sensitive.
        sector: StringFilter = column(Sector);
        /// Kind of organization.
        organization_kind: EnumFilter<OrganizationKind> = column(OrganizationKind);
        /// The organization's location; for a state, its territory.
        place: Box<PlaceFilter> = one(PlaceId);
        /// The actor that the anonymous source is close to.
        close_to: Box<ActorFilter> = one(CloseToId);
        /// The article that quotes the anonymous source.
        article: Box<ArticleFilter> = one(ArticleId);
        /// The actor's names. To match a name in any script, use `name`.
        names: ListFilter<NameFilter> = many(has_child::<Entity, _>(entity::name::Column::TargetId));
        /// The actor's participations in events, agreed and disputed.
        participations: ListFilter<ParticipationFilter> = many(has_child::<Entity, _>(entity::participation::Column::ActorId));
        /// The statements that the actor made.
        statements: ListFilter<StatementFilter> = many(has_child::<Entity, _>(entity::statement::Column::SpeakerId));
        /// The relations of which the actor is the subject.
        relations: ListFilter<RelationFilter> = many(has_child::<Entity, _>(entity::relation::Column::SubjectId));
        /// The relations of which the actor is the object.
        relations_to: ListFilter<RelationFilter> = many(has_child::<Entity, _>(entity::relation::Column::ObjectId));
        /// The actor's external ids.
        external_ids: ListFilter<ExternalIdFilter> = many(has_child::<Entity, _>(entity::external_id::Column::TargetId));
        /// The actor's evidence.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::actor::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// Facets of actors.
    ActorFacet of actor {
        /// Kind of actor.
        Kind = FacetValues::column(Column::Kind),
        /// Country, an ISO 3166-1 alpha-2 code.
        Country = FacetValues::column(Column::Country),
        /// Sector, a PLOVER code.
        Sector = FacetValues::column(Column::Sector),
        /// Kind of organization.
        OrganizationKind = FacetValues::column(Column::OrganizationKind),
        /// The actor that an anonymous source is close to.
        CloseTo = FacetValues::node(Column::CloseToId, NodeKind::Actor),
    }
}

order! {
    /// Sort keys for actors.
    ActorOrderField {
        /// Import order.
        Recorded = Recorded,
        /// The label, ignoring case, accents and articles.
        Label = Text (Entity, Column::LabelKey),
    }
}

root_fields! {
    ActorQuery of Actor {
        lists {
            /// Paginated list of actors of all kinds.
            actors;
            /// Paginated list of persons.
            people: Person;
            /// Paginated list of organizations: bodies with a structure.
            organizations: Organization;
            /// Paginated list of groups: people without a known structure.
            groups: Group;
            /// Paginated list of anonymous sources: sources that articles quote without naming them.
            anonymous_sources: AnonymousSource;
        }
        named {
            /// Looks up one actor.
            actor Actor;
        }
    }
}
