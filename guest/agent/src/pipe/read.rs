//! Reads of what a stream has now, into an answer or a record.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::io::Errno;

use crate::async_fd::AsyncFd;
use crate::status::{Context, Result};
use crate::ttrpc::body::Body;

/// What a read gave.
pub enum Read {
    Data(Body),
    Empty,
    End,
}

/// How many bytes a pipe has; 0 for what is no pipe.
pub fn bytes_in_pipe(source: &AsyncFd) -> usize {
    match rustix::pipe::fcntl_getpipe_size(source.get_ref()) {
        Ok(_) => rustix::io::ioctl_fionread(source.get_ref()).map_or(0, |n| n as usize),
        Err(_) => 0,
    }
}

/// Reads at most `limit` bytes that are there now, with `front` put before them.
pub fn read_available(source: &AsyncFd, limit: usize, front: &[u8]) -> Result<Read> {
    let fd = source.get_ref().as_fd();
    let available = rustix::io::ioctl_fionread(fd).map_or(4096, |n| n as usize);
    let length = available.clamp(1, limit.max(1));
    let mut body = Body::with_capacity(front.len() + length);
    body.end().extend_from_slice(front);
    match append(fd, body.end(), length) {
        Ok(0) | Err(Errno::IO) => Ok(Read::End),
        Ok(_) => Ok(Read::Data(body)),
        Err(Errno::AGAIN) => Ok(Read::Empty),
        Err(error) => Err(error).context(|| "read of output"),
    }
}

fn append(fd: BorrowedFd<'_>, buffer: &mut Vec<u8>, limit: usize) -> rustix::io::Result<usize> {
    buffer.reserve_exact(limit);
    loop {
        let spare = buffer.spare_capacity_mut();
        let limit = limit.min(spare.len());
        let length = match rustix::io::read(fd, &mut spare[..limit]) {
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error),
            Ok((filled, _)) => filled.len(),
        };
        // SAFETY: read() has just filled that many bytes of the spare capacity.
        unsafe { buffer.set_len(buffer.len() + length) };
        return Ok(length);
    }
}
