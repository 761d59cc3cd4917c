//! Detects the format of a file from its content, and refuses a file that has none of the known formats.
//!
//! The first lines decide: the first of them that is typical of a format. A file name never decides, since files are
//! renamed and standard input has none; it only improves the message about an unknown file. An explicit `--format` is
//! trusted, except for content that cannot have that format in any line: such a file is refused with one message,
//! where importing it would report a problem for each line.

use std::io::BufRead;

use clap::ValueEnum;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::import::feed::row::without_fraction;
use crate::import::feed::sample::{LINES, Sample};
use crate::import::feed::table::{Layout, is_header};
use crate::import::feed::{Format, unknown};
use crate::import::record::field_names::{OLD_RECORD_TYPE, RECORD_TYPE};

/// The format of a file.
pub(super) struct Choice {
    pub(super) format: Format,
    /// The format was requested, and the content is not typical of it.
    pub(super) is_assumed: bool,
}

/// Returns the format of a file: the requested one, or for `auto` the detected one.
pub(super) fn choose(name: &str, reader: &mut dyn BufRead, requested: Format) -> Result<Choice> {
    let sample = Sample::read(reader).map_err(|error| Error::Io(format!("cannot read {name}"), error))?;
    let refused = |what: String| Err(Error::BadInput(format!("{name} {what}")));
    if let Some(what) = unknown::foreign_content(&sample) {
        return refused(what);
    }
    let is_json = matches!(requested, Format::Records | Format::Ftm);
    if (is_json || requested == Format::Auto)
        && let Some(what) = unknown::json_document(&sample)
    {
        return refused(what);
    }
    let detected = detect(&sample);
    if requested != Format::Auto {
        let is_blank = sample.lines().next().is_none();
        if is_json && !is_blank && !sample.lines().any(|line| line.trim_start().starts_with('{')) {
            return Err(Error::BadInput(unknown::not_json_lines(name, &sample, requested, detected)));
        }
        return Ok(Choice { format: requested, is_assumed: detected != Some(requested) });
    }
    match detected {
        Some(format) => Ok(Choice { format, is_assumed: false }),
        None => Err(Error::BadInput(unknown::describe(name, &sample))),
    }
}

/// Returns the format of the first line that is typical of one.
fn detect(sample: &Sample) -> Option<Format> {
    sample.lines().take(LINES).find_map(detect_line)
}

fn detect_line(line: &str) -> Option<Format> {
    let line = line.trim_end_matches(['\r', '\n']);
    if line.trim_start().starts_with('{') {
        return detect_json(line);
    }
    let has = |name: &str| {
        line.split([',', ';', '\t', '|']).any(|cell| cell.trim_matches([' ', '"']).eq_ignore_ascii_case(name))
    };
    if has("event_id_cnty") && has("sub_event_type") {
        return Some(Format::Acled);
    }
    if has("canonical_id") && has("prop") && has("schema") {
        return Some(Format::FtmStatements);
    }
    if has("type_of_violence") && has("date_prec") {
        return Some(Format::Ucdp);
    }
    line.contains('\t').then(|| detect_tabs(&line.split('\t').map(str::trim).collect::<Vec<_>>())).flatten()
}

fn detect_json(line: &str) -> Option<Format> {
    match serde_json::from_str::<Map<String, Value>>(line) {
        Ok(fields) => {
            // Records in the old form have their type in `kind`.
            if fields.contains_key(RECORD_TYPE) || fields.contains_key(OLD_RECORD_TYPE) {
                return Some(Format::Records);
            }
            // A delta wraps the entity, which may have no properties when it is deleted.
            let wrapped = fields.get("entity").and_then(Value::as_object);
            let entity = wrapped.unwrap_or(&fields);
            let is_entity = entity.contains_key("id") && entity.contains_key("schema");
            (is_entity && (wrapped.is_some() || entity.contains_key("properties") || entity.contains_key("statements")))
                .then_some(Format::Ftm)
        }
        // A damaged line, or one that is longer than the sample: look for the names of the fields anywhere in it.
        Err(_) => {
            let has = |name: &str| line.contains(&format!("\"{name}\""));
            if has("id") && has("schema") && (has("properties") || has("statements") || has("entity")) {
                return Some(Format::Ftm);
            }
            (has(RECORD_TYPE) || has(OLD_RECORD_TYPE)).then_some(Format::Records)
        }
    }
}

fn detect_tabs(cells: &[&str]) -> Option<Format> {
    let has = |name: &str| cells.iter().any(|cell| cell.eq_ignore_ascii_case(name));
    if ["Event ID", "Event Type", "Actor Name"].into_iter().all(has) {
        return Some(Format::Polecat);
    }
    // Files that are published without a header may have got one since.
    let with_header = Format::value_variants().iter().find(|format| {
        matches!(unknown::layout(**format), Some(Layout::HeaderlessTsv { columns, .. }) if is_header(cells, columns))
    });
    if let Some(format) = with_header {
        return Some(*format);
    }
    let is_integer = |at: usize| {
        let cell = cells.get(at).map(|cell| without_fraction(cell));
        cell.is_some_and(|cell| !cell.is_empty() && cell.bytes().all(|c| c.is_ascii_digit()))
    };
    let is_number = |at: usize| cells.get(at).is_some_and(|cell| cell.parse::<f64>().is_ok());
    match cells.len() {
        61 if is_integer(0) && is_integer(1) => Some(Format::GdeltEvents),
        16 if is_integer(0) && is_integer(1) && is_integer(2) => Some(Format::GdeltMentions),
        27 if cells.first().is_some_and(|id| id.get(14..15) == Some("-")) && is_integer(1) => Some(Format::GdeltGkg),
        19 if is_integer(0) && is_number(4) && is_number(5) => Some(Format::Geonames),
        8 | 10 if is_integer(0) && is_integer(1) => Some(Format::GeonamesNames),
        _ => None,
    }
}
