//! The statements on PostgreSQL, prepared once per connection.

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use serde_json::Value;
use tokio_postgres::types::{FromSql, Kind, ToSql, Type};
use tokio_postgres::{Config, NoTls};

use crate::answer::{Answer, Row, Shape};
use crate::{Failure, Question};

pub struct Postgres(Pool);

/// JSON as the server wrote it.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        Ok(Self(raw))
    }
    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Any value, to test for NULL without decoding it.
struct Any;

impl FromSql<'_> for Any {
    fn from_sql(_: &Type, _: &[u8]) -> Result<Self, Failure> {
        Ok(Self)
    }
    fn accepts(_: &Type) -> bool {
        true
    }
}

impl Row for tokio_postgres::Row {
    fn is_null(&self, at: usize) -> bool {
        matches!(self.try_get::<_, Option<Any>>(at), Ok(None))
    }

    fn write(&self, at: usize, out: &mut Vec<u8>) -> Result<(), Failure> {
        let kind = self.columns()[at].type_();
        if *kind == Type::INT8 {
            serde_json::to_writer(out, &self.try_get::<_, i64>(at)?)?;
        } else if *kind == Type::INT4 {
            serde_json::to_writer(out, &self.try_get::<_, i32>(at)?)?;
        } else if *kind == Type::BOOL {
            serde_json::to_writer(out, &self.try_get::<_, bool>(at)?)?;
        } else if *kind == Type::JSON {
            out.extend_from_slice(self.try_get::<_, Raw>(at)?.0);
        } else {
            serde_json::to_writer(out, self.try_get::<_, &str>(at)?)?;
        }
        Ok(())
    }
}

type Parameter = Box<dyn ToSql + Sync + Send>;

fn parameter(value: &Value, kind: &Type) -> Result<Parameter, Failure> {
    if let Kind::Array(of) = kind.kind() {
        let list = value.as_array().ok_or("a list is missing")?;
        return Ok(if *of == Type::INT8 {
            Box::new(list.iter().filter_map(Value::as_i64).collect::<Vec<_>>())
        } else {
            Box::new(list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect::<Vec<_>>())
        });
    }
    Ok(if *kind == Type::INT8 {
        Box::new(value.as_i64())
    } else if *kind == Type::INT4 {
        Box::new(value.as_i64().map(i32::try_from).transpose()?)
    } else {
        Box::new(value.as_str().map(str::to_owned))
    })
}

impl Postgres {
    pub fn new(url: &str) -> Result<Self, Failure> {
        let config: Config = url.parse()?;
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        // The pool size of newsgraph.
        Ok(Self(Pool::builder(manager).max_size(16).build()?))
    }

    pub async fn answer(&self, question: &Question, parameters: &[Value]) -> Result<Vec<u8>, Failure> {
        let client = self.0.get().await?;
        let statement = client.prepare_cached(&question.sql).await?;
        let parameters = parameters
            .iter()
            .zip(statement.params())
            .map(|(value, kind)| parameter(value, kind))
            .collect::<Result<Vec<_>, _>>()?;
        let references: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|one| &**one as _).collect();
        let rows = client.query(&statement, &references).await?;
        drop(client);
        let shape = Shape::new(statement.columns().iter().map(|column| column.name()));
        let mut answer = Answer::new(question, &shape);
        for row in &rows {
            answer.add(row)?;
        }
        Ok(answer.end())
    }
}
