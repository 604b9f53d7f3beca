//! One connection, as its session sees it.

use std::io::{Error, ErrorKind, Result};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use bytes::BytesMut;
use rustix::io::Errno;
use rustix::pipe::SpliceFlags;

use crate::async_fd::{self, AsyncFd};

use super::poller::Polled;

pub enum Io {
    /// A socket: once hung up, it is over.
    Stream(AsyncFd),
    /// A port: it hangs up whenever its client leaves, and goes on with the next one.
    Port(Rc<Polled>),
}

impl Io {
    pub fn stream(fd: OwnedFd) -> Result<Io> {
        async_fd::watch(fd).map(Io::Stream)
    }

    /// Reads what there is into the spare room of `buffer`; 0 means that the other end is gone.
    pub async fn read(&self, buffer: &mut BytesMut) -> Result<usize> {
        match self {
            Io::Stream(fd) => loop {
                let mut guard = fd.readable().await?;
                if let Ok(result) = guard.try_io(|fd| read_spare(fd.as_fd(), buffer)) {
                    return result;
                }
            },
            Io::Port(port) => loop {
                match read_spare(port.fd.as_fd(), buffer) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        port.readable.notified().await;
                    }
                    result => return result,
                }
            },
        }
    }

    /// Writes as much as goes at once, and at least something.
    pub async fn write(&self, bytes: &[u8]) -> Result<usize> {
        match self {
            Io::Stream(fd) => loop {
                let mut guard = fd.writable().await?;
                if let Ok(result) = guard.try_io(|fd| write(fd.as_fd(), bytes)) {
                    return result;
                }
            },
            Io::Port(port) => loop {
                match write(port.fd.as_fd(), bytes) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        port.writable.notified().await;
                    }
                    result => return result,
                }
            },
        }
    }

    pub async fn write_all(&self, bytes: &[u8]) -> Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let length = self.write(rest).await?;
            rest = rest.get(length..).unwrap_or_default();
        }
        Ok(())
    }

    /// Moves at most `length` bytes, which a pipe holds, without copying them.
    pub async fn splice(&self, pipe: &OwnedFd, length: usize) -> Result<usize> {
        match self {
            Io::Stream(fd) => loop {
                let mut guard = fd.writable().await?;
                if let Ok(result) = guard.try_io(|fd| splice(pipe, fd.as_fd(), length)) {
                    return result;
                }
            },
            Io::Port(port) => loop {
                match splice(pipe, port.fd.as_fd(), length) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        port.writable.notified().await;
                    }
                    result => return result,
                }
            },
        }
    }

    /// After a read of 0: waits until that may have changed; false if it never will.
    pub async fn comes_back(&self) -> bool {
        match self {
            Io::Stream(_) => false,
            Io::Port(port) => {
                port.readable.notified().await;
                true
            }
        }
    }
}

fn write(fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize> {
    loop {
        match rustix::io::write(fd, bytes) {
            Err(Errno::INTR) => {}
            result => return result.map_err(Error::from),
        }
    }
}

fn splice(pipe: &OwnedFd, fd: BorrowedFd<'_>, length: usize) -> Result<usize> {
    let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
    loop {
        match rustix::pipe::splice(pipe, None, fd, None, length, flags) {
            Err(Errno::INTR) => {}
            result => return result.map_err(Error::from),
        }
    }
}

fn read_spare(fd: BorrowedFd<'_>, buffer: &mut BytesMut) -> Result<usize> {
    loop {
        let length = match rustix::io::read(fd, buffer.spare_capacity_mut()) {
            Err(Errno::INTR) => continue,
            Err(error) => return Err(Error::from(error)),
            Ok((filled, _)) => filled.len(),
        };
        // SAFETY: read() has just filled that many bytes of the spare capacity.
        unsafe { buffer.set_len(buffer.len() + length) };
        return Ok(length);
    }
}
