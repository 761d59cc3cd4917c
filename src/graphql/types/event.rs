//! What happened, is planned, or is said to have happened.

use async_graphql::{Context, ID, Object};
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::error::Result as Answer;
use crate::graphql::connection::Connection;
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::histogram::DatedList;
use crate::graphql::connection::keyset::order;
use crate::graphql::connection::loader::{ConnectionArgs, by, through};
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::executor::resolve::ResolvedObject;
use crate::graphql::filter::{
    ColumnFilter, DateColumns, DateFilter, EnumFilter, EventTypeFilter, FilterContext, IdFilter, ListFilter,
    NodeFilter, RecordFilter, SlugFilter, StringFilter, all, filter, from_record, has_child, id_of, name_of, one_of,
    searched, via_join_table,
};
use crate::graphql::has_many;
use crate::graphql::loading::batch::{NodeType, node_type};
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::session::SharedError;
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::account::{Account, AccountFilter};
use crate::graphql::types::article::Article;
use crate::graphql::types::change::Change;
use crate::graphql::types::claim::{Claim, ClaimFilter};
use crate::graphql::types::coverage::{Coverage, coverage};
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
use entity::event::{Column, Entity, Occurrence, PlacePrecision};
use entity::event_type::EventType;
use entity::participation::{Certainty, Role};
use entity::standing::Standing;
use entity::{account, participation};

