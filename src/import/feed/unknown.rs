//! Messages about files that have no known format: what the content seems to be, and what to do.

use std::collections::HashSet;

use clap::ValueEnum;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::import::feed::archive::unsupported_packing;
use crate::import::feed::row::excerpt;
use crate::import::feed::sample::{LINES, Sample};
use crate::import::feed::table::Layout;
use crate::import::feed::{Format, Settings};
use crate::import::problem::printable;

/// The most columns or fields that a message names.
const MAX_NAMES: usize = 8;

/// The first bytes of files that are not text, and what to say of them.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"\xff\xfe\0\0", UTF_32),
    (b"\0\0\xfe\xff", UTF_32),
    // The outer packing was removed before.
    (b"\x1f\x8b", "is packed twice: unpack it first"),
    (b"PK\x03\x04", "is packed twice: unpack it first"),
    (b"PAR1", "is a Parquet file, not text: convert it to one of the formats in `newsgraph import --help`"),
    (
        b"SQLite format 3\0",
        "is an SQLite database, not text: to copy a newsgraph database, run `newsgraph export` and import the result",
    ),
    (b"%PDF-", "is a PDF document, not data"),
    (b"\x89PNG", "is an image, not data"),
    (b"\xff\xd8\xff", "is an image, not data"),
    (b"GIF8", "is an image, not data"),
    (
        b"\xd0\xcf\x11\xe0",
        "is an office document (such as an Excel workbook), not text: save the sheet as CSV in UTF-8",
    ),
];

const UTF_16: &str = "is UTF-16 text: save it as UTF-8 (for example `iconv -f UTF-16 -t UTF-8`)";
const UTF_32: &str = "is UTF-32 text: save it as UTF-8 (for example `iconv -f UTF-32 -t UTF-8`)";

/// Describes content that no format can have, whatever its lines are; `None` if there is no sign of such content.
pub(super) fn foreign_content(sample: &Sample) -> Option<String> {
    if let Some((_, what)) = SIGNATURES.iter().find(|(signature, _)| sample.bytes.starts_with(signature)) {
        return Some((*what).to_owned());
    }
    if let Some(packing) = unsupported_packing(&sample.bytes) {
        return Some(format!("is packed with {packing}: unpack it first"));
    }
    if sample.bytes.get(257..262) == Some(b"ustar".as_slice()) {
        return Some("is a tar archive: unpack it and import its files".to_owned());
    }
    // The rows of a table may end so. Of JSON Lines, which have one end of lines, the whole file would be one line.
    let is_json = sample.text.trim_start().starts_with('{');
    if is_json && !sample.text.contains('\n') && sample.text.trim_end().contains('\r') {
        return Some(
            "ends its lines with CR alone, as classic Mac OS did: use LF (for example `tr '\\r' '\\n'`)".to_owned(),
        );
    }
    let start: String = sample.text.trim_start().chars().take(20).collect::<String>().to_ascii_lowercase();
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        return Some(
            "is an HTML page, not data. If it was downloaded, open it: it may be a login page or an error message"
                .to_owned(),
        );
    }
    None
}

/// Describes JSON that is not JSON Lines: an array, or an object over several lines.
pub(super) fn json_document(sample: &Sample) -> Option<String> {
    let text = sample.text.trim_start();
    let is_array = match text.as_bytes().first() {
        Some(b'[') => true,
        Some(b'{') => false,
        _ => return None,
    };
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let is_document = match values.next()? {
        Ok(IgnoredAny) => {
            let (value, rest) = text.split_at_checked(values.byte_offset())?;
            value.contains('\n') || (is_array && rest.trim().is_empty())
        }
        // The value is longer than the sample, or the file is cut. A line that was cut by itself looks the same, but
        // the next line is then complete.
        Err(error) => {
            let next_line = sample.lines().nth(1);
            let is_complete = |line: &str| serde_json::from_str::<IgnoredAny>(line).is_ok();
            let spans_lines = next_line.is_some_and(|line| !is_complete(line));
            error.is_eof() && (spans_lines || (is_array && next_line.is_none()))
        }
    };
    if !is_document {
        return None;
    }
    let start: String = text.chars().take(300).collect();
    if let Some((_, what)) = EXPORTS.iter().find(|(mark, _)| start.contains(mark)) {
        return Some(export_only(what));
    }
    Some(if is_array {
        "is a JSON array, not JSON Lines: write one object per line (for example `jq -c '.[]' FILE`)".to_owned()
    } else {
        "is JSON over several lines, not JSON Lines: write one object per line (for example `jq -c . FILE`)".to_owned()
    })
}

