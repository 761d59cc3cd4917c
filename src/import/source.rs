//! Input files: a [`Source`] is read line by line, several times and from any position.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use crate::error::{Error, Result};
use crate::import::feed::Converted;
use crate::import::spool;
use crate::import::validate::builder::FieldProblem;

/// The maximum length of a line in bytes. The full text of an article is part of one line.
const MAX_LINE_BYTES: u64 = 16 * 1024 * 1024;

/// A file of records, on disk, that can be read repeatedly.
pub struct Source {
    /// The name of the file in messages.
    pub name: String,
    file: File,
    /// The rows that the conversion skipped and rejected, if the records were converted from a feed.
    pub(crate) feed: Option<Converted>,
    /// Remarks for the report about the file that it was in.
    pub(crate) notes: Vec<String>,
}

impl Source {
    /// Opens a file, or standard input for `-`. Errors: the file cannot be read or is a directory.
    pub fn open(name: &str) -> Result<Self> {
        Ok(Self { name: name.to_owned(), file: spool::open(name)?, feed: None, notes: Vec::new() })
    }

    /// Creates a source from the records that a feed was converted to.
    pub(crate) fn converted(name: &str, file: File, feed: Option<Converted>) -> Self {
        Self { name: name.to_owned(), file, feed, notes: Vec::new() }
    }

    /// Returns the line number in the original feed for a line of the converted records.
    pub(crate) fn raw_line(&self, line: u64) -> u64 {
        self.feed.as_ref().map_or(line, |feed| feed.raw_line(line))
    }

    /// Creates a source from a text in memory. Errors: no temporary file can be written.
    pub fn embedded(name: &str, text: &str) -> Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            file: spool::keep(name, &mut text.as_bytes())?,
            feed: None,
            notes: Vec::new(),
        })
    }

    /// Returns the size in bytes.
    pub fn size(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    /// Reads lines from a byte position, given the number of lines before it.
    pub(crate) fn lines(&self, bytes: u64, lines: u64) -> Result<Lines> {
        let reader = BufReader::with_capacity(1 << 20, self.reader(bytes)?);
        Ok(Lines { offset: bytes, number: lines, ..Lines::new(&self.name, reader) })
    }

    /// Returns the file, positioned at a byte offset. All readers of a source share one file position, so only one of
    /// them may be in use at a time.
    pub(crate) fn reader(&self, bytes: u64) -> Result<File> {
        let mut file = self.file.try_clone().map_err(|error| self.failed(error))?;
        file.seek(SeekFrom::Start(bytes)).map_err(|error| self.failed(error))?;
        Ok(file)
    }

    pub(crate) fn failed(&self, error: std::io::Error) -> Error {
        Error::Io(format!("cannot read {}", self.name), error)
    }
}

/// Reads the lines of a file, except blank ones.
pub(crate) struct Lines<R = BufReader<File>> {
    name: String,
    reader: R,
    number: u64,
    /// Whether lines that are not UTF-8 are decoded as ISO-8859-1, and how many were.
    latin: bool,
    recoded: u64,
    /// True if a carriage return ends a line even without a line feed after it.
    carriage_returns: bool,
    offset: u64,
}

/// One line: its number from 1, its length in bytes, and its text or why the text cannot be read.
pub(crate) struct Line {
    pub(crate) number: u64,
    pub(crate) bytes: u64,
    pub(crate) text: Result<String, FieldProblem>,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(name: &str, reader: R) -> Self {
        Self { name: name.to_owned(), reader, number: 0, latin: false, recoded: 0, carriage_returns: false, offset: 0 }
    }

    /// Decodes lines that are not UTF-8 as ISO-8859-1, in which every byte is a character.
    pub(crate) fn or_latin(self) -> Self {
        Self { latin: true, ..self }
    }

    /// Ends lines at carriage returns too, as classic Mac OS and some spreadsheets write them.
    pub(crate) fn or_carriage_return(self) -> Self {
        Self { carriage_returns: true, ..self }
    }

    /// Returns how many lines were decoded as ISO-8859-1.
    pub(crate) fn recoded(&self) -> u64 {
        self.recoded
    }

    /// Returns the byte position after the last line that was read.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads the next line. A line over the maximum length is skipped without holding it in memory.
    pub(crate) fn next(&mut self) -> Result<Option<Line>> {
        loop {
            let mut bytes = Vec::new();
            let count = self.read_line(&mut bytes).map_err(|error| self.failed(error))?;
            if count == 0 {
                return Ok(None);
            }
            self.number += 1;
            self.offset += count;
            let mut length = count;
            let text = if count == MAX_LINE_BYTES && !bytes.last().is_some_and(|byte| self.is_end(*byte)) {
                length += self.skip_line().map_err(|error| self.failed(error))?;
                self.offset += length - count;
                Err(FieldProblem::of_record(
                    format!("is longer than {MAX_LINE_BYTES} bytes"),
                    "split the record: its nested records may be on lines of their own",
                ))
            } else if self.latin && std::str::from_utf8(&bytes).is_err() {
                self.recoded += 1;
                Ok(bytes.iter().map(|byte| char::from(*byte)).collect())
            } else {
                String::from_utf8(bytes).map_err(|error| {
                    let at = error.utf8_error().valid_up_to() + 1;
                    FieldProblem::of_record(
                        format!("is not UTF-8: byte {at} of the line is not part of a character"),
                        "save the file as UTF-8",
                    )
                })
            };
            // A byte order mark may be at the start of the file.
            let text =
                text.map(|text| if self.number == 1 { text.trim_start_matches('\u{feff}').to_owned() } else { text });
            if matches!(&text, Ok(text) if text.trim().is_empty()) {
                continue;
            }
            return Ok(Some(Line { number: self.number, bytes: length, text }));
        }
    }
}

