//! What ReadOutput has sent of a stream and its client hasn't acknowledged: few bytes in memory,
//! many in a pipe, into and out of which the kernel moves them without a copy.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{Error, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

use rustix::pipe::{PipeFlags, SpliceFlags};
use tokio::sync::OwnedMutexGuard;

use super::output::WORTH_MOVING;
use crate::async_fd::AsyncFd;
use crate::pipe::read::{Read, bytes_in_pipe, read_available};
use crate::status::{Code, Context, Result, Status};
use crate::ttrpc::body::Body;
use crate::ttrpc::tail::{Source, Tail};

/// At most this is held.
pub const MOST: usize = 1 << 20;

#[derive(Default)]
pub struct ReplayBuffer {
    /// The place in the stream of the first byte that isn't acknowledged.
    start: Cell<u64>,
    memory: RefCell<Vec<u8>>,
    pipe: RefCell<Option<Rc<Pipe>>>,
    /// Bytes in the pipe; then none are in memory.
    moved: Cell<usize>,
}

struct Pipe {
    reader: Rc<OwnedFd>,
    writer: OwnedFd,
    /// Takes what is acknowledged.
    null: File,
}

/// What `fill` found.
#[derive(Debug, PartialEq, Eq)]
pub enum Filled {
    Some,
    Nothing,
    End,
}

impl ReplayBuffer {
    pub fn start(&self) -> u64 {
        self.start.get()
    }

