//! Moves bytes from a process's pipe to a connection without copying them.
//!
//! Linux's virtio_console takes a pipe only as a whole (asked for a part, it passes empty buffers
//! for the rest, at which QEMU stops the device). So a part goes into a pipe of our own first,
//! which costs the kernel nothing but references to pages.

use std::cell::OnceCell;
use std::io::{Error, Result};
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags};

use super::io::Io;
use crate::ttrpc::tail::Tail;

/// What is moved at once: as much as a process's pipe holds. Each part lets the process run, and
/// changing from one to the other is what costs most where the machine is emulated.
const PART: usize = 1 << 20;

#[derive(Default)]
pub struct Relay {
    pipe: OnceCell<(OwnedFd, OwnedFd)>,
}

impl Relay {
    /// Sends the whole tail.
    pub async fn send(&self, io: &Io, mut tail: Tail) -> Result<()> {
        let (reader, writer) = self.pipe()?;
        while tail.left > 0 {
            let part = fill(tail.source.get_ref(), writer, tail.left.min(PART))?;
            tail.left -= part;
            let mut rest = part;
            while rest > 0 {
                match io.splice(reader, rest).await? {
                    0 => return Err(Error::other("the connection took no bytes")),
                    length => rest -= length,
                }
            }
        }
        Ok(())
    }

    fn pipe(&self) -> Result<&(OwnedFd, OwnedFd)> {
        if let Some(pipe) = self.pipe.get() {
            return Ok(pipe);
        }
        let pipe = rustix::pipe::pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        // Where that is refused, parts are as small as the pipe.
        let _ = rustix::pipe::fcntl_setpipe_size(&pipe.0, PART);
        Ok(self.pipe.get_or_init(|| pipe))
    }
}

fn fill(source: &OwnedFd, pipe: &OwnedFd, length: usize) -> Result<usize> {
    let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
    loop {
        match rustix::pipe::splice(source, None, pipe, None, length, flags) {
            Err(Errno::INTR) => {}
            Ok(0) => return Err(Error::other("a pipe has lost what it held")),
            result => return result.map_err(Error::from),
        }
    }
}
