//! Undoes what a storage has done.

use std::fs;
use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::mount::UnmountFlags;

use super::Undo;
use crate::blocking::BlockingPool;
use crate::status::Context;

/// Undoes the steps as `undo_here` does, on a thread of its own. What is of the host may not answer; all
/// else is waited for, since what is dirty may take long to be written back to a disk.
pub async fn undo(pool: &BlockingPool, steps: Vec<Undo>) {
    let result = match steps.iter().any(is_of_host) {
        true => {
            let work = || undo_here(steps);
            pool.run_or("release of a storage", work, drop).await
        }
        false => {
            let work = tokio::task::spawn_blocking(|| undo_here(steps));
            work.await.context(|| "release of a storage")
        }
    };
    if let Err(status) = result {
        crate::warning!("{status}");
    }
}

fn is_of_host(step: &Undo) -> bool {
    matches!(step, Undo::Unmount { fstype, .. } if matches!(fstype.as_str(), "9p" | "virtiofs"))
}

/// Undoes the steps, last first. What fails is said on the console, and the rest is still done.
pub fn undo_here(steps: Vec<Undo>) {
    for step in steps.into_iter().rev() {
        let result = match &step {
            Undo::Unmount { path, fstype } => unmount(path, fstype).map_err(Into::into),
            // Who watches may have ended by itself.
            Undo::Stop(_) => Ok(()),
            // Others may use it too.
            Undo::RemoveFolder(path) => {
                let _ = fs::remove_dir(path);
                Ok(())
            }
            Undo::RemoveTree(path) => remove(path),
        };
        if let Err(error) = result {
            crate::warning!("release of a storage: {step:?}: {error}");
        }
    }
}

fn unmount(path: &PathBuf, fstype: &str) -> rustix::io::Result<()> {
    let flags = match fstype {
        // What depends on the host may not answer.
        "9p" | "virtiofs" => UnmountFlags::DETACH,
        _ => UnmountFlags::empty(),
    } | UnmountFlags::NOFOLLOW;
    match rustix::mount::unmount(path, flags) {
        Err(Errno::BUSY) => rustix::mount::unmount(path, flags | UnmountFlags::DETACH),
        result => result,
    }
}

fn remove(path: &Path) -> Result<()> {
    let result = match path.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    };
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
