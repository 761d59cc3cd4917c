//! Reads lines ahead, on a thread of its own: while the database writes some records the next ones are parsed.

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::import::source::{Lines, Parsed, parse};
use crate::import::validate::builder::Mistake;

/// Lines that are handed over together, or less when they weigh much.
const LINES: usize = 250;
const WEIGHT: u64 = 1 << 20;

/// How many such parcels wait.
const PARCELS: usize = 4;

/// A line that was parsed.
pub(crate) struct Line {
    pub(crate) number: u64,
    pub(crate) bytes: u64,
    /// How much memory it takes, about.
    pub(crate) weight: u64,
    /// Where the next line begins.
    pub(crate) end: u64,
    /// What it holds; on mistakes, its key if there is one.
    pub(crate) parsed: Result<Parsed, (Option<String>, Vec<Mistake>)>,
}

/// Lines that a thread reads ahead. It ends with them, or when nobody takes them any more.
pub(crate) struct ReadAhead {
    parcels: Receiver<Result<Vec<Line>>>,
    parcel: std::vec::IntoIter<Line>,
    thread: JoinHandle<()>,
}

impl ReadAhead {
    pub(crate) fn new(lines: Lines) -> Self {
        let (sender, parcels) = channel(PARCELS);
        let thread = tokio::task::spawn_blocking(move || read(lines, &sender));
        Self { parcels, parcel: Vec::new().into_iter(), thread }
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Line>> {
        loop {
            if let Some(line) = self.parcel.next() {
                return Ok(Some(line));
            }
            match self.parcels.recv().await {
                Some(parcel) => self.parcel = parcel?.into_iter(),
                None => return Ok(None),
            }
        }
    }

    /// Waits until nobody reads in the file any more, so that it can be read from another place.
    pub(crate) async fn end(self) -> Result<()> {
        drop(self.parcels);
        self.thread.await.map_err(|error| Error::Broken(format!("reading ahead failed: {error}")))
    }
}

fn read(mut lines: Lines, to: &Sender<Result<Vec<Line>>>) {
    loop {
        let (mut parcel, mut all_weight) = (Vec::new(), 0);
        let ended = loop {
            match lines.next() {
                Ok(Some(line)) => {
                    let parsed = line.text.map_err(|mistake| (None, vec![mistake])).and_then(|text| parse(&text));
                    let weight = match &parsed {
                        Ok(Parsed::Record(record)) => record.weight(line.bytes),
                        _ => line.bytes,
                    };
                    all_weight += weight;
                    parcel.push(Line { number: line.number, bytes: line.bytes, weight, end: lines.offset(), parsed });
                    if parcel.len() == LINES || all_weight >= WEIGHT {
                        break Ok(false);
                    }
                }
                Ok(None) => break Ok(true),
                Err(error) => break Err(error),
            }
        };
        let last = !matches!(ended, Ok(false));
        // A failed reading ends the import, whatever stood before.
        if to.blocking_send(ended.map(|_| parcel)).is_err() || last {
            return;
        }
    }
}
