//! Numbers and what they count.

use std::collections::HashMap;

use async_graphql::{Context, ID, Object, SimpleObject};
use sea_orm::sea_query::{Expr, ExprTrait, Func, Order, Query};

use crate::graphql::connection::Connection;
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::histogram::DatedList;
use crate::graphql::connection::keyset::order;
use crate::graphql::connection::loader::{ConnectionLoader, by};
use crate::graphql::executor::resolve::ResolvedObject;
use crate::graphql::filter::{
    DateFilter, EnumFilter, EventTypeFilter, FloatFilter, IdFilter, ListFilter, RecordFilter, StringFilter, filter,
    from_record, has_child, searched,
};
use crate::graphql::has_many;
use crate::graphql::loading::batch::{Once, node_type};
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::session::{Session, SharedError, session};
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::claim::Claim;
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::date::Date;
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::node::{Node, NodeKind, target};
use crate::graphql::types::place::{Place, PlaceFilter};
use entity::event_type::EventType;
use entity::figure::{Column, Entity, Qualifier};
use entity::record::RecordKind as Noun_;

belongs_to! {
    figure {
        PLACE "place": Place = place_id or null;
        PART_OF "partOf": Figure = part_of_id or null;
    }
}

node_type!(Figure of figure, filter FigureFilter, order FigureOrderField, facet FigureFacet, chart FigureChart, dated [Earliest Latest], refers REFERENCES);

/// A number that a statement, event, account or article gives, with what it counts.
#[Object]
impl Figure {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        NodeKind::Figure.global(self.0.id.0)
    }
    /// The record that it came with.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// The statement, event, account or article that gives it.
    async fn target(&self, ctx: &Context<'_>) -> Result<Node, SharedError> {
        target(&self.0, ctx, |row| Some((row.target_id.0, Some(row.target_kind)))).await
    }
    /// What is counted, in words.
    async fn counted(&self) -> &str {
        &self.0.counted
    }
    /// The type of the events counted.
    async fn counted_type(&self) -> Option<EventType> {
        self.0.counted_type
    }
    /// The number.
    async fn value(&self) -> Option<f64> {
        self.0.value
    }
    /// The least it may be.
    async fn lower(&self) -> Option<f64> {
        self.0.lower
    }
    /// The most it may be.
    async fn upper(&self) -> Option<f64> {
        self.0.upper
    }
    /// The unit, such as `person`, `year`, `USD`.
    async fn unit(&self) -> Option<&String> {
        self.0.unit.as_ref()
    }
    /// How exact it is meant.
    async fn qualifier(&self) -> Qualifier {
        self.0.qualifier
    }
    /// Over what time it is counted.
    async fn period(&self) -> Option<ResolvedObject<Date>> {
        Date::of(self.0.period.as_ref(), self.0.period_raw.as_ref(), self.0.earliest, self.0.latest).map(ResolvedObject)
    }
    /// Where it is counted.
    async fn place(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.one(ctx, &PLACE).await
    }
    /// The figure of which it is a part: the 58 of the 76.
    async fn part_of(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Figure>, SharedError>> {
        self.0.one(ctx, &PART_OF).await
    }
    /// The claim about it, if statements take sides on it.
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
    #[graphql(flatten)]
    async fn lists(&self) -> FigureLists {
        FigureLists(self.0.clone())
    }
}

has_many! {
    FigureLists of entity::figure::Entity, named "Figure" {
    /// The figures that are parts of it.
    parts: Figure = by(entity::figure::Column::PartOfId);
    /// Where it is written.
    evidence: Evidence = by(entity::evidence::Column::TargetId);
    }
}

filter! {
    /// Which figures.
    FigureFilter of figure {
        /// The id.
        id: IdFilter = id(Id of Figure);
        /// The record that it came with.
        record: RecordFilter = with(from_record::<entity::figure::Entity>);
        /// The words are in its counted thing: see `Query.search`.
        search: String = with(searched::<entity::figure::Entity>);
        /// The noun of what gives it: STATEMENT, EVENT, ACCOUNT or ARTICLE.
        target_kind: EnumFilter<Noun_> = column(TargetKind);
        /// What is counted, letter for letter.
        counted: StringFilter = column(Counted);
        /// The type of the events counted.
        counted_type: EventTypeFilter = column(CountedType);
        /// The number.
        value: FloatFilter = column(Value);
        /// The unit.
        unit: StringFilter = column(Unit);
        /// How exact it is meant.
        qualifier: EnumFilter<Qualifier> = column(Qualifier);
        /// Over what time it is counted.
        period: DateFilter = date(Period Earliest Latest);
        /// Where it is counted.
        place: Box<PlaceFilter> = one(PlaceId);
        /// The statement that gives it.
        statement: Box<crate::graphql::types::statement::StatementFilter> = one(TargetId);
        /// The event that it belongs to.
        event: Box<crate::graphql::types::event::EventFilter> = one(TargetId);
        /// The figure of which it is a part.
        part_of: Box<FigureFilter> = one(PartOfId);
        /// Where it is written.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::figure::Entity, _>(entity::evidence::Column::TargetId));
    }
}

