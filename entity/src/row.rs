//! Rows, read by the places of their columns.

use std::fmt::{self, Debug};

use sea_orm::{ColIdx, DbErr, QueryResult, TryGetError, TryGetable};

/// A row of a table. By name each column of each row would be looked up anew.
pub trait FromRow: Sized {
    /// How many columns it has.
    const COLUMNS: usize;

    /// Reads a row of a select of which the columns from a place on are those of this table, in their order and without those left
    /// out, which are null. Error: a column has another type, or lacks a value that it needs.
    fn read(row: &QueryResult, place: usize, left_out: ColumnMask) -> Result<Self, DbErr>;
}

/// Columns of a table that a select does without, by their places in the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColumnMask(u64);

impl ColumnMask {
    /// Leaves out a column.
    pub fn insert(&mut self, column: usize) {
        self.0 |= 1 << column;
    }

    /// Whether a column is left out.
    pub fn contains(self, column: usize) -> bool {
        self.0 & 1 << column != 0
    }

    /// How many are left out.
    pub fn count(self) -> usize {
        self.0.count_ones() as usize
    }
}

/// The columns of a row, one after the other.
pub(crate) struct Columns<'r> {
    row: &'r QueryResult,
    left_out: ColumnMask,
    column: usize,
    place: usize,
}

impl<'r> Columns<'r> {
    pub(crate) fn new(row: &'r QueryResult, place: usize, left_out: ColumnMask) -> Self {
        Self { row, left_out, column: 0, place }
    }

    /// The value of the next column, which may not be null.
    pub(crate) fn value<T: TryGetable>(&mut self) -> Result<T, DbErr> {
        let column = self.column;
        self.optional()?.ok_or_else(|| DbErr::Type(format!("the column {column} of a table is null or left out")))
    }

    /// The value of the next column, which may be null.
    pub(crate) fn optional<T: TryGetable>(&mut self) -> Result<Option<T>, DbErr> {
        let column = self.column;
        self.column += 1;
        if self.left_out.contains(column) {
            return Ok(None);
        }
        self.place += 1;
        value(self.row, self.place - 1)
    }
}

/// The place of a column.
#[derive(Clone, Copy)]
struct Place(usize);

/// `SeaORM` words an error for every null, also where there may be one and nobody reads it: there is little to word here.
impl Debug for Place {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl ColIdx for Place {
    type SqlxPostgresIndex = usize;
    type SqlxSqliteIndex = usize;

    fn as_sqlx_postgres_index(&self) -> usize {
        self.0
    }

    fn as_sqlx_sqlite_index(&self) -> usize {
        self.0
    }

    fn as_str(&self) -> Option<&str> {
        None
    }

    fn as_usize(&self) -> Option<&usize> {
        Some(&self.0)
    }
}

/// The value at a place of a row. Error: it has another type, or is null where it may not be.
pub fn value<T: TryGetable>(row: &QueryResult, place: usize) -> Result<T, DbErr> {
    T::try_get_by(row, Place(place)).map_err(|error| match error {
        TryGetError::DbErr(error) => error,
        TryGetError::Null(_) => DbErr::Type(format!("the value at place {place} of a row is null")),
    })
}

/// Declares the row of a table, and how it is read.
macro_rules! row_struct {
    ($(#[$of:meta])* pub struct Model { $($(#[$at:meta])* pub $field:ident: $type:ident $(<$some:ident>)?,)+ }) => {
        $(#[$of])*
        pub struct Model { $($(#[$at])* pub $field: $type $(<$some>)?,)+ }

        impl $crate::row::FromRow for Model {
            const COLUMNS: usize = {
                let columns = [$(stringify!($field)),+].len();
                assert!(columns <= u64::BITS as usize);
                columns
            };

            fn read(
                row: &sea_orm::QueryResult,
                place: usize,
                left_out: $crate::row::ColumnMask,
            ) -> Result<Self, sea_orm::DbErr> {
                let mut columns = $crate::row::Columns::new(row, place, left_out);
                Ok(Self { $($field: $crate::row::row_struct!(columns $type $(<$some>)?),)+ })
            }
        }
    };
    ($columns:ident Option<$type:ident>) => { $columns.optional()? };
    ($columns:ident $type:ident) => { $columns.value()? };
}

pub(crate) use row_struct;
