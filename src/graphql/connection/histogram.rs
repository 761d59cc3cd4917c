//! Histograms: the number of rows of a list per day, week, month, quarter or year. The database counts by day, and the days are
//! then added up to buckets.

use std::collections::{BTreeMap, HashMap};

use async_graphql::Enum;
use entity::row::{QueryRow, Rows};
use jiff::Span;
use jiff::civil::Date;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use crate::error::{Error, Result};
use crate::graphql::plan::computed::{Call, Computed, FunctionFuture, Values, count};
use crate::graphql::schema::object::object;
use crate::graphql::session::SharedError;

/// Maximum number of distinct dates, as spans of days, in one histogram.
const MAX_SPANS: u64 = 200_000;

/// Maximum number of buckets in one histogram.
const MAX_BUCKETS: usize = 10_000;

/// Unit of the length of histogram buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum Interval {
    /// One day, in UTC.
    Day,
    /// Seven days, starting on a Monday.
    Week,
    /// One calendar month.
    Month,
    /// Three calendar months, starting in January, April, July or October.
    Quarter,
    /// One calendar year.
    Year,
}

/// Rule for counting dates that cover more than one day, such as `2021` or `2021-07`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum UncertainDates {
    /// Counts the row once, in the bucket of its earliest possible day.
    Earliest,
    /// Spreads the row evenly over all possible days: `2021` adds about one twelfth to each month. A date without an end counts
    /// on its first day, a date without a start on its last day.
    Spread,
}

object! {
    /// Number of rows per time bucket.
    Histogram {
        /// The buckets, earliest first. Buckets without rows are included only with `empty: true`.
        buckets: Vec<HistogramBucket> = own;
        /// Number of rows in no bucket: without a date, without a start (for `EARLIEST`), or outside the years -9999 to 9999.
        undated: i32 = own;
    }
}

object! {
    /// A time bucket of a histogram.
    HistogramBucket {
        /// First day, as an EDTF date such as `2021-07-09`.
        from: String = own;
        /// Last day, inclusive, as an EDTF date.
        to: String = own;
        /// Number of rows: an integer, or with `SPREAD` a fraction rounded to 6 decimal places.
        count: f64 = own;
    }
}

/// Counts the rows of lists by date.
pub(crate) fn list_histogram<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let list = call.list()?;
        let buckets = Buckets::new(call.argument("interval")?, call.argument("every")?)?;
        let (uncertain, empty) = (call.argument("uncertain")?, call.argument("empty")?);
        let dated = list.node_type.dated.ok_or_else(|| Error::Internal("the rows have no date".into()))?;
        let columns = day_columns(dated.map(|column| Expr::col((list.node_type.table, column))), uncertain);
        let names: Vec<_> = list.parent_column().into_iter().chain(columns.iter().map(|(_, name)| *name)).collect();
        let rows = list.all_rows(columns, |_| ());
        let rows = call.session.aggregate(crate::db::build(call.session.dialect().0, &by_day(rows, &names))).await?;
        let mut found = counted(&rows, |row| list.parent_of(row), &buckets, uncertain, empty)?;
        let mut all = Values::new();
        for parent in list.parents() {
            let (buckets, undated) = found.remove(parent).unwrap_or_default();
            let fields = [("buckets", Computed::List(buckets)), ("undated", count(undated))];
            all.insert(*parent, Computed::object("Histogram", fields));
        }
        Ok(all)
    })
}

/// The days that rows are counted by, from the columns of their date.
fn day_columns([earliest, latest]: [Expr; 2], uncertain: UncertainDates) -> Vec<(Expr, &'static str)> {
    let mut columns = vec![(day(earliest), "first")];
    if uncertain == UncertainDates::Spread {
        // The end of a span is exclusive.
        columns.push((day(latest.sub(1)), "last"));
    }
    columns
}

