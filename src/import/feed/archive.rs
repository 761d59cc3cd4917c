//! Opens files as they are published: plain, gzip or zip. The kind is detected from the first bytes.
//!
//! Files are unpacked as a stream and never onto the disk by the names in an archive.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use crate::error::{Error, Result};
use crate::import::spool;

/// The number of bytes that every archive may unpack to.
const MAX_UNPACKED: u64 = 100_000_000;

/// The maximum ratio of unpacked to packed size beyond [`MAX_UNPACKED`]. Feeds shrink to about a tenth, and deflate
/// cannot shrink anything to less than a thousandth.
const MAX_RATIO: u64 = 100;

/// The first bytes of files in other packings.
const UNSUPPORTED: &[(&[u8], &str)] = &[
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "LZ4"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!", "RAR"),
];

/// Size of the buffers for reading, in bytes.
const BUFFER: usize = 1 << 20;

/// The longest name of an archive's entry in messages, in characters.
const MAX_NAME_CHARS: usize = 200;

/// A visitor of the files in an input: it gets the name for messages, and the content.
pub(super) type Visit<'v> = dyn FnMut(&str, &mut dyn BufRead) -> Result<()> + 'v;

/// A file that the user named, or standard input for `-`. It can be read more than once.
pub(super) struct Input {
    name: String,
    /// The content of a pipe, which can be read only once. Other files are opened when they are read: an import may
    /// name more files than may be open at a time.
    spooled: Option<File>,
}

impl Input {
    /// Checks that a file can be opened. The content of a pipe is copied to a temporary file.
    pub(super) fn open(name: &str) -> Result<Self> {
        let file = spool::open(name)?;
        let is_pipe = name == "-" || !std::fs::metadata(name).is_ok_and(|metadata| metadata.is_file());
        Ok(Self { name: name.to_owned(), spooled: is_pipe.then_some(file) })
    }

    /// The name that the user gave.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Visits the file, or every file in the archive, in order.
    pub(super) fn visit_files(&self, visit: &mut Visit<'_>) -> Result<()> {
        let name = self.name.as_str();
        let failed = |error| Error::Io(format!("cannot read {name}"), error);
        let mut file = match &self.spooled {
            Some(file) => file.try_clone().map_err(failed)?,
            None => spool::open(name)?,
        };
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut magic = Vec::new();
        (&mut file).take(6).read_to_end(&mut magic).map_err(failed)?;
        if let Some(packing) = unsupported_packing(&magic) {
            return Err(Error::BadInput(format!(
                "{name} is packed with {packing}: unpack it, or pack it with gzip or zip instead"
            )));
        }
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        match magic.as_slice() {
            [0x1f, 0x8b, ..] => {
                let packed = BufReader::with_capacity(BUFFER, file);
                let unpacked = Bounded { inner: MultiGzDecoder::new(packed), size, unpacked: 0 };
                visit(name, &mut BufReader::with_capacity(BUFFER, unpacked))
            }
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => visit_zip(name, file, size, visit),
            _ => visit(name, &mut BufReader::with_capacity(BUFFER, file)),
        }
    }
}

/// Returns the name of a packing that is not supported, by the first bytes of a file.
pub(super) fn unsupported_packing(start: &[u8]) -> Option<&'static str> {
    UNSUPPORTED.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, packing)| *packing)
}

/// Returns whether a file in an archive was added by an operating system, by the name that messages give it.
pub(super) fn is_system_file(name: &str) -> bool {
    let path = name.rsplit(':').next().unwrap_or(name);
    let file = path.rsplit('/').next().unwrap_or(path);
    path.starts_with("__MACOSX/") || file.starts_with("._") || matches!(file, ".DS_Store" | "Thumbs.db" | "desktop.ini")
}

fn visit_zip(name: &str, file: File, size: u64, visit: &mut Visit<'_>) -> Result<()> {
    let refused = |error| {
        Error::BadInput(format!("cannot unpack {name}: {error}. Pack it again, or unpack it and import its files"))
    };
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(refused)?;
    let has_entry = |name: &str| archive.index_for_name(name).is_some();
    if has_entry("[Content_Types].xml") || (has_entry("mimetype") && has_entry("content.xml")) {
        return Err(Error::BadInput(format!(
            "{name} is an office document (such as an Excel workbook), not text: save the sheet as CSV in UTF-8"
        )));
    }
    if !(0..archive.len()).any(|at| archive.name_for_index(at).is_some_and(|name| !name.ends_with('/'))) {
        return Err(Error::BadInput(format!("{name} is an archive without files: pack it again")));
    }
    let mut unpacked_before = 0;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(refused)?;
        if !entry.is_file() {
            continue;
        }
        // A hostile name could contain control characters that move a terminal's cursor.
        let entry_name: String = entry.name().chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect();
        let mut unpacked = Bounded { inner: entry, size, unpacked: unpacked_before };
        visit(&format!("{name}:{entry_name}"), &mut BufReader::with_capacity(BUFFER, &mut unpacked))?;
        unpacked_before = unpacked.unpacked;
    }
    Ok(())
}

/// A reader that fails when an archive unpacks to far more than a feed can contain (a decompression bomb).
struct Bounded<R> {
    inner: R,
    /// Size of the archive in bytes.
    size: u64,
    /// Bytes that came out of the archive so far.
    unpacked: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.unpacked += count as u64;
        if self.unpacked > MAX_UNPACKED && self.unpacked > self.size.saturating_mul(MAX_RATIO) {
            let message = format!(
                "it unpacks to more than {MAX_RATIO} times its {} bytes, which no feed does: unpack it yourself if you \
                 trust it",
                self.size
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(count)
    }
}
