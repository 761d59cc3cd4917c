//! Figures: the numbers that statements, events, accounts and articles report.

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::connection::parents::foreign_key;
use crate::graphql::filter::{
    DateFilter, EnumFilter, EventTypeFilter, FloatFilter, IdFilter, ListFilter, RecordFilter, StringFilter, filter,
    from_record, full_text_match, has_child,
};
use crate::graphql::schema::connection::List;
use crate::graphql::schema::field::{Field, fields};
use crate::graphql::schema::node_type::node_type;
use crate::graphql::schema::root::root_fields;
use crate::graphql::types::claim::Claim;
use crate::graphql::types::date::EdtfDate;
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::figure_sum::{FigureSum, list_sums};
use crate::graphql::types::node::Node;
use crate::graphql::types::place::{Place, PlaceFilter};
use entity::event_type::EventType;
use entity::figure::Qualifier;
use entity::record::RecordKind;

node_type! {
    /// A number that a statement, event, account or article reports, together with what it counts.
    Figure of figure as Figure, filter FigureFilter, order FigureOrderField, facet FigureFacet,
        dated [Earliest Latest], list_fields list_fields {
        /// The statement, event, account or article that reports the number.
        target: Node = node(TargetId, TargetKind);
        /// Description of what is counted.
        counted: String = column(Counted);
        /// The event type counted; null when the figure does not count events of one type.
        counted_type: Option<EventType> = column(CountedType);
        /// The number; null when only bounds are known.
        value: Option<f64> = column(Value);
        /// Lower bound of the number.
        lower: Option<f64> = column(Lower);
        /// Upper bound of the number.
        upper: Option<f64> = column(Upper);
        /// The unit, such as `person`, `year` or `USD`.
        unit: Option<String> = column(Unit);
        /// Precision of the number: exact, a bound, or an estimate.
        qualifier: Qualifier = column(Qualifier);
        /// The period that the figure covers.
        period: Option<EdtfDate> = date(Period, PeriodRaw; Earliest, Latest);
        /// The place that the figure covers.
        place: Option<Place> = one(PlaceId);
        /// The larger figure that includes this one: the 76, if this figure is 58 of the 76.
        part_of: Option<Figure> = one(PartOfId);
        /// The claim about this figure; null when there is none.
        claim: Option<Claim> = claim;
        /// The figures that are included in this one.
        parts: List<Figure> = many(foreign_key(entity::figure::Column::PartOfId));
        /// Evidence: the spans of article text that support this figure.
        evidence: List<Evidence> = many(foreign_key(entity::evidence::Column::TargetId));
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
        statement: Box<crate::graphql::types::statement::StatementFilter> = node(TargetId);
        /// The event that reports the figure.
        event: Box<crate::graphql::types::event::EventFilter> = node(TargetId);
        /// The larger figure that includes the figure.
        part_of: Box<FigureFilter> = one(PartOfId);
        /// The figure's evidence.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::figure::Entity, _>(entity::evidence::Column::TargetId));
    }
}

/// The fields of connections of figures besides those of all connections.
fn list_fields() -> Vec<Field> {
    fields!((), none {
        /// Sums over the whole list, regardless of the page: one per unit.
        ///
        /// Nothing is added twice. A figure that is part of another figure of the list is left out. Of the figures of one event
        /// that have the same unit and count the same, but come from several datasets (of merged events), only those of one
        /// dataset are added: of the dataset of the event, or else of the oldest one.
        sums: Vec<FigureSum> = function(list_sums);
    })
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
    root_fields {
        /// Looks up one figure.
        figure: Option<Figure> = recorded;
        /// Paginated list of figures: numbers together with what they count.
        figures: Option<List<Figure>> = list;
    }
}
