//! The size of a document, judged before anything is done with it.
//!
//! Fragments can spread each other so that a kilobyte of text stands for millions of fields. Each fragment is measured
//! once and the measure is used wherever it is spread; sums stop at the greatest number instead of going over it.

use std::collections::HashMap;

use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Value as ConstValue, Variables};
use async_graphql_value::Value;

use crate::error::{Error, Result};

/// The values of a facet when the query does not say.
const USUAL_VALUES: usize = 10;

/// The buckets of a histogram: how many it has is known when it is made.
const USUAL_BUCKETS: usize = 100;

/// The hops of the longest path.
const LONGEST_PATH: usize = 6;

/// What a document may measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Levels of nesting.
    pub(crate) depth: usize,
    /// Fields, with fragments spread.
    pub(crate) fields: usize,
    /// Values in the answer if every page is full: a page costs its size times what stands in a row of it.
    pub(crate) cost: usize,
}

#[derive(Clone, Copy, Default)]
struct Size {
    depth: usize,
    fields: usize,
    cost: usize,
}

impl Size {
    /// Side by side with another.
    fn and(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            fields: self.fields.saturating_add(other.fields),
            cost: self.cost.saturating_add(other.cost),
        }
    }
}

impl Limits {
    /// Refuses a document that measures more.
    pub(crate) fn judge(&self, document: &ExecutableDocument, variables: &Variables) -> Result<()> {
        let mut walk = Walk { document, variables, measured: HashMap::new() };
        let mut total = Size::default();
        let operations: Vec<&SelectionSet> = match &document.operations {
            DocumentOperations::Single(operation) => vec![&operation.node.selection_set.node],
            DocumentOperations::Multiple(many) => {
                many.values().map(|operation| &operation.node.selection_set.node).collect()
            }
        };
        for set in operations {
            let size = walk.measure(set)?;
            total = Size {
                depth: total.depth.max(size.depth),
                fields: total.fields.max(size.fields),
                cost: total.cost.max(size.cost),
            };
        }
        for (what, size, most, advice) in [
            ("levels deep", total.depth, self.depth, "ask for less at once, or go on from an id with a second query"),
            (
                "fields large with its fragments spread",
                total.fields,
                self.fields,
                "leave out fields, or split the query",
            ),
            (
                "values large if its pages are full",
                total.cost,
                self.cost,
                "ask for shorter pages (`first`), or for fewer lists within lists",
            ),
        ] {
            if size > most {
                let size = if size == usize::MAX { "far too many".to_owned() } else { size.to_string() };
                return Err(Error::Limit(format!("The query is {size} {what}, and the limit is {most}: {advice}")));
            }
        }
        Ok(())
    }
}

/// One walk over a document.
struct Walk<'d> {
    document: &'d ExecutableDocument,
    variables: &'d Variables,
    /// Fragments measured; none while one is being measured.
    measured: HashMap<&'d Name, Option<Size>>,
}

impl<'d> Walk<'d> {
    fn measure(&mut self, set: &'d SelectionSet) -> Result<Size> {
        let mut total = Size::default();
        for Positioned { node: selection, .. } in &set.items {
            let inner = match selection {
                Selection::Field(field) => {
                    let below = self.measure(&field.node.selection_set.node)?;
                    Size {
                        depth: below.depth.saturating_add(1),
                        fields: below.fields.saturating_add(1),
                        cost: below.cost.saturating_mul(self.page(&field.node)).saturating_add(1),
                    }
                }
                Selection::InlineFragment(fragment) => self.measure(&fragment.node.selection_set.node)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node)?,
            };
            total = total.and(inner);
        }
        Ok(total)
    }

    fn fragment(&mut self, name: &'d Name) -> Result<Size> {
        let document = self.document;
        match (self.measured.get(name), document.fragments.get(name)) {
            (Some(Some(size)), _) => Ok(*size),
            (Some(None), _) => {
                Err(Error::BadInput(format!("The fragment `{name}` spreads itself: take the spread out")))
            }
            // What does not exist is refused by validation.
            (None, None) => Ok(Size::default()),
            (None, Some(fragment)) => {
                self.measured.insert(name, None);
                let size = self.measure(&fragment.node.selection_set.node)?;
                self.measured.insert(name, Some(size));
                Ok(size)
            }
        }
    }

    /// How many rows a field may have: its page, for a list without one the usual page, for facets the values of each, else
    /// one.
    fn page(&self, field: &Field) -> usize {
        let first = self.number(field, "first").or_else(|| self.number(field, "last"));
        // A longer page is refused anyway.
        let first = first.map(|first| {
            usize::try_from(first).map_or(usize::MAX, |first| first.clamp(1, crate::graphql::LONGEST_PAGE as usize))
        });
        match (field.name.node.as_str(), first) {
            ("facets", first) => first.unwrap_or(USUAL_VALUES).saturating_mul(self.length(field, "by")),
            ("histogram", _) => USUAL_BUCKETS,
            ("hops", None) => LONGEST_PATH,
            (_, Some(first)) => first,
            (_, None) if is_list(field) => crate::graphql::DEFAULT_PAGE as usize,
            (_, None) => 1,
        }
    }

    fn number(&self, field: &Field, argument: &str) -> Option<u64> {
        match &field.get_argument(argument)?.node {
            Value::Number(number) => number.as_u64(),
            Value::Variable(variable) => match self.variables.get(variable) {
                Some(ConstValue::Number(number)) => number.as_u64(),
                _ => None,
            },
            _ => None,
        }
    }

    /// How many values a list given as an argument has; what is no list stands for one value.
    fn length(&self, field: &Field, argument: &str) -> usize {
        match field.get_argument(argument).map(|argument| &argument.node) {
            Some(Value::List(values)) => values.len(),
            Some(Value::Variable(variable)) => match self.variables.get(variable) {
                Some(ConstValue::List(values)) => values.len(),
                _ => 1,
            },
            _ => 1,
        }
    }
}

fn is_list(field: &Field) -> bool {
    field.selection_set.node.items.iter().any(|selection| match &selection.node {
        Selection::Field(inner) => matches!(inner.node.name.node.as_str(), "nodes" | "edges"),
        // `nodes` and `edges` within a fragment are rare, and the usual page is short.
        Selection::InlineFragment(_) | Selection::FragmentSpread(_) => false,
    })
}
