//! Fills a volume with what the root of a container has in the volume's place.
//!
//! Whatever ends it half-way, the next one finds what to do: all is copied into one folder, which gets another
//! name when it is whole and safe on the disk, and only then its members move to where they belong. A member
//! that somebody else has made meanwhile stays.

mod copy;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags};
use rustix::io::{Errno, Result as IoResult};

use crate::files::root::Root;
use crate::proto::grpc::Spec;
use crate::status::{Context, Result};

/// The option of a mount that asks for it; nobody but the agent sees it.
pub const OPTION: &str = "x-virtcontainers.fill";

/// The copy, until it is whole, and then, until all has moved.
const PART: &str = ".virtcontainers-fill";
const WHOLE: &str = ".virtcontainers-filled";
/// What a new ext4 file system has.
const LOST: &str = "lost+found";

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// A volume, and the path of its place in the root.
#[derive(Debug, PartialEq, Eq)]
pub struct Fill {
    pub volume: String,
    pub place: String,
}

/// Takes the option out of a specification.
pub fn take(spec: &mut Spec) -> Vec<Fill> {
    let mut fills = Vec::new();
    for mount in &mut spec.mounts {
        let before = mount.options.len();
        mount.options.retain(|option| option != OPTION);
        if mount.options.len() < before {
            fills.push(Fill {
                volume: mount.source.clone(),
                place: mount.destination.clone(),
            });
        }
    }
    fills
}

pub fn all(root: &Root, fills: &[Fill]) -> Result<()> {
    for Fill { volume, place } in fills {
        fill(root, OsStr::new(place), Path::new(volume))
            .context(|| format!("fill the volume for {place}"))?;
    }
    Ok(())
}

fn fill(root: &Root, place: &OsStr, volume: &Path) -> IoResult<()> {
    let volume = rustix::fs::openat(CWD, volume, FOLDER, Mode::empty())?;
    let names = names(&volume)?;
    let has = |name: &str| names.iter().any(|one| one == name);
    if has(WHOLE) {
        return finish(&volume);
    }
    if names.iter().any(|name| name != PART && name != LOST) {
        return Ok(());
    }
    if has(PART) {
        remove(&volume, OsStr::new(PART))?;
    }
    // A link leads where it does for the container.
    let source = match root.open(place, OFlags::RDONLY | OFlags::DIRECTORY) {
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(()),
        result => result?,
    };
    let copied = copy_aside(&source, &volume);
    if copied.is_err() {
        let _ = remove(&volume, OsStr::new(PART));
    }
    copied?;
    finish(&volume)
}

fn copy_aside(source: &OwnedFd, volume: &OwnedFd) -> IoResult<()> {
    rustix::fs::mkdirat(volume, PART, Mode::RWXU)?;
    let part = rustix::fs::openat(volume, PART, FOLDER, Mode::empty())?;
    copy::tree(source, &part)?;
    sync(volume)?;
    rustix::fs::renameat(volume, PART, volume, WHOLE)
}

/// Moves what is whole to where it belongs; the last step is the end of its folder.
fn finish(volume: &OwnedFd) -> IoResult<()> {
    let whole = rustix::fs::openat(volume, WHOLE, FOLDER, Mode::empty())?;
    for name in names(&whole)? {
        let there = rustix::fs::statat(volume, &name, AtFlags::SYMLINK_NOFOLLOW);
        match there {
            Err(Errno::NOENT) => rustix::fs::renameat(&whole, &name, volume, &name)?,
            Err(error) => return Err(error),
            Ok(_) => remove(&whole, &name)?,
        }
    }
    copy::attributes(&whole, volume)?;
    sync(volume)?;
    rustix::fs::unlinkat(volume, WHOLE, AtFlags::REMOVEDIR)
}

/// Not all file systems that a host shares can.
fn sync(volume: &OwnedFd) -> IoResult<()> {
    match rustix::fs::syncfs(volume) {
        Err(Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL) => Ok(()),
        result => result,
    }
}

fn names(folder: &OwnedFd) -> IoResult<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = OsStr::from_bytes(entry?.file_name().to_bytes()).to_owned();
        if name != "." && name != ".." {
            names.push(name);
        }
    }
    Ok(names)
}

/// With all that is in it; no link is followed.
fn remove(folder: impl AsFd, name: &OsStr) -> IoResult<()> {
    match rustix::fs::unlinkat(&folder, name, AtFlags::empty()) {
        Err(Errno::ISDIR) => {}
        result => return result,
    }
    let handle = Path::new("/proc/self/fd").join(folder.as_fd().as_raw_fd().to_string());
    fs::remove_dir_all(handle.join(name)).map_err(|error| {
        error
            .raw_os_error()
            .map_or(Errno::IO, Errno::from_raw_os_error)
    })
}

#[cfg(test)]
mod tests;
