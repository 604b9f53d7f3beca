//! What a sandbox mounts for its containers, counted per mount point.

pub mod driver;
pub mod ephemeral;
pub mod fill;
pub mod fs_group;
pub mod local;
pub mod mount;
pub mod options;
pub mod overlay;
pub mod release;
pub mod watchable;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use crate::blocking::BlockingPool;
use crate::device::wait::Devices;
use crate::proto::grpc::Storage;
use crate::status::{Result, Status};

/// What undoes a storage, to be done from last to first.
#[derive(Debug)]
pub enum Undo {
    Unmount {
        path: PathBuf,
        fstype: String,
    },
    RemoveFolder(PathBuf),
    RemoveTree(PathBuf),
    /// When it is dropped, what watches the storage ends.
    Stop(oneshot::Sender<()>),
}

struct Entry {
    users: usize,
    undo: Vec<Undo>,
}

/// So many threads at most may hang in file systems of the host.
const THREADS: usize = 16;
/// More than a mount takes, with all the files of a volume given to their group.
const LIMIT: Duration = Duration::from_secs(60);
/// Volumes are filled one after another, each of which may take what a large image's folder takes.
const FILL_LIMIT: Duration = Duration::from_secs(1800);

pub struct Storages {
    entries: RefCell<BTreeMap<String, Entry>>,
    /// Mount points at which somebody is mounting.
    taken: RefCell<BTreeSet<String>>,
    given_back: Notify,
    /// For all work on files that may be the host's.
    pub blocking: BlockingPool,
    /// For what fills volumes.
    pub filling: BlockingPool,
    devices: Rc<Devices>,
    /// Where the files of drivers are kept, in a folder with a number for each.
    scratch: PathBuf,
    serial: Cell<u64>,
}

/// Keeps a mount point for who mounts there.
struct Turn<'a> {
    storages: &'a Storages,
    point: &'a String,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.storages.taken.borrow_mut().remove(self.point);
        self.storages.given_back.notify_waiters();
    }
}

impl Storages {
    pub fn new(devices: Rc<Devices>, scratch: PathBuf) -> Storages {
        Storages {
            entries: RefCell::default(),
            taken: RefCell::default(),
            given_back: Notify::default(),
            blocking: BlockingPool::new(THREADS, LIMIT),
            filling: BlockingPool::new(1, FILL_LIMIT),
            devices,
            scratch,
            serial: Cell::default(),
        }
    }

    /// Mounts the storages in their order. If one fails, those before it are released again.
    /// Gives the mount points that are to be released with the container.
    pub async fn add_all(&self, storages: &[Storage]) -> Result<Vec<String>> {
        let mut held = Vec::new();
        for storage in storages {
            match self.add(storage).await {
                Ok(()) if storage.shared => {}
                Ok(()) => held.push(storage.mount_point.clone()),
                Err(status) => {
                    self.release_all(&held).await;
                    return Err(status);
                }
            }
        }
        Ok(held)
    }

    async fn add(&self, storage: &Storage) -> Result<()> {
        let point = &storage.mount_point;
        if !point.starts_with('/') || point.split('/').any(|part| part == "..") {
            return Err(Status::invalid(format!(
                "storage {}: mount_point {point:?} must be an absolute path without ..",
                storage.driver
            )));
        }
        let _turn = self.turn(point).await;
        if self.share(point) {
            return Ok(());
        }
        let source = driver::source(&self.devices, storage).await?;
        crate::debug!("phase storage {point} found");
        let serial = self.serial.replace(self.serial.get() + 1);
        let scratch = self.scratch.join(serial.to_string());
        let storage = storage.clone();
        let mount = move || {
            let mut undo = Vec::new();
            let result = driver::mount(&scratch, &storage, &source, &mut undo);
            (result, undo)
        };
        let what = format!("mount of {point}");
        let late = |(_, undo)| release::undo_here(undo);
        let (result, undo) = self.blocking.run_or(&what, mount, late).await?;
        match result {
            Ok(Some(watch)) => watch.start(),
            Ok(None) => {}
            Err(status) => {
                release::undo(&self.blocking, undo).await;
                return Err(status);
            }
        }
        crate::debug!("phase storage {point} mounted");
        let entry = Entry { users: 1, undo };
        self.entries.borrow_mut().insert(point.clone(), entry);
        Ok(())
    }

    async fn turn<'a>(&'a self, point: &'a String) -> Turn<'a> {
        loop {
            let given_back = self.given_back.notified();
            if self.taken.borrow_mut().insert(point.clone()) {
                return Turn {
                    storages: self,
                    point,
                };
            }
            given_back.await;
        }
    }

    pub fn has(&self, point: &str) -> bool {
        self.entries.borrow().contains_key(point)
    }

    fn share(&self, point: &str) -> bool {
        let mut entries = self.entries.borrow_mut();
        entries
            .get_mut(point)
            .map(|entry| entry.users += 1)
            .is_some()
    }

    /// Gives up one use of each mount point, last first; who was the last user unmounts it.
    pub async fn release_all(&self, points: &[String]) {
        for point in points.iter().rev() {
            let entry = {
                let mut entries = self.entries.borrow_mut();
                let Some(entry) = entries.get_mut(point) else {
                    continue;
                };
                entry.users -= 1;
                match entry.users {
                    0 => entries.remove(point),
                    _ => None,
                }
            };
            if let Some(entry) = entry {
                release::undo(&self.blocking, entry.undo).await;
            }
        }
    }

    /// Releases everything, the deepest mount points first.
    pub async fn release_everything(&self) {
        let entries = std::mem::take(&mut *self.entries.borrow_mut());
        for (_, entry) in entries.into_iter().rev() {
            release::undo(&self.blocking, entry.undo).await;
        }
    }
}
