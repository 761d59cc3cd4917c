//! Reads files of records line by line, twice: once to register keys, once to write rows.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use serde_json::{Map, Value};

use crate::error::{Error, Result, did_you_mean};
use crate::import::feed::Converted;
use crate::import::record;
use crate::import::record::{AnyBuild, DATASET, DatasetRecord, MERGE, MergeRecord, Ref, Row};
use crate::import::validate::builder::{Builder, Known, Mistake, sha256};
use crate::import::{json_schema, problem, spool};
use entity::id::RecordId;
use entity::record::RecordKind;

/// The longest line. An article's text is part of one.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;

/// The most values on a line: in memory each is a hundred times as large as it is written.
const MOST_VALUES: usize = 50_000;

/// A file of records that can be read again.
pub struct Source {
    /// What messages call it.
    pub name: String,
    file: File,
    /// What became of it on the way, when it is a feed turned into records.
    pub(crate) feed: Option<Converted>,
}

impl Source {
    /// Opens a file, or standard input for `-`.
    pub fn open(name: &str) -> Result<Self> {
        Ok(Self { name: name.to_owned(), file: spool::open(name)?, feed: None })
    }

    /// Takes records that a feed was turned into.
    pub(crate) fn converted(name: &str, file: File, feed: Option<Converted>) -> Self {
        Self { name: name.to_owned(), file, feed }
    }

    /// The line of the file as it was given, from which this line of records was made.
    pub(crate) fn raw_line(&self, line: u64) -> u64 {
        self.feed.as_ref().map_or(line, |feed| feed.raw_line(line))
    }

    /// Takes text that is part of the program.
    pub fn embedded(name: &str, text: &str) -> Result<Self> {
        Ok(Self { name: name.to_owned(), file: spool::keep(name, &mut text.as_bytes())?, feed: None })
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    /// Its lines behind so many bytes with so many lines.
    pub(crate) fn lines(&self, bytes: u64, lines: u64) -> Result<Lines> {
        let reader = BufReader::with_capacity(1 << 20, self.reader(bytes)?);
        Ok(Lines { offset: bytes, number: lines, ..Lines::new(&self.name, reader) })
    }

    /// Its bytes from a place on. All readers share one place in the file: nobody else may read meanwhile.
    pub(crate) fn reader(&self, bytes: u64) -> Result<File> {
        let mut file = self.file.try_clone().map_err(|error| self.failed(error))?;
        file.seek(SeekFrom::Start(bytes)).map_err(|error| self.failed(error))?;
        Ok(file)
    }

    pub(crate) fn failed(&self, error: std::io::Error) -> Error {
        Error::Io(format!("cannot read {}", self.name), error)
    }
}

/// The lines of a file that are not blank.
pub(crate) struct Lines<R = BufReader<File>> {
    name: String,
    reader: R,
    number: u64,
    /// Whether lines that are not UTF-8 are ISO-8859-1, and how many were.
    latin: bool,
    recoded: u64,
    offset: u64,
}

/// One line: its number from 1, its length in bytes, and its text or why there is none.
pub(crate) struct Line {
    pub(crate) number: u64,
    pub(crate) bytes: u64,
    pub(crate) text: Result<String, Mistake>,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(name: &str, reader: R) -> Self {
        Self { name: name.to_owned(), reader, number: 0, latin: false, recoded: 0, offset: 0 }
    }

    /// Takes lines that are not UTF-8 for ISO-8859-1, in which every byte is a character.
    pub(crate) fn or_latin(self) -> Self {
        Self { latin: true, ..self }
    }

    /// How many lines were ISO-8859-1.
    pub(crate) fn recoded(&self) -> u64 {
        self.recoded
    }

    /// How many bytes were read.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn next(&mut self) -> Result<Option<Line>> {
        loop {
            let failed = |error| Error::Io(format!("cannot read {}", self.name), error);
            let mut bytes = Vec::new();
            let count = self.reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes).map_err(failed)? as u64;
            if count == 0 {
                return Ok(None);
            }
            self.number += 1;
            self.offset += count;
            let mut length = count;
            let text = if count == LONGEST_LINE && bytes.last() != Some(&b'\n') {
                length += self.reader.skip_until(b'\n').map_err(failed)? as u64;
                self.offset += length - count;
                Err(whole(
                    format!("is longer than {LONGEST_LINE} bytes"),
                    "split the record: its parts may stand on lines of their own",
                ))
            } else if self.latin && std::str::from_utf8(&bytes).is_err() {
                self.recoded += 1;
                Ok(bytes.iter().map(|byte| char::from(*byte)).collect())
            } else {
                String::from_utf8(bytes).map_err(|error| {
                    let at = error.utf8_error().valid_up_to() + 1;
                    whole(
                        format!("is not UTF-8: byte {at} of the line belongs to no character"),
                        "save the file as UTF-8",
                    )
                })
            };
            let text =
                text.map(|text| if self.number == 1 { text.trim_start_matches('\u{feff}').to_owned() } else { text });
            if matches!(&text, Ok(text) if text.trim().is_empty()) {
                continue;
            }
            return Ok(Some(Line { number: self.number, bytes: length, text }));
        }
    }
}

