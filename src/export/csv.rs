//! Rows as comma-separated text (RFC 4180): a column for each of a noun, called as in the API, and what to show beside each
//! thing that is referred to.

use std::borrow::Cow;
use std::collections::HashMap;

use csv::{Terminator, WriterBuilder};
use entity::record::RecordKind;
use entity::row::FromRow;
use entity::{article_author, statement_about};
use sea_orm::sea_query::Value;
use sea_orm::{EntityTrait, IdenStatic, Iterable, ModelTrait};

use crate::error::{Error, Result};
use crate::export::output::Out;
use crate::export::source::{Labels, Source};
use crate::graphql::types::node::global;
use crate::text::date::format_instant;

/// Columns that only searching and ordering need.
const INTERNAL: &[&str] = &["id", "label_key", "band", "x", "y", "z", "voice", "position"];

/// Columns that the API calls otherwise: by table, or by any.
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
    ("mention", "target_id", "judged"),
    ("mention", "target_kind", "judgedKind"),
];

pub(super) async fn write(source: &mut Source, out: &Out, kind: RecordKind) -> Result<()> {
    macro_rules! by_kind {
        ($($(#[doc = $doc:literal])+ $kind:ident $module:ident,)+) => {
            match kind {
                $(RecordKind::$kind => noun::<entity::$module::Entity>(source, out, kind).await,)+
            }
        };
    }
    entity::for_each_record_kind!(by_kind)
}

/// A column of a noun.
struct Column<C> {
    column: C,
    name: String,
    /// It refers to a thing.
    refers: bool,
    /// It is an instant.
    instant: bool,
}

fn columns<E: EntityTrait>() -> Vec<Column<E::Column>> {
    let entity = E::default();
    let table = entity.table_name();
    let shown = E::Column::iter().filter(|column| !INTERNAL.contains(&column.as_str()));
    shown
        .map(|column| {
            let stored = column.as_str();
            let renamed = RENAMED.iter().find(|(of, from, _)| *from == stored && (of.is_empty() || *of == table));
            let name = match renamed {
                Some((.., name)) => (*name).to_owned(),
                None => camel(stored.strip_suffix("_id").unwrap_or(stored)),
            };
            let instant = stored.ends_with("earliest") || stored.ends_with("latest");
            Column { column, name, refers: stored.ends_with("_id"), instant }
        })
        .collect()
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        camel.extend(word.chars().take(1).map(|first| first.to_ascii_uppercase()));
        camel.extend(word.chars().skip(1));
    }
    camel
}

/// What a noun refers to many of: what the column is called. The graph holds them in tables of ties.
fn many(kind: RecordKind) -> Option<&'static str> {
    match kind {
        RecordKind::Article => Some("authors"),
        RecordKind::Statement => Some("about"),
        _ => None,
    }
}

/// Those that each row refers to, authors in the order of the byline.
async fn ties(source: &mut Source, kind: RecordKind, ids: &[i64]) -> Result<HashMap<i64, Vec<i64>>> {
    let mut ties: HashMap<i64, Vec<i64>> = HashMap::new();
    match kind {
        RecordKind::Article => {
            for row in source.by::<article_author::Entity>(article_author::Column::ArticleId, ids).await? {
                ties.entry(row.article_id.0).or_default().push(row.actor_id.0);
            }
        }
        RecordKind::Statement => {
            for row in source.by::<statement_about::Entity>(statement_about::Column::StatementId, ids).await? {
                ties.entry(row.statement_id.0).or_default().push(row.target_id.0);
            }
        }
        _ => {}
    }
    Ok(ties)
}

/// Behind each id, and with a space behind each label.
const SEPARATOR: &str = ";";

