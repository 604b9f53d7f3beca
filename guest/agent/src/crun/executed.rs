//! Tells when crun and all that it has started have become the program that was asked for, or ended: by a
//! pipe that each of them has and that closes by itself then.

use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use rustix::io::FdFlags;
use rustix::pipe::PipeFlags;

use crate::async_fd::{self, AsyncFd};
use crate::status::{Context, Result};

pub struct Executed {
    reader: AsyncFd,
    writer: OwnedFd,
}

impl Executed {
    pub fn open() -> Result<Executed> {
        let (reader, writer) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC).context(|| "pipe")?;
        let reader = async_fd::watch(reader).context(|| "pipe")?;
        Ok(Executed { reader, writer })
    }

    /// The end that a new process is to let through to crun.
    pub fn writer(&self) -> RawFd {
        self.writer.as_raw_fd()
    }

    /// Waits, once crun has been started.
    pub async fn wait(self) {
        let Executed { reader, writer } = self;
        drop(writer);
        let _ = reader.readable().await;
    }
}

/// Called in a new process: what it becomes has the descriptor too. crun has programs that it starts
/// lose it.
pub fn let_through(fd: RawFd) -> std::io::Result<()> {
    // SAFETY: the descriptor is open, as its owner outlives the start of the process.
    let fd = unsafe { std::os::fd::BorrowedFd::borrow_raw(fd) };
    rustix::io::fcntl_setfd(fd.as_fd(), FdFlags::empty())?;
    Ok(())
}