/// A mistake of a record as a whole.
pub(crate) fn whole(message: impl Into<String>, suggestion: &str) -> Mistake {
    Mistake { pointer: String::new(), message: message.into(), suggestion: Some(suggestion.to_owned()) }
}

/// A line that was read.
pub(crate) enum Parsed {
    /// The dataset of what follows.
    Dataset(DatasetRecord),
    /// A record.
    Record(Record),
    /// A judgement.
    Merge(Merge),
}

/// A judgement, and all that can be said of it before anything it refers to is known.
pub(crate) struct Merge {
    pub(crate) record: MergeRecord,
    /// What is wrong with it alone.
    pub(crate) mistakes: Vec<Mistake>,
    /// What it refers to.
    pub(crate) wanted: Vec<Ref>,
}

impl From<MergeRecord> for Merge {
    fn from(record: MergeRecord) -> Self {
        let mut builder = Builder::new("", None);
        record.read(&mut builder);
        let Builder { mistakes, wanted, .. } = builder;
        Self { record, mistakes, wanted }
    }
}

/// A record with its parts, and all that can be said of it before anything it refers to is known.
pub(crate) struct Record {
    pub(crate) key: String,
    /// SHA-256 of its canonical JSON.
    pub(crate) digest: String,
    /// What is wrong with it alone. What could be read of it is looked at all the same, and not written.
    pub(crate) mistakes: Vec<Mistake>,
    /// The record and its parts, the whole first.
    pub(crate) entries: Vec<Entry>,
    /// What it refers to.
    pub(crate) wanted: Vec<Ref>,
    /// The ids elsewhere among its parts, each with its place in `entries`.
    pub(crate) external: Vec<(usize, String, String)>,
    body: Box<dyn AnyBuild>,
}

/// A record or a part of it, as the register knows it.
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) pointer: String,
    pub(crate) kind: RecordKind,
}

/// The object of a line of JSON.
pub(crate) fn object(text: &str, suggestion: &str) -> Result<Map<String, Value>, Mistake> {
    if values(text) > MOST_VALUES {
        return Err(whole(
            format!("holds more than {MOST_VALUES} values"),
            "split the record: its parts may stand on lines of their own",
        ));
    }
    match serde_json::from_str(text.trim()) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(whole("is no JSON object", suggestion)),
        Err(error) => Err(whole(format!("is not JSON: {error}"), suggestion)),
    }
}

/// How many values a text of JSON holds at most: outside of its strings, commas and brackets that open begin one each.
fn values(text: &str) -> usize {
    let (mut count, mut quoted, mut escaped) = (1, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b',' | b'[' | b'{' if !quoted => count += 1,
            _ => {}
        }
    }
    count
}

/// Reads a line; on mistakes, with the key if there is one.
pub(crate) fn parse(text: &str) -> Result<Parsed, (Option<String>, Vec<Mistake>)> {
    let object = object(text, "write one JSON object a line: {\"kind\": ..., \"key\": ...}")
        .map_err(|mistake| (None, vec![mistake]))?;
    let key = object.get("key").and_then(Value::as_str).map(str::to_owned);
    let Some(kind) = object.get("kind").and_then(Value::as_str).map(str::to_owned) else {
        let mistake = Mistake {
            pointer: "/kind".into(),
            message: "is missing".into(),
            suggestion: Some(format!("add \"kind\": one of {}", record::WORDS.join(", "))),
        };
        return Err((key, vec![mistake]));
    };
    // A line with wrong parts says all that is wrong, so the schema looks at the whole line as it was written.
    let misfit = |object: Value, misfit: problem::Misfit| {
        let mut mistakes = json_schema::mistakes(&kind, &object);
        if mistakes.is_empty() {
            mistakes.push(Mistake {
                pointer: misfit.pointer,
                message: misfit.message,
                suggestion: Some("see `newsgraph schema --records`".into()),
            });
        }
        mistakes
    };
    let value = Value::Object(object.clone());
    let mut body = object;
    body.remove("kind");
    let body = Value::Object(body);
    if kind == DATASET {
        return problem::fit::<DatasetRecord>(body).map(Parsed::Dataset).map_err(|error| (key, misfit(value, error)));
    }
    if kind == MERGE {
        let read = problem::fit::<MergeRecord>(body).map(|record| Parsed::Merge(record.into()));
        return read.map_err(|error| (None, misfit(value, error)));
    }
    match record::read(&kind, body) {
        Some(Ok(body)) => match key {
            Some(key) if !key.trim().is_empty() => {
                let digest = sha256(&value.to_string());
                Ok(Parsed::Record(Record::new(key, digest, Vec::new(), body)))
            }
            key => {
                let missing = Mistake {
                    pointer: "/key".into(),
                    message: "is missing or empty".into(),
                    suggestion: Some("add \"key\", unique in the dataset".into()),
                };
                Err((key, vec![missing]))
            }
        },
        Some(Err(error)) => {
            let mistakes = misfit(value.clone(), error);
            match (key, mended(&kind, value)) {
                (Some(key), Some(body)) => Ok(Parsed::Record(Record::new(key, String::new(), mistakes, body))),
                (key, _) => Err((key, mistakes)),
            }
        }
        None => {
            let suggestion = did_you_mean(&kind, record::WORDS.iter().copied())
                .unwrap_or_else(|| format!("one of {}", record::WORDS.join(", ")));
            Err((
                key,
                vec![Mistake {
                    pointer: "/kind".into(),
                    message: format!("`{kind}` is no kind of record"),
                    suggestion: Some(suggestion),
                }],
            ))
        }
    }
}

