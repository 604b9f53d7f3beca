//! File descriptors whose readiness the runtime watches.

use std::io::{Error, Result};
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix;

pub type AsyncFd = unix::AsyncFd<OwnedFd>;

/// Makes the descriptor non-blocking and watches it for reading and writing.
pub fn watch(fd: OwnedFd) -> Result<AsyncFd> {
    rustix::io::ioctl_fionbio(&fd, true)?;
    register(fd, Interest::READABLE | Interest::WRITABLE)
}

/// Watches it for reading alone.
pub fn watch_reading(fd: OwnedFd) -> Result<AsyncFd> {
    register(fd, Interest::READABLE)
}

fn register(fd: OwnedFd, interest: Interest) -> Result<AsyncFd> {
    // SAFETY: an OwnedFd gives the same open descriptor for as long as it lives.
    unsafe { AsyncFd::register_with_interest(fd, interest) }.map_err(Error::from)
}
