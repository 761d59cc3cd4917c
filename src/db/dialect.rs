//! What the two databases say differently, in questions of the API.

use sea_orm::DatabaseBackend;
use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{ArrayType, Expr, ExprTrait, Func, FunctionCall, Query, SelectStatement, Value};

/// The name of a list that stands as a table.
pub const LIST: &str = "list";

/// The database that is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect(pub DatabaseBackend);

impl Dialect {
    /// Whether a select in FROM may look at what stands left of it.
    pub fn has_lateral(self) -> bool {
        self.0 == DatabaseBackend::Postgres
    }

    /// A list of numbers in one bound value, so that the text of a statement does not change with the length of the list
    /// and stays in the cache.
    pub fn numbers(self, numbers: &[i64]) -> List {
        List(match self.0 {
            DatabaseBackend::Postgres => {
                let values = numbers.iter().map(|number| Value::from(*number)).collect();
                Value::Array(ArrayType::BigInt, Some(Box::new(values)))
            }
            _ => serde_json::Value::from(numbers).to_string().into(),
        })
    }

    /// A list of texts, like [`Self::numbers`].
    pub fn texts<'a>(self, texts: impl IntoIterator<Item = &'a str>) -> List {
        List(match self.0 {
            DatabaseBackend::Postgres => {
                let values = texts.into_iter().map(Value::from).collect();
                Value::Array(ArrayType::String, Some(Box::new(values)))
            }
            _ => serde_json::Value::from(texts.into_iter().collect::<Vec<_>>()).to_string().into(),
        })
    }

    /// A list as a table; its column is [`Self::item`].
    pub fn table(self, list: List) -> FunctionCall {
        match self.0 {
            DatabaseBackend::Postgres => Func::cust("unnest").arg(Expr::val(list.0)),
            _ => list.json_each(),
        }
    }

    /// Keys at hand as a table, for each of which rows are looked up.
    pub fn keys(self, keys: &[i64]) -> FunctionCall {
        let list = self.numbers(keys);
        match self.0 {
            DatabaseBackend::Postgres => Func::cust("unnest").arg(list.unseen()),
            _ => list.json_each(),
        }
    }

    /// A table of pairs, with its columns' names.
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

    /// The column of a list that stands as a table under the alias [`LIST`].
    pub fn item(self) -> Expr {
        match self.0 {
            DatabaseBackend::Postgres => Expr::col((LIST, LIST)),
            _ => Expr::col((LIST, "value")),
        }
    }

    /// `expression` is one of the things with these numbers, or what one of them was judged to be.
    pub fn is_one_of_things(self, expression: Expr, numbers: List) -> Expr {
        let things = Query::select()
            .expr(Func::coalesce([Expr::col(("record", "same_as_id")), Expr::col(("record", "id"))]))
            .from("record")
            .and_where(self.is_one_of(Expr::col(("record", "id")), numbers))
            .take();
        match self.0 {
            // As an array it enters an index as a list does.
            DatabaseBackend::Postgres => {
                let array = Func::cust("ARRAY").arg(Expr::SubQuery(None, Box::new(things.into())));
                expression.eq(PgFunc::any(array))
            }
            _ => expression.in_subquery(things),
        }
    }

    /// `expression` is one of the keys at hand.
    pub fn has_key(self, expression: Expr, keys: &[i64]) -> Expr {
        match (self.0, keys) {
            (_, [key]) => expression.eq(*key),
            (DatabaseBackend::Postgres, _) => expression.eq(PgFunc::any(self.numbers(keys).unseen())),
            _ => self.is_one_of(expression, self.numbers(keys)),
        }
    }

    /// `expression` is one of the list. PostgreSQL enters an index for each of an array's values; a join with the list it
    /// may turn into a scan, as it cannot tell how long a list is.
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

/// A list of values bound as one.
#[derive(Clone, Debug)]
pub struct List(Value);

impl List {
    /// The list as an array of which PostgreSQL cannot see how long it is, so that it keeps one plan: looking at each list anew
    /// takes it longer than finding a few rows.
    fn unseen(self) -> FunctionCall {
        let items = Query::select().expr(Func::cust("unnest").arg(Expr::val(self.0))).take();
        Func::cust("ARRAY").arg(Expr::SubQuery(None, Box::new(items.into())))
    }

    /// The list as a table in SQLite.
    fn json_each(self) -> FunctionCall {
        Func::cust("json_each").arg(Expr::val(self.0))
    }
}
