//! Orders and the cursors that go on in them.

use async_graphql::{Enum, InputObject, InputType, TypeName};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use entity::row::value;
use sea_orm::QueryResult;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Order, SelectStatement};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::graphql::loading::session::SharedError;

/// Which way to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum Direction {
    /// From the least, the earliest, from A.
    Asc,
    /// From the greatest, the latest, from Z.
    Desc,
}

/// By what the rows of a noun can be ordered.
pub trait NodeOrder: InputType {
    /// The key to sort by.
    fn key(&self) -> Key;
    /// Which way.
    fn direction(&self) -> Direction;
}

/// One field of an order with its direction.
#[derive(Clone, Debug, InputObject)]
#[graphql(name_type)]
pub struct OrderBy<F: InputType> {
    /// The field to order by.
    pub field: F,
    /// Which way; ascending when left out. What has no value comes last either way.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

impl<F: InputType> TypeName for OrderBy<F> {
    fn type_name() -> Cow<'static, str> {
        F::type_name().trim_end_matches("Field").to_owned().into()
    }
}

/// A field that can be ordered by.
pub trait OrderField: InputType {
    /// The key to sort by.
    fn key(&self) -> Key;
}

impl<F: OrderField> NodeOrder for OrderBy<F> {
    fn key(&self) -> Key {
        self.field.key()
    }
    fn direction(&self) -> Direction {
        self.direction
    }
}

/// What is compared.
#[derive(Clone, Debug)]
pub enum Key {
    /// A text that every row has.
    Text(Expr),
    /// A whole number that a row may lack.
    Number(Expr),
    /// Such a number that says where something stands within a larger thing: over all rows no index has its order.
    Offset(Expr),
    /// A number that a row may lack.
    Real(Expr),
    /// The id, which ends every order anyway: rows in the order in which they were recorded.
    Recorded,
}

/// One key of an order.
#[derive(Clone, Debug)]
pub(crate) struct KeysetTerm {
    expression: Expr,
    kind: ValueKind,
    descending: bool,
    is_indexed: bool,
}

#[derive(Clone, Copy, Debug)]
enum ValueKind {
    Text,
    Number,
    Real,
}

impl KeysetTerm {
    /// The lack of a value sorts last either way: it counts as the greatest when ascending and as the least when
    /// descending. The indexes are on the same expressions.
    fn new(key: Key, descending: bool) -> Option<Self> {
        let is_indexed = !matches!(key, Key::Offset(_));
        let (kind, expression) = match key {
            Key::Recorded => return None,
            Key::Text(text) => (ValueKind::Text, text),
            Key::Number(number) | Key::Offset(number) => {
                // Written out and not bound, or no index on the expression would be taken.
                let last = if descending { "-9223372036854775808" } else { "9223372036854775807" };
                (ValueKind::Number, Func::coalesce([number, Expr::cust(last)]).into())
            }
            Key::Real(real) => {
                let last = if descending { "-1e308" } else { "1e308" };
                (ValueKind::Real, Func::coalesce([real, Expr::cust(last)]).into())
            }
        };
        Some(Self { expression, kind, descending, is_indexed })
    }
}

/// A whole order: its terms and, at its end, the id.
#[derive(Clone, Debug)]
pub(crate) struct Keyset {
    terms: Vec<KeysetTerm>,
    id: Expr,
    /// Where the order does not say it, the id follows the direction of the first key, so that one index serves both.
    id_descends: bool,
    /// Names the list and the order, so that a cursor of another one is noticed.
    tag: String,
}

impl Keyset {
    pub(crate) fn new(list: &str, keys: Vec<(Key, Direction)>, id: Expr) -> Self {
        let recorded = keys.iter().find(|(key, _)| matches!(key, Key::Recorded));
        let id_descends = recorded.or(keys.first()).is_some_and(|(_, direction)| *direction == Direction::Desc);
        // No two rows have one id, so that nothing is ordered by what comes behind it.
        let terms: Vec<KeysetTerm> =
            keys.into_iter().map_while(|(key, direction)| KeysetTerm::new(key, direction == Direction::Desc)).collect();
        let mut digest = Sha256::new();
        digest.update(list.as_bytes());
        for term in &terms {
            digest.update(format!("{:?}{}", term.expression, term.descending).as_bytes());
        }
        digest.update([u8::from(id_descends)]);
        let tag = HEXLOWER.encode(&digest.finalize()[..4]);
        Self { terms, id, id_descends, tag }
    }

    /// Whether an index has this order: a key has one with the id, and hardly two keys together.
    pub(crate) fn is_indexed(&self) -> bool {
        match self.terms.as_slice() {
            [] => true,
            [term] => term.is_indexed && term.descending == self.id_descends,
            _ => false,
        }
    }

    /// Reads the keys with the row, under names of their own.
    pub(crate) fn select(&self, select: &mut SelectStatement) {
        for (at, term) in self.terms.iter().enumerate() {
            select.expr_as(term.expression.clone(), format!("order_{at}"));
        }
    }

