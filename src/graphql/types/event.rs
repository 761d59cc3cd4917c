//! Events that happened, are planned, or are said to have happened.

use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::error::Result;
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::connection::parents::{foreign_key, join_table};
use crate::graphql::filter::{
    ColumnFilter, DateColumns, DateFilter, EnumFilter, EventTypeFilter, FilterContext, IdFilter, ListFilter,
    NodeFilter, RecordFilter, SlugFilter, StringFilter, all, column_name, filter, from_record, full_text_match,
    has_child, id_column, semi_join, via_join_table,
};
use crate::graphql::plan::arguments::FieldArguments;
use crate::graphql::schema::connection::List;
use crate::graphql::schema::node_type::node_type;
use crate::graphql::schema::root::root_fields;
use crate::graphql::types::account::{Account, AccountFilter};
use crate::graphql::types::article::Article;
use crate::graphql::types::change::Change;
use crate::graphql::types::claim::{Claim, ClaimFilter};
use crate::graphql::types::coverage::{Coverage, coverages};
use crate::graphql::types::date::EdtfDate;
use crate::graphql::types::event_link::{EventLink, EventLinkFilter};
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::external_id::{ExternalId, ExternalIdFilter};
use crate::graphql::types::figure::{Figure, FigureFilter};
use crate::graphql::types::participation::{AccountScope, Participation, ParticipationFilter};
use crate::graphql::types::place::{Place, PlaceFilter};
use crate::graphql::types::statement::{Statement, StatementFilter};
use entity::event::{Column, Entity, Occurrence, PlacePrecision, TitleSource};
use entity::event_type::EventType;
use entity::participation::{Certainty, Role};
use entity::standing::Standing;
use entity::{account, participation};

/// Returns the condition of the arguments `role` and `accounts`.
fn of_role_and_scope(arguments: &FieldArguments) -> Result<Option<Expr>> {
    let column = |column| Expr::col((participation::Entity, column));
    let roles = arguments.get::<Option<Vec<Role>>>("role")?.map(|roles| {
        let words = roles.iter().map(|role| sea_orm::Value::from(role.to_value()));
        column(participation::Column::Role).is_in(words)
    });
    let is_agreed = arguments.get::<AccountScope>("accounts")? == AccountScope::Agreed;
    let agreed = is_agreed.then(|| column(participation::Column::AccountId).is_null());
    Ok([roles, agreed].into_iter().flatten().reduce(|left, right| left.and(right)))
}

