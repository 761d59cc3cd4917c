//! An export into a file: the file is there when it is whole, and not before.

use std::io::{ErrorKind, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::{Error, Result};
use crate::export::Export;
use crate::shutdown::told_to_stop;

impl Export {
    /// Writes all of it to a file, or to standard output.
    pub async fn write_to(mut self, file: Option<&str>) -> Result<()> {
        let Some(file) = file else {
            let mut out = std::io::stdout();
            return match self.pour(&mut out).await {
                // Who reads may have had enough.
                Err(Error::Io(_, error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
                done => done,
            };
        };
        let failed = |error| Error::Io(format!("cannot write {file}"), error);
        let path = Path::new(file);
        // A device or a pipe cannot be put in place.
        if path.exists() && !path.is_file() {
            let mut out = std::fs::File::create(path).map_err(failed)?;
            return self.pour(&mut out).await;
        }
        // Ended by the signal itself, what is written so far would stay behind: who waits for it is there before the file is.
        let made = tokio::select! {
            biased;
            () = told_to_stop() => return Err(Error::Broken(format!("stopped: nothing was written to {file}"))),
            made = self.pour_beside(path) => made?,
        };
        made.persist(path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// All of it in a new file, beside the one whose place it is to take.
    async fn pour_beside(&mut self, path: &Path) -> Result<NamedTempFile> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut made = tempfile::Builder::new();
        // As any file of this user: a temporary one is hidden from others.
        #[cfg(unix)]
        made.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let made = made.tempfile_in(folder);
        let mut made = made.map_err(|error| Error::Io(format!("cannot write {}", path.display()), error))?;
        self.pour(&mut made).await?;
        Ok(made)
    }

    async fn pour(&mut self, out: &mut (dyn Write + Send)) -> Result<()> {
        let failed = |error| Error::Io("cannot write".into(), error);
        while let Some(chunk) = self.next().await? {
            out.write_all(&chunk.bytes).map_err(failed)?;
        }
        out.flush().map_err(failed)
    }
}
