//! Which feed a file is, by its first lines.

use crate::import::feed::Format;

/// So many bytes are looked at.
pub(crate) const ENOUGH: u64 = 1 << 20;

/// The first lines are looked at, since any one of them may be damaged.
const LINES: usize = 5;

/// The format that the first line shows that shows one.
pub(crate) fn format(start: &[u8]) -> Option<Format> {
    let text = String::from_utf8_lossy(start);
    text.trim_start_matches('\u{feff}').lines().take(LINES).find_map(line)
}

fn line(line: &str) -> Option<Format> {
    let line = line.trim_end_matches(['\r', '\n']);
    if line.trim_start().starts_with('{') {
        return json(line);
    }
    if line.contains('\t') {
        return tabs(&line.split('\t').map(str::trim).collect::<Vec<_>>());
    }
    let has = |name: &str| line.split([',', ';']).any(|cell| cell.trim_matches([' ', '"']) == name);
    if has("event_id_cnty") && has("sub_event_type") {
        return Some(Format::Acled);
    }
    (has("type_of_violence") && has("date_prec")).then_some(Format::Ucdp)
}

/// A line longer than what is looked at is judged by its words.
fn json(line: &str) -> Option<Format> {
    let has = |name: &str| line.contains(&format!("\"{name}\""));
    if (has("schema") && has("id")) && (has("properties") || has("entity")) {
        return Some(Format::Ftm);
    }
    has("kind").then_some(Format::Records)
}

fn tabs(cells: &[&str]) -> Option<Format> {
    if ["Event ID", "Event Type", "Actor Name"].iter().all(|name| cells.contains(name)) {
        return Some(Format::Polecat);
    }
    let number =
        |at: usize| cells.get(at).is_some_and(|cell| !cell.is_empty() && cell.bytes().all(|c| c.is_ascii_digit()));
    let fraction = |at: usize| cells.get(at).is_some_and(|cell| cell.parse::<f64>().is_ok());
    match cells.len() {
        61 if number(0) && number(1) => Some(Format::GdeltEvents),
        16 if number(0) && number(1) && number(2) => Some(Format::GdeltMentions),
        27 if cells.first().is_some_and(|id| id.get(14..15) == Some("-")) && number(1) => Some(Format::GdeltGkg),
        19 if number(0) && fraction(4) && fraction(5) => Some(Format::Geonames),
        8 | 10 if number(0) && number(1) => Some(Format::GeonamesNames),
        _ => None,
    }
}