node_type! {
    /// Something that happened, is planned, or is said to have happened. The event itself has the agreed facts; its accounts (the
    /// views of the Simple Event Model) have the disputed ones.
    Event of event as Event, filter EventFilter, order EventOrderField, facet EventFacet,
        dated [Earliest Latest] {
        /// Human-readable unique name; null unless a record sets one.
        slug: Option<String> = column(Slug);
        /// Type of the event; for a disputed event, the nearest common ancestor of its accounts' types.
        r#type: EventType = column(Kind);
        /// The source feed's own code for the type of the event.
        source_type: Option<String> = column(SourceType);
        /// Title of the event.
        title: Option<String> = column(Title);
        /// Origin of the title: given by the dataset, or generated from type, place and actors; null without a title.
        title_source: Option<TitleSource> = column(TitleSource);
        /// Summary of what happened, in the words of the dataset's authors.
        summary: Option<String> = column(Summary);
        /// Time of the event; null if nothing is known about it.
        when: Option<EdtfDate> = date(Date, DateRaw; Earliest, Latest);
        /// Place of the event.
        place: Option<Place> = one(PlaceId);
        /// More exact location, as free text.
        place_note: Option<String> = column(PlaceNote);
        /// Certainty of the place: stated by the source, or inferred from it; null without a place.
        place_certainty: Option<Certainty> = column(PlaceCertainty);
        /// Explanation of how the place was inferred.
        place_certainty_note: Option<String> = column(PlaceCertaintyNote);
        /// Precision of the place.
        place_precision: Option<PlacePrecision> = column(PlacePrecision);
        /// Factual status: whether the event happened, is planned, is hypothetical, is a series, or did not happen.
        occurrence: Occurrence = column(Occurrence);
        /// The larger event that this event is a part of.
        parent: Option<Event> = one(ParentId);
        /// Standing computed from the stances of all voices; null when there is no claim about it. It is CONTESTED if the event's
        /// own claim, an account or a participation is contested. Otherwise it is the standing of the event's own claim.
        standing: Option<Standing> = column(Standing);
        /// The claim that this event happened; null when there is none.
        claim: Option<Claim> = claim;
        /// Participations of actors, articles and things in the event, agreed and disputed. A disputed one has an `account`.
        participations(
            role: Option<Vec<Role>>, "Returns only participations with one of these roles.";
            accounts: AccountScope = AccountScope::All, "Selects participations by whether all accounts agree on them.";
        ): List<Participation> = many(foreign_key(participation::Column::EventId), own of_role_and_scope);
        /// Coverage of the event: separate numbers of articles, statements, speakers and accounts.
        coverage: Coverage = function(coverages);
        /// Accounts: the versions of the event that exclude each other.
        accounts: List<Account> = many(foreign_key(account::Column::EventId));
        /// Events that are parts of this event, earliest first.
        children: List<Event> = many(foreign_key(Column::ParentId), DefaultOrder::date(Entity, Column::Earliest));
        /// Links from this event to other events.
        links: List<EventLink> = many(foreign_key(entity::event_link::Column::FromId));
        /// Links from other events to this event.
        links_to: List<EventLink> = many(foreign_key(entity::event_link::Column::ToId));
        /// Statements about the event.
        statements: List<Statement> = many(join_table::<Statement, entity::statement_about::Entity>(entity::statement_about::Column::TargetId, entity::statement_about::Column::StatementId));
        /// Articles with evidence of the event.
        articles: List<Article> = many(join_table::<Article, entity::evidence::Entity>(entity::evidence::Column::TargetId, entity::evidence::Column::ArticleId));
        /// Figures that the event has.
        figures: List<Figure> = many(foreign_key(entity::figure::Column::TargetId));
        /// Identifiers in other systems, such as Wikidata.
        external_ids: List<ExternalId> = many(foreign_key(entity::external_id::Column::TargetId));
        /// Evidence: the spans of article text that support this event.
        evidence: List<Evidence> = many(foreign_key(entity::evidence::Column::TargetId));
        /// Audit log of this event and its child records, oldest first. Use `asOf` on root fields for point-in-time reads.
        history: List<Change> = many(foreign_key(entity::change::Column::RecordId));
    }
}

fn own(column: Column) -> Expr {
    Expr::col((Entity, column))
}

/// Combines a condition on the event with the same condition on one of its accounts, which may differ from the event.
fn or_account(own_test: Expr, account_test: Expr, context: &FilterContext) -> Expr {
    own_test.or(semi_join(column_name(Column::Id), column_name(account::Column::EventId), account_test, context))
}

fn of_type(filter: &EventTypeFilter, context: &mut FilterContext) -> Result<Expr> {
    let account_type = Expr::col((account::Entity, account::Column::Kind));
    let has_type = account_type.clone().is_not_null();
    let (own_test, account_test) = (filter.test(own(Column::Kind), context)?, filter.test(account_type, context)?);
    Ok(or_account(own_test, all([has_type, account_test]), context))
}

fn at_time(filter: &DateFilter, context: &mut FilterContext) -> Result<Expr> {
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

fn at_place(filter: &PlaceFilter, context: &mut FilterContext) -> Result<Expr> {
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
    root_fields {
        /// Looks up one event.
        event: Option<Event> = named;
        /// Paginated list of events: what happened, is planned, or is said to have happened.
        events: Option<List<Event>> = list;
    }
}
