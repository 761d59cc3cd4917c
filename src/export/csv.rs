//! Exports the rows of one node type as comma-separated values (RFC 4180).
//!
//! Columns have the names of the API's fields, as far as a column has a field. A reference is exported as the id of
//! the node, followed by a column with its label (`place`, `placeLabel`). Texts that a spreadsheet could run as
//! formulas are escaped.

use std::borrow::Cow;
use std::collections::HashMap;

use csv::{Terminator, WriterBuilder};
use entity::record::RecordKind;
use entity::row::FromRow;
use entity::{article_author, statement_about};
use sea_orm::sea_query::Value;
use sea_orm::{EntityTrait, IdenStatic, Iterable, ModelTrait};

use crate::error::{Error, Result};
use crate::export::output::Output;
use crate::export::snapshot_reader::{Labels, SnapshotReader};
use crate::graphql::types::node::global;
use crate::text::date::format_instant;

/// Columns that are not exported: they serve search and ordering only. The id is written first.
const INTERNAL: &[&str] = &["id", "label_key", "band", "x", "y", "z", "voice", "position"];

/// Columns whose name in the API is not that of the column: table (empty for all), column, name.
const RENAMED: &[(&str, &str, &str)] = &[
    ("", "date", "when"),
    ("", "date_raw", "whenRaw"),
    ("event", "earliest", "whenEarliest"),
    ("event", "latest", "whenLatest"),
    ("account", "earliest", "whenEarliest"),
    ("account", "latest", "whenLatest"),
    ("statement", "said", "saidAt"),
    ("statement", "said_raw", "saidAtRaw"),
    ("statement", "earliest", "saidAtEarliest"),
    ("statement", "latest", "saidAtLatest"),
    ("figure", "earliest", "periodEarliest"),
    ("figure", "latest", "periodLatest"),
    ("relation", "since", "from"),
    ("relation", "since_earliest", "fromEarliest"),
    ("relation", "until", "to"),
    ("relation", "until_latest", "toLatest"),
    ("article", "dateline_place_id", "dateline"),
    ("name", "target_id", "bearer"),
    ("mention", "target_id", "resolvedTo"),
    ("mention", "target_kind", "resolvedToKind"),
];

pub(super) async fn write(reader: &mut SnapshotReader, output: &Output, kind: RecordKind) -> Result<()> {
    macro_rules! by_kind {
        ($($(#[doc = $doc:literal])+ $kind:ident $module:ident,)+) => {
            match kind {
                $(RecordKind::$kind => write_rows::<entity::$module::Entity>(reader, output, kind).await,)+
            }
        };
    }
    entity::for_each_record_kind!(by_kind)
}

/// An exported column.
struct Column<C> {
    column: C,
    name: String,
    /// The value is the id of a node.
    is_reference: bool,
    /// The value is an instant, in seconds since 1970.
    is_instant: bool,
}

fn columns<E: EntityTrait>() -> Vec<Column<E::Column>> {
    let entity = E::default();
    let table = entity.table_name();
    let exported = E::Column::iter().filter(|column| !INTERNAL.contains(&column.as_str()));
    exported
        .map(|column| {
            let stored = column.as_str();
            let renamed = RENAMED.iter().find(|(of, from, _)| *from == stored && (of.is_empty() || *of == table));
            let name = match renamed {
                Some((.., name)) => (*name).to_owned(),
                None => camel(stored.strip_suffix("_id").unwrap_or(stored)),
            };
            let is_instant = stored.ends_with("earliest") || stored.ends_with("latest");
            Column { column, name, is_reference: stored.ends_with("_id"), is_instant }
        })
        .collect()
}

/// Returns a name in camel case.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        camel.extend(word.chars().take(1).map(|first| first.to_ascii_uppercase()));
        camel.extend(word.chars().skip(1));
    }
    camel
}

/// Returns the name of the column with a list of references, which are in a join table; `None` if the node type has
/// no such list.
fn list_column(kind: RecordKind) -> Option<&'static str> {
    match kind {
        RecordKind::Article => Some("authors"),
        RecordKind::Statement => Some("about"),
        _ => None,
    }
}

/// Returns the nodes in the list of references of each row; authors in the order of the byline.
async fn listed_nodes(reader: &mut SnapshotReader, kind: RecordKind, ids: &[i64]) -> Result<HashMap<i64, Vec<i64>>> {
    let mut listed: HashMap<i64, Vec<i64>> = HashMap::new();
    match kind {
        RecordKind::Article => {
            for row in reader.find_by::<article_author::Entity>(article_author::Column::ArticleId, ids).await? {
                listed.entry(row.article_id.0).or_default().push(row.actor_id.0);
            }
        }
        RecordKind::Statement => {
            for row in reader.find_by::<statement_about::Entity>(statement_about::Column::StatementId, ids).await? {
                listed.entry(row.statement_id.0).or_default().push(row.target_id.0);
            }
        }
        _ => {}
    }
    Ok(listed)
}

/// Separates the ids in a list, and followed by a space the labels.
const SEPARATOR: &str = ";";

