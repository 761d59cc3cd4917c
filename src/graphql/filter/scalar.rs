//! Filters on one column: texts, booleans, numbers and enum values.

use std::borrow::Cow;

use async_graphql::{InputObject, InputType, TypeName};
use entity::event_type::EventType;
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Expr, ExprTrait, Value};

use crate::db::List;
use crate::error::Result;
use crate::graphql::filter::{ColumnFilter, FilterContext, Operand, all, check_list_length, is_not_true, null_test};

/// Filter on a text, compared exactly: case and accents count. All given fields must match.
#[derive(Clone, Debug, Default, InputObject)]
pub struct StringFilter {
    /// Equal to this text.
    pub eq: Option<Operand<String>>,
    /// Equal to one of these texts, at most 1,000.
    pub r#in: Option<Operand<Vec<String>>>,
    /// Equal to none of these texts, at most 1,000. Also matches rows without a value.
    pub not_in: Option<Operand<Vec<String>>>,
    /// `true` matches rows without a value, `false` rows with a value.
    pub is_null: Option<bool>,
}

impl ColumnFilter for StringFilter {
    fn test(&self, column: Expr, context: &mut FilterContext) -> Result<Expr> {
        let texts = |values: &Vec<String>, context: &mut FilterContext| {
            Ok(context.dialect.texts(check_list_length(values)?.iter().map(String::as_str)).into_value())
        };
        let mut tests = Vec::new();
        if let Some(value) = &self.eq {
            tests.push(column.clone().eq(value.bind(context, |text, _| Ok(text.as_str().into()))?));
        }
        if let Some(values) = &self.r#in {
            let list = List::bound_as(values.bind(context, texts)?);
            tests.push(context.dialect.is_one_of(column.clone(), list));
        }
        if let Some(values) = &self.not_in {
            let list = List::bound_as(values.bind(context, texts)?);
            tests.push(is_not_true(context.dialect.is_one_of(column.clone(), list)));
        }
        tests.extend(null_test(&column, self.is_null));
        Ok(all(tests))
    }
}

/// Filter on a boolean.
#[derive(Clone, Debug, Default, InputObject)]
pub struct BooleanFilter {
    /// Equal to this value.
    pub eq: Option<bool>,
}

impl ColumnFilter for BooleanFilter {
    fn test(&self, column: Expr, _: &mut FilterContext) -> Result<Expr> {
        Ok(all(self.eq.map(|value| column.eq(value))))
    }
}

/// Filter on a number. All given fields must match.
#[derive(Clone, Debug, Default, InputObject)]
pub struct FloatFilter {
    /// Equal to this number.
    pub eq: Option<f64>,
    /// Greater than this number.
    pub gt: Option<f64>,
    /// Greater than or equal to this number.
    pub gte: Option<f64>,
    /// Less than this number.
    pub lt: Option<f64>,
    /// Less than or equal to this number.
    pub lte: Option<f64>,
    /// `true` matches rows without a value, `false` rows with a value.
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
        tests.extend(null_test(&column, self.is_null));
        Ok(all(tests))
    }
}

/// Filter on an enum value. All given fields must match.
#[derive(Clone, Debug, InputObject)]
#[graphql(name_type)]
pub struct EnumFilter<T: Enumeration> {
    /// Equal to this value.
    pub eq: Option<Operand<T>>,
    /// Equal to one of these values.
    pub r#in: Option<Operand<Vec<T>>>,
    /// Equal to none of these values. Also matches rows without a value.
    pub not_in: Option<Operand<Vec<T>>>,
    /// `true` matches rows without a value, `false` rows with a value.
    pub is_null: Option<bool>,
}

impl<T: Enumeration> TypeName for EnumFilter<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Filter", <T as InputType>::type_name()).into()
    }
}

/// An enum whose values are stored as text.
pub trait Enumeration: InputType + ActiveEnum<Value = String> + Copy {}
impl<T: InputType + ActiveEnum<Value = String> + Copy> Enumeration for T {}

/// Returns the stored text of an enum value. `InputType` has a method `to_value` too, hence the full path.
pub(super) fn stored_text<T: Enumeration>(value: T) -> String {
    ActiveEnum::to_value(&value)
}

