//! Events that happened, are planned, or are said to have happened.

use async_graphql::{Context, ID, Object};
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::error::Result as Answer;
use crate::graphql::connection::Connection;
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::histogram::DatedConnectionFields;
use crate::graphql::connection::loader::{ConnectionArgs, foreign_key, join_table};
use crate::graphql::connection::order_by::order;
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::executor::object::ResolvedObject;
use crate::graphql::filter::{
    ColumnFilter, DateColumns, DateFilter, EnumFilter, EventTypeFilter, FilterContext, IdFilter, ListFilter,
    NodeFilter, RecordFilter, SlugFilter, StringFilter, all, column_name, filter, from_record, full_text_match,
    has_child, id_column, semi_join, via_join_table,
};
use crate::graphql::has_many;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::node_type::{NodeType, node_type};
use crate::graphql::loading::session::SharedError;
use crate::graphql::plan::arguments::FieldArguments;
use crate::graphql::plan::noun::{ListField, PlannedType, planned};
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::account::{Account, AccountFilter};
use crate::graphql::types::article::Article;
use crate::graphql::types::change::Change;
use crate::graphql::types::claim::{Claim, ClaimFilter, claim_about};
use crate::graphql::types::coverage::{Coverage, coverage, coverages};
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::date::Date;
use crate::graphql::types::event_link::{EventLink, EventLinkFilter};
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::external_id::{ExternalId, ExternalIdFilter};
use crate::graphql::types::figure::{Figure, FigureFilter};
use crate::graphql::types::node::NodeKind;
use crate::graphql::types::participation::{AccountScope, Participation, ParticipationFilter};
use crate::graphql::types::place::{Place, PlaceFilter};
use crate::graphql::types::statement::{Statement, StatementFilter};
use entity::event::{Column, Entity, Occurrence, PlacePrecision, TitleSource};
use entity::event_type::EventType;
use entity::participation::{Certainty, Role};
use entity::standing::Standing;
use entity::{account, participation};

/// Columns that only the fields of the same names read: they are not loaded unless such a field is selected.
const LAZY_COLUMNS: &[Column] = &[
    Column::Slug,
    Column::SourceType,
    Column::Title,
    Column::TitleSource,
    Column::Summary,
    Column::PlaceNote,
    Column::PlaceCertainty,
    Column::PlaceCertaintyNote,
    Column::PlacePrecision,
    Column::Standing,
];

belongs_to! {
    event {
        PLACE "place": Place = place_id or null;
        PARENT "parent": Event = parent_id or null;
    }
}

node_type!(Event of event, filter EventFilter, order EventOrderField, facet EventFacet, connection_fields DatedConnectionFields<Event>, dated [Earliest Latest], lazy_columns LAZY_COLUMNS, belongs_to BELONGS_TO);

planned! {
    Event of event as Event, lists [EventLists, EventParticipations] {
        "slug" Text Slug,
        "type" Text Kind,
        "sourceType" Text SourceType,
        "title" Text Title,
        "titleSource" Text TitleSource,
        "summary" Text Summary,
        "placeNote" Text PlaceNote,
        "placeCertainty" Text PlaceCertainty,
        "placeCertaintyNote" Text PlaceCertaintyNote,
        "placePrecision" Text PlacePrecision,
        "occurrence" Text Occurrence,
        "standing" Text Standing,
        dates:
        "when" [Date, DateRaw; Earliest Latest],
        functions:
        "coverage" coverages,
        claim: claim
    }
}

/// The list `participations`, for the compiler of plans. It has two arguments that other lists do not have.
struct EventParticipations;

/// Returns the condition of the arguments `role` and `accounts`.
fn of_role_and_scope(arguments: &FieldArguments) -> Answer<Option<Expr>> {
    let column = |column| Expr::col((participation::Entity, column));
    let roles = arguments.get::<Option<Vec<Role>>>("role")?.map(|roles| {
        let words = roles.iter().map(|role| sea_orm::Value::from(role.to_value()));
        column(participation::Column::Role).is_in(words)
    });
    let is_agreed = arguments.get::<AccountScope>("accounts")? == AccountScope::Agreed;
    let agreed = is_agreed.then(|| column(participation::Column::AccountId).is_null());
    Ok([roles, agreed].into_iter().flatten().reduce(|left, right| left.and(right)))
}

