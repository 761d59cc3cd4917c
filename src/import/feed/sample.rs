//! The beginning of a file, from which its format is detected.

use std::io::{self, BufRead, Read};

/// The size of a sample in bytes. A record with the text of an article can be this long.
const BYTES: u64 = 1 << 20;

/// The number of lines from which the format is detected. One is not enough, since any line may be damaged.
pub(super) const LINES: usize = 5;

/// The beginning of a file.
pub(super) struct Sample {
    pub(super) bytes: Vec<u8>,
    /// The same as text, without a byte order mark. What is not UTF-8 is replaced.
    pub(super) text: String,
}

impl Sample {
    pub(super) fn read(reader: &mut dyn BufRead) -> io::Result<Self> {
        let mut bytes = Vec::new();
        reader.take(BYTES).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}').to_owned();
        Ok(Self { bytes, text })
    }

    /// The lines that are not blank. The last one may be cut.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.split(['\n', '\r']).filter(|line| !line.trim().is_empty())
    }
}