async fn noun<E>(source: &mut Source, out: &Out, kind: RecordKind) -> Result<()>
where
    E: EntityTrait<Model: FromRow + ModelTrait<Entity = E>>,
{
    let failed = |error: &dyn std::fmt::Display| Error::Broken(format!("a row cannot be written: {error}"));
    let columns = columns::<E>();
    let mut head = vec!["id".to_owned(), "dataset".to_owned(), "key".to_owned()];
    for column in &columns {
        head.push(column.name.clone());
        if column.refers {
            head.push(format!("{}Label", column.name));
        }
    }
    if let Some(many) = many(kind) {
        head.extend([many.to_owned(), format!("{many}Label")]);
    }
    let mut walk = source.walk(kind);
    let mut head = Some(head);
    loop {
        let rows = source.step::<E>(&mut walk).await?;
        if rows.is_empty() && head.is_none() {
            return Ok(());
        }
        let ids: Vec<i64> = rows.iter().filter_map(id).collect();
        let called = source.called(&ids).await?;
        let ties = ties(source, kind, &ids).await?;
        let referring = columns.iter().filter(|column| column.refers);
        let others = referring.flat_map(|column| rows.iter().filter_map(|row| number(row.get(column.column))));
        let others: Vec<i64> = others.chain(ties.values().flatten().copied()).collect();
        let labels = source.labels(others).await?;
        let mut text = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
        if let Some(head) = head.take() {
            text.write_record(head).map_err(|error| failed(&error))?;
        }
        for row in &rows {
            let id = id(row).unwrap_or_default();
            let (dataset, key) = called.get(&id).map_or(("", ""), |(_, dataset, key)| (dataset, key));
            let mut cells = vec![global(kind, id), harmless(dataset.into()), harmless(key.into())];
            for column in &columns {
                cell(row.get(column.column), column, &labels, &mut cells);
            }
            if many(kind).is_some() {
                let others = ties.get(&id).map(Vec::as_slice).unwrap_or_default();
                let ids = others.iter().filter_map(|id| Some(global(labels.kind(*id)?, *id)));
                cells.push(ids.collect::<Vec<_>>().join(SEPARATOR));
                let texts = others.iter().map(|id| labels.text(*id).unwrap_or_default());
                cells.push(harmless(texts.collect::<Vec<_>>().join(&format!("{SEPARATOR} ")).into()));
            }
            text.write_record(cells.iter().map(|cell| cell.as_bytes())).map_err(|error| failed(&error))?;
        }
        let text = text.into_inner().map_err(|error| failed(&error))?;
        out.send(text, rows.len()).await?;
        if rows.is_empty() {
            return Ok(());
        }
    }
}

fn id<M: ModelTrait>(row: &M) -> Option<i64> {
    let key = <M::Entity as EntityTrait>::PrimaryKey::iter().next().map(sea_orm::PrimaryKeyToColumn::into_column);
    key.and_then(|key| number(row.get(key)))
}

fn number(value: Value) -> Option<i64> {
    match value {
        Value::BigInt(number) => number,
        _ => None,
    }
}

fn cell<C>(value: Value, column: &Column<C>, labels: &Labels, cells: &mut Vec<String>) {
    if column.refers {
        let id = number(value);
        cells.push(id.and_then(|id| Some(global(labels.kind(id)?, id))).unwrap_or_default());
        cells.push(id.and_then(|id| labels.text(id)).map(|label| harmless(label.into())).unwrap_or_default());
        return;
    }
    cells.push(match value {
        Value::BigInt(Some(second)) if column.instant => format_instant(second),
        Value::BigInt(Some(number)) => number.to_string(),
        Value::Int(Some(number)) => number.to_string(),
        Value::Double(Some(number)) => number.to_string(),
        Value::Bool(Some(whether)) => whether.to_string(),
        Value::String(Some(text)) => harmless(text.into()),
        _ => String::new(),
    });
}

/// With what spreadsheets begin a formula, and what some of them pass over before it.
const FORMULA: [char; 9] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\u{feff}'];
const BLANK: [char; 3] = ['\t', '\r', '\n'];

/// What some spreadsheets take for the end of a cell, whatever the quotes say.
const ENDS: [char; 4] = [';', '\t', '\r', '\n'];

/// A text that no spreadsheet takes for a formula, as OWASP advises: what begins like one gets an apostrophe in front, and so
/// does what would where cells are told apart by semicolons or tabs. A number that is all of the cell stays one.
fn harmless(text: Cow<'_, str>) -> String {
    let is_number = text.parse::<f64>().is_ok_and(f64::is_finite);
    let mut out = String::new();
    if (text.starts_with(FORMULA) || text.starts_with(BLANK)) && !is_number {
        out.push('\'');
    }
    for (at, part) in text.split_inclusive(ENDS).enumerate() {
        // What follows the cell may follow a number here.
        if at > 0 && part.trim_start_matches('"').starts_with(FORMULA) {
            out.push('\'');
        }
        out.push_str(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::export::csv::harmless;

    #[test]
    fn formulas_become_text_and_numbers_stay() {
        for formula in ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "＝1"] {
            assert_eq!(harmless(formula.into()), format!("'{formula}"));
        }
        for (beside, harmless_beside) in [
            ("\t=1", "'\t'=1"),
            ("a;=1", "a;'=1"),
            ("a;\"=1;b", "a;'\"=1;b"),
            ("a\t+b", "a\t'+b"),
            ("=a;-1;-b", "'=a;'-1;'-b"),
            ("-inf", "'-inf"),
            ("a\r\nb", "a\r\nb"),
            ("a\r\n=b", "a\r\n'=b"),
        ] {
            assert_eq!(harmless(beside.into()), harmless_beside);
        }
        for plain in ["a; -b", "a-b;c=d", "-1.5", "+3", "1=1", "", "a-b", "2021-07-09"] {
            assert_eq!(harmless(plain.into()), plain);
        }
    }
}