/// Counts rows by parent and day.
fn by_day(rows: SelectStatement, names: &[&'static str]) -> SelectStatement {
    let mut groups = Query::select();
    let names = names.iter().copied();
    groups.columns(names.clone()).expr_as(Expr::cust("COUNT(*)"), "count").from_subquery(rows, "row");
    groups.group_by_columns(names.clone()).limit(MAX_SPANS + 1);
    // Sorted, because sums of fractions depend on the order of their terms.
    for name in names {
        groups.order_by_expr(Expr::col(name).is_null(), Order::Asc).order_by(name, Order::Asc);
    }
    groups
}

/// Adds up days to buckets, for each parent.
fn counted(
    rows: &Rows,
    parent: impl Fn(QueryRow<'_>) -> Result<i64, SharedError>,
    buckets: &Buckets,
    uncertain: UncertainDates,
    empty: bool,
) -> Result<HashMap<i64, (Vec<Computed>, i64)>, SharedError> {
    if rows.len() as u64 > MAX_SPANS {
        let message = format!("The rows have more than {MAX_SPANS} distinct dates: narrow the filter");
        return Err(Error::Limit(message).into());
    }
    let mut all: HashMap<i64, (BTreeMap<i64, f64>, i64)> = HashMap::new();
    for row in rows.iter() {
        let (counts, undated) = all.entry(parent(row)?).or_default();
        let count: i64 = row.get("count")?;
        let first: Option<i64> = row.get("first")?;
        let last = if uncertain == UncertainDates::Spread { row.get("last")? } else { None };
        let days = first.or(last).zip(last.or(first));
        if !buckets.add(counts, days, count as f64) {
            *undated += count;
        }
        if counts.len() > MAX_BUCKETS {
            return Err(too_many_buckets());
        }
    }
    let histograms = all.into_iter().map(|(parent, (mut counts, undated))| {
        let (first, last) = (counts.keys().next().copied(), counts.keys().next_back().copied());
        if let (true, Some(first), Some(last)) = (empty, first, last) {
            if last - first >= MAX_BUCKETS as i64 {
                return Err(too_many_buckets());
            }
            (first..last).for_each(|bucket| {
                counts.entry(bucket).or_default();
            });
        }
        let counts = counts.into_iter().map(|(bucket, count)| {
            let (from, to) = (edtf(buckets.start(bucket)), edtf(buckets.end(bucket)));
            let count = (count * 1e6).round() / 1e6;
            Computed::object("HistogramBucket", [("from", from.into()), ("to", to.into()), ("count", count.into())])
        });
        Ok((parent, (counts.collect(), undated)))
    });
    histograms.collect()
}

fn too_many_buckets() -> SharedError {
    Error::Limit(format!(
        "The histogram has more than {MAX_BUCKETS} buckets: choose a longer `interval` or narrow the filter"
    ))
    .into()
}

/// Converts seconds since 1970 to days since 1970. Databases round the quotient toward zero, so it is corrected for seconds
/// before 1970.
fn day(second: Expr) -> Expr {
    let correction: Expr = Expr::case(second.clone().modulo(86_400).lt(0), 1).finally(0).into();
    second.div(86_400).sub(correction)
}

/// Assigns days to numbered buckets.
enum Buckets {
    /// Buckets of `length` days. Bucket 0 starts `offset` days before 1970-01-01.
    Days { length: i64, offset: i64 },
    /// Buckets of this number of months. Bucket 0 starts with the year 0.
    Months(i64),
}

impl Buckets {
    fn new(interval: Interval, every: i32) -> Result<Self> {
        if every < 1 {
            return Err(Error::BadInput(format!("`every: {every}` is not a bucket length: give 1 or more")));
        }
        let every = i64::from(every);
        Ok(match interval {
            Interval::Day => Self::Days { length: every, offset: 0 },
            // 1970-01-01 was a Thursday.
            Interval::Week => Self::Days { length: 7 * every, offset: 3 },
            Interval::Month => Self::Months(every),
            Interval::Quarter => Self::Months(3 * every),
            Interval::Year => Self::Months(12 * every),
        })
    }

    /// Returns the bucket of a day, given as days since 1970 and as a date.
    fn bucket(&self, day: i64, date: Date) -> i64 {
        match self {
            Self::Days { length, offset } => (day + offset).div_euclid(*length),
            Self::Months(length) => (i64::from(date.year()) * 12 + i64::from(date.month()) - 1).div_euclid(*length),
        }
    }

    /// Returns the first day of a bucket, or the first date there is if the bucket starts before it.
    fn start(&self, bucket: i64) -> Date {
        self.checked_start(bucket).unwrap_or(Date::MIN)
    }

    /// Returns the last day of a bucket, or the last date there is if the bucket ends after it.
    fn end(&self, bucket: i64) -> Date {
        self.checked_start(bucket + 1).and_then(|next| next.yesterday().ok()).unwrap_or(Date::MAX)
    }

    fn checked_start(&self, bucket: i64) -> Option<Date> {
        match self {
            Self::Days { length, offset } => date(bucket * length - offset),
            Self::Months(length) => {
                let (year, month) = ((bucket * length).div_euclid(12), (bucket * length).rem_euclid(12) + 1);
                Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, 1).ok()
            }
        }
    }

    /// Adds rows whose dates cover these days, first and last, to the counts. Returns false if there are no such days.
    fn add(&self, counts: &mut BTreeMap<i64, f64>, days: Option<(i64, i64)>, count: f64) -> bool {
        let dates = |(first, last): (i64, i64)| Some(((first, date(first)?), (last, date(last)?)));
        let Some((first, last)) = days.and_then(dates) else { return false };
        let span = (last.0 - first.0 + 1) as f64;
        for bucket in self.bucket(first.0, first.1)..=self.bucket(last.0, last.1) {
            let days = self.end(bucket).min(last.1) - self.start(bucket).max(first.1);
            *counts.entry(bucket).or_default() += count * f64::from(days.get_days() + 1) / span;
            if counts.len() > MAX_BUCKETS {
                break;
            }
        }
        true
    }
}

/// Returns the date of a day, given as days since 1970-01-01.
fn date(day: i64) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(Span::new().try_days(day).ok()?).ok()
}

fn edtf(date: Date) -> String {
    let sign = if date.year() < 0 { "-" } else { "" };
    format!("{sign}{:04}-{:02}-{:02}", date.year().unsigned_abs(), date.month(), date.day())
}
