//! The lines of records that a feed is converted to, on disk.

use std::fs::File;
use std::io::{BufWriter, Write};

use crate::error::Result;
use crate::import::spool;

/// A spooled file of record lines, with the raw line and the flags of each.
pub(super) struct RecordLines {
    records: BufWriter<File>,
    origins: BufWriter<File>,
    /// Number of lines so far.
    pub(super) count: u64,
}

impl RecordLines {
    pub(super) fn new(buffer: usize) -> Result<Self> {
        let (records, origins) = (spool::file()?, spool::file()?);
        Ok(Self {
            records: BufWriter::with_capacity(buffer, records),
            origins: BufWriter::with_capacity(buffer / 16, origins),
            count: 0,
        })
    }

    pub(super) fn write(&mut self, text: &str, origin: u64) -> Result<()> {
        self.count += 1;
        self.records.write_all(text.as_bytes()).map_err(spool::failed)?;
        self.records.write_all(b"\n").map_err(spool::failed)?;
        self.origins.write_all(&origin.to_le_bytes()).map_err(spool::failed)
    }

    /// Returns the file of record lines and the file of origins.
    pub(super) fn finish(self) -> Result<(File, File)> {
        let file = |writer: BufWriter<File>| writer.into_inner().map_err(|error| spool::failed(error.into_error()));
        Ok((file(self.records)?, file(self.origins)?))
    }
}
