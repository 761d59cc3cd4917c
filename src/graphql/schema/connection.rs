//! The types of lists: connections, edges and `PageInfo`, as the Relay Cursor Connections Specification has them.

use std::borrow::Cow;
use std::marker::PhantomData;

use async_graphql::registry::Registry;

use crate::graphql::connection::facets::{Facet, list_facets};
use crate::graphql::connection::histogram::{Histogram, Interval, UncertainDates, list_histogram};
use crate::graphql::connection::page_args::PageArgs;
use crate::graphql::plan::computed::Computed;
use crate::graphql::schema::field::{Argument, DefaultOrder, Field, fields};
use crate::graphql::schema::node_type::{DeclaredNode, NodeType, OfNodeType};
use crate::graphql::schema::object::{Declared, object, output_type, register_object};
use crate::graphql::search::list_suggestions;

/// A connection: a page of a list of nodes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List<T>(PhantomData<fn() -> T>);

/// A row of a page and its cursor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge<T>(PhantomData<fn() -> T>);

object! {
    /// Position of a page in its list.
    PageInfo {
        /// True if rows follow the page. When paginating backward (`last`): true if `before` was given.
        has_next_page: bool = own;
        /// True if rows precede the page. When paginating forward (`first`): true if `after` was given.
        has_previous_page: bool = own;
        /// Cursor of the first row; null if the page is empty.
        start_cursor: Option<String> = own;
        /// Cursor of the last row; null if the page is empty.
        end_cursor: Option<String> = own;
    }
}

/// Computes the position of a page whose first and last row have the cursors `ends`. `has_more` is true if rows follow in the
/// direction of reading.
pub(crate) fn page_info(args: &PageArgs, ends: Option<(String, String)>, has_more: bool) -> Computed {
    let (start_cursor, end_cursor) = ends.unzip();
    let fields = [
        ("hasNextPage", args.has_next(has_more).into()),
        ("hasPreviousPage", args.has_previous(has_more).into()),
        ("startCursor", start_cursor.into()),
        ("endCursor", end_cursor.into()),
    ];
    Computed::object("PageInfo", fields)
}

impl<T: OfNodeType> OfNodeType for List<T> {
    fn node_type() -> &'static NodeType {
        T::node_type()
    }
}

impl<T: OfNodeType> OfNodeType for Edge<T> {
    fn node_type() -> &'static NodeType {
        T::node_type()
    }
}

/// A type whose values are lists of nodes, or rows of one.
pub(crate) trait OfList {
    /// Returns the arguments that all lists of these nodes have.
    fn arguments(default_order: &DefaultOrder) -> Vec<Argument>;
}

impl<T: DeclaredNode> OfList for List<T> {
    fn arguments(default_order: &DefaultOrder) -> Vec<Argument> {
        list_arguments::<T>(default_order)
    }
}

impl<T: OfList> OfList for Option<T> {
    fn arguments(default_order: &DefaultOrder) -> Vec<Argument> {
        T::arguments(default_order)
    }
}

impl<T: DeclaredNode> OfList for Edge<T> {
    fn arguments(default_order: &DefaultOrder) -> Vec<Argument> {
        list_arguments::<T>(default_order)
    }
}

impl<T: DeclaredNode> Declared for List<T> {
    fn name() -> Cow<'static, str> {
        format!("{}Connection", T::type_name()).into()
    }

    fn register(registry: &mut Registry) -> String {
        const DESCRIPTION: &str = "A page of a list, as defined by the Relay Cursor Connections Specification. Only what is selected is read or counted.";
        register_object::<Self>(registry, DESCRIPTION, &T::node_type().connection)
    }
}

impl<T: DeclaredNode> Declared for Edge<T> {
    fn name() -> Cow<'static, str> {
        format!("{}Edge", T::type_name()).into()
    }

    fn register(registry: &mut Registry) -> String {
        let fields: Vec<Field> = fields!((), none {
            /// Opaque cursor of the row. Pass it to `after` or `before` of the same list with the same `orderBy`.
            cursor: String = own;
            /// The row.
            node: T = own;
        });
        register_object::<Self>(registry, "A row of a page and its cursor.", &fields)
    }
}

output_type!(List<T>, for T: DeclaredNode);
output_type!(Edge<T>, for T: DeclaredNode);

/// The fields of connections of a type.
pub(super) fn connection_fields<T: DeclaredNode>() -> Vec<Field> {
    let mut all: Vec<Field> = fields!((), none {
        /// Rows of the page, each with its cursor.
        edges: Vec<Edge<T>> = own;
        /// Rows of the page, without cursors.
        nodes: Vec<T> = own;
        /// Cursors of the page's first and last row, and whether there are rows before and after the page.
        page_info: PageInfo = own;
        /// Number of rows in the whole list, regardless of the page. Counted only if selected; at most 2147483647.
        total_count: i32 = own;
        /// Spelling suggestions ("did you mean") if the page is empty: existing names similar to the names in the filter, at most 5
        /// for each of the first 4 names. Empty if the page has rows. Looked up only if selected.
        suggestions: Vec<String> = function(list_suggestions);
        /// Counts the rows of the whole list by value, regardless of the page. Returns one facet for each entry of `by`, in the same
        /// order. Errors: `LIMIT` for more than 20 facets or a `first` above 500, `BAD_INPUT` for a negative `first`.
        facets(
            by: Vec<T::Facet>, "Properties to count by, at most 20.";
            first: i32 = 10, "Maximum number of values per facet, the most frequent first: 0 to 500.";
        ): Vec<Facet> = function(list_facets);
    });
    all.extend(T::list_fields());
    if T::dated().is_some() {
        let histogram: Vec<Field> = fields!((), none {
            /// Counts the rows of the whole list by date, regardless of the page. Errors: `BAD_INPUT` for `every` below 1, `LIMIT` for more
            /// than 10,000 buckets or 200,000 distinct dates.
            histogram(
                interval: Interval, "Unit of the bucket length.";
                every: i32 = 1, "Bucket length in units of `interval`, 1 or more. Buckets of several units are counted from 1970-01-01 (days), from the Monday of that week (weeks), or from the start of the year 0 (months, quarters and years).";
                uncertain: UncertainDates = UncertainDates::Earliest, "Rule for counting dates that cover more than one day.";
                empty: bool = false, "Also returns the empty buckets between the first and the last one, with a count of 0.";
            ): Histogram = function(list_histogram);
        });
        all.extend(histogram);
    }
    all
}

/// The arguments of a list of nodes.
fn list_arguments<T: DeclaredNode>(default_order: &DefaultOrder) -> Vec<Argument> {
    let order = format!("Sort order, up to 8 keys; ties are broken by id. Default: {}.", default_order.words);
    vec![
        Argument::new::<Option<T::Filter>>("filter", "Returns only rows that match this filter.", None),
        Argument::new::<Option<Vec<T::Order>>>("order_by", order, None),
        Argument::new::<Option<i32>>(
            "first",
            "Page size, counted from the start of the list: 0 to 500. Default: 20 if neither `first` nor `last` is given.",
            None,
        ),
        Argument::new::<Option<String>>("after", "Returns rows after this cursor.", None),
        Argument::new::<Option<i32>>(
            "last",
            "Page size, counted from the end of the list: 0 to 500. Cannot be combined with `first`.",
            None,
        ),
        Argument::new::<Option<String>>("before", "Returns rows before this cursor.", None),
    ]
}