/// Marks of formats that newsgraph exports and cannot import.
const EXPORTS: &[(&str, &str)] = &[
    ("\"FeatureCollection\"", "GeoJSON"),
    ("\"@context\"", "JSON-LD"),
    ("<graphml", "GraphML"),
    ("id,dataset,key,", "a CSV export of newsgraph"),
];

fn export_only(what: &str) -> String {
    format!("is {what}, which newsgraph cannot import: use `newsgraph export --format records` to move data")
}

/// Describes a file whose lines show no known format.
pub(super) fn describe(name: &str, sample: &Sample) -> String {
    let Some(first) = sample.lines().next() else {
        return format!("{name} is empty: check how it was made. To import no records, add --format records");
    };
    if let Some(what) = not_text(sample) {
        return format!("{name} {what}");
    }
    let start: String = sample.text.chars().take(1000).collect();
    if let Some((_, what)) = EXPORTS.iter().find(|(mark, _)| start.contains(mark)) {
        return format!("{name} {}", export_only(what));
    }
    let line = Line::read(first);
    let more = sample.lines().take(LINES).count() - 1;
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    let nearest = line.nearest(name).map(|nearest| format!(" {nearest}.")).unwrap_or_default();
    format!(
        "{name}: not a known format. Looked at: the first line, which {}{more}.{nearest} Known formats: {}. If the file \
         has one of them, name it with --format",
        line.describe(),
        known_formats()
    )
}

/// Describes a file that cannot be JSON Lines although `--format` says so.
pub(super) fn not_json_lines(name: &str, sample: &Sample, requested: Format, detected: Option<Format>) -> String {
    let first = sample.lines().next().unwrap_or_default();
    let advice = match detected {
        Some(format) => format!("It looks like {0}: use --format {0}, or leave out --format", word(format)),
        None => format!("Known formats: {}", known_formats()),
    };
    format!(
        "{name}: not JSON Lines, as --format {} expects: no line begins with `{{`. The first line {}. {advice}",
        word(requested),
        Line::read(first).describe()
    )
}

