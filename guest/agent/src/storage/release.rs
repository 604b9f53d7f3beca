//! Undoes what a storage has done.

use std::fs;
use std::path::Path;

use rustix::io::Errno;
use rustix::mount::UnmountFlags;

use super::Undo;

/// Undoes the steps, last first. What fails is said on the console, and the rest is still done.
pub async fn undo(steps: Vec<Undo>) {
    for step in steps.into_iter().rev() {
        match step {
            Undo::Unmount { path, fstype } => unmount(&path, &fstype).await,
            Undo::Stop(flag) => flag.set(),
            Undo::RemoveFolder(path) => drop(fs::remove_dir(path)),
            Undo::RemoveTree(path) if path.is_dir() => {
                apart(move || fs::remove_dir_all(path)).await
            }
            Undo::RemoveTree(path) => drop(fs::remove_file(path)),
        }
    }
}

async fn unmount(path: &Path, fstype: &str) {
    let flags = match fstype {
        // What depends on the host may not answer.
        "9p" | "virtiofs" => UnmountFlags::DETACH,
        _ => UnmountFlags::empty(),
    } | UnmountFlags::NOFOLLOW;
    let target = path.to_owned();
    let work = move || match rustix::mount::unmount(&target, flags) {
        Err(Errno::BUSY) => rustix::mount::unmount(&target, flags | UnmountFlags::DETACH),
        result => result,
    };
    match fstype {
        "overlay" | "tmpfs" | "erofs" | "bind" => {
            if let Err(error) = work() {
                crate::warning!("unmount {}: {error}", path.display());
            }
        }
        // Writing back what is dirty may take long.
        _ => apart(work).await,
    }
}

/// Runs what may block on a thread of its own.
async fn apart<E: std::fmt::Display + Send + 'static>(
    work: impl FnOnce() -> Result<(), E> + Send + 'static,
) {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => crate::warning!("release of a storage: {error}"),
        Err(error) => crate::warning!("release of a storage: {error}"),
    }
}
