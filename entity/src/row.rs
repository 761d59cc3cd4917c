//! Rows that a statement returned, the same for both databases, and their decoding by column position or name.

use sea_orm::DbErr;

/// The values of all rows of a result. Texts are stored one after the other, so that a row needs no allocation of its own.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// The names of the columns, each followed by a line feed.
    names: String,
    width: usize,
    cells: Vec<Cell>,
    texts: String,
}

/// A stored value. A text is a range of [`Rows::texts`].
#[derive(Clone, Copy, Debug)]
enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text { start: u32, end: u32 },
}

/// A value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CellValue<'r> {
    /// No value.
    Null,
    /// A whole number, or a truth value as 0 or 1.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// A text.
    Text(&'r str),
}

/// Builds a result from the values of its rows.
#[derive(Debug)]
pub struct RowsBuilder {
    rows: Rows,
    /// The texts of all rows so far. Whether they are UTF-8 is checked for all of them at once, which is faster.
    texts: Vec<u8>,
}

impl RowsBuilder {
    /// Creates a builder of rows with these columns.
    pub fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut rows = Rows::default();
        for name in names {
            rows.names.push_str(name);
            rows.names.push('\n');
            rows.width += 1;
        }
        Self { rows, texts: Vec::new() }
    }

    /// Returns the number of rows so far.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns true if there are no rows so far.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds the next value, which is null: of the last row, or the first value of a new row.
    pub fn push_null(&mut self) {
        self.rows.cells.push(Cell::Null);
    }

    /// Adds the next value: a whole number, or a truth value as 0 or 1.
    pub fn push_integer(&mut self, number: i64) {
        self.rows.cells.push(Cell::Integer(number));
    }

    /// Adds the next value: a floating-point number.
    pub fn push_real(&mut self, number: f64) {
        self.rows.cells.push(Cell::Real(number));
    }

    /// Adds the next value: a text in UTF-8. Fails when the texts of the result have more than 4 GiB, and when the text begins
    /// within a character.
    pub fn push_text(&mut self, text: &[u8]) -> Result<(), DbErr> {
        // Together with the check of all texts, this makes sure that each one is UTF-8.
        if text.first().is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000) {
            return Err(not_utf8());
        }
        let start = self.texts.len();
        self.texts.extend_from_slice(text);
        let position = |at: usize| u32::try_from(at).map_err(|_| error("the texts of a result exceed 4 GiB"));
        self.rows.cells.push(Cell::Text { start: position(start)?, end: position(self.texts.len())? });
        Ok(())
    }

    /// Returns the rows. Fails when a text is not UTF-8.
    pub fn finish(self) -> Result<Rows, DbErr> {
        let texts = String::from_utf8(self.texts).map_err(|_| not_utf8())?;
        Ok(Rows { texts, ..self.rows })
    }
}

fn not_utf8() -> DbErr {
    error("a text is not UTF-8")
}

impl Rows {
    /// Returns the memory of the values, in bytes.
    pub fn memory(&self) -> usize {
        self.cells.len() * size_of::<Cell>() + self.texts.len()
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.cells.len().checked_div(self.width).unwrap_or(0)
    }

    /// Returns true if there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the row at an index.
    pub fn get(&self, index: usize) -> Option<QueryRow<'_>> {
        (index < self.len()).then_some(QueryRow { rows: self, index })
    }

    /// Returns the first row.
    pub fn first(&self) -> Option<QueryRow<'_>> {
        self.get(0)
    }

    /// Returns the last row.
    pub fn last(&self) -> Option<QueryRow<'_>> {
        self.get(self.len().checked_sub(1)?)
    }

    /// Returns all rows.
    pub fn iter(&self) -> impl Iterator<Item = QueryRow<'_>> {
        (0..self.len()).map(|index| QueryRow { rows: self, index })
    }
}

/// A row of a result.
#[derive(Clone, Copy, Debug)]
pub struct QueryRow<'r> {
    rows: &'r Rows,
    index: usize,
}