/// What can be read of a record when what does not fit is left out.
fn mended(kind: &str, mut value: Value) -> Option<Box<dyn AnyBuild>> {
    json_schema::mend(kind, &mut value)?;
    let body = value.as_object_mut()?;
    body.remove("kind");
    record::read(kind, value)?.ok()
}

impl Record {
    /// How much memory it takes until it is written, in bytes: each part is a row, with its key and its place.
    pub(crate) fn weight(&self, length: u64) -> u64 {
        let (parts, others) = (self.entries.len() as u64, (self.wanted.len() + self.mistakes.len()) as u64);
        length + parts * 500 + others * 200
    }

    fn new(key: String, digest: String, mistakes: Vec<Mistake>, body: Box<dyn AnyBuild>) -> Self {
        let (entries, wanted, external) = (Vec::new(), Vec::new(), Vec::new());
        let mut record = Self { key, digest, mistakes, entries, wanted, external, body };
        record.entries = record.entries();
        // No reference is looked up yet, so it does not matter in which dataset.
        let (rows, builder) = record.build("", None, &[]);
        let external = rows.into_iter().enumerate().filter_map(|(at, row)| match row {
            Row::ExternalId(row) => Some((at, row.scheme, row.value)),
            _ => None,
        });
        let (external, wanted, alone) = (external.collect(), builder.wanted, builder.mistakes);
        record.external = external;
        record.wanted = wanted;
        record.mistakes.extend(alone);
        record
    }

    /// The record and its parts, the whole first. A part without a key is known by its place, as in
    /// `visit#/participations/0`.
    fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        self.walk(self.body.as_ref(), String::new(), &mut |part, pointer| {
            let key = match (pointer.is_empty(), part.key()) {
                (true, _) => self.key.clone(),
                (false, Some(key)) => key.to_owned(),
                (false, None) => format!("{}#{pointer}", self.key),
            };
            entries.push(Entry { key, pointer: pointer.to_owned(), kind: part.kind() });
        });
        entries
    }

    fn walk<'r>(&'r self, part: &'r dyn AnyBuild, pointer: String, visit: &mut dyn FnMut(&'r dyn AnyBuild, &str)) {
        visit(part, &pointer);
        let (mut list, mut at) = ("", 0);
        for (name, inner) in part.parts() {
            at = if name == list { at + 1 } else { 0 };
            list = name;
            self.walk(inner, format!("{pointer}/{name}/{at}"), visit);
        }
    }

    /// Reads the record and its parts with all their fields. `ids` are those of [`Self::entries`], or empty while
    /// references are only noted.
    pub(crate) fn build<'k>(
        &self,
        dataset: &'k str,
        known: Option<&'k Known>,
        ids: &[RecordId],
    ) -> (Vec<Row>, Builder<'k>) {
        let mut builder = Builder::new(dataset, known);
        let mut rows = Vec::new();
        // Wholes around the part at hand: the pointers of a part's wholes begin its own.
        let mut around: Vec<(String, RecordId, RecordKind)> = Vec::new();
        let mut at = 0;
        self.walk(self.body.as_ref(), String::new(), &mut |part, pointer| {
            around.retain(|(whole, ..)| pointer.starts_with(&format!("{whole}/")));
            let id = ids.get(at).copied().unwrap_or(RecordId(0));
            at += 1;
            let wholes: Vec<_> = around.iter().map(|(_, id, kind)| (*id, *kind)).collect();
            builder.turn_to(pointer, id, &wholes);
            rows.push(part.row(&mut builder));
            around.push((pointer.to_owned(), id, part.kind()));
        });
        (rows, builder)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read, repeat};

    use crate::import::source::Lines;

    #[test]
    fn a_line_of_two_gigabytes_is_passed_over_in_the_room_of_the_longest() {
        let endless = repeat(b'x').take(2 << 30);
        let file = b"one\n".chain(endless).chain(b"\nthree\n".as_slice());
        let mut lines = Lines::new("file", BufReader::with_capacity(1 << 20, file));
        let mut next = || lines.next().unwrap();
        assert_eq!(next().unwrap().text.ok().as_deref(), Some("one\n"));
        let line = next().unwrap();
        assert_eq!((line.number, line.bytes), (2, (2 << 30) + 1));
        assert!(line.text.is_err_and(|mistake| mistake.message.contains("is longer than")));
        let line = next().unwrap();
        assert_eq!((line.number, line.text.ok().as_deref()), (3, Some("three\n")));
        assert!(next().is_none());
    }
}
