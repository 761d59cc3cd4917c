//! Histograms: how many rows of a list fall into each day, week, month, quarter or year, counted by the database by days.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use async_graphql::{Context, EmptyMutation, Enum, Object, OutputType, SimpleObject, TypeName};
use jiff::Span;
use jiff::civil::Date;
use sea_orm::EntityTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};

use crate::error::{Error, Result};
use crate::graphql::connection::Connection;
use crate::graphql::connection::loader::ConnectionLoader;
use crate::graphql::loading::batch::{NodeType, Once};
use crate::graphql::loading::session::{Session, SharedError, session};

/// The most different spans of days that are read for one histogram.
const MOST_SPANS: u64 = 200_000;

/// The most buckets of one histogram.
const MOST_BUCKETS: usize = 10_000;

/// What the lists of a noun without dates have besides what all lists have: nothing. It is the library's object without fields.
pub type Undated = EmptyMutation;

impl<T: NodeType> From<Connection<T>> for Undated {
    fn from(_: Connection<T>) -> Self {
        Self
    }
}

/// A noun whose rows have a date.
pub trait Dated: NodeType {
    /// The column of the first second that the date may be.
    const EARLIEST: <Self::Entity as EntityTrait>::Column;
    /// The column of the first second after it.
    const LATEST: <Self::Entity as EntityTrait>::Column;
}

/// The length of a bucket's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum Interval {
    /// A day in UTC.
    Day,
    /// Seven days from a Monday.
    Week,
    /// A calendar month.
    Month,
    /// Three months from January, April, July or October.
    Quarter,
    /// A calendar year.
    Year,
}

/// How a date that is a span of time is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum UncertainDates {
    /// Whole, in the bucket of its earliest day.
    Earliest,
    /// Over all days that it may be, in equal parts: of `2021`, a twelfth or so in each month. What has no end is counted on its
    /// first day, what has no beginning on its last.
    Spread,
}

/// How many rows fall into each bucket of time.
#[derive(Clone, Default, SimpleObject)]
pub struct Histogram {
    /// The buckets by time; without `empty` those only into which something falls.
    buckets: Vec<HistogramBucket>,
    /// How many rows fall into none: without a date, without a beginning (for `EARLIEST`), or beyond the years -9999 to 9999.
    undated: i32,
}

/// The rows that fall into a span of time.
#[derive(Clone, SimpleObject)]
pub struct HistogramBucket {
    /// Its first day (EDTF, `2021-07-09`).
    from: String,
    /// Its last day, included.
    to: String,
    /// How many rows fall into it; whole numbers unless spread, then in millionths.
    count: f64,
}

/// A list of rows that have a date.
pub struct DatedList<T: NodeType>(Connection<T>);

impl<T: NodeType> From<Connection<T>> for DatedList<T> {
    fn from(connection: Connection<T>) -> Self {
        Self(connection)
    }
}

impl<T: NodeType> TypeName for DatedList<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}DatedList", <T as OutputType>::type_name()).into()
    }
}

/// A list of rows that have a date.
#[Object(name_type)]
impl<T: Dated> DatedList<T> {
    /// How many rows of the whole list, whatever the page, fall into each bucket of time. Errors: `BAD_INPUT` for `every` below
    /// 1, `LIMIT` for more than 10,000 buckets.
    async fn histogram(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The unit of a bucket's length.")] interval: Interval,
        #[graphql(
            desc = "How many units a bucket has, from 1. Days are reckoned from 1970-01-01, weeks from its Monday, months and quarters and years from the year 0.",
            default = 1
        )]
        every: i32,
        #[graphql(desc = "How dates are counted that are spans of time.", default_with = "UncertainDates::Earliest")]
        uncertain: UncertainDates,
        #[graphql(
            desc = "Whether buckets in between into which nothing falls are there too, with 0.",
            default = false
        )]
        empty: bool,
    ) -> Result<Histogram, SharedError> {
        let Connection { pages, parent } = &self.0;
        let scale = Scale::new(interval, every)?;
        let once = pages.loads.load::<Once<HashMap<i64, Histogram>>>((ctx.item.pos, "histogram"), Once::new);
        let all =
            once.get_or_init(async || Box::pin(histograms(pages, session(ctx)?, &scale, uncertain, empty)).await).await;
        all.as_ref().map(|all| all.get(parent).cloned().unwrap_or_default()).map_err(Clone::clone)
    }
}

