//! One walk over a document that measures it.
//!
//! Fragments can spread each other so that a kilobyte of text stands for millions of fields. Each fragment is measured once for
//! each place it can stand in, and the measure is used wherever it is spread; sums stop at the greatest number instead of going
//! over it.

use std::collections::HashMap;

use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Value as ConstValue, Variables};
use async_graphql_value::Value;

use crate::error::{Error, Result};

use crate::http::graphql::limits::schema_shape;
use crate::http::graphql::limits::schema_shape::SchemaShape;

/// The length of a list that has no pages: the authors of an article, the sides of a claim.
const SHORT_LIST: usize = 5;

/// No more fields at the root are counted: far above any limit.
const MOST_ROOTS: usize = 10_000;

/// The buckets of a histogram: how many it has is known when it is made.
const USUAL_BUCKETS: usize = 100;

/// What a document measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::http) struct Size {
    pub(crate) depth: usize,
    pub(crate) fields: usize,
    pub(crate) aliases: usize,
    pub(crate) directives: usize,
    pub(in crate::http) cost: usize,
    /// Whether it asks for the schema.
    pub(in crate::http) introspects: bool,
}

impl Size {
    /// Side by side with another.
    fn and(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            fields: self.fields.saturating_add(other.fields),
            aliases: self.aliases.saturating_add(other.aliases),
            directives: self.directives.saturating_add(other.directives),
            cost: self.cost.saturating_add(other.cost),
            introspects: self.introspects || other.introspects,
        }
    }
}

/// Where a selection stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Place<'s> {
    /// The type that it selects from.
    of: &'s str,
    /// How long the lists right below are.
    page: usize,
}

/// One walk over a document.
pub(crate) struct Walk<'d> {
    document: &'d ExecutableDocument,
    variables: &'d Variables,
    /// What variables stand for that were not given.
    defaults: HashMap<&'d Name, &'d ConstValue>,
    shape: &'d SchemaShape,
    /// Fragments measured; none while one is being measured.
    measured: HashMap<(&'d Name, Place<'d>), Option<Size>>,
}

impl<'d> Walk<'d> {
    pub(crate) fn new(document: &'d ExecutableDocument, variables: &'d Variables, shape: &'d SchemaShape) -> Self {
        Self { document, variables, defaults: HashMap::new(), shape, measured: HashMap::new() }
    }

    /// What an operation measures.
    pub(crate) fn operation(&mut self, operation: &'d OperationDefinition) -> Result<Size> {
        let of = match operation.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        let definitions = operation.variable_definitions.iter().map(|definition| &definition.node);
        self.defaults =
            definitions.filter_map(|one| Some((&one.name.node, &one.default_value.as_ref()?.node))).collect();
        let size = self.measure(&operation.selection_set.node, Place { of, page: SHORT_LIST })?;
        Ok(Size { directives: size.directives.saturating_add(operation.directives.len()), ..size })
    }

    /// How many fields an operation has at its root, each of which is a question of its own.
    pub(crate) fn roots(&self, set: &'d SelectionSet) -> usize {
        let mut roots = 0_usize;
        let mut sets = vec![set];
        while let Some(set) = sets.pop() {
            for Positioned { node: selection, .. } in &set.items {
                match selection {
                    Selection::Field(_) => roots += 1,
                    Selection::InlineFragment(fragment) => sets.push(&fragment.node.selection_set.node),
                    Selection::FragmentSpread(spread) => {
                        let fragment = self.document.fragments.get(&spread.node.fragment_name.node);
                        sets.extend(fragment.map(|fragment| &fragment.node.selection_set.node));
                    }
                }
                // Spreads can double: how many are far too many need not be known.
                if roots > MOST_ROOTS || sets.len() > MOST_ROOTS {
                    return usize::MAX;
                }
            }
        }
        roots
    }

    fn measure(&mut self, set: &'d SelectionSet, place: Place<'d>) -> Result<Size> {
        let mut total = Size::default();
        for Positioned { node: selection, .. } in &set.items {
            let inner = match selection {
                Selection::Field(field) => self.field(&field.node, place)?,
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let of = condition.map_or(place.of, |condition| condition.node.on.node.as_str());
                    self.measure(&fragment.node.selection_set.node, Place { of, ..place })?
                }
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node, place)?,
            };
            total = total.and(inner);
            total.directives = total.directives.saturating_add(selection.directives().len());
        }
        Ok(total)
    }

    fn fragment(&mut self, name: &'d Name, place: Place<'d>) -> Result<Size> {
        // What does not exist is refused by validation.
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(Size::default()) };
        let place = Place { of: fragment.node.type_condition.node.on.node.as_str(), ..place };
        match self.measured.get(&(name, place)) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => {
                return Err(Error::BadInput(format!("The fragment `{name}` spreads itself: take the spread out")));
            }
            None => {}
        }
        self.measured.insert((name, place), None);
        let size = self.measure(&fragment.node.selection_set.node, place)?;
        self.measured.insert((name, place), Some(size));
        Ok(size)
    }

    fn field(&mut self, field: &'d Field, place: Place<'d>) -> Result<Size> {
        let name = field.name.node.as_str();
        // What the schema does not have, validation refuses.
        let known = self.shape.field(place.of, name);
        let page = known.and_then(|known| self.page(field, known)).unwrap_or(SHORT_LIST);
        let of = known.map_or("", |known| known.of.as_str());
        let page = if name == "histogram" { USUAL_BUCKETS } else { page };
        let below = self.measure(&field.selection_set.node, Place { of, page })?;
        let many = match known {
            Some(schema_shape::Field { for_each: Some(argument), .. }) => self.length(field, argument),
            Some(schema_shape::Field { length: Some(length), .. }) => *length,
            Some(schema_shape::Field { list: true, .. }) => place.page,
            _ => 1,
        };
        Ok(Size {
            depth: below.depth.saturating_add(1),
            fields: below.fields.saturating_add(1),
            aliases: below.aliases.saturating_add(usize::from(field.alias.is_some())),
            directives: below.directives,
            cost: below.cost.saturating_add(1).saturating_mul(many),
            introspects: below.introspects || matches!(name, "__schema" | "__type"),
        })
    }

    /// How long the lists below a field are that has pages.
    fn page(&self, field: &Field, known: &schema_shape::Field) -> Option<usize> {
        let usual = known.page?;
        let asked = self.number(field, "first").or_else(|| self.number(field, "last"));
        // A longer page is refused anyway.
        let longest = crate::graphql::LONGEST_PAGE as usize;
        Some(asked.map_or(usual, |asked| usize::try_from(asked).map_or(longest, |asked| asked.clamp(1, longest))))
    }

    fn number(&self, field: &Field, argument: &str) -> Option<u64> {
        match &field.get_argument(argument)?.node {
            Value::Number(number) => number.as_u64(),
            Value::Variable(variable) => match self.variable(variable) {
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
            Some(Value::Variable(variable)) => match self.variable(variable) {
                Some(ConstValue::List(values)) => values.len(),
                _ => 1,
            },
            _ => 1,
        }
    }

    fn variable(&self, name: &Name) -> Option<&ConstValue> {
        self.variables.get(name).or_else(|| self.defaults.get(name).copied())
    }
}
