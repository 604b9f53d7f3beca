//! A process's standard input: a pipe, its terminal, or nothing.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::rc::Rc;

use tokio::sync::Mutex;

use crate::async_fd::AsyncFd;
use crate::latch::Latch;
use crate::status::{Context, Result, Status};

/// What a terminal takes for the end of input, as stty's default eof.
const END_OF_TRANSMISSION: &[u8] = &[4];

pub struct Stdin {
    sink: RefCell<Option<Rc<AsyncFd>>>,
    terminal: bool,
    closed: Latch,
    /// Writes take turns, in the order of their calls.
    turn: Mutex<()>,
}

impl Stdin {
    pub fn new(sink: Option<Rc<AsyncFd>>, terminal: bool) -> Stdin {
        Stdin {
            sink: RefCell::new(sink),
            terminal,
            closed: Latch::default(),
            turn: Mutex::new(()),
        }
    }

    /// Writes all bytes; none mean the end of input.
    pub async fn write(&self, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return self.finish().await;
        }
        let _turn = self.turn.lock().await;
        self.write_all(bytes).await
    }

    /// The end of input: a pipe is closed, a terminal gets its end-of-file character.
    pub async fn finish(&self) -> Result<()> {
        let _turn = self.turn.lock().await;
        if self.terminal {
            return match self.write_all(END_OF_TRANSMISSION).await {
                Err(_) if self.closed.is_set() => Ok(()),
                result => result,
            };
        }
        self.close();
        Ok(())
    }

    /// Nobody can read it any more.
    pub fn close(&self) {
        self.sink.borrow_mut().take();
        self.closed.set();
    }

    async fn write_all(&self, bytes: &[u8]) -> Result<()> {
        let sink = self.sink.borrow().clone();
        let sink = sink.ok_or_else(|| Status::precondition("stdin is closed"))?;
        let mut rest = bytes;
        while !rest.is_empty() {
            let mut guard = tokio::select! {
                biased;
                () = self.closed.wait() => return Err(Status::precondition("stdin is closed")),
                guard = sink.writable() => guard.context(|| "write to stdin")?,
            };
            match guard.try_io(|fd| Ok(rustix::io::write(fd.get_ref(), rest)?)) {
                Err(_) => {}
                Ok(Ok(length)) => rest = rest.get(length..).unwrap_or_default(),
                Ok(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Ok(Err(error)) if error.kind() == ErrorKind::BrokenPipe => {
                    self.close();
                    return Err(Status::precondition("stdin is closed"));
                }
                Ok(Err(error)) => return Err(error).context(|| "write to stdin"),
            }
        }
        Ok(())
    }
}