async fn write_rows<E>(reader: &mut SnapshotReader, output: &Output, kind: RecordKind) -> Result<()>
where
    E: EntityTrait<Model: FromRow + ModelTrait<Entity = E>>,
{
    let failed = |error: &dyn std::fmt::Display| Error::Internal(format!("a row cannot be written: {error}"));
    let columns = columns::<E>();
    let mut header = vec!["id".to_owned(), "dataset".to_owned(), "key".to_owned()];
    for column in &columns {
        header.push(column.name.clone());
        if column.is_reference {
            header.push(format!("{}Label", column.name));
        }
    }
    if let Some(list) = list_column(kind) {
        header.extend([list.to_owned(), format!("{list}Label")]);
    }
    let mut cursor = reader.cursor(kind);
    // The header is written with the first batch, also when there are no rows.
    let mut header = Some(header);
    loop {
        let rows = reader.next_rows::<E>(&mut cursor).await?;
        if rows.is_empty() && header.is_none() {
            return Ok(());
        }
        let ids: Vec<i64> = rows.iter().filter_map(id).collect();
        let keys = reader.keys_of(&ids).await?;
        let listed = listed_nodes(reader, kind, &ids).await?;
        let references = columns.iter().filter(|column| column.is_reference);
        let others = references.flat_map(|column| rows.iter().filter_map(|row| number(row.get(column.column))));
        let others: Vec<i64> = others.chain(listed.values().flatten().copied()).collect();
        let labels = reader.labels(others).await?;
        let mut text = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
        if let Some(header) = header.take() {
            text.write_record(header).map_err(|error| failed(&error))?;
        }
        for row in &rows {
            let id = id(row).unwrap_or_default();
            let (dataset, key) = keys.get(&id).map_or(("", ""), |(_, dataset, key)| (dataset, key));
            let mut cells = vec![global(kind, id), escape_formula(dataset.into()), escape_formula(key.into())];
            for column in &columns {
                push_cells(row.get(column.column), column, &labels, &mut cells);
            }
            if list_column(kind).is_some() {
                let others = listed.get(&id).map(Vec::as_slice).unwrap_or_default();
                let ids = others.iter().filter_map(|id| Some(global(labels.kind(*id)?, *id)));
                cells.push(ids.collect::<Vec<_>>().join(SEPARATOR));
                let texts = others.iter().map(|id| labels.text(*id).unwrap_or_default());
                cells.push(escape_formula(texts.collect::<Vec<_>>().join(&format!("{SEPARATOR} ")).into()));
            }
            text.write_record(cells.iter().map(|cell| cell.as_bytes())).map_err(|error| failed(&error))?;
        }
        let text = text.into_inner().map_err(|error| failed(&error))?;
        output.send(text, rows.len()).await?;
        if rows.is_empty() {
            return Ok(());
        }
    }
}

/// Returns the id of a row.
fn id<M: ModelTrait>(row: &M) -> Option<i64> {
    let key = <M::Entity as EntityTrait>::PrimaryKey::iter().next().map(sea_orm::PrimaryKeyToColumn::into_column);
    key.and_then(|key| number(row.get(key)))
}

/// Returns an integer value.
fn number(value: Value) -> Option<i64> {
    match value {
        Value::BigInt(number) => number,
        _ => None,
    }
}

/// Appends the cells of a value: one, or for a reference two.
fn push_cells<C>(value: Value, column: &Column<C>, labels: &Labels, cells: &mut Vec<String>) {
    if column.is_reference {
        let id = number(value);
        cells.push(id.and_then(|id| Some(global(labels.kind(id)?, id))).unwrap_or_default());
        cells.push(id.and_then(|id| labels.text(id)).map(|label| escape_formula(label.into())).unwrap_or_default());
        return;
    }
    cells.push(match value {
        Value::BigInt(Some(second)) if column.is_instant => format_instant(second),
        Value::BigInt(Some(number)) => number.to_string(),
        Value::Int(Some(number)) => number.to_string(),
        Value::Double(Some(number)) => number.to_string(),
        Value::Bool(Some(value)) => value.to_string(),
        Value::String(Some(text)) => escape_formula(text.into()),
        _ => String::new(),
    });
}

/// Characters at the start of a formula, and blanks that some spreadsheets skip before it.
const FORMULA: [char; 9] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\u{feff}'];
const BLANK: [char; 3] = ['\t', '\r', '\n'];

/// Characters that some spreadsheets treat as the end of a cell, even inside of quotes.
const CELL_ENDS: [char; 4] = [';', '\t', '\r', '\n'];

/// Escapes a text so that no spreadsheet runs it as a formula, as OWASP recommends against CSV injection.
///
/// A text that begins like a formula gets a leading apostrophe, and so does a part that would begin a cell if
/// semicolons or tabs separated cells. A cell that is a number is not changed.
fn escape_formula(text: Cow<'_, str>) -> String {
    let is_number = text.parse::<f64>().is_ok_and(f64::is_finite);
    let mut escaped = String::with_capacity(text.len());
    if (text.starts_with(FORMULA) || text.starts_with(BLANK)) && !is_number {
        escaped.push('\'');
    }
    for (at, part) in text.split_inclusive(CELL_ENDS).enumerate() {
        // Also for a number: only a whole cell may be one.
        if at > 0 && part.trim_start_matches('"').starts_with(FORMULA) {
            escaped.push('\'');
        }
        escaped.push_str(part);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use crate::export::csv::escape_formula;

    #[test]
    fn escapes_formulas_but_not_numbers() {
        for formula in ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "＝1"] {
            assert_eq!(escape_formula(formula.into()), format!("'{formula}"));
        }
        for (text, escaped) in [
            ("\t=1", "'\t'=1"),
            ("a;=1", "a;'=1"),
            ("a;\"=1;b", "a;'\"=1;b"),
            ("a\t+b", "a\t'+b"),
            ("=a;-1;-b", "'=a;'-1;'-b"),
            ("-inf", "'-inf"),
            ("a\r\nb", "a\r\nb"),
            ("a\r\n=b", "a\r\n'=b"),
        ] {
            assert_eq!(escape_formula(text.into()), escaped);
        }
        for plain in ["a; -b", "a-b;c=d", "-1.5", "+3", "1=1", "", "a-b", "2021-07-09"] {
            assert_eq!(escape_formula(plain.into()), plain);
        }
    }
}
