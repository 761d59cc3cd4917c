//! Writes rows as JSON.

use crate::Failure;

/// The position of a column in the JSON, computed once per statement.
struct Column {
    /// The key with its colon: `"name":`.
    key: Vec<u8>,
    /// The index of the object that contains it.
    group: Option<usize>,
}

pub struct Shape {
    columns: Vec<Column>,
    /// The keys of the objects with their colons: `"place":`.
    groups: Vec<Vec<u8>>,
}

/// A row of SQLite or PostgreSQL.
pub trait Row {
    fn is_null(&self, at: usize) -> bool;
    fn write(&self, at: usize, out: &mut Vec<u8>) -> Result<(), Failure>;
}

fn key(name: &str) -> Vec<u8> {
    format!("{}:", serde_json::Value::from(name)).into_bytes()
}

impl Shape {
    pub fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut groups: Vec<&str> = Vec::new();
        let columns = names
            .map(|name| match name.split_once('.') {
                None => Column { key: key(name), group: None },
                Some((group, name)) => {
                    if groups.last() != Some(&group) {
                        groups.push(group);
                    }
                    Column { key: key(name), group: Some(groups.len() - 1) }
                }
            })
            .collect();
        Self { columns, groups: groups.into_iter().map(key).collect() }
    }

    pub fn write(&self, row: &impl Row, out: &mut Vec<u8>) -> Result<(), Failure> {
        out.push(b'{');
        let mut at = 0;
        while at < self.columns.len() {
            if at > 0 {
                out.push(b',');
            }
            let column = &self.columns[at];
            match column.group {
                None => {
                    out.extend_from_slice(&column.key);
                    self.value(row, at, out)?;
                    at += 1;
                }
                Some(group) => {
                    out.extend_from_slice(&self.groups[group]);
                    let end = (at..self.columns.len())
                        .find(|next| self.columns[*next].group != Some(group))
                        .unwrap_or(self.columns.len());
                    if (at..end).all(|at| row.is_null(at)) {
                        out.extend_from_slice(b"null");
                    } else {
                        for inner in at..end {
                            out.push(if inner == at { b'{' } else { b',' });
                            out.extend_from_slice(&self.columns[inner].key);
                            self.value(row, inner, out)?;
                        }
                        out.push(b'}');
                    }
                    at = end;
                }
            }
        }
        out.push(b'}');
        Ok(())
    }

    fn value(&self, row: &impl Row, at: usize, out: &mut Vec<u8>) -> Result<(), Failure> {
        if row.is_null(at) {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        row.write(at, out)
    }
}

/// Writes the rows as a list, or only the first row.
pub struct Answer<'a> {
    one: bool,
    shape: &'a Shape,
    rows: usize,
    out: Vec<u8>,
}

impl<'a> Answer<'a> {
    pub fn new(question: &crate::Question, shape: &'a Shape) -> Self {
        let mut out = Vec::with_capacity(8192);
        out.extend_from_slice(if question.one { b"{\"data\":" } else { b"{\"data\":[" });
        Self { one: question.one, shape, rows: 0, out }
    }

    pub fn add(&mut self, row: &impl Row) -> Result<(), Failure> {
        if self.rows > 0 {
            self.out.push(b',');
        }
        self.rows += 1;
        self.shape.write(row, &mut self.out)
    }

    pub fn end(mut self) -> Vec<u8> {
        if self.one && self.rows == 0 {
            self.out.extend_from_slice(b"null");
        }
        self.out.extend_from_slice(if self.one { b"}" } else { b"]}" });
        self.out
    }
}