/// A list of numbers.
pub struct FigureChart(Connection<Figure>);

impl From<Connection<Figure>> for FigureChart {
    fn from(connection: Connection<Figure>) -> Self {
        Self(connection)
    }
}

/// A list of numbers.
#[Object]
impl FigureChart {
    /// What the numbers of the whole list come to, whatever the page, for each unit. A number that is part of another is added
    /// along with it: leave parts out by `not: {partOf: {}}`.
    async fn sums(&self, ctx: &Context<'_>) -> Result<Vec<FigureSum>, SharedError> {
        let Connection { pages, parent } = &self.0;
        let once = pages.loads.load::<Once<HashMap<i64, Vec<FigureSum>>>>((ctx.item.pos, "sums"), Once::new);
        let all = once.get_or_init(async || Box::pin(sums(pages, session(ctx)?)).await).await;
        all.as_ref().map(|all| all.get(parent).cloned().unwrap_or_default()).map_err(Clone::clone)
    }

    #[graphql(flatten)]
    async fn histogram(&self) -> DatedList<Figure> {
        self.0.clone().into()
    }
}

/// What numbers of one unit come to, to 12 digits.
#[derive(Clone, SimpleObject)]
pub struct FigureSum {
    /// The unit; null for numbers without one. What is counted may differ: see `facets`.
    unit: Option<String>,
    /// How many numbers there are.
    count: i32,
    /// The sum of `value`; null when none has it.
    value: Option<f64>,
    /// The sum of the least that each may be: `lower`, or else `value`; null when none has either.
    lower: Option<f64>,
    /// The sum of the most that each may be: `upper`, or else `value`; null when none has either.
    upper: Option<f64>,
}

async fn sums(
    pages: &ConnectionLoader<Figure>,
    session: &Session,
) -> Result<HashMap<i64, Vec<FigureSum>>, SharedError> {
    let column = |column| Expr::col((Entity, column));
    let or_value = |bound| Func::coalesce([column(bound), column(Column::Value)]).into();
    let columns = [
        (column(Column::Unit), "unit"),
        (column(Column::Value), "value"),
        (or_value(Column::Lower), "lower"),
        (or_value(Column::Upper), "upper"),
    ];
    let parent = pages.parent_column();
    let mut groups = Query::select();
    groups.columns(parent).column("unit").expr_as(Expr::cust("COUNT(*)"), "count");
    for name in ["value", "lower", "upper"] {
        groups.expr_as(Func::sum(Expr::col(name)), name);
    }
    groups.from_subquery(pages.over_all(session, columns, |_| ()).await?, "row");
    groups.group_by_columns(parent).group_by_col("unit");
    groups.order_by_expr(Expr::col("unit").is_null(), Order::Asc).order_by("unit", Order::Asc);
    let mut all: HashMap<i64, Vec<FigureSum>> = HashMap::new();
    for row in session.all(&groups).await? {
        let sum = |name| Ok::<_, SharedError>(row.try_get::<Option<f64>>("", name)?.map(to_12_digits));
        let count: i64 = row.try_get("", "count")?;
        all.entry(pages.parent(&row)?).or_default().push(FigureSum {
            unit: row.try_get("", "unit")?,
            count: i32::try_from(count).unwrap_or(i32::MAX),
            value: sum("value")?,
            lower: sum("lower")?,
            upper: sum("upper")?,
        });
    }
    Ok(all)
}

/// The databases add in orders of their own, which shows in the last digits.
fn to_12_digits(sum: f64) -> f64 {
    format!("{sum:.11e}").parse().unwrap_or(sum)
}

facet! {
    /// By what figures can be counted.
    FigureFacet of figure {
        /// The type of the events counted.
        CountedType = Values::words(Column::CountedType),
        /// The unit.
        Unit = Values::words(Column::Unit),
        /// How exact it is meant.
        Qualifier = Values::words(Column::Qualifier),
        /// Where it is counted.
        Place = Values::things(Column::PlaceId, NodeKind::Place),
    }
}

order! {
    /// By what figures can be ordered.
    FigureOrderField {
        /// In the order in which they were recorded.
        Recorded = Recorded,
        /// By the number.
        Value = Real (entity::figure::Entity, entity::figure::Column::Value),
    }
}

root_fields! {
    FigureQuery of Figure {
        lists {
            /// Numbers and what they count.
            figures;
        }
        one {
            /// A figure.
            figure Figure;
        }
    }
}
