//! Filters of one column: texts, numbers, words.

use std::borrow::Cow;

use async_graphql::{InputObject, InputType, TypeName};
use entity::event_type::EventType;
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::error::Result;
use crate::graphql::filter::{ColumnFilter, FilterContext, all, fails, few, null};

/// A filter of texts, compared letter for letter.
#[derive(Clone, Debug, Default, InputObject)]
pub struct StringFilter {
    /// Equal to.
    pub eq: Option<String>,
    /// One of; at most 1,000.
    pub r#in: Option<Vec<String>>,
    /// None of; at most 1,000.
    pub not_in: Option<Vec<String>>,
    /// Has no value.
    pub is_null: Option<bool>,
}

impl ColumnFilter for StringFilter {
    fn test(&self, column: Expr, context: &mut FilterContext) -> Result<Expr> {
        let mut tests = Vec::new();
        tests.extend(self.eq.as_ref().map(|value| column.clone().eq(value.as_str())));
        if let Some(values) = &self.r#in {
            tests.push(
                context
                    .dialect
                    .is_one_of(column.clone(), context.dialect.texts(few(values)?.iter().map(String::as_str))),
            );
        }
        if let Some(values) = &self.not_in {
            tests.push(fails(
                context
                    .dialect
                    .is_one_of(column.clone(), context.dialect.texts(few(values)?.iter().map(String::as_str))),
            ));
        }
        tests.extend(null(&column, self.is_null));
        Ok(all(tests))
    }
}

/// A filter of yes and no.
#[derive(Clone, Debug, Default, InputObject)]
pub struct BooleanFilter {
    /// Equal to.
    pub eq: Option<bool>,
}

impl ColumnFilter for BooleanFilter {
    fn test(&self, column: Expr, _: &mut FilterContext) -> Result<Expr> {
        Ok(all(self.eq.map(|value| column.eq(value))))
    }
}

/// A filter of numbers.
#[derive(Clone, Debug, Default, InputObject)]
pub struct FloatFilter {
    /// Equal to.
    pub eq: Option<f64>,
    /// Greater than.
    pub gt: Option<f64>,
    /// Greater than or equal to.
    pub gte: Option<f64>,
    /// Less than.
    pub lt: Option<f64>,
    /// Less than or equal to.
    pub lte: Option<f64>,
    /// Has no value.
    pub is_null: Option<bool>,
}

impl ColumnFilter for FloatFilter {
    fn test(&self, column: Expr, _: &mut FilterContext) -> Result<Expr> {
        let mut tests = Vec::new();
        tests.extend(self.eq.map(|value| column.clone().eq(value)));
        tests.extend(self.gt.map(|value| column.clone().gt(value)));
        tests.extend(self.gte.map(|value| column.clone().gte(value)));
        tests.extend(self.lt.map(|value| column.clone().lt(value)));
        tests.extend(self.lte.map(|value| column.clone().lte(value)));
        tests.extend(null(&column, self.is_null));
        Ok(all(tests))
    }
}

/// A filter of words of a closed list.
#[derive(Clone, Debug, InputObject)]
#[graphql(name_type)]
pub struct EnumFilter<T: Enumeration> {
    /// Equal to.
    pub eq: Option<T>,
    /// One of.
    pub r#in: Option<Vec<T>>,
    /// None of.
    pub not_in: Option<Vec<T>>,
    /// Has no value.
    pub is_null: Option<bool>,
}

impl<T: Enumeration> TypeName for EnumFilter<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Filter", <T as InputType>::type_name()).into()
    }
}

/// A closed list of words that columns hold as text.
pub trait Enumeration: InputType + ActiveEnum<Value = String> + Copy {}
impl<T: InputType + ActiveEnum<Value = String> + Copy> Enumeration for T {}

/// The word as columns hold it; GraphQL's input types have a method of the same name.
pub(super) fn text<T: Enumeration>(word: T) -> String {
    ActiveEnum::to_value(&word)
}

/// Words are listed once each and bound as one value, so that no length of a list is more than a statement may hold.
fn is_one_of<T: Enumeration>(column: &Expr, words: &[T], context: &FilterContext) -> Expr {
    let mut words: Vec<String> = words.iter().map(|word| text(*word)).collect();
    words.sort_unstable();
    words.dedup();
    context.dialect.is_one_of(column.clone(), context.dialect.texts(words.iter().map(String::as_str)))
}

impl<T: Enumeration> ColumnFilter for EnumFilter<T> {
    fn test(&self, column: Expr, context: &mut FilterContext) -> Result<Expr> {
        let mut tests = Vec::new();
        tests.extend(self.eq.map(|word| column.clone().eq(text(word))));
        tests.extend(self.r#in.as_ref().map(|list| is_one_of(&column, list, context)));
        tests.extend(self.not_in.as_ref().map(|list| fails(is_one_of(&column, list, context))));
        tests.extend(null(&column, self.is_null));
        Ok(all(tests))
    }
}

/// A filter of event types, which form a tree (see `eventTypes`).
#[derive(Clone, Debug, Default, InputObject)]
pub struct EventTypeFilter {
    /// Exactly this type.
    pub eq: Option<EventType>,
    /// Exactly one of these types.
    pub r#in: Option<Vec<EventType>>,
    /// One of these types or of those below them: `within: [VIOLENCE]` finds abductions too.
    pub within: Option<Vec<EventType>>,
    /// Neither one of these types nor of those below them.
    pub not_within: Option<Vec<EventType>>,
    /// Has no type: an account that does not say otherwise than its event.
    pub is_null: Option<bool>,
}

impl ColumnFilter for EventTypeFilter {
    fn test(&self, column: Expr, context: &mut FilterContext) -> Result<Expr> {
        let below = |list: &Vec<EventType>| -> Vec<EventType> {
            list.iter().flat_map(|above| above.with_descendants()).collect()
        };
        let mut tests = Vec::new();
        tests.extend(self.eq.map(|word| column.clone().eq(text(word))));
        tests.extend(self.r#in.as_ref().map(|list| is_one_of(&column, list, context)));
        tests.extend(self.within.as_ref().map(|list| is_one_of(&column, &below(list), context)));
        tests.extend(self.not_within.as_ref().map(|list| fails(is_one_of(&column, &below(list), context))));
        tests.extend(null(&column, self.is_null));
        Ok(all(tests))
    }
}