    pub fn len(&self) -> usize {
        self.memory.borrow().len() + self.moved.get()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Counts bytes of the stream that went another way.
    pub fn skip(&self, length: usize) {
        self.start.set(self.start.get() + length as u64);
    }

    /// Forgets what lies before `offset`; OUT_OF_RANGE if that is not where the held bytes are.
    pub fn acknowledge(&self, offset: u64) -> Result<()> {
        let end = self.start() + self.len() as u64;
        if !(self.start()..=end).contains(&offset) {
            let message = format!(
                "offset: {offset} is not between {} and {end}, which are held",
                self.start()
            );
            return Err(Status::new(Code::OutOfRange, message));
        }
        // What is held fits in memory, so its length does too.
        self.drop_first((offset - self.start()) as usize)
    }

    /// Takes at most `limit` bytes from the source. Nothing may be held.
    pub fn fill(&self, source: &AsyncFd, limit: usize) -> Result<Filled> {
        let limit = limit.min(MOST);
        let there = bytes_in_pipe(source).min(limit);
        if there < WORTH_MOVING {
            return Ok(match read_available(source, limit, &[])? {
                Read::Data(body) => {
                    *self.memory.borrow_mut() = body.bytes().to_vec();
                    Filled::Some
                }
                Read::Empty => Filled::Nothing,
                Read::End => Filled::End,
            });
        }
        let pipe = self.pipe()?;
        let length = splice(source.get_ref(), &pipe.writer, there).context(|| "read of output")?;
        self.moved.set(length);
        Ok(Filled::Some)
    }

    /// The first of the held bytes, at most `limit`, which stay held.
    pub fn body(&self, limit: usize, turn: OwnedMutexGuard<()>) -> Result<Body> {
        let left = self.len().min(limit);
        if self.moved.get() > 0 {
            let source = Source::Replay(self.pipe()?.reader.clone());
            return Ok(Body::in_pipe(Tail { source, left, turn }));
        }
        let mut body = Body::with_capacity(left);
        let memory = self.memory.borrow();
        body.end().extend(memory.get(..left).unwrap_or_default());
        Ok(body)
    }

    /// Takes at most `limit` of the held bytes out, for who reads the stream without offsets.
    pub fn take(&self, limit: usize) -> Result<Vec<u8>> {
        let length = self.len().min(limit);
        if self.moved.get() == 0 {
            let bytes = self.memory.borrow_mut().drain(..length).collect();
            self.skip(length);
            return Ok(bytes);
        }
        let mut bytes = vec![0; length];
        let reader = self.pipe()?.reader.try_clone();
        let mut reader = File::from(reader.context(|| "read of output")?);
        reader.read_exact(&mut bytes).context(|| "read of output")?;
        self.moved.set(self.moved.get() - length);
        self.skip(length);
        Ok(bytes)
    }

    fn drop_first(&self, length: usize) -> Result<()> {
        if self.moved.get() == 0 {
            self.memory.borrow_mut().drain(..length);
            self.skip(length);
            return Ok(());
        }
        let pipe = self.pipe()?;
        let mut rest = length;
        while rest > 0 {
            let done = splice(&pipe.reader, &pipe.null, rest).context(|| "read of output")?;
            rest -= done;
            self.moved.set(self.moved.get() - done);
            self.skip(done);
        }
        Ok(())
    }

    /// Gives back what the pipe takes of the kernel; to be called when nothing will be held any more.
    pub fn release(&self) {
        if self.is_empty() {
            self.pipe.borrow_mut().take();
        }
    }

    fn pipe(&self) -> Result<Rc<Pipe>> {
        if let Some(pipe) = &*self.pipe.borrow() {
            return Ok(pipe.clone());
        }
        let what = || "pipe";
        let flags = PipeFlags::CLOEXEC | PipeFlags::NONBLOCK;
        let (reader, writer) = rustix::pipe::pipe_with(flags).context(what)?;
        // Where that is refused, less is held.
        let _ = rustix::pipe::fcntl_setpipe_size(&writer, MOST);
        let null = File::options().write(true).open("/dev/null");
        let pipe = Rc::new(Pipe {
            reader: Rc::new(reader),
            writer,
            null: null.context(|| "open /dev/null")?,
        });
        *self.pipe.borrow_mut() = Some(pipe.clone());
        Ok(pipe)
    }
}

/// Moves bytes that are there; some at least.
fn splice(from: impl AsFd, to: impl AsFd, length: usize) -> std::io::Result<usize> {
    let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
    loop {
        match rustix::pipe::splice(&from, None, &to, None, length, flags) {
            Err(rustix::io::Errno::INTR) => {}
            Ok(0) => return Err(Error::other("a pipe has lost what it held")),
            result => return result.map_err(Error::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::async_fd;
    use std::os::fd::OwnedFd;
    use std::sync::Arc;
    use tokio::sync::Mutex;

    fn with_pipe(test: impl FnOnce(AsyncFd, OwnedFd)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (reader, writer) = rustix::pipe::pipe().unwrap();
            rustix::pipe::fcntl_setpipe_size(&writer, MOST).unwrap();
            test(async_fd::watch(reader).unwrap(), writer);
        });
    }

    fn write(writer: &OwnedFd, length: usize) {
        assert_eq!(rustix::io::write(writer, &vec![7; length]), Ok(length));
    }

    fn turn() -> OwnedMutexGuard<()> {
        Arc::new(Mutex::new(())).try_lock_owned().unwrap()
    }

    #[test]
    fn what_is_held_can_be_had_again_until_it_is_acknowledged() {
        for length in [100, 100_000] {
            with_pipe(|source, writer| {
                let replay = ReplayBuffer::default();
                write(&writer, length);
                assert_eq!(replay.fill(&source, MOST).unwrap(), Filled::Some);
                for _ in 0..2 {
                    let mut body = replay.body(MOST, turn()).unwrap();
                    let left = body.take_tail().map_or(0, |tail| tail.left);
                    assert_eq!(body.bytes().len() + left, length);
                }
                replay.acknowledge(40).unwrap();
                assert_eq!((replay.start(), replay.len()), (40, length - 40));
                for offset in [39, length as u64 + 1, u64::MAX] {
                    let code = replay.acknowledge(offset).unwrap_err().code;
                    assert_eq!(code, Code::OutOfRange);
                }
                replay.acknowledge(length as u64).unwrap();
                assert!(replay.is_empty());
                assert_eq!(replay.fill(&source, MOST).unwrap(), Filled::Nothing);
                replay.release();
                assert!(replay.pipe.borrow().is_none());
                drop(writer);
                assert_eq!(replay.fill(&source, MOST).unwrap(), Filled::End);
            });
        }
    }

    #[test]
    fn another_reader_takes_what_is_held() {
        for length in [100, 100_000] {
            with_pipe(|source, writer| {
                let replay = ReplayBuffer::default();
                write(&writer, length);
                replay.fill(&source, MOST).unwrap();
                assert_eq!(replay.take(30).unwrap(), [7; 30]);
                assert_eq!(replay.take(MOST).unwrap().len(), length - 30);
                assert_eq!(replay.take(MOST).unwrap().len(), 0);
                assert_eq!(replay.start(), length as u64);
            });
        }
    }
}
