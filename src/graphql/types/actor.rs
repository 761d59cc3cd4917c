//! Actors: persons, organizations, groups and anonymous sources.

use async_graphql::OutputType;
use async_graphql::registry::Registry;
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::error::Result;
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::connection::parents::{foreign_key, join_table};
use crate::graphql::filter::{
    DateFilter, EnumFilter, FilterContext, IdFilter, ListFilter, NameMatch, RecordFilter, SlugFilter, StringFilter,
    filter, from_record, full_text_or_name_match, has_child,
};
use crate::graphql::graph::{
    ActorLinkKind, Neighborhood, Timeline, appearances_of_actors, neighbors_of_actors, timelines_of_actors,
};
use crate::graphql::plan::computed::{Computed, RowCall};
use crate::graphql::schema::connection::List;
use crate::graphql::schema::field::{Field, fields};
use crate::graphql::schema::node_type::{OfNodeType, node_type};
use crate::graphql::schema::object::{declared, register_interface};
use crate::graphql::schema::root::root_fields;
use crate::graphql::types::article::{Article, ArticleFilter};
use crate::graphql::types::change::Change;
use crate::graphql::types::claim::Claim;
use crate::graphql::types::date::{EdtfDate, parsed_date};
use crate::graphql::types::event::{Event, EventFilter};
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::external_id::{ExternalId, ExternalIdFilter};
use crate::graphql::types::name::{Name, NameFilter};
use crate::graphql::types::participation::{Participation, ParticipationFilter};
use crate::graphql::types::place::{Place, PlaceFilter};
use crate::graphql::types::relation::{Relation, RelationFilter};
use crate::graphql::types::statement::{Statement, StatementFilter};
use entity::actor::{ActorKind, Column, Entity, OrganizationKind};

/// The fields that all types of actors have.
fn actor_fields() -> Vec<Field> {
    fields!((Actor), actor {
        /// Human-readable unique name; null unless a record sets one.
        slug: Option<String> = column(Slug);
        /// Display label. It may be a description rather than a name; name filters match `names`.
        label: String = column(Label);
        /// Short description.
        description: Option<String> = column(Description);
        /// Country or nationality, an ISO 3166-1 alpha-2 code.
        country: Option<String> = column(Country);
        /// Sector, a PLOVER code such as `CVL`, `GOV` or `MIL`.
        sector: Option<String> = column(Sector);
        /// Actors that are linked to this one within `depth` hops. A hop leads from one actor to another through one event,
        /// statement or relation. It never leads through a place, or through an event whose occurrence is `SERIES`.
        ///
        /// Errors: `BAD_INPUT` for a `depth` outside of 1 to 3; `LIMIT` for a `first` above 500.
        neighbors(
            via: Option<Vec<ActorLinkKind>>, "Kinds of links through which hops may lead (default: all).";
            depth: i32 = 1, "Maximum number of hops, 1 to 3.";
            first: i32 = 20, "Maximum number of neighbors, 0 to 500.";
        ): Neighborhood = function(neighbors_of_actors);
        /// Actors that take part in the same events as this one, those with the most shared events first. `linkCount` is the number
        /// of shared events. Events whose occurrence is `SERIES` are ignored.
        ///
        /// Error: `LIMIT` for a `first` above 500.
        appears_with(
            filter: Option<EventFilter>, "Counts only events that match this filter.";
            first: i32 = 20, "Maximum number of actors, 0 to 500.";
        ): Neighborhood = function(appearances_of_actors);
        /// Timeline of the actor: its events, statements by it and about it, and its relations, earliest first. Entries that start
        /// at the same time are sorted by kind (events, statements, relations), then by id. Entries without a start come last.
        timeline(
            kinds: Option<Vec<ActorLinkKind>>, "Kinds of entries to return (default: all).";
            when: Option<DateFilter>, "Returns only entries of this time: when an event happened, a statement was made, or a relation held.";
            first: Option<i32>, "Page size, counted from the start of the timeline: 0 to 500. Default: 20 if neither `first` nor `last` is given.";
            after: Option<String>, "Returns entries after this cursor.";
            last: Option<i32>, "Page size, counted from the end of the timeline: 0 to 500. Cannot be combined with `first`.";
            before: Option<String>, "Returns entries before this cursor.";
        ): Timeline = function(timelines_of_actors);
        /// Names of the actor.
        names: List<Name> = many(foreign_key(entity::name::Column::TargetId));
        /// Participations in events, agreed and disputed.
        participations: List<Participation> = many(foreign_key(entity::participation::Column::ActorId));
        /// Events in which the actor takes part, agreed or disputed.
        events: List<Event> = many(join_table::<Event, entity::participation::Entity>(entity::participation::Column::ActorId, entity::participation::Column::EventId), DefaultOrder::date(entity::event::Entity, entity::event::Column::Earliest));
        /// Statements that the actor made.
        statements: List<Statement> = many(foreign_key(entity::statement::Column::SpeakerId), DefaultOrder::date(entity::statement::Entity, entity::statement::Column::Earliest));
        /// Statements that are addressed to the actor.
        statements_to: List<Statement> = many(foreign_key(entity::statement::Column::AddresseeId));
        /// Statements about the actor.
        statements_about: List<Statement> = many(join_table::<Statement, entity::statement_about::Entity>(entity::statement_about::Column::TargetId, entity::statement_about::Column::StatementId));
        /// Claims about the actor.
        claims: List<Claim> = many(foreign_key(entity::claim::Column::SubjectId));
        /// Relations of which the actor is the subject.
        relations: List<Relation> = many(foreign_key(entity::relation::Column::SubjectId));
        /// Relations of which the actor is the object.
        relations_to: List<Relation> = many(foreign_key(entity::relation::Column::ObjectId));
        /// Articles that the actor published.
        publications: List<Article> = many(foreign_key(entity::article::Column::PublisherId));
        /// Articles that the actor wrote.
        authored: List<Article> = many(join_table::<Article, entity::article_author::Entity>(entity::article_author::Column::ActorId, entity::article_author::Column::ArticleId));
        /// Anonymous sources that are close to the actor.
        anonymous_sources: List<AnonymousSource> = many(foreign_key(Column::CloseToId));
        /// Identifiers in other systems, such as Wikidata.
        external_ids: List<ExternalId> = many(foreign_key(entity::external_id::Column::TargetId));
        /// Evidence: the spans of article text that support this actor.
        evidence: List<Evidence> = many(foreign_key(entity::evidence::Column::TargetId));
        /// Audit log of this actor and its child records, oldest first. Use `asOf` on root fields for point-in-time reads.
        history: List<Change> = many(foreign_key(entity::change::Column::RecordId));
    })
}