/// What only the fields of these names show.
const SPARE: &[Column] = &[
    Column::Slug,
    Column::SourceType,
    Column::Title,
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

node_type!(Event of event, filter EventFilter, order EventOrderField, facet EventFacet, chart DatedList<Event>, dated [Earliest Latest], spare SPARE, refers REFERENCES);

/// Something that happened, is planned, or is said to have happened. What is agreed stands here, what is disputed in
/// its accounts (the views of the Simple Event Model).
#[Object]
impl Event {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        NodeKind::Event.global(self.0.id.0)
    }
    /// The record that it came with.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// A readable unique name, where one was given.
    async fn slug(&self) -> Option<&String> {
        self.0.slug.as_ref()
    }
    /// What kind of event it is; for a disputed one the nearest type that all accounts share.
    #[graphql(name = "type")]
    async fn kind(&self) -> EventType {
        self.0.kind
    }
    /// The feed's own code for its type.
    async fn source_type(&self) -> Option<&String> {
        self.0.source_type.as_ref()
    }
    /// A title.
    async fn title(&self) -> Option<&String> {
        self.0.title.as_ref()
    }
    /// What happened, in words of this graph's makers.
    async fn summary(&self) -> Option<&String> {
        self.0.summary.as_ref()
    }
    /// When; null when nothing is known.
    async fn when(&self) -> Option<ResolvedObject<Date>> {
        Date::of(self.0.date.as_ref(), self.0.date_raw.as_ref(), self.0.earliest, self.0.latest).map(ResolvedObject)
    }
    /// Where.
    async fn place(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.one(ctx, &PLACE).await
    }
    /// Where more exactly, in words.
    async fn place_note(&self) -> Option<&String> {
        self.0.place_note.as_ref()
    }
    /// Whether the place is stated or inferred; null without a place.
    async fn place_certainty(&self) -> Option<Certainty> {
        self.0.place_certainty
    }
    /// From what the place is inferred.
    async fn place_certainty_note(&self) -> Option<&String> {
        self.0.place_certainty_note.as_ref()
    }
    /// How exact the place is.
    async fn place_precision(&self) -> Option<PlacePrecision> {
        self.0.place_precision
    }
    /// Whether it happened.
    async fn occurrence(&self) -> Occurrence {
        self.0.occurrence
    }
    /// The event of which it is a part.
    async fn parent(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Event>, SharedError>> {
        self.0.one(ctx, &PARENT).await
    }
    /// How it stands: CONTESTED when its own claim, an account or a participation is; else as its own claim; null when
    /// nobody takes sides.
    async fn standing(&self) -> Option<Standing> {
        self.0.standing
    }
    /// The claim that it happened, if statements take sides on it.
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
    /// Who and what had a part in it, agreed and disputed; a disputed part has its `account`.
    #[allow(clippy::too_many_arguments)]
    async fn participations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only parts in one of these roles.")] role: Option<Vec<Role>>,
        #[graphql(
            desc = "Whether parts that only one account tells are meant too.",
            default_with = "AccountScope::All"
        )]
        accounts: AccountScope,
        #[graphql(desc = "Only rows for which this holds.")] filter: Option<Box<ParticipationFilter>>,
        #[graphql(desc = "In what order, always ended by the id; as recorded when left out.")] order_by: Option<
            Vec<<Participation as NodeType>::Order>,
        >,
        #[graphql(desc = "How many rows from the start, 0 to 500; 20 when neither `first` nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, 0 to 500.")] last: Option<i32>,
        #[graphql(desc = "Only rows in front of this cursor.")] before: Option<String>,
    ) -> ResolvedObject<Connection<Participation>> {
        Connection::of(
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
                    link: Some(by(participation::Column::EventId)),
                    fixed: [roles, agreed].into_iter().flatten().reduce(|left, right| left.and(right)),
                    filter,
                    order: order_by,
                    usual: Vec::new(),
                    window: PageArgs { first, after, last, before },
                }
            },
        )
    }
    /// How it is covered: articles, statements, speakers and accounts as separate numbers.
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
    /// Versions of it that exclude each other.
    accounts: Account = by(account::Column::EventId);
    /// The events that are parts of it, by when they happened.
    children: Event = by(Column::ParentId), usually Number Asc (Entity, Column::Earliest);
    /// Its ties to other events: it is the first.
    links: EventLink = by(entity::event_link::Column::FromId);
    /// The ties of other events to it: it is the second.
    links_to: EventLink = by(entity::event_link::Column::ToId);
    /// What was said about it.
    statements: Statement = through::<Statement, entity::statement_about::Entity>(entity::statement_about::Column::TargetId, entity::statement_about::Column::StatementId);
    /// Where it is written of.
    articles: Article = through::<Article, entity::evidence::Entity>(entity::evidence::Column::TargetId, entity::evidence::Column::ArticleId);
    /// Numbers that belong to it.
    figures: Figure = by(entity::figure::Column::TargetId);
    /// Its ids elsewhere.
    external_ids: ExternalId = by(entity::external_id::Column::TargetId);
    /// Where it is written.
    evidence: Evidence = by(entity::evidence::Column::TargetId);
    /// What was written of it and its parts, oldest first; `asOf` of the root fields reads it as it was.
    history: Change = by(entity::change::Column::RecordId);
    }
}

fn own(column: Column) -> Expr {
    Expr::col((Entity, column))
}

/// It holds for the event or for one of its accounts, which may say otherwise.
fn or_account(own_test: Expr, account_test: Expr, context: &FilterContext) -> Expr {
    own_test.or(one_of(name_of(Column::Id), name_of(account::Column::EventId), account_test, context))
}

fn of_type(filter: &EventTypeFilter, context: &mut FilterContext) -> Answer<Expr> {
    let account_type = Expr::col((account::Entity, account::Column::Kind));
    let told = account_type.clone().is_not_null();
    let (own_test, account_test) = (filter.test(own(Column::Kind), context)?, filter.test(account_type, context)?);
    Ok(or_account(own_test, all([told, account_test]), context))
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
    context.is_tied = true;
    let passes = filter.condition(context)?;
    let place = id_of::<<PlaceFilter as NodeFilter>::Entity>();
    let own_test = one_of(name_of(Column::PlaceId), place, passes.clone(), context);
    let account_test = one_of(name_of(account::Column::PlaceId), place, passes, context);
    Ok(or_account(own_test, account_test, context))
}

