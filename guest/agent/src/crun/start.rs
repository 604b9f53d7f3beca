//! Lets the init of a created container go.

use std::fs;

use rustix::fs::{Mode, OFlags};

use super::Crun;
use crate::pipe::Stdio;
use crate::status::{Result, Status};

impl Crun {
    /// Does what `crun start` does. With no hooks to run after it, that is one byte into the fifo
    /// at which the init waits, and the agent saves the time of starting a program for it.
    pub async fn start(&self, id: &str, hooks: bool) -> Result<()> {
        if !hooks && self.release(id).is_ok() {
            return Ok(());
        }
        match self.run(&["start", id], Stdio::default()).await? {
            0 => Ok(()),
            status => Err(Status::internal(format!(
                "crun start: exit status {status}"
            ))),
        }
    }

    fn release(&self, id: &str) -> rustix::io::Result<()> {
        let fifo = self.root.join(id).join("exec.fifo");
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::open(&fifo, flags, Mode::empty())?;
        let _ = fs::remove_file(&fifo);
        rustix::io::write(&fd, &[0])?;
        Ok(())
    }
}
