//! `newsgraph generate`.

use std::io::{BufWriter, ErrorKind, Write};

use newsgraph::error::{Error, Result};
use newsgraph::generate::{Generate, generate};

use crate::cli::exit_code::ExitStatus;

/// Print synthetic records for load tests; their frequencies are skewed like those of real news.
#[derive(clap::Args)]
#[command(after_help = "Example: newsgraph generate --events 100000 --seed 7 | newsgraph import -")]
pub(super) struct GenerateCommand {
    /// Number of events. Actors, places, articles, claims and statements are generated in addition.
    #[arg(long, value_name = "NUMBER")]
    events: u64,
    /// Seed of the random number generator; the same seed and number of events give the same records.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
}

impl GenerateCommand {
    pub(super) fn run(self) -> Result<ExitStatus> {
        let mut out = BufWriter::new(std::io::stdout().lock());
        let generated = generate(Generate { events: self.events, seed: self.seed }, &mut out);
        let flushed = out.flush().map_err(|error| Error::Io("cannot write".into(), error));
        match generated.and(flushed) {
            // Broken pipe: the reader, for example `head`, closed standard output.
            Err(Error::Io(_, error)) if error.kind() == ErrorKind::BrokenPipe => Ok(ExitStatus::Success),
            result => result.map(|()| ExitStatus::Success),
        }
    }
}
