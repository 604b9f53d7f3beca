//! One output stream of a process, and where its bytes go.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::{Mutex, Notify, OwnedMutexGuard};

use crate::async_fd::AsyncFd;
use crate::latch::Latch;
use crate::pipe::read::{self, Read, bytes_in_pipe};
use crate::proto::virtcontainers::OutputSink;
use crate::status::{Result, Status};
use crate::ttrpc::body::Body;
use crate::ttrpc::tail::{Source, Tail};

use super::replay_buffer::ReplayBuffer;

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
    source: RefCell<Option<Rc<AsyncFd>>>,
    pub sink: Cell<OutputSink>,
    /// Told when the sink changes.
    pub sink_changed: Notify,
    pub draining: Cell<bool>,
    pub eof: Latch,
    /// What was sent by offset and not acknowledged.
    pub replay: ReplayBuffer,
    /// Readers take turns.
    pub turn: Arc<Mutex<()>>,
}

/// What `take` gave.
pub enum Taken {
    Data(Body),
    Empty(OwnedMutexGuard<()>),
    End,
}

impl Output {
    pub fn new(source: Option<Rc<AsyncFd>>, sink: OutputSink) -> Rc<Output> {
        let output = Output {
            eof: Latch::default(),
            replay: ReplayBuffer::default(),
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

    pub fn source(&self) -> Option<Rc<AsyncFd>> {
        self.source.borrow().clone()
    }

    /// Refuses a client where the output goes elsewhere; its end can always be read.
    pub fn check_sink(&self) -> Result<()> {
        let ended = self.source.borrow().is_none() && self.replay.is_empty();
        match ended || self.sink.get() == OutputSink::Client {
            true => Ok(()),
            false => Err(Status::precondition("the output goes to another sink")),
        }
    }

    /// As `read_available`, but many bytes are left in the pipe, for the kernel to move on from there. `turn`
    /// is given up with the answer.
    pub fn take(
        &self,
        source: Rc<AsyncFd>,
        limit: usize,
        turn: OwnedMutexGuard<()>,
    ) -> Result<Taken> {
        let left = bytes_in_pipe(&source).min(limit);
        if left >= WORTH_MOVING {
            self.replay.skip(left);
            let source = Source::Process(source);
            let tail = Tail { source, left, turn };
            return Ok(Taken::Data(Body::in_pipe(tail)));
        }
        Ok(match self.read_available(&source, limit, &[])? {
            Read::Data(body) => Taken::Data(body),
            Read::Empty => Taken::Empty(turn),
            Read::End => Taken::End,
        })
    }

    /// No more bytes will come.
    pub fn end(&self) {
        self.source.borrow_mut().take();
        self.eof.set();
    }

    /// Reads at most `limit` bytes that are there now, with `front` put before them.
    pub fn read_available(&self, source: &AsyncFd, limit: usize, front: &[u8]) -> Result<Read> {
        let read = read::read_available(source, limit, front);
        if let Ok(Read::Data(body)) = &read {
            self.replay.skip(body.bytes().len() - front.len());
        }
        read
    }
}
