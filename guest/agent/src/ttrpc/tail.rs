//! The end of an answer that is not in memory: bytes that still are in a pipe, and that the kernel
//! moves from there to the connection.

use std::os::fd::OwnedFd;
use std::rc::Rc;

use tokio::sync::OwnedMutexGuard;

use crate::async_fd::AsyncFd;

pub struct Tail {
    pub source: Source,
    /// Bytes yet to be moved; the pipe has them.
    pub left: usize,
    /// While it is held, nothing else reads the pipe.
    pub turn: OwnedMutexGuard<()>,
}

pub enum Source {
    /// A process's pipe: what is sent is gone.
    Process(Rc<AsyncFd>),
    /// A pipe that keeps what is sent; it holds no more than the connection's own pipe.
    Replay(Rc<OwnedFd>),
}
