//! The log of containers: records of output that no client reads, of ends and of want of memory, to
//! where the host reads them.

pub mod disk;
pub mod record;

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{Error, Result, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::task::spawn_blocking;

use crate::latch::Latch;
use crate::status::{Result as Answer, Status};
use crate::transport::io::Io;
use crate::transport::poller::Poller;
use crate::ttrpc::body::Body;
use disk::Disk;

/// Room on a disk that output leaves for the records of ends.
const RESERVE: u64 = 64 << 10;

pub struct OutputLog {
    sink: RefCell<Option<Sink>>,
    /// Set when it is known where records go: until then they wait.
    ready: Latch,
    /// Why the disk that was asked for can't be written to.
    failure: RefCell<Option<String>>,
    /// Records take turns, so that none is cut by another.
    turn: tokio::sync::Mutex<()>,
    /// Bytes of all records so far.
    written: Cell<u64>,
    /// How many of them may be there before output is lost.
    limit: Cell<u64>,
    full: Cell<bool>,
    /// When the last output came that no client reads, whether it is kept or not.
    pub heard: Cell<Option<Instant>>,
}

#[derive(Clone)]
enum Sink {
    Port(Rc<Io>),
    File(Rc<File>),
    Disk(Arc<Mutex<Disk>>),
}

impl OutputLog {
    /// One whose records go nowhere until it is told where; they wait for that if `disk` says that
    /// there will be one.
    pub fn new(disk: bool) -> OutputLog {
        let log = OutputLog {
            sink: RefCell::default(),
            ready: Latch::default(),
            failure: RefCell::default(),
            turn: tokio::sync::Mutex::default(),
            written: Cell::default(),
            limit: Cell::new(u64::MAX),
            full: Cell::default(),
            heard: Cell::default(),
        };
        if !disk {
            log.ready.set();
        }
        log
    }

    /// A port of the machine, unless a disk was asked for.
    pub fn attach_port(&self, poller: &Poller, port: OwnedFd) {
        if !self.ready.is_set() || matches!(*self.sink.borrow(), Some(Sink::Disk(_))) {
            return;
        }
        match poller.add(port) {
            Ok(polled) => *self.sink.borrow_mut() = Some(Sink::Port(Rc::new(Io::Port(polled)))),
            Err(error) => crate::warning!("log of containers: {error}"),
        }
    }

    pub fn attach_file(&self, file: File) {
        *self.sink.borrow_mut() = Some(Sink::File(Rc::new(file)));
    }

    /// The disk that was asked for, or why it can't be had.
    pub async fn attach_disk(&self, node: Answer<PathBuf>) {
        let opened = match node {
            Ok(node) => spawn_blocking(move || {
                Disk::open(&node).map_err(|error| format!("{}: {error}", node.display()))
            })
            .await
            .unwrap_or_else(|error| Err(error.to_string())),
            Err(status) => Err(status.message),
        };
        match opened {
            Ok(disk) => {
                self.set_limit(disk.room().saturating_sub(RESERVE.min(disk.room() / 16)));
                *self.sink.borrow_mut() = Some(Sink::Disk(Arc::new(Mutex::new(disk))));
            }
            Err(error) => {
                crate::warning!("log of containers: {error}");
                *self.failure.borrow_mut() = Some(error);
            }
        }
        self.ready.set();
    }

    /// Waits until it is known where records go; FAILED_PRECONDITION if they can't go where they should.
    pub async fn check(&self) -> Answer<()> {
        self.ready.wait().await;
        match &*self.failure.borrow() {
            Some(error) => Err(Status::precondition(format!("log of containers: {error}"))),
            None => Ok(()),
        }
    }

    /// Lets no more than so many bytes of output be there; a disk may have room for fewer.
    pub fn set_limit(&self, limit: u64) {
        self.limit.set(limit.min(self.limit.get()));
    }

    /// Writes a record of output, unless the log would become larger than its limit: then it is
    /// lost. What the host drops instead could be the record of a container's end.
    pub async fn write_output(&self, record: Body) {
        self.ready.wait().await;
        let limit = self.limit.get();
        if self.written.get() + record.bytes().len() as u64 <= limit {
            self.write(record).await;
        } else if !self.full.replace(true) {
            crate::warning!("log of containers: {limit} bytes are full, later output is lost");
        }
    }

    /// Writes a record; where nothing takes it, it is lost, as nothing could ever read it.
    pub async fn write(&self, record: Body) {
        self.ready.wait().await;
        self.written
            .set(self.written.get() + record.bytes().len() as u64);
        let _turn = self.turn.lock().await;
        let sink = self.sink.borrow().clone();
        let result = match sink {
            None => Ok(()),
            Some(Sink::File(file)) => (&*file).write_all(record.bytes()),
            Some(Sink::Port(port)) => port.write_all(record.bytes()).await,
            Some(Sink::Disk(disk)) => append(disk, record.bytes().to_vec()).await,
        };
        if let Err(error) = result {
            crate::warning!("log of containers: {error}");
        }
    }

    /// Ends when all records so far are where they belong.
    pub async fn flushed(&self) {
        drop(self.turn.lock().await);
    }
}

/// A disk may be slow: a thread waits for it.
async fn append(disk: Arc<Mutex<Disk>>, record: Vec<u8>) -> Result<()> {
    let work = move || {
        let mut disk = disk.lock().unwrap_or_else(PoisonError::into_inner);
        disk.append(&record)
    };
    spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Error::other(error)))
}
