//! Progress of an import, shown on standard error.

use std::io::{IsTerminal, Write};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use newsgraph::import::Progress;

/// Smallest total size, in bytes, for which progress lines are printed; smaller imports finish at once.
const MIN_SIZE: u64 = 1 << 20;

/// A progress bar on a terminal. Elsewhere, a line for each tenth of the files, unless they are smaller than [`MIN_SIZE`].
pub(crate) struct ProgressDisplay {
    bar: ProgressBar,
    /// Bytes to read: twice the size of the files, because an import reads them twice.
    total: u64,
    /// Tenths of the total that were announced.
    tenths: u64,
    is_terminal: bool,
    /// Start of the measurement of the rate: its time, position in bytes, and the lines read since then. A restart of the
    /// import resets it.
    since: Instant,
    from: u64,
    lines: u64,
}

impl ProgressDisplay {
    /// Shows the progress of an import of files with this total size in bytes.
    pub(crate) fn new(size: u64) -> Self {
        let (is_terminal, total) = (std::io::stderr().is_terminal(), size * 2);
        let bar = if is_terminal { ProgressBar::new(total) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent}% {msg}") {
            bar.set_style(style);
        }
        bar.set_length(total);
        Self { bar, total, tenths: 0, is_terminal, since: Instant::now(), from: 0, lines: 0 }
    }

    /// Removes the bar, so that its line is free for the report.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Records per second, and the seconds that the rest of the files takes at that rate.
    fn rate(&self) -> String {
        let seconds = self.since.elapsed().as_secs_f64().max(0.001);
        let read = self.bar.position() - self.from;
        let left = self.total.saturating_sub(self.bar.position()) as f64 / (read.max(1) as f64 / seconds);
        format!("{:.0} records/s, {left:.0} s left", self.lines as f64 / 2.0 / seconds)
    }

    fn prints_lines(&self) -> bool {
        !self.is_terminal && self.total >= 2 * MIN_SIZE
    }
}

impl Progress for ProgressDisplay {
    fn read(&mut self, bytes: u64) {
        self.bar.inc(bytes);
        self.lines += 1;
        if self.is_terminal && self.lines.is_multiple_of(1000) {
            self.bar.set_message(self.rate());
        }
        let tenths = self.bar.position() * 10 / self.total.max(1);
        if self.prints_lines() && tenths > self.tenths {
            self.tenths = tenths;
            let _ = writeln!(std::io::stderr(), "{tenths}0 % read, {}", self.rate());
        }
    }

    fn stage(&mut self, what: &'static str) {
        self.bar.set_message(what);
        if self.prints_lines() && self.bar.position() >= self.total {
            let _ = writeln!(std::io::stderr(), "{what}");
        }
    }

    fn restart(&mut self, bytes: u64) {
        (self.since, self.from, self.lines) = (Instant::now(), bytes * 2, 0);
        self.bar.set_position(self.from);
        self.tenths = self.from * 10 / self.total.max(1);
    }
}