    /// Orders by the expressions.
    pub(crate) fn order(&self, select: &mut SelectStatement, backward: bool) {
        for term in &self.terms {
            select.order_by_expr(term.expression.clone(), way(term.descending != backward));
        }
        select.order_by_expr(self.id.clone(), way(self.id_descends != backward));
    }

    /// Orders by the names that [`Self::select`] gave.
    pub(crate) fn order_by_name(&self, select: &mut SelectStatement, backward: bool, table: &'static str) {
        for (at, term) in self.terms.iter().enumerate() {
            select.order_by((table, format!("order_{at}")), way(term.descending != backward));
        }
        select.order_by((table, "id"), way(self.id_descends != backward));
    }

    /// Behind (or with `before`, in front of) the row of a cursor.
    pub(crate) fn beyond(&self, cursor: &Cursor, before: bool) -> Expr {
        let mut keys: Vec<(Expr, Expr, bool)> = self
            .terms
            .iter()
            .zip(&cursor.values)
            .map(|(term, value)| (term.expression.clone(), value.clone(), term.descending != before))
            .collect();
        keys.push((self.id.clone(), Expr::val(cursor.id), self.id_descends != before));
        if keys.iter().all(|(.., descending)| *descending == keys[0].2) {
            // One way throughout: compared as a whole, so that an index on the keys is entered at the spot.
            let down = keys[0].2;
            let (left, right): (Vec<_>, Vec<_>) = keys.into_iter().map(|(key, value, _)| (key, value)).unzip();
            let (left, right) = (Expr::tuple(left), Expr::tuple(right));
            return if down { left.lt(right) } else { left.gt(right) };
        }
        let first = keys[0].clone();
        let mut all = Expr::val(false).eq(true);
        for (key, value, descending) in keys.into_iter().rev() {
            let further = if descending { key.clone().lt(value.clone()) } else { key.clone().gt(value.clone()) };
            all = further.or(key.eq(value).and(all));
        }
        // Says nothing new, but lets an index on the first key be entered at the spot.
        let (key, value, descending) = first;
        let bound = if descending { key.lte(value) } else { key.gte(value) };
        bound.and(all)
    }

    /// How many keys are read with each row.
    pub(crate) fn terms(&self) -> usize {
        self.terms.len()
    }

    /// What a row that was read with its keys has of them, for its cursor; `first` is the place of the first one.
    pub(crate) fn keys(&self, row: &QueryResult, first: usize) -> Result<Vec<Value>, SharedError> {
        let key = |(place, term): (usize, &KeysetTerm)| {
            Ok(match term.kind {
                ValueKind::Text => Value::from(value::<String>(row, place)?),
                ValueKind::Number => Value::from(value::<i64>(row, place)?),
                ValueKind::Real => Value::from(value::<f64>(row, place)?),
            })
        };
        (first..).zip(&self.terms).map(key).collect()
    }

    /// The cursor of a row with these keys.
    pub(crate) fn cursor(&self, keys: &[Value], id: i64) -> String {
        let tag = Value::from(self.tag.as_str());
        let values: Vec<Value> = [tag].into_iter().chain(keys.iter().cloned()).chain([Value::from(id)]).collect();
        BASE64URL_NOPAD.encode(Value::from(values).to_string().as_bytes())
    }

    /// Reads a cursor of this list.
    pub(crate) fn parse(&self, text: &str) -> Result<Cursor> {
        let foreign = || {
            Error::BadInput(format!(
                "`{}` is no cursor of this list in this order: pass on a cursor that the same list gave, with the same orderBy",
                text.chars().take(40).collect::<String>()
            ))
        };
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| foreign())?;
        let Ok(Value::Array(parts)) = serde_json::from_slice::<Value>(&bytes) else { return Err(foreign()) };
        let [tag, values @ .., id] = parts.as_slice() else { return Err(foreign()) };
        if tag.as_str() != Some(&self.tag) || values.len() != self.terms.len() {
            return Err(foreign());
        }
        let values = self
            .terms
            .iter()
            .zip(values)
            .map(|(term, value)| match term.kind {
                ValueKind::Text => value.as_str().map(Expr::val),
                ValueKind::Number => value.as_i64().map(Expr::val),
                ValueKind::Real => value.as_f64().map(Expr::val),
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(foreign)?;
        Ok(Cursor { values, id: id.as_i64().ok_or_else(foreign)? })
    }
}

fn way(descending: bool) -> Order {
    if descending { Order::Desc } else { Order::Asc }
}

/// A place in a list.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    values: Vec<Expr>,
    id: i64,
}

impl Cursor {
    /// The number of its row.
    pub(crate) fn id(&self) -> i64 {
        self.id
    }
}

/// Declares by what a noun can be ordered.
macro_rules! order {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $line:literal])+ $word:ident = $key:ident $(($table:expr, $column:expr))?,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
        pub enum $name { $($(#[doc = $line])+ $word,)+ }

        impl $crate::graphql::connection::keyset::OrderField for $name {
            fn key(&self) -> $crate::graphql::connection::keyset::Key {
                match self { $(Self::$word => $crate::graphql::connection::keyset::Key::$key $((sea_orm::sea_query::Expr::col(($table, $column))))?,)+ }
            }
        }
    };
}
pub(crate) use order;