impl<R: BufRead> Lines<R> {
    fn failed(&self, error: std::io::Error) -> Error {
        Error::Io(format!("cannot read {}", self.name), error)
    }

    fn is_end(&self, byte: u8) -> bool {
        byte == b'\n' || (self.carriage_returns && byte == b'\r')
    }

    /// Reads one line with its end, or the beginning of an overlong one. Returns the number of bytes.
    fn read_line(&mut self, bytes: &mut Vec<u8>) -> std::io::Result<u64> {
        if !self.carriage_returns {
            return Ok(self.reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', bytes)? as u64);
        }
        loop {
            let room = MAX_LINE_BYTES as usize - bytes.len();
            let buffer = fill(&mut self.reader)?;
            let buffer = &buffer[..buffer.len().min(room)];
            if buffer.is_empty() {
                break;
            }
            let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let count = end.map_or(buffer.len(), |at| at + 1);
            bytes.extend_from_slice(&buffer[..count]);
            self.reader.consume(count);
            if end.is_none() {
                continue;
            }
            if bytes.last() == Some(&b'\r') && fill(&mut self.reader)?.first() == Some(&b'\n') {
                bytes.push(b'\n');
                self.reader.consume(1);
            }
            break;
        }
        Ok(bytes.len() as u64)
    }

    /// Skips the rest of a line. Returns the number of bytes.
    fn skip_line(&mut self) -> std::io::Result<u64> {
        if !self.carriage_returns {
            return Ok(self.reader.skip_until(b'\n')? as u64);
        }
        let mut skipped = 0;
        loop {
            let buffer = fill(&mut self.reader)?;
            let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let count = end.map_or(buffer.len(), |at| at + 1);
            let is_last = end.is_some() || buffer.is_empty();
            self.reader.consume(count);
            skipped += count as u64;
            if is_last {
                return Ok(skipped);
            }
        }
    }
}

/// Fills the buffer of a reader, again if a signal interrupted it.
fn fill(reader: &mut impl BufRead) -> std::io::Result<&[u8]> {
    while let Err(error) = reader.fill_buf() {
        if error.kind() != std::io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    reader.fill_buf()
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read, repeat};

    use crate::import::source::Lines;

    #[test]
    fn overlong_line_is_skipped_without_buffering_it() {
        let endless = repeat(b'x').take(2 << 30);
        let file = b"one\n".chain(endless).chain(b"\nthree\n".as_slice());
        let mut lines = Lines::new("file", BufReader::with_capacity(1 << 20, file));
        let mut next = || lines.next().unwrap();
        assert_eq!(next().unwrap().text.ok().as_deref(), Some("one\n"));
        let line = next().unwrap();
        assert_eq!((line.number, line.bytes), (2, (2 << 30) + 1));
        assert!(line.text.is_err_and(|problem| problem.message.contains("is longer than")));
        let line = next().unwrap();
        assert_eq!((line.number, line.text.ok().as_deref()), (3, Some("three\n")));
        assert!(next().is_none());
    }

    #[test]
    fn carriage_returns_end_lines_if_that_is_set() {
        // A buffer of one byte ends between the two characters of each line end.
        for buffer in [1, 64] {
            let text = "one\rtwo\r\nthree\n\r\rfour\r".as_bytes();
            let mut lines = Lines::new("file", BufReader::with_capacity(buffer, text)).or_carriage_return();
            let mut all = Vec::new();
            while let Some(line) = lines.next().unwrap() {
                all.push((line.number, line.bytes, line.text.ok()));
            }
            let expected = [(1, 4, "one\r"), (2, 5, "two\r\n"), (3, 6, "three\n"), (6, 5, "four\r")];
            assert_eq!(all, expected.map(|(number, bytes, text)| (number, bytes, Some(text.to_owned()))));
            assert_eq!(lines.offset(), 22);
        }
        let endless = repeat(b'x').take(20 << 20);
        let mut lines = Lines::new("file", BufReader::new(endless.chain(b"\rtwo".as_slice()))).or_carriage_return();
        assert_eq!(lines.next().unwrap().unwrap().bytes, (20 << 20) + 1);
        assert_eq!(lines.next().unwrap().unwrap().text.ok().as_deref(), Some("two"));
    }
}
