//! Read-ahead: a thread parses the next lines while the database writes the previous ones.

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::import::parse::{Parsed, parse};
use crate::import::source::Lines;
use crate::import::validate::builder::FieldProblem;

/// The maximum number of lines that are passed on together, and their maximum estimated memory in bytes.
const GROUP_LINES: usize = 250;
const GROUP_BYTES: u64 = 1 << 20;

/// The number of groups of lines that are parsed ahead.
const GROUPS_AHEAD: usize = 4;

/// A parsed line.
pub(crate) struct Line {
    pub(crate) number: u64,
    pub(crate) bytes: u64,
    /// An estimate of its memory in bytes.
    pub(crate) weight: u64,
    /// The byte position of the next line.
    pub(crate) end: u64,
    /// The record, or its key (if it has one) and its problems.
    pub(crate) parsed: Result<Parsed, (Option<String>, Vec<FieldProblem>)>,
}

/// Lines that a thread reads ahead. The thread ends with the lines, or when the reader is dropped.
pub(crate) struct ReadAhead {
    groups: Receiver<Result<Vec<Line>>>,
    group: std::vec::IntoIter<Line>,
    thread: JoinHandle<()>,
}

impl ReadAhead {
    pub(crate) fn new(lines: Lines) -> Self {
        let (sender, groups) = channel(GROUPS_AHEAD);
        let thread = tokio::task::spawn_blocking(move || read(lines, &sender));
        Self { groups, group: Vec::new().into_iter(), thread }
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Line>> {
        loop {
            if let Some(line) = self.group.next() {
                return Ok(Some(line));
            }
            match self.groups.recv().await {
                Some(group) => self.group = group?.into_iter(),
                None => return Ok(None),
            }
        }
    }

    /// Stops reading ahead and waits for the thread, so that the file can be read from another position.
    pub(crate) async fn end(self) -> Result<()> {
        drop(self.groups);
        self.thread.await.map_err(|error| Error::Internal(format!("the read-ahead thread failed: {error}")))
    }
}

fn read(mut lines: Lines, to: &Sender<Result<Vec<Line>>>) {
    loop {
        let (mut group, mut group_weight) = (Vec::new(), 0);
        let ended = loop {
            match lines.next() {
                Ok(Some(line)) => {
                    let parsed = line.text.map_err(|problem| (None, vec![problem])).and_then(|text| parse(&text));
                    let weight = match &parsed {
                        Ok(Parsed::Record(record)) => record.weight(line.bytes),
                        _ => line.bytes,
                    };
                    group_weight += weight;
                    group.push(Line { number: line.number, bytes: line.bytes, weight, end: lines.offset(), parsed });
                    if group.len() == GROUP_LINES || group_weight >= GROUP_BYTES {
                        break Ok(false);
                    }
                }
                Ok(None) => break Ok(true),
                Err(error) => break Err(error),
            }
        };
        let last = !matches!(ended, Ok(false));
        // A read error fails the import, so the lines before it do not matter.
        if to.blocking_send(ended.map(|_| group)).is_err() || last {
            return;
        }
    }
}