impl EventParticipations {
    fn plan_lists() -> Vec<ListField> {
        vec![ListField {
            name: "Event.participations".to_owned(),
            noun: Participation::noun,
            parent: Some(foreign_key(participation::Column::EventId)),
            default_order: Vec::new(),
            own_condition: Some(of_role_and_scope),
        }]
    }
}

/// Something that happened, is planned, or is said to have happened. The event itself has the agreed facts; its accounts (the
/// views of the Simple Event Model) have the disputed ones.
#[Object]
impl Event {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> ID {
        NodeKind::Event.global(self.0.id.0)
    }
    /// The imported record this node was created from: its dataset and key.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// Human-readable unique name; null unless a record sets one.
    async fn slug(&self) -> Option<&String> {
        self.0.slug.as_ref()
    }
    /// Type of the event; for a disputed event, the nearest common ancestor of its accounts' types.
    #[graphql(name = "type")]
    async fn kind(&self) -> EventType {
        self.0.kind
    }
    /// The source feed's own code for the type of the event.
    async fn source_type(&self) -> Option<&String> {
        self.0.source_type.as_ref()
    }
    /// Title of the event.
    async fn title(&self) -> Option<&String> {
        self.0.title.as_ref()
    }
    /// Origin of the title: given by the dataset, or generated from type, place and actors; null without a title.
    async fn title_source(&self) -> Option<TitleSource> {
        self.0.title_source
    }
    /// Summary of what happened, in the words of the dataset's authors.
    async fn summary(&self) -> Option<&String> {
        self.0.summary.as_ref()
    }
    /// Time of the event; null if nothing is known about it.
    async fn when(&self) -> Option<ResolvedObject<Date>> {
        Date::of(self.0.date.as_ref(), self.0.date_raw.as_ref(), self.0.earliest, self.0.latest).map(ResolvedObject)
    }
    /// Place of the event.
    async fn place(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.belongs_to(ctx, &PLACE).await
    }
    /// More exact location, as free text.
    async fn place_note(&self) -> Option<&String> {
        self.0.place_note.as_ref()
    }
    /// Certainty of the place: stated by the source, or inferred from it; null without a place.
    async fn place_certainty(&self) -> Option<Certainty> {
        self.0.place_certainty
    }
    /// Explanation of how the place was inferred.
    async fn place_certainty_note(&self) -> Option<&String> {
        self.0.place_certainty_note.as_ref()
    }
    /// Precision of the place.
    async fn place_precision(&self) -> Option<PlacePrecision> {
        self.0.place_precision
    }
    /// Factual status: whether the event happened, is planned, is hypothetical, is a series, or did not happen.
    async fn occurrence(&self) -> Occurrence {
        self.0.occurrence
    }
    /// The larger event that this event is a part of.
    async fn parent(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Event>, SharedError>> {
        self.0.belongs_to(ctx, &PARENT).await
    }
    /// Standing computed from the stances of all voices; null when there is no claim about it. It is CONTESTED if the event's
    /// own claim, an account or a participation is contested. Otherwise it is the standing of the event's own claim.
    async fn standing(&self) -> Option<Standing> {
        self.0.standing
    }
    /// The claim that this event happened; null when there is none.
    async fn claim(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Claim>, SharedError>> {
        claim_about(&self.0, ctx, |row| row.id.0).await
    }
    /// Participations of actors, articles and things in the event, agreed and disputed. A disputed one has an `account`.
    #[allow(clippy::too_many_arguments)]
    async fn participations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Returns only participations with one of these roles.")] role: Option<Vec<Role>>,
        #[graphql(
            desc = "Selects participations by whether all accounts agree on them.",
            default_with = "AccountScope::All"
        )]
        accounts: AccountScope,
        #[graphql(desc = "Returns only rows that match this filter.")] filter: Option<Box<ParticipationFilter>>,
        #[graphql(desc = "Sort order, up to 8 keys; ties are broken by id. Default: import order.")] order_by: Option<
            Vec<<Participation as NodeType>::Order>,
        >,
        #[graphql(
            desc = "Page size, counted from the start of the list: 0 to 500. Default: 20 if neither `first` nor `last` is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Returns rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size, counted from the end of the list: 0 to 500. Cannot be combined with `first`.")]
        last: Option<i32>,
        #[graphql(desc = "Returns rows before this cursor.")] before: Option<String>,
    ) -> ResolvedObject<Connection<Participation>> {
        Connection::for_row(
            &self.0,
            ctx,
            |row| row.id.0,
            || {
                let roles = role.map(|roles| {
                    let words = roles.iter().map(|role| sea_orm::Value::from(role.to_value()));
                    Expr::col((participation::Entity, participation::Column::Role)).is_in(words)
                });
                let agreed = (accounts == AccountScope::Agreed)
                    .then(|| Expr::col((participation::Entity, participation::Column::AccountId)).is_null());
                ConnectionArgs {
                    name: "Event.participations",
                    parent_condition: Some(foreign_key(participation::Column::EventId)),
                    base_condition: [roles, agreed].into_iter().flatten().reduce(|left, right| left.and(right)),
                    filter,
                    order_by,
                    default_order: Vec::new(),
                    page: PageArgs { first, after, last, before },
                }
            },
        )
    }
    /// Coverage of the event: separate numbers of articles, statements, speakers and accounts.
    async fn coverage(&self, ctx: &Context<'_>) -> Result<Coverage, SharedError> {
        coverage(&self.0, ctx).await
    }
    #[graphql(flatten)]
    async fn lists(&self) -> EventLists {
        EventLists(self.0.clone())
    }
}