declared! {
    /// Somebody who acts or speaks: a person, an organization, a group or an anonymous source.
    Actor, registered by |registry: &mut Registry| {
        let node_type = Actor::node_type();
        register_interface::<Actor>(registry, &node_type.description, &node_type.fields, |registry| {
            vec![
                Person::create_type_info(registry),
                Organization::create_type_info(registry),
                Group::create_type_info(registry),
                AnonymousSource::create_type_info(registry),
            ]
        }, &["Node"])
    }
}

node_type! {
    @types Actor of actor as Actor, filter ActorFilter, order ActorOrderField, facet ActorFacet,
    docs ["Somebody who acts or speaks: a person, an organization, a group or an anonymous source."],
    fields { actor_fields() }
}

fn descriptor(call: &RowCall<'_>) -> Computed {
    call.text(0).unwrap_or_default().into()
}

fn of_kind(kind: ActorKind) -> Expr {
    Expr::col((Entity, Column::Kind)).eq(kind.to_value())
}

node_type! {
    /// A human being.
    Person of actor as Actor, filter ActorFilter, order ActorOrderField, facet ActorFacet, scope (of_kind(ActorKind::Person)), with actor_fields {
        /// Occupation, as free text.
        occupation: Option<String> = column(Occupation);
        /// Date of birth.
        born: Option<EdtfDate> = computed([born], parsed_date);
        /// Date of death.
        died: Option<EdtfDate> = computed([died], parsed_date);
    }
}

node_type! {
    /// A body with a structure, such as a state, government body, militia, party or company. The institution is an organization;
    /// its building is a place.
    Organization of actor as Actor, filter ActorFilter, order ActorOrderField, facet ActorFacet, scope (of_kind(ActorKind::Organization)), with actor_fields {
        /// Kind of organization.
        kind: Option<OrganizationKind> = column(OrganizationKind);
        /// Location of the organization; for a state, its territory.
        place: Option<Place> = one(PlaceId);
    }
}

node_type! {
    /// People without a known structure, such as kidnappers, security forces or militia channels.
    Group of actor as Actor, filter ActorFilter, order ActorOrderField, facet ActorFacet, scope (of_kind(ActorKind::Group)), with actor_fields {
    }
}

node_type! {
    /// A source that an article quotes without naming it. It belongs to that article and is never merged with another source
    /// automatically.
    AnonymousSource of actor as Actor, filter ActorFilter, order ActorOrderField, facet ActorFacet, scope (of_kind(ActorKind::AnonymousSource)), with actor_fields {
        /// Description of the source as printed, such as `a source close to him`.
        descriptor: String = computed([descriptor], descriptor);
        /// Condition on which the source spoke.
        condition: Option<String> = column(Condition);
        /// Reason why the source is not named.
        reason: Option<String> = column(Reason);
        /// The actor that the source is close to.
        close_to: Option<Actor> = one(CloseToId);
        /// The article that quotes the source. To delete the article, delete the source too.
        article: Option<Article> = one(ArticleId);
    }
}

fn named(filter: &NameMatch, context: &mut FilterContext) -> Result<Expr> {
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
    root_fields {
        /// Looks up one actor.
        actor: Option<Actor> = named;
        /// Paginated list of actors of all kinds.
        actors: Option<List<Actor>> = list;
        /// Paginated list of persons.
        people: Option<List<Person>> = list;
        /// Paginated list of organizations: bodies with a structure.
        organizations: Option<List<Organization>> = list;
        /// Paginated list of groups: people without a known structure.
        groups: Option<List<Group>> = list;
        /// Paginated list of anonymous sources: sources that articles quote without naming them.
        anonymous_sources: Option<List<AnonymousSource>> = list;
    }
}
