//! One output stream of a process, and where its bytes go.

use std::cell::{Cell, RefCell};
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;
use std::sync::Arc;

use rustix::io::Errno;
use tokio::sync::{Mutex, Notify, OwnedMutexGuard};

use crate::flag::Flag;
use crate::proto::virtcontainers::OutputSink;
use crate::ready::Ready;
use crate::status::{Context, Result, Status};
use crate::ttrpc::body::Body;
use crate::ttrpc::tail::{Source, Tail};

use super::hold::Hold;

/// Largest answer, a little under the largest message.
pub const MAX_READ: usize = (4 << 20) - (4 << 10);

/// From this many bytes on it is cheaper not to read them.
pub const WORTH_MOVING: usize = 16 << 10;

/// The values of `stdout_port` and `stderr_port`.
pub fn sink_of_port(field: &str, port: u32) -> Result<OutputSink> {
    match port {
        0 => Ok(OutputSink::Client),
        0xFFFF_FFFE => Ok(OutputSink::Log),
        0xFFFF_FFFF => Ok(OutputSink::Discard),
        _ => Err(Status::invalid(format!(
            "{field}: {port} is not supported: use 0 (client), 0xFFFFFFFE (log) or 0xFFFFFFFF (discard)"
        ))),
    }
}

pub struct Output {
    source: RefCell<Option<Rc<Ready>>>,
    pub sink: Cell<OutputSink>,
    /// Told when the sink changes.
    pub sink_changed: Notify,
    pub draining: Cell<bool>,
    pub eof: Flag,
    /// What was sent by offset and not acknowledged.
    pub hold: Hold,
    /// Readers take turns.
    pub turn: Arc<Mutex<()>>,
}

/// What `take` gave.
pub enum Taken {
    Data(Body),
    Empty(OwnedMutexGuard<()>),
    End,
}

/// What a look at the stream gave.
pub enum Look {
    Data(Body),
    Empty,
    End,
}

impl Output {
    pub fn new(source: Option<Rc<Ready>>, sink: OutputSink) -> Rc<Output> {
        let output = Output {
            eof: Flag::default(),
            hold: Hold::default(),
            source: RefCell::new(source),
            sink: Cell::new(sink),
            sink_changed: Notify::new(),
            draining: Cell::new(false),
            turn: Arc::default(),
        };
        if output.source.borrow().is_none() {
            output.eof.set();
        }
        Rc::new(output)
    }

    pub fn source(&self) -> Option<Rc<Ready>> {
        self.source.borrow().clone()
    }

    /// Refuses a client where the output goes elsewhere; its end can always be read.
    pub fn check_sink(&self) -> Result<()> {
        let ended = self.source.borrow().is_none() && self.hold.is_empty();
        match ended || self.sink.get() == OutputSink::Client {
            true => Ok(()),
            false => Err(Status::precondition("the output goes to another sink")),
        }
    }

    /// As `look`, but many bytes are left in the pipe, for the kernel to move on from there. `turn`
    /// is given up with the answer.
    pub fn take(
        &self,
        source: Rc<Ready>,
        limit: usize,
        turn: OwnedMutexGuard<()>,
    ) -> Result<Taken> {
        let left = in_pipe(&source).min(limit);
        if left >= WORTH_MOVING {
            self.hold.skip(left);
            let source = Source::Process(source);
            let tail = Tail { source, left, turn };
            return Ok(Taken::Data(Body::in_pipe(tail)));
        }
        Ok(match self.look(&source, limit, &[])? {
            Look::Data(body) => Taken::Data(body),
            Look::Empty => Taken::Empty(turn),
            Look::End => Taken::End,
        })
    }

    /// No more bytes will come.
    pub fn end(&self) {
        self.source.borrow_mut().take();
        self.eof.set();
    }

    /// Reads at most `limit` bytes that are there now, with `front` put before them.
    pub fn look(&self, source: &Ready, limit: usize, front: &[u8]) -> Result<Look> {
        let look = look(source, limit, front);
        if let Ok(Look::Data(body)) = &look {
            self.hold.skip(body.bytes().len() - front.len());
        }
        look
    }
}

/// How many bytes a pipe has; 0 for what is no pipe.
pub fn in_pipe(source: &Ready) -> usize {
    match rustix::pipe::fcntl_getpipe_size(source.get_ref()) {
        Ok(_) => rustix::io::ioctl_fionread(source.get_ref()).map_or(0, |n| n as usize),
        Err(_) => 0,
    }
}

/// Reads at most `limit` bytes that are there now, with `front` put before them.
pub fn look(source: &Ready, limit: usize, front: &[u8]) -> Result<Look> {
    let fd = source.get_ref().as_fd();
    let ready = rustix::io::ioctl_fionread(fd).map_or(4096, |n| n as usize);
    let length = ready.clamp(1, limit.max(1));
    let mut body = Body::with_capacity(front.len() + length);
    body.end().extend_from_slice(front);
    match read(fd, body.end(), length) {
        Ok(0) | Err(Errno::IO) => Ok(Look::End),
        Ok(_) => Ok(Look::Data(body)),
        Err(Errno::AGAIN) => Ok(Look::Empty),
        Err(error) => Err(error).context(|| "read of output"),
    }
}

fn read(fd: BorrowedFd<'_>, buffer: &mut Vec<u8>, limit: usize) -> rustix::io::Result<usize> {
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
