//! Files as they are published: plain, gzip or zip, told apart by their first bytes and unpacked in a stream.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use crate::error::{Error, Result};
use crate::import::spool;

/// So much may come out of any archive.
const HARMLESS: u64 = 100_000_000;

/// Beyond that, no more than so many times its size: feeds shrink to a tenth, and no deflated file to less than a thousandth.
const GROWTH: u64 = 100;

/// How files begin that are packed otherwise.
const FOREIGN: &[(&[u8], &str)] = &[
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!", "RAR"),
];

/// Room for reading.
const BUFFER: usize = 1 << 20;

/// Visits a file, or every file in an archive. Names of entries are words for messages and never paths.
pub(super) fn each(name: &str, visit: &mut dyn FnMut(&str, &mut dyn BufRead) -> Result<()>) -> Result<()> {
    let failed = |error| Error::Io(format!("cannot read {name}"), error);
    let mut file = spool::open(name)?;
    let mut magic = Vec::new();
    (&mut file).take(6).read_to_end(&mut magic).map_err(failed)?;
    if let Some((_, packer)) = FOREIGN.iter().find(|(begin, _)| magic.starts_with(begin)) {
        return Err(Error::BadInput(format!("{name} is packed with {packer}: unpack it, or pack it with gzip or zip")));
    }
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    match magic.as_slice() {
        [0x1f, 0x8b, ..] => {
            let unpacked = Bounded::new(MultiGzDecoder::new(BufReader::with_capacity(BUFFER, file)), size);
            visit(name, &mut BufReader::with_capacity(BUFFER, unpacked))
        }
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => zipped(name, file, size, visit),
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
    if !(0..archive.len()).any(|at| archive.name_for_index(at).is_some_and(|name| !name.ends_with('/'))) {
        return Err(Error::BadInput(format!("{name} is an archive without a file in it: was it packed whole?")));
    }
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
