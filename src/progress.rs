//! How far an import is, for whoever waits for it.

use std::io::{IsTerminal, Write};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use newsgraph::import::Progress;

/// Less than this many bytes are read before anyone asks how far.
const SHORT: u64 = 1 << 20;

/// A bar on a terminal; elsewhere a line for every tenth of a file that is not short.
pub(crate) struct Bar {
    bar: ProgressBar,
    /// All lines are read twice.
    total: u64,
    tenths: u64,
    plain: bool,
    /// Since when it reads on without a step back, from where, and how many lines.
    since: Instant,
    from: u64,
    lines: u64,
}

impl Bar {
    pub(crate) fn new(size: u64) -> Self {
        let (plain, total) = (!std::io::stderr().is_terminal(), size * 2);
        let bar = if plain { ProgressBar::hidden() } else { ProgressBar::new(total) };
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent}% {msg}") {
            bar.set_style(style);
        }
        bar.set_length(total);
        Self { bar, total, tenths: 0, plain, since: Instant::now(), from: 0, lines: 0 }
    }

    /// Records a second, and how long the rest of the files takes at that rate.
    /// Leaves the line to what comes next.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn rate(&self) -> String {
        let seconds = self.since.elapsed().as_secs_f64().max(0.001);
        let read = self.bar.position() - self.from;
        let left = self.total.saturating_sub(self.bar.position()) as f64 / (read.max(1) as f64 / seconds);
        format!("{:.0} records/s, {left:.0} s left", self.lines as f64 / 2.0 / seconds)
    }
}

impl Progress for Bar {
    fn read(&mut self, bytes: u64) {
        self.bar.inc(bytes);
        self.lines += 1;
        if !self.plain && self.lines.is_multiple_of(1000) {
            self.bar.set_message(self.rate());
        }
        let tenths = self.bar.position() * 10 / self.total.max(1);
        if self.plain && self.total >= 2 * SHORT && tenths > self.tenths {
            self.tenths = tenths;
            let _ = writeln!(std::io::stderr(), "{tenths}0 % read, {}", self.rate());
        }
    }

    fn stage(&mut self, what: &'static str) {
        self.bar.set_message(what);
        if self.plain && self.total >= 2 * SHORT && self.bar.position() >= self.total {
            let _ = writeln!(std::io::stderr(), "{what}");
        }
    }

    fn restart(&mut self, bytes: u64) {
        (self.since, self.from, self.lines) = (Instant::now(), bytes * 2, 0);
        self.bar.set_position(self.from);
        self.tenths = self.from * 10 / self.total.max(1);
    }
}
