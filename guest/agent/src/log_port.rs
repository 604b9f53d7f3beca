//! The port to which records of output go that no client reads.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use tokio::sync::Mutex;

use crate::transport::io::Io;
use crate::transport::poller::Poller;
use crate::ttrpc::body::Body;

#[derive(Default)]
pub struct LogPort {
    sink: RefCell<Option<Sink>>,
    /// Records take turns, so that none is cut by another.
    turn: Mutex<()>,
    /// Bytes of all records so far.
    written: Cell<u64>,
    full: Cell<bool>,
}

#[derive(Clone)]
enum Sink {
    Port(Rc<Io>),
    File(Rc<File>),
}

impl LogPort {
    pub fn attach(&self, poller: &Poller, port: OwnedFd) {
        match poller.add(port) {
            Ok(polled) => *self.sink.borrow_mut() = Some(Sink::Port(Rc::new(Io::Port(polled)))),
            Err(error) => crate::warning!("log port: {error}"),
        }
    }

    pub fn attach_file(&self, file: File) {
        *self.sink.borrow_mut() = Some(Sink::File(Rc::new(file)));
    }

    /// Writes a record of output, unless the log would become larger than `limit` bytes: then it is
    /// lost. What the host drops instead could be the record of a container's end.
    pub async fn write_output(&self, record: Body, limit: u64) {
        if self.written.get() + record.bytes().len() as u64 <= limit {
            self.write(record).await;
        } else if !self.full.replace(true) {
            crate::warning!("log port: {limit} bytes are written, later output is lost");
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
            crate::warning!("log port: {error}");
        }
    }
}
