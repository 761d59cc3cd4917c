//! Measures the size and the cost of an operation in one pass over its document.
//!
//! Fragments can spread each other so that a kilobyte of text stands for millions of fields. Each fragment is therefore measured
//! once for each scope that it appears in, and the result is reused wherever it is spread. Sums saturate instead of overflowing.

use std::cell::Cell;
use std::collections::HashMap;

use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Value as ConstValue, Variables};
use async_graphql_value::Value;

use crate::error::{Error, Result};
use crate::http::graphql::limits::schema_shape::{FieldShape, SchemaShape};
use crate::http::graphql::limits::work::{self, Rows, TableSizes};

/// Assumed length of a list without pages, such as the authors of an article.
const UNPAGED_LENGTH: usize = 5;

/// Counting root fields stops here, far above any limit.
const MAX_ROOT_FIELDS: usize = 10_000;

/// Assumed number of buckets of a histogram; the real number is known only when the histogram is computed.
const HISTOGRAM_BUCKETS: usize = 100;

/// The measured size of an operation, with fragments expanded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DocumentSize {
    /// Levels of nested fields.
    pub(crate) depth: usize,
    /// Number of fields.
    pub(crate) fields: usize,
    /// Number of aliases.
    pub(crate) aliases: usize,
    /// Number of directives.
    pub(crate) directives: usize,
    /// Number of values in the response if all pages are full.
    pub(crate) cost: usize,
    /// Rows that the database reads besides, for counts and searches.
    pub(crate) work: usize,
    /// Whether the operation selects `__schema` or `__type`.
    pub(crate) introspects: bool,
    /// Number of root fields; set for a whole operation only.
    pub(crate) root_fields: usize,
}

impl DocumentSize {
    /// Returns the size of two selections next to each other.
    fn and(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            fields: self.fields.saturating_add(other.fields),
            aliases: self.aliases.saturating_add(other.aliases),
            directives: self.directives.saturating_add(other.directives),
            cost: self.cost.saturating_add(other.cost),
            work: self.work.saturating_add(other.work),
            introspects: self.introspects || other.introspects,
            root_fields: 0,
        }
    }
}

/// The context of a selection set that its size depends on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Scope<'s> {
    /// The type that the fields are selected from.
    type_name: &'s str,
    /// The length of lists directly below, such as `nodes` and `edges` of a connection.
    page: usize,
    /// The rows of the connection, if the type is one.
    rows: Rows,
}

/// Measures operations of one document.
pub(crate) struct CostAnalyzer<'d> {
    document: &'d ExecutableDocument,
    variables: &'d Variables,
    /// Default values of variables.
    defaults: HashMap<&'d Name, &'d ConstValue>,
    shape: &'d SchemaShape,
    sizes: &'d TableSizes,
    /// True when the value of a variable was read.
    reads_variables: Cell<bool>,
    /// Sizes of fragments by scope; `None` while a fragment is being measured, which detects cycles.
    fragment_sizes: HashMap<(&'d Name, Scope<'d>), Option<DocumentSize>>,
}

impl<'d> CostAnalyzer<'d> {
    /// Creates an analyzer for a document with the variables of a request.
    pub(crate) fn new(
        document: &'d ExecutableDocument,
        variables: &'d Variables,
        shape: &'d SchemaShape,
        sizes: &'d TableSizes,
    ) -> Self {
        Self {
            document,
            variables,
            defaults: HashMap::new(),
            shape,
            sizes,
            reads_variables: Cell::new(false),
            fragment_sizes: HashMap::new(),
        }
    }

    /// Measures an operation. Error: `BAD_INPUT` when a fragment spreads itself.
    pub(crate) fn operation_size(&mut self, operation: &'d OperationDefinition) -> Result<DocumentSize> {
        let type_name = match operation.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        let definitions = operation.variable_definitions.iter().map(|definition| &definition.node);
        self.defaults =
            definitions.filter_map(|one| Some((&one.name.node, &one.default_value.as_ref()?.node))).collect();
        let scope = Scope { type_name, page: UNPAGED_LENGTH, rows: Rows::default() };
        let size = self.selection_size(&operation.selection_set.node, scope)?;
        let directives = size.directives.saturating_add(operation.directives.len());
        let root_fields = self.root_fields(&operation.selection_set.node);
        Ok(DocumentSize { directives, work: size.work.saturating_add(work::REQUEST), root_fields, ..size })
    }

    /// Counts the root fields of an operation, each of which is a separate query. Returns `usize::MAX` for far too many.
    fn root_fields(&self, set: &'d SelectionSet) -> usize {
        let mut count = 0_usize;
        let mut sets = vec![set];
        while let Some(set) = sets.pop() {
            for Positioned { node: selection, .. } in &set.items {
                match selection {
                    Selection::Field(_) => count += 1,
                    Selection::InlineFragment(fragment) => sets.push(&fragment.node.selection_set.node),
                    Selection::FragmentSpread(spread) => {
                        let fragment = self.document.fragments.get(&spread.node.fragment_name.node);
                        sets.extend(fragment.map(|fragment| &fragment.node.selection_set.node));
                    }
                }
                // Spreads can double at each level, so the exact number may take too long to count.
                if count > MAX_ROOT_FIELDS || sets.len() > MAX_ROOT_FIELDS {
                    return usize::MAX;
                }
            }
        }
        count
    }

