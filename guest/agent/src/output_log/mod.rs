//! The log of containers: records of output that no client reads, of ends and of want of memory, to
//! where the host reads them.

pub mod record;

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use tokio::sync::Mutex;

use crate::transport::io::Io;
use crate::transport::poller::Poller;
use crate::ttrpc::body::Body;

pub struct OutputLog {
    sink: RefCell<Option<Sink>>,
    /// Records take turns, so that none is cut by another.
    turn: Mutex<()>,
    /// Bytes of all records so far.
    written: Cell<u64>,
    /// How many of them may be there before output is lost.
    limit: u64,
    full: Cell<bool>,
}

#[derive(Clone)]
enum Sink {
    Port(Rc<Io>),
    File(Rc<File>),
}

impl OutputLog {
    pub fn new(limit: u64) -> OutputLog {
        OutputLog {
            sink: RefCell::default(),
            turn: Mutex::default(),
            written: Cell::default(),
            limit,
            full: Cell::default(),
        }
    }

    pub fn attach(&self, poller: &Poller, port: OwnedFd) {
        match poller.add(port) {
            Ok(polled) => *self.sink.borrow_mut() = Some(Sink::Port(Rc::new(Io::Port(polled)))),
            Err(error) => crate::warning!("log of containers: {error}"),
        }
    }

    pub fn attach_file(&self, file: File) {
        *self.sink.borrow_mut() = Some(Sink::File(Rc::new(file)));
    }

    /// Writes a record of output, unless the log would become larger than its limit: then it is
    /// lost. What the host drops instead could be the record of a container's end.
    pub async fn write_output(&self, record: Body) {
        let limit = self.limit;
        if self.written.get() + record.bytes().len() as u64 <= limit {
            self.write(record).await;
        } else if !self.full.replace(true) {
            crate::warning!("log of containers: {limit} bytes are written, later output is lost");
        }
    }

    /// Writes a record; where there is no log port it is lost, as nothing could ever read it.
    pub async fn write(&self, record: Body) {
        self.written
            .set(self.written.get() + record.bytes().len() as u64);
        let _turn = self.turn.lock().await;
        let sink = self.sink.borrow().clone();
        let result = match sink {
            None => Ok(()),
            Some(Sink::File(file)) => (&*file).write_all(record.bytes()),
            Some(Sink::Port(port)) => port.write_all(record.bytes()).await,
        };
        if let Err(error) = result {
            crate::warning!("log of containers: {error}");
        }
    }
}