filter! {
    /// Which events. Type, time and place are looked for in the event and in its accounts, participations among the agreed
    /// and the disputed ones.
    EventFilter of event {
        /// The id.
        id: IdFilter = id(Id of Event);
        /// The record that it came with.
        record: RecordFilter = with(from_record::<entity::event::Entity>);
        /// The words are in its title, summary or place note: see `Query.search`.
        search: String = with(searched::<entity::event::Entity>);
        /// The slug.
        slug: SlugFilter = slug_of(Slug of Event);
        /// What kind of event it is, by any account.
        r#type: EventTypeFilter = with(of_type);
        /// The feed's own code for its type.
        source_type: StringFilter = column(SourceType);
        /// The title, letter for letter.
        title: StringFilter = column(Title);
        /// When, by any account.
        when: DateFilter = with(at_time);
        /// Where, by any account.
        place: Box<PlaceFilter> = with(at_place);
        /// Whether the place is stated or inferred.
        place_certainty: EnumFilter<Certainty> = column(PlaceCertainty);
        /// Whether it happened.
        occurrence: EnumFilter<Occurrence> = column(Occurrence);
        /// How it stands.
        standing: EnumFilter<Standing> = column(Standing);
        /// The event of which it is a part.
        parent: Box<EventFilter> = one(ParentId);
        /// The events that are parts of it.
        children: ListFilter<EventFilter> = many(has_child::<Entity, _>(Column::ParentId));
        /// Who and what had a part in it, agreed and disputed.
        participations: ListFilter<ParticipationFilter> = many(has_child::<Entity, _>(participation::Column::EventId));
        /// Versions of it that exclude each other.
        accounts: ListFilter<AccountFilter> = many(has_child::<Entity, _>(account::Column::EventId));
        /// The claim that it happened.
        claim: ListFilter<ClaimFilter> = many(has_child::<Entity, _>(entity::claim::Column::SubjectId));
        /// Its ties to other events: it is the first.
        links: ListFilter<EventLinkFilter> = many(has_child::<Entity, _>(entity::event_link::Column::FromId));
        /// What was said about it.
        statements: ListFilter<StatementFilter> = many(via_join_table::<Entity, entity::statement_about::Entity>(entity::statement_about::Column::TargetId, entity::statement_about::Column::StatementId));
        /// Numbers that belong to it.
        figures: ListFilter<FigureFilter> = many(has_child::<Entity, _>(entity::figure::Column::TargetId));
        /// Its ids elsewhere.
        external_ids: ListFilter<ExternalIdFilter> = many(has_child::<Entity, _>(entity::external_id::Column::TargetId));
        /// Where it is written.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::event::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// By what events can be counted.
    EventFacet of event {
        /// The type, of the event itself.
        Type = Values::words(Column::Kind),
        /// The place, of the event itself.
        Place = Values::things(Column::PlaceId, NodeKind::Place),
        /// The country of the place, an ISO 3166-1 alpha-2 code.
        Country = Values::of(Column::PlaceId, entity::place::Column::Id, entity::place::Column::Country),
        /// How it stands.
        Standing = Values::words(Column::Standing),
        /// Whether it happened.
        Occurrence = Values::words(Column::Occurrence),
        /// Who had a part in it, agreed or disputed.
        Actor = Values::each(Column::Id, participation::Column::EventId, participation::Column::ActorId).naming(NodeKind::Actor),
        /// The roles in it, agreed or disputed.
        Role = Values::each(Column::Id, participation::Column::EventId, participation::Column::Role),
    }
}

order! {
    /// By what events can be ordered.
    EventOrderField {
        /// In the order in which they were recorded.
        Recorded = Recorded,
        /// By the earliest they may have begun.
        When = Number (Entity, Column::Earliest),
    }
}

root_fields! {
    EventQuery of Event {
        lists {
            /// What happened, is planned, or is said to have happened.
            events;
        }
        named {
            /// An event.
            event Event;
        }
    }
}
