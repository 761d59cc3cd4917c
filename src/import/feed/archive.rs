//! Files as they are published: plain, gzip or zip, told apart by their first bytes and unpacked in a stream.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use crate::error::{Error, Result};

/// So much may come out of any archive.
const HARMLESS: u64 = 100_000_000;

/// Beyond that, no more than so many times its size: feeds shrink to a tenth.
const GROWTH: u64 = 1000;

/// Room for reading.
const BUFFER: usize = 1 << 20;

/// Visits a file, or every file in an archive. Names of entries are words for messages and never paths.
pub(super) fn each(name: &str, visit: &mut dyn FnMut(&str, &mut dyn BufRead) -> Result<()>) -> Result<()> {
    let failed = |error| Error::Io(format!("cannot read {name}"), error);
    let mut file = if name == "-" {
        // An archive is read from its end, and standard input has none.
        let mut kept = tempfile::tempfile().map_err(failed)?;
        io::copy(&mut io::stdin().lock(), &mut kept).map_err(failed)?;
        kept.seek(SeekFrom::Start(0)).map_err(failed)?;
        kept
    } else {
        File::open(name).map_err(failed)?
    };
    let mut magic = Vec::new();
    (&mut file).take(4).read_to_end(&mut magic).map_err(failed)?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    match magic.as_slice() {
        [0x1f, 0x8b, ..] => {
            let unpacked = Bounded::new(MultiGzDecoder::new(BufReader::with_capacity(BUFFER, file)), size);
            visit(name, &mut BufReader::with_capacity(BUFFER, unpacked))
        }
        b"PK\x03\x04" => zipped(name, file, size, visit),
        _ => visit(name, &mut BufReader::with_capacity(BUFFER, file)),
    }
}

fn zipped(
    name: &str,
    file: File,
    size: u64,
    visit: &mut dyn FnMut(&str, &mut dyn BufRead) -> Result<()>,
) -> Result<()> {
    let refused = |error| Error::BadInput(format!("cannot unpack {name}: {error}; pack it again, or give its files"));
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(refused)?;
    let mut grown = 0;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(refused)?;
        if !entry.is_file() {
            continue;
        }
        // A hostile name could hold what moves a terminal's cursor.
        let entry_name: String = entry.name().chars().filter(|c| !c.is_control()).take(200).collect();
        let mut unpacked = Bounded { inner: entry, size, grown };
        visit(&format!("{name}:{entry_name}"), &mut BufReader::with_capacity(BUFFER, &mut unpacked))?;
        grown = unpacked.grown;
    }
    Ok(())
}

/// A reader that refuses to go on when far more comes out of an archive than a feed can hold.
struct Bounded<R> {
    inner: R,
    size: u64,
    grown: u64,
}

impl<R> Bounded<R> {
    fn new(inner: R, size: u64) -> Self {
        Self { inner, size, grown: 0 }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.grown += count as u64;
        if self.grown > HARMLESS && self.grown > self.size.saturating_mul(GROWTH) {
            let message = format!(
                "it unpacks to more than {GROWTH} times its {} bytes, as no feed does: unpack it yourself if you trust it",
                self.size
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(count)
    }
}
