//! Waits for more of an output stream.

use super::output::Output;
use super::{Process, finish};
use crate::ready::Ready;

/// Waits for bytes, for another sink, for the end, or for the time after the process's end by which
/// its output is taken to be complete.
pub async fn wait(process: &Process, output: &Output, source: &Ready) {
    tokio::select! {
        biased;
        guard = source.readable() => if let Ok(mut guard) = guard {
            guard.clear_ready();
        },
        () = output.sink_changed.notified() => {}
        () = output.eof.wait() => {}
        () = finish::grace(process) => output.end(),
    }
}