    fn selection_size(&mut self, set: &'d SelectionSet, scope: Scope<'d>) -> Result<DocumentSize> {
        let mut total = DocumentSize::default();
        for Positioned { node: selection, .. } in &set.items {
            let inner = match selection {
                Selection::Field(field) => self.field_size(&field.node, scope)?,
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let type_name = condition.map_or(scope.type_name, |condition| condition.node.on.node.as_str());
                    self.selection_size(&fragment.node.selection_set.node, Scope { type_name, ..scope })?
                }
                Selection::FragmentSpread(spread) => self.fragment_size(&spread.node.fragment_name.node, scope)?,
            };
            total = total.and(inner);
            total.directives = total.directives.saturating_add(selection.directives().len());
        }
        Ok(total)
    }

    fn fragment_size(&mut self, name: &'d Name, scope: Scope<'d>) -> Result<DocumentSize> {
        // Validation rejects unknown fragments later.
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(DocumentSize::default()) };
        let scope = Scope { type_name: fragment.node.type_condition.node.on.node.as_str(), ..scope };
        match self.fragment_sizes.get(&(name, scope)) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => {
                return Err(Error::BadInput(format!("The fragment `{name}` spreads itself: remove that spread")));
            }
            None => {}
        }
        self.fragment_sizes.insert((name, scope), None);
        let size = self.selection_size(&fragment.node.selection_set.node, scope)?;
        self.fragment_sizes.insert((name, scope), Some(size));
        Ok(size)
    }

    fn field_size(&mut self, field: &'d Field, scope: Scope<'d>) -> Result<DocumentSize> {
        let name = field.name.node.as_str();
        // Validation rejects unknown fields later.
        let shape = self.shape.field(scope.type_name, name);
        let own_page = shape.and_then(|shape| self.page_size(field, shape));
        // A list that has `first` itself is the page; facets are not: `first` is the length of their buckets.
        let is_own_page = shape.is_some_and(|shape| shape.is_list && shape.sized_by.is_none()) && own_page.is_some();
        let page = own_page.filter(|_| !is_own_page).unwrap_or(UNPAGED_LENGTH);
        let type_name = shape.map_or("", |shape| shape.type_name.as_str());
        let page = if name == "histogram" { HISTOGRAM_BUCKETS } else { page };
        let is_filtered = field.get_argument("filter").is_some() || field.get_argument("text").is_some();
        let rows = Rows::of(type_name, scope.type_name == "Query", is_filtered, self.sizes);
        let below = self.selection_size(&field.selection_set.node, Scope { type_name, page, rows })?;
        let entries =
            shape.and_then(|shape| shape.sized_by.as_ref()).map_or(1, |name| self.argument_length(field, name));
        let work = work::of_field(name, scope.rows, entries, |name| self.number(field, name), self.sizes);
        let length = match shape {
            Some(FieldShape { sized_by: Some(argument), .. }) => self.argument_length(field, argument),
            Some(FieldShape { fixed_length: Some(length), .. }) => *length,
            Some(FieldShape { is_list: true, .. }) if is_own_page => own_page.unwrap_or(UNPAGED_LENGTH),
            Some(FieldShape { is_page: true, .. }) => scope.page,
            Some(FieldShape { is_list: true, .. }) => UNPAGED_LENGTH,
            _ => 1,
        };
        Ok(DocumentSize {
            depth: below.depth.saturating_add(1),
            fields: below.fields.saturating_add(1),
            aliases: below.aliases.saturating_add(usize::from(field.alias.is_some())),
            directives: below.directives,
            cost: below.cost.saturating_add(1).saturating_mul(length),
            work: below.work.saturating_mul(length).saturating_add(work),
            introspects: below.introspects || matches!(name, "__schema" | "__type"),
            root_fields: 0,
        })
    }

    /// Returns the page size of a connection field: `first`, `last` or the default. `None` when the field has no pages.
    fn page_size(&self, field: &Field, shape: &FieldShape) -> Option<usize> {
        let default = shape.default_page?;
        let requested = self.number(field, "first").or_else(|| self.number(field, "last"));
        // Larger pages are rejected when the field is resolved.
        let max = crate::graphql::MAX_PAGE_SIZE as usize;
        Some(requested.map_or(default, |size| usize::try_from(size).map_or(max, |size| size.clamp(1, max))))
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

    /// Returns the length of a list argument; a single value counts as a list of one.
    fn argument_length(&self, field: &Field, argument: &str) -> usize {
        match field.get_argument(argument).map(|argument| &argument.node) {
            Some(Value::List(values)) => values.len(),
            Some(Value::Variable(variable)) => match self.variable(variable) {
                Some(ConstValue::List(values)) => values.len(),
                _ => 1,
            },
            _ => 1,
        }
    }

    /// Returns true when the size depends on the values of variables.
    pub(crate) fn reads_variables(&self) -> bool {
        self.reads_variables.get()
    }

    fn variable(&self, name: &Name) -> Option<&ConstValue> {
        self.reads_variables.set(true);
        self.variables.get(name).or_else(|| self.defaults.get(name).copied())
    }
}
