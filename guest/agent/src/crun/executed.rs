//! Tells when crun and all that it has started have become the program that was asked for, or ended: by a
//! pipe that each of them has and that closes by itself then.

use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::pipe::PipeFlags;

use crate::async_fd;
use crate::status::{Context, Result};

pub struct Executed {
    reader: OwnedFd,
}

impl Executed {
    /// With it comes the end that crun inherits.
    pub fn open() -> Result<(Executed, OwnedFd)> {
        let flags = PipeFlags::CLOEXEC | PipeFlags::NONBLOCK;
        let (reader, writer) = rustix::pipe::pipe_with(flags).context(|| "pipe")?;
        Ok((Executed { reader }, writer))
    }

    /// Waits, once crun has been started. Mostly it is closed by then, and need not be watched.
    pub async fn wait(self) {
        if rustix::io::read(&self.reader, &mut [0]) == Err(Errno::AGAIN)
            && let Ok(reader) = async_fd::watch_reading(self.reader)
        {
            let _ = reader.readable().await;
        }
    }
}