has_many! {
    EventLists of Entity, named "Event" {
    /// Accounts: the versions of the event that exclude each other.
    accounts: Account = foreign_key(account::Column::EventId);
    /// Events that are parts of this event, earliest first.
    children: Event = foreign_key(Column::ParentId), default_order date (Entity, Column::Earliest);
    /// Links from this event to other events.
    links: EventLink = foreign_key(entity::event_link::Column::FromId);
    /// Links from other events to this event.
    links_to: EventLink = foreign_key(entity::event_link::Column::ToId);
    /// Statements about the event.
    statements: Statement = join_table::<Statement, entity::statement_about::Entity>(entity::statement_about::Column::TargetId, entity::statement_about::Column::StatementId);
    /// Articles with evidence of the event.
    articles: Article = join_table::<Article, entity::evidence::Entity>(entity::evidence::Column::TargetId, entity::evidence::Column::ArticleId);
    /// Figures that the event has.
    figures: Figure = foreign_key(entity::figure::Column::TargetId);
    /// Identifiers in other systems, such as Wikidata.
    external_ids: ExternalId = foreign_key(entity::external_id::Column::TargetId);
    /// Evidence: the spans of article text that support this event.
    evidence: Evidence = foreign_key(entity::evidence::Column::TargetId);
    /// Audit log of this event and its child records, oldest first. Use `asOf` on root fields for point-in-time reads.
    history: Change = foreign_key(entity::change::Column::RecordId);
    }
}

fn own(column: Column) -> Expr {
    Expr::col((Entity, column))
}

/// Combines a condition on the event with the same condition on one of its accounts, which may differ from the event.
fn or_account(own_test: Expr, account_test: Expr, context: &FilterContext) -> Expr {
    own_test.or(semi_join(column_name(Column::Id), column_name(account::Column::EventId), account_test, context))
}

fn of_type(filter: &EventTypeFilter, context: &mut FilterContext) -> Answer<Expr> {
    let account_type = Expr::col((account::Entity, account::Column::Kind));
    let has_type = account_type.clone().is_not_null();
    let (own_test, account_test) = (filter.test(own(Column::Kind), context)?, filter.test(account_type, context)?);
    Ok(or_account(own_test, all([has_type, account_test]), context))
}

fn at_time(filter: &DateFilter, context: &mut FilterContext) -> Answer<Expr> {
    let of_event =
        DateColumns { text: own(Column::Date), earliest: own(Column::Earliest), latest: own(Column::Latest) };
    let column = |column: account::Column| Expr::col((account::Entity, column));
    let of_account = DateColumns {
        text: column(account::Column::Date),
        earliest: column(account::Column::Earliest),
        latest: column(account::Column::Latest),
    };
    if filter.is_null.is_some() {
        return filter.test(&of_event);
    }
    Ok(or_account(
        filter.test(&of_event)?,
        all([column(account::Column::Date).is_not_null(), filter.test(&of_account)?]),
        context,
    ))
}

fn at_place(filter: &PlaceFilter, context: &mut FilterContext) -> Answer<Expr> {
    context.has_related = true;
    let passes = filter.condition(context)?;
    let place = id_column::<<PlaceFilter as NodeFilter>::Entity>();
    let own_test = semi_join(column_name(Column::PlaceId), place, passes.clone(), context);
    let account_test = semi_join(column_name(account::Column::PlaceId), place, passes, context);
    Ok(or_account(own_test, account_test, context))
}

