//! SQL that differs between SQLite and PostgreSQL, in the queries of the API.

use sea_orm::DatabaseBackend;
use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{ArrayType, Expr, ExprTrait, Func, FunctionCall, Query, SelectStatement, Value};

/// The alias of a list that is used as a table.
pub const LIST: &str = "list";

/// The SQL dialect of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect(pub DatabaseBackend);

impl Dialect {
    /// Returns true for a database with lateral joins: a subquery in `FROM` can reference the tables before it.
    pub fn has_lateral(self) -> bool {
        self.0 == DatabaseBackend::Postgres
    }

    /// A list of integers as one bound value. The SQL then does not depend on the length of the list, so that prepared
    /// statements can be reused.
    pub fn numbers(self, numbers: &[i64]) -> List {
        List(match self.0 {
            DatabaseBackend::Postgres => {
                let values = numbers.iter().map(|number| Value::from(*number)).collect();
                Value::Array(ArrayType::BigInt, Some(Box::new(values)))
            }
            _ => serde_json::Value::from(numbers).to_string().into(),
        })
    }

    /// A list of strings as one bound value, like [`Self::numbers`].
    pub fn texts<'a>(self, texts: impl IntoIterator<Item = &'a str>) -> List {
        List(match self.0 {
            DatabaseBackend::Postgres => {
                let values = texts.into_iter().map(Value::from).collect();
                Value::Array(ArrayType::String, Some(Box::new(values)))
            }
            _ => serde_json::Value::from(texts.into_iter().collect::<Vec<_>>()).to_string().into(),
        })
    }

    /// Converts a list to a table for `FROM`, under the alias [`LIST`]; its column is [`Self::item`].
    pub fn table(self, list: List) -> FunctionCall {
        match self.0 {
            DatabaseBackend::Postgres => Func::cust("unnest").arg(Expr::val(list.0)),
            _ => list.json_each(),
        }
    }

    /// A table of keys, for each of which rows are looked up. PostgreSQL cannot see its length, so it keeps one plan for all.
    pub fn keys(self, keys: &[i64]) -> FunctionCall {
        self.keys_in(self.numbers(keys))
    }

    /// A table of keys, like [`Self::keys`].
    pub(crate) fn keys_in(self, list: List) -> FunctionCall {
        match self.0 {
            DatabaseBackend::Postgres => Func::cust("unnest").arg(list.opaque()),
            _ => list.json_each(),
        }
    }

    /// A table of pairs, whose two columns have these names.
    pub fn pairs(self, pairs: &[(i64, i64)], names: [&'static str; 2]) -> SelectStatement {
        let mut select = Query::select();
        match self.0 {
            DatabaseBackend::Postgres => {
                let (left, right): (Vec<i64>, Vec<i64>) = pairs.iter().copied().unzip();
                for (side, name) in [left, right].iter().zip(names) {
                    select.expr_as(Func::cust("unnest").arg(Expr::val(self.numbers(side).0)), name);
                }
            }
            _ => {
                let pairs = serde_json::Value::from_iter(pairs.iter().map(|(left, right)| vec![*left, *right]));
                let table = Func::cust("json_each").arg(Expr::val(pairs.to_string()));
                for (side, name) in ["json_extract(value, '$[0]')", "json_extract(value, '$[1]')"].iter().zip(names) {
                    select.expr_as(Expr::cust(*side), name);
                }
                select.from_function(table, LIST);
            }
        }
        select
    }

    /// The column of a list that is used as a table under the alias [`LIST`].
    pub fn item(self) -> Expr {
        match self.0 {
            DatabaseBackend::Postgres => Expr::col((LIST, LIST)),
            _ => Expr::col((LIST, "value")),
        }
    }

    /// A condition: `expression` is the id of the node that an id stands for after merges, which is the surviving node of a merged
    /// one, else the node itself.
    pub fn is_surviving(self, expression: Expr, id: Value) -> Expr {
        let surviving = Query::select()
            .expr(Func::coalesce([Expr::col(("record", "same_as_id")), Expr::col(("record", "id"))]))
            .from("record")
            .and_where(Expr::col(("record", "id")).eq(Expr::val(id)))
            .take();
        expression.eq(Expr::SubQuery(None, Box::new(surviving.into())))
    }

    /// A condition: `expression` is the id of a node that one of these ids stands for after merges, which is the surviving node
    /// of a merged one, else the node itself.
    pub fn is_one_of_surviving(self, expression: Expr, ids: List) -> Expr {
        let surviving = Query::select()
            .expr(Func::coalesce([Expr::col(("record", "same_as_id")), Expr::col(("record", "id"))]))
            .from("record")
            .and_where(self.is_one_of(Expr::col(("record", "id")), ids))
            .take();
        match self.0 {
            // PostgreSQL can look up an array in an index, unlike a subquery.
            DatabaseBackend::Postgres => {
                let array = Func::cust("ARRAY").arg(Expr::SubQuery(None, Box::new(surviving.into())));
                expression.eq(PgFunc::any(array))
            }
            _ => expression.in_subquery(surviving),
        }
    }

    /// A condition: `expression` is one of these keys. PostgreSQL cannot see how many they are, so it keeps one plan for all.
    pub fn has_key(self, expression: Expr, keys: &[i64]) -> Expr {
        match (self.0, keys) {
            (_, [key]) => expression.eq(*key),
            _ => self.has_key_in(expression, self.numbers(keys)),
        }
    }

    /// A condition: `expression` is one of these keys, like [`Self::has_key`].
    pub(crate) fn has_key_in(self, expression: Expr, list: List) -> Expr {
        match self.0 {
            DatabaseBackend::Postgres => expression.eq(PgFunc::any(list.opaque())),
            _ => self.is_one_of(expression, list),
        }
    }

    /// A condition: `expression` is in the list. PostgreSQL looks up each value of an array in an index. A join with the list
    /// could become a scan, because the planner cannot estimate the length of the list.
    pub fn is_one_of(self, expression: Expr, list: List) -> Expr {
        match self.0 {
            DatabaseBackend::Postgres => expression.eq(PgFunc::any(Expr::val(list.0))),
            _ => {
                let select = Query::select().expr(self.item()).from_function(list.json_each(), LIST).take();
                expression.in_subquery(select)
            }
        }
    }
}

/// A list that is bound as one value.
#[derive(Clone, Debug)]
pub struct List(Value);

impl List {
    /// A list that is bound as this value.
    pub(crate) fn bound_as(value: Value) -> Self {
        Self(value)
    }

    /// The value that is bound.
    pub(crate) fn into_value(self) -> Value {
        self.0
    }

    /// The list as an array whose length PostgreSQL cannot see, so that it keeps one plan. Planning for each list takes longer
    /// than finding a few rows.
    fn opaque(self) -> FunctionCall {
        let items = Query::select().expr(Func::cust("unnest").arg(Expr::val(self.0))).take();
        Func::cust("ARRAY").arg(Expr::SubQuery(None, Box::new(items.into())))
    }

    /// The list as a table of SQLite.
    fn json_each(self) -> FunctionCall {
        Func::cust("json_each").arg(Expr::val(self.0))
    }
}
