//! Writes an export to a file, or to standard output.
//!
//! A file appears under its name only when it is complete.

use std::io::{ErrorKind, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::{Error, Result};
use crate::export::Export;
use crate::shutdown::shutdown_signal;

impl Export {
    /// Writes the whole export to a file, or to standard output.
    ///
    /// If the export fails or the program receives a shutdown signal, no file is created, and an existing file is
    /// left unchanged.
    pub async fn write_to(mut self, file: Option<&str>) -> Result<()> {
        let Some(file) = file else {
            let mut stdout = std::io::stdout();
            return match self.write_chunks(&mut stdout).await {
                // Broken pipe: the reader (for example `head`) closed standard output.
                Err(Error::Io(_, error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
                result => result,
            };
        };
        let failed = |error| Error::Io(format!("cannot write {file}"), error);
        let path = Path::new(file);
        // A device or a pipe cannot be replaced by a file.
        if path.exists() && !path.is_file() {
            let mut device = std::fs::File::create(path).map_err(failed)?;
            return self.write_chunks(&mut device).await;
        }
        // Without a handler, the signal would end the program and leave the temporary file behind. `biased` polls the
        // handler first, so it is installed before the temporary file is created.
        let written = tokio::select! {
            biased;
            () = shutdown_signal() => return Err(Error::Internal(format!("stopped: nothing was written to {file}"))),
            written = self.write_temporary(path) => written?,
        };
        written.persist(path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Writes the whole export to a temporary file in the directory of `path`.
    async fn write_temporary(&mut self, path: &Path) -> Result<NamedTempFile> {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        // The usual permissions of new files: those of temporary files hide the export from other users.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(directory);
        let mut file = file.map_err(|error| Error::Io(format!("cannot write {}", path.display()), error))?;
        self.write_chunks(&mut file).await?;
        Ok(file)
    }

    async fn write_chunks(&mut self, writer: &mut (dyn Write + Send)) -> Result<()> {
        let failed = |error| Error::Io("cannot write".into(), error);
        while let Some(chunk) = self.next().await? {
            writer.write_all(&chunk.bytes).map_err(failed)?;
        }
        writer.flush().map_err(failed)
    }
}