impl<T: Enumeration> EnumFilter<T> {
    /// Returns whether a value matches: what [`ColumnFilter::test`] tests in the database.
    pub(crate) fn matches(&self, value: T) -> bool {
        let value = stored_text(value);
        let is_equal = |one: &Operand<T>| one.given().is_some_and(|one| stored_text(*one) == value);
        let is_in = |values: &Operand<Vec<T>>| {
            values.given().is_some_and(|values| values.iter().any(|one| stored_text(*one) == value))
        };
        self.eq.as_ref().is_none_or(is_equal)
            && self.r#in.as_ref().is_none_or(is_in)
            && !self.not_in.as_ref().is_some_and(is_in)
            && self.is_null != Some(true)
    }
}

/// Duplicates are removed and the list is bound as one value, so a statement can hold a list of any length.
fn texts_of<T: Enumeration>(values: &[T], context: &FilterContext) -> Value {
    let mut texts: Vec<String> = values.iter().map(|value| stored_text(*value)).collect();
    texts.sort_unstable();
    texts.dedup();
    context.dialect.texts(texts.iter().map(String::as_str)).into_value()
}

fn is_equal<T: Enumeration>(column: &Expr, value: &Operand<T>, context: &mut FilterContext) -> Result<Expr> {
    Ok(column.clone().eq(value.bind(context, |value, _| Ok(stored_text(*value).into()))?))
}

fn is_one_of<T: Enumeration>(column: &Expr, values: &Operand<Vec<T>>, context: &mut FilterContext) -> Result<Expr> {
    let list = List::bound_as(values.bind(context, |values, context| Ok(texts_of(values, context)))?);
    Ok(context.dialect.is_one_of(column.clone(), list))
}

/// Like [`is_one_of`], for the values and all event types below them.
fn is_within(column: &Expr, values: &Operand<Vec<EventType>>, context: &mut FilterContext) -> Result<Expr> {
    let with_subtypes = |values: &Vec<EventType>, context: &mut FilterContext| {
        let all: Vec<EventType> = values.iter().flat_map(|event_type| event_type.with_descendants()).collect();
        Ok(texts_of(&all, context))
    };
    let list = List::bound_as(values.bind(context, with_subtypes)?);
    Ok(context.dialect.is_one_of(column.clone(), list))
}

impl<T: Enumeration> ColumnFilter for EnumFilter<T> {
    fn test(&self, column: Expr, context: &mut FilterContext) -> Result<Expr> {
        let mut tests = Vec::new();
        tests.extend(self.eq.as_ref().map(|value| is_equal(&column, value, context)).transpose()?);
        tests.extend(self.r#in.as_ref().map(|list| is_one_of(&column, list, context)).transpose()?);
        tests.extend(self.not_in.as_ref().map(|list| is_one_of(&column, list, context)).transpose()?.map(is_not_true));
        tests.extend(null_test(&column, self.is_null));
        Ok(all(tests))
    }
}

/// Filter on an event type. Event types form a tree, see `eventTypes`. All given fields must match.
#[derive(Clone, Debug, Default, InputObject)]
pub struct EventTypeFilter {
    /// Exactly this type, without its subtypes.
    pub eq: Option<Operand<EventType>>,
    /// Exactly one of these types, without their subtypes.
    pub r#in: Option<Operand<Vec<EventType>>>,
    /// One of these types or of their subtypes: `within: [VIOLENCE]` also matches abductions.
    pub within: Option<Operand<Vec<EventType>>>,
    /// Neither one of these types nor one of their subtypes. Also matches rows without a type.
    pub not_within: Option<Operand<Vec<EventType>>>,
    /// `true` matches rows without a type, `false` rows with a type. An account has a type only if it differs from that of its
    /// event.
    pub is_null: Option<bool>,
}

impl ColumnFilter for EventTypeFilter {
    fn test(&self, column: Expr, context: &mut FilterContext) -> Result<Expr> {
        let mut tests = Vec::new();
        tests.extend(self.eq.as_ref().map(|value| is_equal(&column, value, context)).transpose()?);
        tests.extend(self.r#in.as_ref().map(|list| is_one_of(&column, list, context)).transpose()?);
        tests.extend(self.within.as_ref().map(|list| is_within(&column, list, context)).transpose()?);
        tests.extend(
            self.not_within.as_ref().map(|list| is_within(&column, list, context)).transpose()?.map(is_not_true),
        );
        tests.extend(null_test(&column, self.is_null));
        Ok(all(tests))
    }
}