impl<'r> QueryRow<'r> {
    /// Copies the row to a result of its own.
    pub fn to_rows(self) -> Result<Rows, DbErr> {
        let mut rows = RowsBuilder::new(self.rows.names.lines());
        for column in 0..self.rows.width {
            match self.value(column) {
                CellValue::Null => rows.push_null(),
                CellValue::Integer(number) => rows.push_integer(number),
                CellValue::Real(number) => rows.push_real(number),
                CellValue::Text(text) => rows.push_text(text.as_bytes())?,
            }
        }
        rows.finish()
    }

    /// Returns the value at a position; null if there are fewer columns.
    pub fn value(self, column: usize) -> CellValue<'r> {
        let Rows { width, cells, texts, .. } = self.rows;
        match cells.get(self.index * width + column).filter(|_| column < *width) {
            None | Some(Cell::Null) => CellValue::Null,
            Some(Cell::Integer(number)) => CellValue::Integer(*number),
            Some(Cell::Real(number)) => CellValue::Real(*number),
            Some(Cell::Text { start, end }) => {
                CellValue::Text(texts.get(*start as usize..*end as usize).unwrap_or_default())
            }
        }
    }

    /// Decodes the value at a position. Fails if it has another type, or is null where a value is required.
    pub fn at<T: FromCell>(self, column: usize) -> Result<T, DbErr> {
        T::from_cell(self.value(column)).ok_or_else(|| {
            let value = self.value(column);
            let name = self.rows.names.lines().nth(column).unwrap_or("?");
            error(&format!("column {column} (`{name}`) has an unexpected value: {value:?}"))
        })
    }

    /// Decodes the value of the column with a name, like [`Self::at`].
    pub fn get<T: FromCell>(self, name: &str) -> Result<T, DbErr> {
        let column = self.rows.names.lines().position(|other| other == name);
        self.at(column.ok_or_else(|| error(&format!("a result has no column `{name}`")))?)
    }
}

fn error(message: &str) -> DbErr {
    DbErr::Type(message.to_owned())
}

/// A type that a value of a row can be decoded to.
pub trait FromCell: Sized {
    /// Decodes a value; `None` if it has another type.
    fn from_cell(value: CellValue<'_>) -> Option<Self>;
}

impl FromCell for i64 {
    fn from_cell(value: CellValue<'_>) -> Option<Self> {
        if let CellValue::Integer(number) = value { Some(number) } else { None }
    }
}

impl FromCell for i32 {
    fn from_cell(value: CellValue<'_>) -> Option<Self> {
        i64::from_cell(value).and_then(|number| number.try_into().ok())
    }
}

impl FromCell for f64 {
    fn from_cell(value: CellValue<'_>) -> Option<Self> {
        match value {
            CellValue::Real(number) => Some(number),
            // SQLite stores a real without fraction as an integer in some expressions.
            CellValue::Integer(number) => Some(number as Self),
            _ => None,
        }
    }
}

impl FromCell for bool {
    fn from_cell(value: CellValue<'_>) -> Option<Self> {
        i64::from_cell(value).map(|number| number != 0)
    }
}

impl FromCell for String {
    fn from_cell(value: CellValue<'_>) -> Option<Self> {
        if let CellValue::Text(text) = value { Some(text.to_owned()) } else { None }
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(value: CellValue<'_>) -> Option<Self> {
        if value == CellValue::Null { Some(None) } else { T::from_cell(value).map(Some) }
    }
}

/// A table row that can be decoded by column position.
pub trait FromRow: Sized {
    /// The number of columns of the table.
    const COLUMNS: usize;

    /// Decodes the columns of this table from a result row, starting at column `first`. They follow in the order of the table,
    /// without the `omitted` ones, which become null. Fails if a column has another type, or is null where a value is required.
    fn read(row: QueryRow<'_>, first: usize, omitted: ColumnMask) -> Result<Self, DbErr>;
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
    row: QueryRow<'r>,
    omitted: ColumnMask,
    /// Position of the next column in the table.
    column: usize,
    /// Position of the next column in the result row.
    index: usize,
}

impl<'r> Columns<'r> {
    pub(crate) fn new(row: QueryRow<'r>, first: usize, omitted: ColumnMask) -> Self {
        Self { row, omitted, column: 0, index: first }
    }

