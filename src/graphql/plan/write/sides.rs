//! Writes the sides of claims.

use entity::row::{CellValue, QueryRow};

use super::{Segment, Writer, Written};
use crate::graphql::plan::execute::StepResult;
use crate::graphql::plan::level::{Key, Part, SideShown, SidesShown};

/// The column with the kind of stance.
const STANCE: usize = 2;

impl<'p> Writer<'p> {
    /// Writes the sides of a claim, whose stances are the rows of a step.
    pub(super) fn sides(
        &mut self,
        key: &'p Key,
        claim: QueryRow<'p>,
        id: i64,
        step: usize,
        parts: &'p [Part<SidesShown>],
    ) -> Written {
        let rows = match self.results.get(step) {
            Some(StepResult::Rows(rows)) => rows,
            Some(StepResult::Failed(error)) => return Err(self.fail(key, error)),
            _ => {
                self.null();
                return Ok(());
            }
        };
        let page = rows.page(id);
        self.within(Segment::Field(key), |writer| {
            writer.object(None, parts, |writer, key, shown| match shown {
                SidesShown::Typename(name) => {
                    writer.out.extend_from_slice(name);
                    Ok(())
                }
                SidesShown::Claim(shown) => writer.value(key, claim, shown),
                SidesShown::Side { word, fields } => {
                    let stances = || rows.rows_of(page).filter(|row| row.value(STANCE) == CellValue::Text(word));
                    writer.within(Segment::Field(key), |writer| {
                        writer.object(None, fields, |writer, key, shown| writer.side(key, stances(), shown))
                    })
                }
            })
        })
    }

    fn side(&mut self, key: &'p Key, stances: impl Iterator<Item = QueryRow<'p>>, shown: &'p SideShown) -> Written {
        match shown {
            SideShown::Typename(name) => self.out.extend_from_slice(name),
            SideShown::Count => {
                let count = i32::try_from(stances.count()).unwrap_or(i32::MAX);
                self.integer(count.into());
            }
            SideShown::Rows(parts) => return self.rows(key, stances, |writer, row| writer.row(row, parts)),
        }
        Ok(())
    }
}