filter! {
    /// Filter for events. `type`, `when` and `place` match the event or any of its accounts; `participations` matches agreed and
    /// disputed ones.
    EventFilter of event {
        /// Global id.
        id: IdFilter = id(Id of Event);
        /// The imported record this node was created from: its dataset and key.
        record: RecordFilter = with(from_record::<entity::event::Entity>);
        /// Full-text search in title, summary and place note; syntax as in `Query.search`.
        search: String = with(full_text_match::<entity::event::Entity>);
        /// Human-readable unique name.
        slug: SlugFilter = slug_of(Slug of Event);
        /// Type of the event, in the event itself or in any account.
        r#type: EventTypeFilter = with(of_type);
        /// The source feed's own code for the type; exact match, case-sensitive.
        source_type: StringFilter = column(SourceType);
        /// Title of the event; exact match, case-sensitive.
        title: StringFilter = column(Title);
        /// Origin of the title: given by the dataset, or generated.
        title_source: EnumFilter<TitleSource> = column(TitleSource);
        /// Time of the event, in the event itself or in any account.
        when: DateFilter = with(at_time);
        /// Place of the event, in the event itself or in any account.
        place: Box<PlaceFilter> = with(at_place);
        /// Certainty of the place: stated by the source, or inferred from it.
        place_certainty: EnumFilter<Certainty> = column(PlaceCertainty);
        /// Factual status: whether the event happened.
        occurrence: EnumFilter<Occurrence> = column(Occurrence);
        /// Standing of the event.
        standing: EnumFilter<Standing> = column(Standing);
        /// The larger event that the event is a part of.
        parent: Box<EventFilter> = one(ParentId);
        /// The events that are parts of the event.
        children: ListFilter<EventFilter> = many(has_child::<Entity, _>(Column::ParentId));
        /// The event's participations, agreed and disputed.
        participations: ListFilter<ParticipationFilter> = many(has_child::<Entity, _>(participation::Column::EventId));
        /// The event's accounts.
        accounts: ListFilter<AccountFilter> = many(has_child::<Entity, _>(account::Column::EventId));
        /// The claim that the event happened.
        claim: ListFilter<ClaimFilter> = many(has_child::<Entity, _>(entity::claim::Column::SubjectId));
        /// The links from the event to other events.
        links: ListFilter<EventLinkFilter> = many(has_child::<Entity, _>(entity::event_link::Column::FromId));
        /// The statements about the event.
        statements: ListFilter<StatementFilter> = many(via_join_table::<Entity, entity::statement_about::Entity>(entity::statement_about::Column::TargetId, entity::statement_about::Column::StatementId));
        /// The event's figures.
        figures: ListFilter<FigureFilter> = many(has_child::<Entity, _>(entity::figure::Column::TargetId));
        /// The event's external ids.
        external_ids: ListFilter<ExternalIdFilter> = many(has_child::<Entity, _>(entity::external_id::Column::TargetId));
        /// The event's evidence.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::event::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// Facets of events.
    EventFacet of event {
        /// Type of the event itself, regardless of its accounts.
        Type = FacetValues::column(Column::Kind),
        /// Place of the event itself, regardless of its accounts.
        Place = FacetValues::node(Column::PlaceId, NodeKind::Place),
        /// Country of the event's place, an ISO 3166-1 alpha-2 code.
        Country = FacetValues::joined(Column::PlaceId, entity::place::Column::Id, entity::place::Column::Country),
        /// Standing of the event.
        Standing = FacetValues::column(Column::Standing),
        /// Factual status: whether the event happened.
        Occurrence = FacetValues::column(Column::Occurrence),
        /// Participating actors, agreed or disputed.
        Actor = FacetValues::joined_many(Column::Id, participation::Column::EventId, participation::Column::ActorId).with_node_kind(NodeKind::Actor),
        /// Roles of participants, agreed or disputed.
        Role = FacetValues::joined_many(Column::Id, participation::Column::EventId, participation::Column::Role),
    }
}

order! {
    /// Sort keys for events.
    EventOrderField {
        /// Import order.
        Recorded = Recorded,
        /// Earliest possible start of the event.
        When = Number (Entity, Column::Earliest),
    }
}

root_fields! {
    EventQuery of Event {
        lists {
            /// Paginated list of events: what happened, is planned, or is said to have happened.
            events;
        }
        named {
            /// Looks up one event.
            event Event;
        }
    }
}
