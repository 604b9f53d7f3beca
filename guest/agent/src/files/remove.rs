//! Takes away what stands at a path of a container.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::put::kind_of;
use super::refusal::{parent, refusal};
use super::root::Root;
use crate::status::{Result, Status};

/// Each level has a folder open.
const MAX_DEPTH: usize = 256;

/// A link is taken away itself; a folder with what is in it only if that is `recursive`.
pub fn remove(root: &Root, path: &str, recursive: bool) -> Result<()> {
    let (folder, name) = parent(root, path)?;
    let failed = |error| refusal(path, error);
    match kind_of(&folder, name).map_err(failed)? {
        None => Err(failed(Errno::NOENT)),
        Some(FileType::Directory) if recursive => {
            empty(path, &folder, name)?;
            unlink(&folder, name, AtFlags::REMOVEDIR).map_err(failed)
        }
        Some(FileType::Directory) => {
            rustix::fs::unlinkat(&folder, name, AtFlags::REMOVEDIR).map_err(failed)
        }
        Some(_) => rustix::fs::unlinkat(&folder, name, AtFlags::empty()).map_err(failed),
    }
}

/// Removes all that is in a folder, the innermost first, and follows no link on the way.
fn empty(path: &str, folder: &OwnedFd, name: &OsStr) -> Result<()> {
    let failed = |error| refusal(path, error);
    let mut open = vec![Level::new(folder, name).map_err(failed)?];
    loop {
        let depth = open.len();
        let Some(level) = open.last_mut() else {
            return Ok(());
        };
        let Some((name, kind)) = level.left.pop() else {
            open.pop();
            if let Some(above) = open.last()
                && let Some(name) = above.inside.clone()
            {
                unlink(&above.folder, &name, AtFlags::REMOVEDIR).map_err(failed)?;
            }
            continue;
        };
        if kind != FileType::Directory {
            unlink(&level.folder, &name, AtFlags::empty()).map_err(failed)?;
            continue;
        }
        match Level::new(&level.folder, &name) {
            // It was removed since.
            Err(Errno::NOENT) => {}
            Err(error) => return Err(failed(error)),
            Ok(_) if depth == MAX_DEPTH => {
                let message = format!("{path}: it has more than {MAX_DEPTH} levels");
                return Err(Status::precondition(message));
            }
            Ok(below) => {
                level.inside = Some(name);
                open.push(below);
            }
        }
    }
}

struct Level {
    folder: OwnedFd,
    left: Vec<(OsString, FileType)>,
    /// The folder in it that is being emptied.
    inside: Option<OsString>,
}

impl Level {
    fn new(above: &OwnedFd, name: &OsStr) -> rustix::io::Result<Level> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(above, name, flags, Mode::empty())?;
        let mut left = Vec::new();
        for entry in Dir::read_from(&folder)? {
            let name = entry?.file_name().to_bytes().to_vec();
            if name == b"." || name == b".." {
                continue;
            }
            let name = OsStr::from_bytes(&name).to_owned();
            if let Some(kind) = kind_of(&folder, &name)? {
                left.push((name, kind));
            }
        }
        Ok(Level {
            folder,
            left,
            inside: None,
        })
    }
}

/// What is gone already is gone.
fn unlink(folder: &OwnedFd, name: &OsStr, flags: AtFlags) -> rustix::io::Result<()> {
    match rustix::fs::unlinkat(folder, name, flags) {
        Err(Errno::NOENT) => Ok(()),
        result => result,
    }
}
