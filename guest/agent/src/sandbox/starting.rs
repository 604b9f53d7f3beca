//! A process whose start is under way.

use std::cell::Cell;

use crate::latch::Latch;
use crate::process::descendants;

#[derive(Default)]
pub struct Starting {
    /// Set when it is to be no more.
    pub killed: Latch,
    /// Set when its start has ended, well or not.
    pub done: Latch,
    /// By which what has been started so far is known.
    pub mark: Cell<Option<u64>>,
}

impl Starting {
    /// Kills what there is of it, and has what may still come be killed; ends when the start has.
    pub async fn kill(&self) {
        self.killed.set();
        self.kill_started().await;
        self.done.wait().await;
    }

    /// Kills what has been started so far, crun too, and in a frozen container too; returns when it is
    /// gone.
    pub async fn kill_started(&self) {
        if let Some(mark) = self.mark.get() {
            descendants::kill(mark).ended().await;
        }
    }
}
