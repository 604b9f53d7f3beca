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

use crate::transport::io::Io;
use crate::ttrpc::tail::{Source, Tail};

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
            let part = fill(&tail.source, writer, tail.left)?;
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

/// Puts the next bytes into the pipe: some of a process's, all of those that are kept.
fn fill(source: &Source, pipe: &OwnedFd, length: usize) -> Result<usize> {
    loop {
        let result = match source {
            Source::Process(source) => {
                let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
                rustix::pipe::splice(source.get_ref(), None, pipe, None, length.min(PART), flags)
            }
            Source::Replay(source) => {
                rustix::pipe::tee(source, pipe, length, SpliceFlags::NONBLOCK)
            }
        };
        match (source, result) {
            (_, Err(Errno::INTR)) => {}
            (_, Ok(0)) => return Err(Error::other("a pipe has lost what it held")),
            (Source::Replay(_), Ok(part)) if part < length => {
                return Err(Error::other("the connection's pipe is too small"));
            }
            (_, result) => return result.map_err(Error::from),
        }
    }
}