/// The name of a format on the command line.
fn word(format: Format) -> String {
    format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn known_formats() -> String {
    let formats = Format::value_variants().iter().filter(|format| **format != Format::Auto);
    let words = formats.map(|format| match format {
        Format::Records => "records (JSON Lines)".to_owned(),
        _ => word(*format),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Recognizes binary data and UTF-16 without a byte order mark by their NUL bytes.
fn not_text(sample: &Sample) -> Option<&'static str> {
    let start = sample.bytes.get(..4096).unwrap_or(&sample.bytes);
    let nuls = |parity: usize| start.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (nuls(0), nuls(1));
    if even + odd == 0 {
        let controls = start.iter().filter(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()).count();
        return (controls * 10 > start.len()).then_some("is binary data, not text");
    }
    // In UTF-16 every second byte of Latin text is a NUL.
    let is_utf_16 = even.max(odd) * 5 > start.len() && even.min(odd) * 20 < start.len();
    Some(if is_utf_16 { UTF_16 } else { "is binary data, not text" })
}

/// The first line of an unknown file.
enum Line<'l> {
    /// Cells between delimiters, of which there are at least two.
    Cells(Vec<&'l str>, char),
    /// The fields of a JSON object.
    Object(Vec<String>),
    /// The beginning of an object that is not JSON, and why.
    BrokenObject(String),
    Xml,
    Text(&'l str),
}

/// Delimiters, and what they are called.
const DELIMITERS: &[(char, &str)] = &[('\t', "tab"), (',', "comma"), (';', "semicolon"), ('|', "pipe")];

fn delimiter_name(delimiter: char) -> &'static str {
    DELIMITERS.iter().find(|(known, _)| *known == delimiter).map_or("other", |(_, name)| name)
}

impl<'l> Line<'l> {
    fn read(line: &'l str) -> Self {
        let line = line.trim_end_matches(['\r', '\n']);
        if line.trim_start().starts_with('{') {
            return match serde_json::from_str::<Map<String, Value>>(line) {
                Ok(fields) => Self::Object(fields.keys().cloned().collect()),
                Err(error) => Self::BrokenObject(error.to_string()),
            };
        }
        if line.trim_start().starts_with('<') {
            return Self::Xml;
        }
        // A tab separates wherever there is one; text often contains the others.
        let by_count = |delimiter: char| line.matches(delimiter).count();
        let delimiter =
            if line.contains('\t') { Some('\t') } else { [',', ';', '|'].into_iter().max_by_key(|c| by_count(*c)) };
        match delimiter.filter(|delimiter| by_count(*delimiter) > 0) {
            Some(delimiter) => {
                let cells = line.split(delimiter).map(|cell| cell.trim().trim_matches('"'));
                Self::Cells(cells.collect(), delimiter)
            }
            None => Self::Text(line),
        }
    }

    /// Completes a sentence about the first line.
    fn describe(&self) -> String {
        match self {
            Self::Cells(cells, delimiter) => {
                format!("has {} {}-separated columns ({})", cells.len(), delimiter_name(*delimiter), listed(cells))
            }
            Self::Object(fields) if fields.is_empty() => "is a JSON object without fields".to_owned(),
            Self::Object(fields) => {
                let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
                format!("is a JSON object with the fields {}", listed(&fields))
            }
            Self::BrokenObject(error) => format!("begins like a JSON object but is not JSON: {error}"),
            Self::Xml => "is XML".to_owned(),
            Self::Text(text) => format!("is text without tabs or commas: `{}`", quoted(text)),
        }
    }

    /// Returns a sentence about the format that comes closest, if any does.
    fn nearest(&self, name: &str) -> Option<String> {
        match self {
            Self::Object(_) => Some(
                "A record has the field `record`; a FollowTheMoney entity has `id`, `schema` and `properties`"
                    .to_owned(),
            ),
            Self::Cells(cells, delimiter) => {
                let by_header = nearest_header(cells, *delimiter);
                let by_count = || (*delimiter == '\t').then(|| nearest_count(cells)).flatten();
                by_header.or_else(by_count).or_else(|| named(name))
            }
            Self::Text(_) => named(name),
            Self::BrokenObject(_) | Self::Xml => None,
        }
    }
}

/// The format with a header of which the line has at least half of the required columns.
fn nearest_header(cells: &[&str], delimiter: char) -> Option<String> {
    let lower_case: HashSet<String> = cells.iter().map(|cell| cell.to_lowercase()).collect();
    let formats = Format::value_variants().iter().filter_map(|format| {
        let (required, expected) = match layout(*format)? {
            Layout::Csv { required } => (required, ','),
            Layout::Tsv { required, .. } => (required, '\t'),
            _ => return None,
        };
        let is_missing = |column: &&str| !lower_case.contains(&column.to_lowercase());
        let missing: Vec<&str> = required.iter().copied().filter(is_missing).collect();
        (missing.len() * 2 <= required.len()).then_some((*format, missing, expected))
    });
    let (format, missing, expected) = formats.min_by_key(|(_, missing, _)| missing.len())?;
    let format = word(format);
    if !missing.is_empty() {
        return Some(format!("It comes closest to {format}, but the columns {} are missing", listed(&missing)));
    }
    let (found, expected) = (delimiter_name(delimiter), delimiter_name(expected));
    Some(format!("It has the columns of {format}, but that format is {expected}-separated and not {found}-separated"))
}

/// The tab-separated format without a header that has as many columns.
fn nearest_count(cells: &[&str]) -> Option<String> {
    let is_integer = |at: usize| cells.get(at).is_some_and(|cell| cell.parse::<u64>().is_ok());
    if matches!(cells.len(), 57 | 58) && is_integer(0) && is_integer(1) {
        return Some("It looks like GDELT 1.0 events, which are not supported: use the files of GDELT 2.0".to_owned());
    }
    let format = Format::value_variants().iter().find(|format| {
        matches!(layout(**format), Some(Layout::HeaderlessTsv { columns, .. }) if columns.len() == cells.len())
    })?;
    Some(format!("It has as many columns as {}, but other values in them", word(*format)))
}

/// The format that the file name suggests.
fn named(name: &str) -> Option<String> {
    // The entry of an archive is named behind the archive.
    let lower = name.rsplit(['/', ':']).next().unwrap_or(name).to_lowercase();
    let names = [
        (".export.csv", Format::GdeltEvents),
        (".mentions.csv", Format::GdeltMentions),
        (".gkg.csv", Format::GdeltGkg),
        ("alternatenames", Format::GeonamesNames),
    ];
    let (_, format) = names.into_iter().find(|(part, _)| lower.contains(part))?;
    let Some(Layout::HeaderlessTsv { columns, .. }) = layout(format) else { return None };
    Some(format!("The file name suggests {}, which has {} tab-separated columns", word(format), columns.len()))
}

pub(super) fn layout(format: Format) -> Option<Layout> {
    let settings = Settings { format, dataset: None, mentions: false, quotations: false };
    format.definition(&settings).map(|definition| definition.layout)
}

/// The first names of a list, each cut to a readable length.
fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(MAX_NAMES).map(|name| quoted(name));
    let more = if names.len() > MAX_NAMES { ", ..." } else { "" };
    format!("{}{more}", shown.collect::<Vec<_>>().join(", "))
}

fn quoted(text: &str) -> String {
    printable(&excerpt(text)).into_owned()
}
