//! Figures: the numbers that statements, events, accounts and articles report.

use std::collections::HashMap;

use async_graphql::{Context, ID, Object};

use crate::graphql::connection::Connection;
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::histogram::DatedConnectionFields;
use crate::graphql::connection::loader::foreign_key;
use crate::graphql::connection::order_by::order;
use crate::graphql::executor::list::ResolvedList;
use crate::graphql::executor::object::ResolvedObject;
use crate::graphql::filter::{
    DateFilter, EnumFilter, EventTypeFilter, FloatFilter, IdFilter, ListFilter, RecordFilter, StringFilter, filter,
    from_record, full_text_match, has_child,
};
use crate::graphql::has_many;
use crate::graphql::loading::batch::LoadOnce;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::node_type::node_type;
use crate::graphql::loading::session::{SharedError, session};
use crate::graphql::plan::noun::planned;
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::claim::{Claim, claim_about};
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::date::Date;
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::figure_sum::{list_sums, FigureSum, sums};
use crate::graphql::types::node::{Node, NodeKind, target};
use crate::graphql::types::place::{Place, PlaceFilter};
use entity::event_type::EventType;
use entity::figure::Qualifier;
use entity::record::RecordKind;

belongs_to! {
    figure {
        PLACE "place": Place = place_id or null;
        PART_OF "partOf": Figure = part_of_id or null;
    }
}

node_type!(Figure of figure, filter FigureFilter, order FigureOrderField, facet FigureFacet, connection_fields FigureConnectionFields, dated [Earliest Latest], belongs_to BELONGS_TO);

planned! {
    Figure of figure as Figure, lists [FigureLists], list_functions ["sums" list_sums] {
        "counted" Text Counted,
        "countedType" Text CountedType,
        "value" Float Value,
        "lower" Float Lower,
        "upper" Float Upper,
        "unit" Text Unit,
        "qualifier" Text Qualifier,
        dates:
        "period" [Period, PeriodRaw; Earliest Latest],
        nodes:
        "target" [TargetId, TargetKind],
        claim: claim
    }
}

