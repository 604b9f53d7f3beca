//! Waits for more of an output stream, and for its end.

use std::time::Duration;

use super::Process;
use super::output::Output;
use crate::async_fd::AsyncFd;

/// How long output may still come from what the process has left behind.
const DRAIN: Duration = Duration::from_millis(500);

/// Waits for bytes, for another sink, for the end, or for the time after the process's end by which
/// its output is taken to be complete.
pub async fn for_output(process: &Process, output: &Output, source: &AsyncFd) {
    tokio::select! {
        biased;
        guard = source.readable() => if let Ok(mut guard) = guard {
            guard.clear_ready();
        },
        () = output.sink_changed.notified() => {}
        () = output.eof.wait() => {}
        () = for_last_output(process) => output.end(),
    }
}

/// Ends when the process has ended and the time for its last output has passed.
async fn for_last_output(process: &Process) {
    process.exit.wait().await;
    tokio::time::sleep(DRAIN).await;
}
