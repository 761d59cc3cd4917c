//! The `newsgraph` program: starts the runtime, runs the command line and maps errors to exit codes.

mod cli;

use std::io::Write;
use std::process::ExitCode;

use cli::exit_code::ExitStatus;
use newsgraph::error::{Error, Result};
use newsgraph::import::problem::printable;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Stack size of a worker thread, in bytes. Nested selections are compiled and written within those around them, so the deepest
/// query allowed takes several megabytes in a debug build. Only the pages that are used take memory.
const STACK_SIZE: usize = 32 << 20;

fn main() -> ExitCode {
    // An import keeps its files open and a server its connections; the usual soft limit is too low for both. When the limit
    // cannot be raised, the current one applies.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    // Huge pages stay in memory as a whole when a part of them is used: a quarter more memory of a server, at the same speed.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK_SIZE).build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(cli::run()),
        Err(error) => Err(Error::Io("cannot start threads".into(), error)),
    };
    exit_status(result).into()
}

/// The exit status of a finished command. An error is printed to standard error first.
fn exit_status(result: Result<ExitStatus>) -> ExitStatus {
    result.unwrap_or_else(|error| {
        let message: Vec<_> = error.to_string().lines().map(|line| printable(line).into_owned()).collect();
        // When standard error is closed, nothing can be reported.
        let _ = writeln!(std::io::stderr(), "newsgraph: {}", message.join("\n"));
        ExitStatus::from(&error)
    })
}
