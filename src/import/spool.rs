//! Files that can be read repeatedly: input from a pipe or an archive is copied to a temporary file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::error::{Error, Result};

/// Opens a file, or standard input for `-`. Errors: it cannot be read or is a directory.
pub(crate) fn open(name: &str) -> Result<File> {
    if name == "-" {
        return keep(name, &mut io::stdin().lock());
    }
    let failed = |error| Error::Io(format!("cannot read {name}"), error);
    let mut file = File::open(name).map_err(failed)?;
    let kind = file.metadata().map_err(failed)?.file_type();
    if kind.is_dir() {
        return Err(Error::BadInput(format!("{name} is a directory: give the files in it")));
    }
    if kind.is_file() { Ok(file) } else { keep(name, &mut file) }
}

/// Creates an empty temporary file without a name. It is deleted when the program ends.
pub(crate) fn file() -> Result<File> {
    tempfile::tempfile().map_err(failed)
}

/// Copies everything from a reader to a temporary file, and returns it positioned at its start.
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

/// An error of a temporary file: its directory is full or does not exist. The input is not the cause.
pub(crate) fn failed(error: io::Error) -> Error {
    let directory = std::env::temp_dir();
    Error::Io(
        format!("cannot write a temporary file in {} (set TMPDIR to use another directory)", directory.display()),
        error,
    )
}
