//! The pipes between the agent and a process without a terminal.

pub mod null;
pub mod read;

use std::os::fd::OwnedFd;
use std::rc::Rc;

use rustix::pipe::PipeFlags;

use crate::async_fd::{self, AsyncFd};
use crate::status::{Context, Result, Status};

/// A pipe holds this much that has not been read; then its writer waits. Less would mean more
/// changes between the agent and the process, which cost most where the machine is emulated.
pub const SIZE: usize = 1 << 20;

/// The value of `stdin_port` that means /dev/null.
const NO_STDIN: u32 = 0xFFFF_FFFF;

type End = Rc<AsyncFd>;

/// What a process gets as its standard streams; nothing means a null device.
#[derive(Default)]
pub struct Stdio {
    pub stdin: Option<OwnedFd>,
    pub stdout: Option<OwnedFd>,
    pub stderr: Option<OwnedFd>,
}

/// Our ends.
pub struct Ends {
    pub stdin: Option<End>,
    pub stdout: End,
    pub stderr: End,
}

/// Whether the client will write to stdin.
pub fn wants_stdin(port: u32) -> Result<bool> {
    match port {
        0 => Ok(true),
        NO_STDIN => Ok(false),
        _ => Err(Status::invalid(format!(
            "stdin_port: {port} is not supported: use 0 (client) or 0xFFFFFFFF (none)"
        ))),
    }
}

/// Makes the pipes, of `size` bytes each: our ends, and those of the process.
pub fn pipes(stdin: bool, size: usize) -> Result<(Ends, Stdio)> {
    let (stdout, their_stdout) = output(size)?;
    let (stderr, their_stderr) = output(size)?;
    let (ours, theirs) = match stdin {
        true => {
            let (reader, writer) = pipe(size)?;
            (Some(ours(writer)?), Some(reader))
        }
        false => (None, None),
    };
    let ends = Ends {
        stdin: ours,
        stdout,
        stderr,
    };
    let stdio = Stdio {
        stdin: theirs,
        stdout: Some(their_stdout),
        stderr: Some(their_stderr),
    };
    Ok((ends, stdio))
}

fn output(size: usize) -> Result<(End, OwnedFd)> {
    let (reader, writer) = pipe(size)?;
    Ok((ours(reader)?, writer))
}

fn pipe(size: usize) -> Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC).context(|| "pipe")?;
    // A smaller pipe serves too, where the user's share of pipe memory is used up.
    let _ = rustix::pipe::fcntl_setpipe_size(&reader, size);
    Ok((reader, writer))
}

fn ours(fd: OwnedFd) -> Result<End> {
    async_fd::watch(fd).map(Rc::new).context(|| "pipe")
}
