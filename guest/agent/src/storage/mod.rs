//! What a sandbox mounts for its containers, counted per mount point.

pub mod blk;
pub mod driver;
pub mod ephemeral;
pub mod fs_group;
pub mod local;
pub mod mount;
pub mod options;
pub mod overlay;
pub mod release;
pub mod watchable;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use crate::agent::Agent;
use crate::flag::Flag;
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
    /// Ends what watches the storage.
    Stop(Rc<Flag>),
}

struct Entry {
    users: usize,
    undo: Vec<Undo>,
}

#[derive(Default)]
pub struct Storages {
    entries: RefCell<BTreeMap<String, Entry>>,
}

impl Storages {
    /// Mounts the storages in their order. If one fails, those before it are released again.
    /// Gives the mount points that are to be released with the container.
    pub async fn add_all(&self, agent: &Agent, storages: &[Storage]) -> Result<Vec<String>> {
        let mut held = Vec::new();
        for storage in storages {
            match self.add(agent, storage).await {
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

    async fn add(&self, agent: &Agent, storage: &Storage) -> Result<()> {
        let point = &storage.mount_point;
        if !point.starts_with('/') || point.split('/').any(|part| part == "..") {
            return Err(Status::invalid(format!(
                "storage {}: mount_point {point:?} must be an absolute path without ..",
                storage.driver
            )));
        }
        if self.share(point) {
            return Ok(());
        }
        let source = driver::source(agent, storage).await?;
        // Another container may have mounted it while this one waited for its device.
        if self.share(point) {
            return Ok(());
        }
        crate::debug!("phase storage {point} found");
        let mut undo = Vec::new();
        let result = driver::mount(agent, storage, &source, &mut undo);
        if let Err(status) = result {
            release::undo(undo).await;
            return Err(status);
        }
        crate::debug!("phase storage {point} mounted");
        let entry = Entry { users: 1, undo };
        self.entries.borrow_mut().insert(point.clone(), entry);
        Ok(())
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
                release::undo(entry.undo).await;
            }
        }
    }

    /// Releases everything, the deepest mount points first.
    pub async fn release_everything(&self) {
        let entries = std::mem::take(&mut *self.entries.borrow_mut());
        for (_, entry) in entries.into_iter().rev() {
            release::undo(entry.undo).await;
        }
    }
}