async fn histograms<T: Dated>(
    pages: &ConnectionLoader<T>,
    session: &Session,
    scale: &Scale,
    uncertain: UncertainDates,
    empty: bool,
) -> Result<HashMap<i64, Histogram>, SharedError> {
    let column = |column| Expr::col((T::Entity::default(), column));
    let mut columns = vec![(day(column(T::EARLIEST)), "first")];
    if uncertain == UncertainDates::Spread {
        // The end of a span is not in it.
        columns.push((day(column(T::LATEST).sub(1)), "last"));
    }
    let names: Vec<&'static str> =
        pages.parent_column().into_iter().chain(columns.iter().map(|(_, name)| *name)).collect();
    let rows = pages.over_all(session, columns, |_| ()).await?;
    let mut groups = Query::select();
    groups.columns(names.clone()).expr_as(Expr::cust("COUNT(*)"), "count").from_subquery(rows, "row");
    groups.group_by_columns(names.clone()).limit(MOST_SPANS + 1);
    // Sums of fractions depend on the order of their terms.
    for name in names {
        groups.order_by_expr(Expr::col(name).is_null(), Order::Asc).order_by(name, Order::Asc);
    }
    let rows = session.all(&groups).await?;
    if rows.len() as u64 > MOST_SPANS {
        let most = format!("The rows have more than {MOST_SPANS} different dates: narrow the filter");
        return Err(Error::Limit(most).into());
    }
    let mut all: HashMap<i64, (BTreeMap<i64, f64>, i64)> = HashMap::new();
    for row in &rows {
        let (buckets, undated) = all.entry(pages.parent(row)?).or_default();
        let count: i64 = row.try_get("", "count")?;
        let first: Option<i64> = row.try_get("", "first")?;
        let last = if uncertain == UncertainDates::Spread { row.try_get("", "last")? } else { None };
        let days = first.or(last).zip(last.or(first));
        if !scale.add(buckets, days, count as f64) {
            *undated += count;
        }
        if buckets.len() > MOST_BUCKETS {
            return Err(too_many());
        }
    }
    let counts = all.into_iter().map(|(parent, (mut buckets, undated))| {
        let (first, last) = (buckets.keys().next().copied(), buckets.keys().next_back().copied());
        if let (true, Some(first), Some(last)) = (empty, first, last) {
            if last - first >= MOST_BUCKETS as i64 {
                return Err(too_many());
            }
            (first..last).for_each(|bucket| {
                buckets.entry(bucket).or_default();
            });
        }
        let buckets = buckets.into_iter().map(|(bucket, count)| HistogramBucket {
            from: edtf(scale.start(bucket)),
            to: edtf(scale.end(bucket)),
            count: (count * 1e6).round() / 1e6,
        });
        let undated = i32::try_from(undated).unwrap_or(i32::MAX);
        Ok((parent, Histogram { buckets: buckets.collect(), undated }))
    });
    counts.collect()
}

fn too_many() -> SharedError {
    Error::Limit(format!(
        "The histogram has more than {MOST_BUCKETS} buckets: take a longer `interval`, or narrow the filter"
    ))
    .into()
}

/// The day of a second, both reckoned from 1970, and before it too: databases divide towards zero.
fn day(second: Expr) -> Expr {
    let before: Expr = Expr::case(second.clone().modulo(86_400).lt(0), 1).finally(0).into();
    second.div(86_400).sub(before)
}

/// How days fall into buckets.
enum Scale {
    /// So many days each, from the one that is `origin` days before 1970-01-01.
    Days { each: i64, origin: i64 },
    /// So many months each, from the year 0.
    Months(i64),
}

impl Scale {
    fn new(interval: Interval, every: i32) -> Result<Self> {
        if every < 1 {
            return Err(Error::BadInput(format!("`every: {every}` is no length of time: write 1 or more")));
        }
        let every = i64::from(every);
        Ok(match interval {
            Interval::Day => Self::Days { each: every, origin: 0 },
            // 1970 began on a Thursday.
            Interval::Week => Self::Days { each: 7 * every, origin: 3 },
            Interval::Month => Self::Months(every),
            Interval::Quarter => Self::Months(3 * every),
            Interval::Year => Self::Months(12 * every),
        })
    }

    /// The bucket of a day.
    fn of(&self, day: i64, date: Date) -> i64 {
        match self {
            Self::Days { each, origin } => (day + origin).div_euclid(*each),
            Self::Months(each) => (i64::from(date.year()) * 12 + i64::from(date.month()) - 1).div_euclid(*each),
        }
    }

    /// The first day of a bucket; the first bucket may begin before all days.
    fn start(&self, bucket: i64) -> Date {
        self.checked_start(bucket).unwrap_or(Date::MIN)
    }

    /// The last day of a bucket; the last bucket may end after all days.
    fn end(&self, bucket: i64) -> Date {
        self.checked_start(bucket + 1).and_then(|next| next.yesterday().ok()).unwrap_or(Date::MAX)
    }

    fn checked_start(&self, bucket: i64) -> Option<Date> {
        match self {
            Self::Days { each, origin } => date(bucket * each - origin),
            Self::Months(each) => {
                let (year, month) = ((bucket * each).div_euclid(12), (bucket * each).rem_euclid(12) + 1);
                Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, 1).ok()
            }
        }
    }

    /// Adds rows that may lie on any of the days; not when there is no such day.
    fn add(&self, buckets: &mut BTreeMap<i64, f64>, days: Option<(i64, i64)>, count: f64) -> bool {
        let dates = |(first, last): (i64, i64)| Some(((first, date(first)?), (last, date(last)?)));
        let Some((first, last)) = days.and_then(dates) else { return false };
        let span = (last.0 - first.0 + 1) as f64;
        for bucket in self.of(first.0, first.1)..=self.of(last.0, last.1) {
            let days = self.end(bucket).min(last.1) - self.start(bucket).max(first.1);
            *buckets.entry(bucket).or_default() += count * f64::from(days.get_days() + 1) / span;
            if buckets.len() > MOST_BUCKETS {
                break;
            }
        }
        true
    }
}

/// The day that is so many days after 1970-01-01.
fn date(day: i64) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(Span::new().try_days(day).ok()?).ok()
}

fn edtf(date: Date) -> String {
    let sign = if date.year() < 0 { "-" } else { "" };
    format!("{sign}{:04}-{:02}-{:02}", date.year().unsigned_abs(), date.month(), date.day())
}