/// A number that a statement, event, account or article reports, together with what it counts.
#[Object]
impl Figure {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> ID {
        NodeKind::Figure.global(self.0.id.0)
    }
    /// The imported record this node was created from: its dataset and key.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// The statement, event, account or article that reports the number.
    async fn target(&self, ctx: &Context<'_>) -> Result<Node, SharedError> {
        target(&self.0, ctx, |row| Some((row.target_id.0, Some(row.target_kind)))).await
    }
    /// Description of what is counted.
    async fn counted(&self) -> &str {
        &self.0.counted
    }
    /// The event type counted; null when the figure does not count events of one type.
    async fn counted_type(&self) -> Option<EventType> {
        self.0.counted_type
    }
    /// The number; null when only bounds are known.
    async fn value(&self) -> Option<f64> {
        self.0.value
    }
    /// Lower bound of the number.
    async fn lower(&self) -> Option<f64> {
        self.0.lower
    }
    /// Upper bound of the number.
    async fn upper(&self) -> Option<f64> {
        self.0.upper
    }
    /// The unit, such as `person`, `year` or `USD`.
    async fn unit(&self) -> Option<&String> {
        self.0.unit.as_ref()
    }
    /// Precision of the number: exact, a bound, or an estimate.
    async fn qualifier(&self) -> Qualifier {
        self.0.qualifier
    }
    /// The period that the figure covers.
    async fn period(&self) -> Option<ResolvedObject<Date>> {
        Date::of(self.0.period.as_ref(), self.0.period_raw.as_ref(), self.0.earliest, self.0.latest).map(ResolvedObject)
    }
    /// The place that the figure covers.
    async fn place(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.belongs_to(ctx, &PLACE).await
    }
    /// The larger figure that includes this one: the 76, if this figure is 58 of the 76.
    async fn part_of(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Figure>, SharedError>> {
        self.0.belongs_to(ctx, &PART_OF).await
    }
    /// The claim about this figure; null when there is none.
    async fn claim(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Claim>, SharedError>> {
        claim_about(&self.0, ctx, |row| row.id.0).await
    }
    #[graphql(flatten)]
    async fn lists(&self) -> FigureLists {
        FigureLists(self.0.clone())
    }
}

has_many! {
    FigureLists of entity::figure::Entity, named "Figure" {
    /// The figures that are included in this one.
    parts: Figure = foreign_key(entity::figure::Column::PartOfId);
    /// Evidence: the spans of article text that support this figure.
    evidence: Evidence = foreign_key(entity::evidence::Column::TargetId);
    }
}

filter! {
    /// Filter for figures.
    FigureFilter of figure {
        /// Global id.
        id: IdFilter = id(Id of Figure);
        /// The imported record this node was created from: its dataset and key.
        record: RecordFilter = with(from_record::<entity::figure::Entity>);
        /// Full-text search in `counted`; syntax as in `Query.search`.
        search: String = with(full_text_match::<entity::figure::Entity>);
        /// Node type of the figure's `target`: STATEMENT, EVENT, ACCOUNT or ARTICLE.
        target_kind: EnumFilter<RecordKind> = column(TargetKind);
        /// Description of what is counted; exact match, case-sensitive.
        counted: StringFilter = column(Counted);
        /// The event type counted.
        counted_type: EventTypeFilter = column(CountedType);
        /// The number.
        value: FloatFilter = column(Value);
        /// The unit; exact match, case-sensitive.
        unit: StringFilter = column(Unit);
        /// Precision of the number.
        qualifier: EnumFilter<Qualifier> = column(Qualifier);
        /// The period that the figure covers.
        period: DateFilter = date(Period Earliest Latest);
        /// The place that the figure covers.
        place: Box<PlaceFilter> = one(PlaceId);
        /// The statement that reports the figure.
        statement: Box<crate::graphql::types::statement::StatementFilter> = one(TargetId);
        /// The event that reports the figure.
        event: Box<crate::graphql::types::event::EventFilter> = one(TargetId);
        /// The larger figure that includes the figure.
        part_of: Box<FigureFilter> = one(PartOfId);
        /// The figure's evidence.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::figure::Entity, _>(entity::evidence::Column::TargetId));
    }
}

/// The fields of a figure connection beyond the common ones: sums and histograms.
pub struct FigureConnectionFields(Connection<Figure>);

impl From<Connection<Figure>> for FigureConnectionFields {
    fn from(connection: Connection<Figure>) -> Self {
        Self(connection)
    }
}

/// The fields of a figure connection beyond the common ones: sums and histograms.
#[Object]
impl FigureConnectionFields {
    /// Sums over the whole list, regardless of the page: one per unit.
    ///
    /// Nothing is added twice. A figure that is part of another figure of the list is left out. Of the figures of one event
    /// that have the same unit and count the same, but come from several datasets (of merged events), only those of one
    /// dataset are added: of the dataset of the event, or else of the oldest one.
    async fn sums(&self, ctx: &Context<'_>) -> Result<ResolvedList<FigureSum>, SharedError> {
        let Connection { loader, parent } = &self.0;
        let once = loader
            .cache
            .get_or_insert_with::<LoadOnce<HashMap<i64, Vec<FigureSum>>>>((ctx.item.pos, "sums"), LoadOnce::new);
        let all = once.get_or_init(async || Box::pin(sums(loader, session(ctx)?)).await).await;
        all.as_ref().map(|all| ResolvedList(all.get(parent).cloned().unwrap_or_default())).map_err(Clone::clone)
    }

    #[graphql(flatten)]
    async fn histogram(&self) -> DatedConnectionFields<Figure> {
        self.0.clone().into()
    }
}

facet! {
    /// Facets of figures.
    FigureFacet of figure {
        /// The event type counted.
        CountedType = FacetValues::column(Column::CountedType),
        /// The unit.
        Unit = FacetValues::column(Column::Unit),
        /// Precision of the number.
        Qualifier = FacetValues::column(Column::Qualifier),
        /// The place that the figure covers.
        Place = FacetValues::node(Column::PlaceId, NodeKind::Place),
    }
}

order! {
    /// Sort keys for figures.
    FigureOrderField {
        /// Import order.
        Recorded = Recorded,
        /// The number (`value`).
        Value = Real (entity::figure::Entity, entity::figure::Column::Value),
    }
}

root_fields! {
    FigureQuery of Figure {
        lists {
            /// Paginated list of figures: numbers together with what they count.
            figures;
        }
        one {
            /// Looks up one figure.
            figure Figure;
        }
    }
}
