//! Decoding of rows by column position instead of by column name.

use std::fmt::{self, Debug};

use sea_orm::{ColIdx, DbErr, QueryResult, TryGetError, TryGetable};

/// A table row that can be decoded by column position. Decoding by name would look up every column name again for every row.
pub trait FromRow: Sized {
    /// The number of columns of the table.
    const COLUMNS: usize;

    /// Decodes the columns of this table from a result row, starting at column `first`. They follow in the order of the table,
    /// without the `omitted` ones, which become null. Fails if a column has another type, or is null where a value is required.
    fn read(row: &QueryResult, first: usize, omitted: ColumnMask) -> Result<Self, DbErr>;
}

/// The columns of a table that a select omits, by their positions in the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColumnMask(u64);

impl ColumnMask {
    /// Marks a column as omitted.
    pub fn insert(&mut self, column: usize) {
        self.0 |= 1 << column;
    }

    /// Returns whether a column is omitted.
    pub fn contains(self, column: usize) -> bool {
        self.0 & 1 << column != 0
    }

    /// Returns the number of omitted columns.
    pub fn count(self) -> usize {
        self.0.count_ones() as usize
    }
}

/// A reader of a table's columns, in their order.
pub(crate) struct Columns<'r> {
    row: &'r QueryResult,
    omitted: ColumnMask,
    /// Position of the next column in the table.
    column: usize,
    /// Position of the next column in the result row.
    index: usize,
}

impl<'r> Columns<'r> {
    pub(crate) fn new(row: &'r QueryResult, first: usize, omitted: ColumnMask) -> Self {
        Self { row, omitted, column: 0, index: first }
    }

    /// Returns the value of the next column. Fails if it is null or omitted.
    pub(crate) fn value<T: TryGetable>(&mut self) -> Result<T, DbErr> {
        let column = self.column;
        self.optional()?.ok_or_else(|| DbErr::Type(format!("column {column} of a table is null or was not selected")))
    }

    /// Returns the value of the next column, or none if it is null or omitted.
    pub(crate) fn optional<T: TryGetable>(&mut self) -> Result<Option<T>, DbErr> {
        let column = self.column;
        self.column += 1;
        if self.omitted.contains(column) {
            return Ok(None);
        }
        self.index += 1;
        value_at(self.row, self.index - 1)
    }
}

/// The position of a column in a result row.
#[derive(Clone, Copy)]
struct ColumnIndex(usize);

/// Formats as nothing. `SeaORM` formats an error message with the index for every null, even for nullable columns, where the
/// message is never read; this keeps it cheap.
impl Debug for ColumnIndex {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl ColIdx for ColumnIndex {
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

/// Returns the value at a position of a result row. Fails if it has another type, or is null where a value is required.
pub fn value_at<T: TryGetable>(row: &QueryResult, index: usize) -> Result<T, DbErr> {
    T::try_get_by(row, ColumnIndex(index)).map_err(|error| match error {
        TryGetError::DbErr(error) => error,
        TryGetError::Null(_) => DbErr::Type(format!("column {index} of a result row is null")),
    })
}

/// Declares the row of a table and implements [`FromRow`] for it.
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
                first: usize,
                omitted: $crate::row::ColumnMask,
            ) -> Result<Self, sea_orm::DbErr> {
                let mut columns = $crate::row::Columns::new(row, first, omitted);
                Ok(Self { $($field: $crate::row::row_struct!(columns $type $(<$some>)?),)+ })
            }
        }
    };
    ($columns:ident Option<$type:ident>) => { $columns.optional()? };
    ($columns:ident $type:ident) => { $columns.value()? };
}

pub(crate) use row_struct;
