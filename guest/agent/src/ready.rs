//! File descriptors whose readiness the runtime watches.

use std::io::{Error, Result};
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

pub type Ready = AsyncFd<OwnedFd>;

/// Makes the descriptor non-blocking and watches it for reading and writing.
pub fn watch(fd: OwnedFd) -> Result<Ready> {
    rustix::io::ioctl_fionbio(&fd, true)?;
    register(fd, Interest::READABLE | Interest::WRITABLE)
}

/// Watches it for reading alone.
pub fn watch_reading(fd: OwnedFd) -> Result<Ready> {
    register(fd, Interest::READABLE)
}

fn register(fd: OwnedFd, interest: Interest) -> Result<Ready> {
    // SAFETY: an OwnedFd gives the same open descriptor for as long as it lives.
    unsafe { AsyncFd::register_with_interest(fd, interest) }.map_err(Error::from)
}
