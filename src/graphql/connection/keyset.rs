//! Keyset pagination: the complete sort order of a list, as SQL.
//!
//! A page starts after the row of a cursor and not after a number of rows, so a page deep in a list costs as much as the first
//! one, and rows that are inserted meanwhile neither repeat nor skip others. Every order ends with the id and is
//! therefore total. A cursor holds the sort keys of its row ([`Cursor`]).

use data_encoding::HEXLOWER;
use entity::row::QueryRow;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Order, SelectStatement};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::db::Dialect;
use crate::graphql::connection::cursor::Cursor;
use crate::graphql::connection::order_by::{Direction, SortKey};
use crate::graphql::session::SharedError;

/// One sort key with its direction.
#[derive(Clone, Debug)]
pub(super) struct KeysetTerm {
    expression: Expr,
    pub(super) kind: ValueKind,
    descending: bool,
    is_indexed: bool,
}

/// The type of a sort key's values.
#[derive(Clone, Copy, Debug)]
pub(super) enum ValueKind {
    Text,
    Number,
    Real,
}

impl KeysetTerm {
    /// Returns `None` for the id, which [`Keyset`] holds separately.
    ///
    /// Rows without a value sort last in both directions: null becomes the greatest value when ascending and the smallest
    /// when descending. The indexes are on the same expressions.
    fn new(key: SortKey, descending: bool) -> Option<Self> {
        let is_indexed = !matches!(key, SortKey::Offset(_));
        let (kind, expression) = match key {
            SortKey::Recorded => return None,
            SortKey::Text(text) => (ValueKind::Text, text),
            SortKey::Number(number) | SortKey::Offset(number) => {
                // Written into the SQL text: with a bound value no index on the expression would be used.
                let null_value = if descending { "-9223372036854775808" } else { "9223372036854775807" };
                (ValueKind::Number, Func::coalesce([number, Expr::cust(null_value)]).into())
            }
            SortKey::Real(real) => {
                let null_value = if descending { "-1e308" } else { "1e308" };
                (ValueKind::Real, Func::coalesce([real, Expr::cust(null_value)]).into())
            }
        };
        Some(Self { expression, kind, descending, is_indexed })
    }
}

/// A total order of a list: its sort keys, then the id.
#[derive(Clone, Debug)]
pub(crate) struct Keyset {
    pub(super) terms: Vec<KeysetTerm>,
    id: Expr,
    /// Unless the order names the id, its direction is that of the first key, so that one index serves both directions.
    id_descending: bool,
    /// A digest of the list's name and its order. Cursors contain it, so that a cursor of another list or order is rejected.
    pub(crate) tag: String,
}

impl Keyset {
    /// Creates the order of a list from its sort keys. `list` is the name of the list in cursors.
    pub(crate) fn new(list: &str, keys: Vec<(SortKey, Direction)>, id: Expr) -> Self {
        let recorded = keys.iter().find(|(key, _)| matches!(key, SortKey::Recorded));
        let id_descending = recorded.or(keys.first()).is_some_and(|(_, direction)| *direction == Direction::Desc);
        // Ids are unique, so keys after the id have no effect.
        let terms: Vec<KeysetTerm> =
            keys.into_iter().map_while(|(key, direction)| KeysetTerm::new(key, direction == Direction::Desc)).collect();
        let mut digest = Sha256::new();
        digest.update(list.as_bytes());
        for term in &terms {
            digest.update(format!("{:?}{}", term.expression, term.descending).as_bytes());
        }
        digest.update([u8::from(id_descending)]);
        let tag = HEXLOWER.encode(&digest.finalize()[..4]);
        Self { terms, id, id_descending, tag }
    }

    /// Returns true if an index has this order. Single keys are indexed together with the id; combinations of keys are not.
    pub(crate) fn is_indexed(&self) -> bool {
        match self.terms.as_slice() {
            [] => true,
            [term] => term.is_indexed && term.descending == self.id_descending,
            _ => false,
        }
    }

    /// Adds the sort keys to the columns of a select, under the aliases `order_0`, `order_1`, ...
    pub(crate) fn select_keys(&self, select: &mut SelectStatement) {
        for (index, term) in self.terms.iter().enumerate() {
            select.expr_as(term.expression.clone(), format!("order_{index}"));
        }
    }

    /// Sorts by the expressions of the keys; with `backward` in reverse.
    pub(crate) fn order_by(&self, select: &mut SelectStatement, backward: bool) {
        for term in &self.terms {
            select.order_by_expr(term.expression.clone(), sql_order(term.descending != backward));
        }
        select.order_by_expr(self.id.clone(), sql_order(self.id_descending != backward));
    }

    /// Sorts by the aliases that [`Self::select_keys`] gave, in the subquery `table`.
    pub(crate) fn order_by_aliases(&self, select: &mut SelectStatement, backward: bool, table: &'static str) {
        for (index, term) in self.terms.iter().enumerate() {
            select.order_by((table, format!("order_{index}")), sql_order(term.descending != backward));
        }
        select.order_by((table, "id"), sql_order(self.id_descending != backward));
    }

    /// Returns the condition for rows after the row of a cursor; with `before` for rows before it.
    pub(crate) fn seek(&self, dialect: Dialect, cursor: &Cursor, before: bool) -> Expr {
        let mut keys: Vec<(Expr, Expr, bool)> = self
            .terms
            .iter()
            .zip(&cursor.keys)
            .map(|(term, value)| (term.expression.clone(), Expr::val(value.clone()), term.descending != before))
            .collect();
        keys.push((self.id.clone(), Expr::val(cursor.id.clone()), self.id_descending != before));
        // Logically redundant, but lets an index on the first key be entered at the row.
        let (key, value, descending) = keys[0].clone();
        let bound = if descending { key.lte(value) } else { key.gte(value) };
        if keys.iter().all(|(.., descending)| *descending == keys[0].2) {
            // All keys have one direction: a row comparison, by which PostgreSQL enters an index on the keys at the row. SQLite does so
            // only for columns, and not for expressions.
            let (left, right): (Vec<_>, Vec<_>) = keys.into_iter().map(|(key, value, _)| (key, value)).unzip();
            let (left, right) = (Expr::tuple(left), Expr::tuple(right));
            let is_beyond = if descending { left.lt(right) } else { left.gt(right) };
            return if dialect.has_lateral() || self.terms.is_empty() { is_beyond } else { bound.and(is_beyond) };
        }
        let mut condition = Expr::val(false).eq(true);
        for (key, value, descending) in keys.into_iter().rev() {
            let is_beyond = if descending { key.clone().lt(value.clone()) } else { key.clone().gt(value.clone()) };
            condition = is_beyond.or(key.eq(value).and(condition));
        }
        bound.and(condition)
    }

    /// Number of sort keys, without the id.
    pub(crate) fn term_count(&self) -> usize {
        self.terms.len()
    }

    /// Reads the sort keys of a row, for its cursor. `offset` is the column of the first one.
    pub(crate) fn read_keys(&self, row: QueryRow<'_>, offset: usize) -> Result<Vec<Value>, SharedError> {
        let key = |(column, term): (usize, &KeysetTerm)| {
            Ok(match term.kind {
                ValueKind::Text => Value::from(row.at::<String>(column)?),
                ValueKind::Number => Value::from(row.at::<i64>(column)?),
                ValueKind::Real => Value::from(row.at::<f64>(column)?),
            })
        };
        (offset..).zip(&self.terms).map(key).collect()
    }
}

fn sql_order(descending: bool) -> Order {
    if descending { Order::Desc } else { Order::Asc }
}
