//! Files that can be read twice: what cannot be, since it comes through a pipe or out of an archive, is kept on disk.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::error::{Error, Result};

/// Opens a file, or standard input for `-`.
pub(crate) fn open(name: &str) -> Result<File> {
    if name == "-" {
        return keep(name, &mut io::stdin().lock());
    }
    let refused = |error| Error::Io(format!("cannot read {name}"), error);
    let mut file = File::open(name).map_err(refused)?;
    let kind = file.metadata().map_err(refused)?.file_type();
    if kind.is_dir() {
        return Err(Error::BadInput(format!("{name} is a folder: give the files in it")));
    }
    if kind.is_file() { Ok(file) } else { keep(name, &mut file) }
}

/// An empty file without a name, which goes with the program.
pub(crate) fn file() -> Result<File> {
    tempfile::tempfile().map_err(failed)
}

/// All that comes from a reader, from its start.
pub(crate) fn keep(name: &str, reader: &mut dyn Read) -> Result<File> {
    let mut file = file()?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::Io(format!("cannot read {name}"), error)),
        };
        file.write_all(&buffer[..count]).map_err(failed)?;
    }
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    Ok(file)
}

/// The folder has no room, or is not there: the input has no part in it.
pub(crate) fn failed(error: io::Error) -> Error {
    let folder = std::env::temp_dir();
    Error::Io(format!("cannot keep a temporary file in {} (the environment's TMPDIR)", folder.display()), error)
}