    /// Returns the value of the next column. Fails if it is null or omitted.
    pub(crate) fn value<T: FromCell>(&mut self) -> Result<T, DbErr> {
        let column = self.column;
        self.optional()?.ok_or_else(|| error(&format!("column {column} of a table is null or was not selected")))
    }

    /// Returns the value of the next column, or none if it is null or omitted.
    pub(crate) fn optional<T: FromCell>(&mut self) -> Result<Option<T>, DbErr> {
        let column = self.column;
        self.column += 1;
        if self.omitted.contains(column) {
            return Ok(None);
        }
        self.index += 1;
        self.row.at(self.index - 1)
    }
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
                row: $crate::row::QueryRow<'_>,
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

#[cfg(test)]
mod tests {
    use super::{CellValue, FromCell, Rows, RowsBuilder};

    #[test]
    fn values_are_decoded_by_position_and_name() {
        let mut rows = RowsBuilder::new(["number", "text", "flag"].into_iter());
        rows.push_integer(7);
        rows.push_text(b"a").unwrap();
        rows.push_integer(1);
        rows.push_integer(i64::MAX);
        rows.push_null();
        rows.push_text(b"").unwrap();
        let rows = rows.finish().unwrap();
        assert_eq!((rows.len(), rows.is_empty(), Rows::default().len()), (2, false, 0));
        let [first, second] = [rows.get(0).unwrap(), rows.get(1).unwrap()];
        assert_eq!((first.at::<i64>(0).unwrap(), first.get::<String>("text").unwrap()), (7, "a".to_owned()));
        assert_eq!((first.get::<bool>("flag").unwrap(), second.get::<Option<String>>("text").unwrap()), (true, None));
        assert_eq!(second.at::<String>(2).unwrap(), "");
        // Values of another type, out of range or missing are errors.
        assert!(second.at::<i32>(0).is_err() && second.at::<String>(1).is_err() && second.at::<i64>(2).is_err());
        assert!(first.get::<i64>("none").is_err() && first.at::<i64>(3).is_err() && rows.get(2).is_none());
    }

    /// Texts are checked together, but each of them has to be UTF-8 itself.
    #[test]
    fn each_text_is_utf8() {
        let all: [&[u8]; 9] =
            [b"", b"a", "é".as_bytes(), "€".as_bytes(), b"\xc3", b"\xa9", b"a\xe2\x82", b"\xac", b"\xff"];
        let rows_of = |texts: &[&[u8]]| {
            let mut rows = RowsBuilder::new(["text"].into_iter());
            texts.iter().try_for_each(|text| rows.push_text(text))?;
            rows.finish()
        };
        for texts in all.iter().flat_map(|first| all.map(|second| [*first, second])) {
            let expected: Option<Vec<&str>> = texts.iter().map(|text| std::str::from_utf8(text).ok()).collect();
            let rows = rows_of(&texts).ok();
            let found = rows.as_ref().map(|rows| rows.iter().map(|row| row.value(0)).collect::<Vec<_>>());
            assert_eq!(found, expected.map(|texts| texts.into_iter().map(CellValue::Text).collect()), "{texts:?}");
        }
    }

    /// The words that are decoded are those that are stored.
    #[test]
    fn words_of_enums_are_the_stored_ones() {
        fn check<E: FromCell + sea_orm::ActiveEnum<Value = String> + PartialEq>(all: &[E]) {
            for value in all {
                assert!(
                    E::from_cell(CellValue::Text(&value.to_value())).as_ref() == Some(value),
                    "{}",
                    value.to_value()
                );
            }
            assert!(E::from_cell(CellValue::Text("no word")).is_none());
        }
        check(crate::event_type::EventType::ALL);
        check(crate::record::RecordKind::ALL);
        check(crate::change::Operation::ALL);
        check(crate::actor::OrganizationKind::ALL);
        check(crate::event::PlacePrecision::ALL);
        check(crate::figure::Qualifier::ALL);
        check(crate::statement::Attribution::ALL);
    }
}
