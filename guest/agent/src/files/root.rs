//! The root of a container, and what its paths name.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::status::{Context, Result, Status};

/// How often a walk is begun again that a rename has got in the way of.
const TRIES: usize = 16;

pub struct Root(OwnedFd);

impl From<OwnedFd> for Root {
    fn from(folder: OwnedFd) -> Root {
        Root(folder)
    }
}

impl Root {
    pub fn at(path: &Path) -> Result<Root> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(CWD, path, flags, Mode::empty());
        fd.map(Root).context(|| path.display().to_string())
    }

    /// Opens what a path names; a link at its end is followed unless the flags say otherwise.
    pub fn open(&self, path: &OsStr, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        self.open_or_make(path, flags, Mode::empty())
    }

    fn open_or_make(&self, path: &OsStr, flags: OFlags, mode: Mode) -> rustix::io::Result<OwnedFd> {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let flags = flags | OFlags::CLOEXEC;
        for _ in 0..TRIES {
            match rustix::fs::openat2(&self.0, path, flags, mode, resolve) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                result => return result,
            }
        }
        Err(Errno::AGAIN)
    }

    /// Sees to it that there is something at a path: else an empty file, in a folder that is made if need be.
    pub fn make_place(&self, path: &Path) -> rustix::io::Result<()> {
        let name = path.as_os_str();
        match self.open(name, OFlags::PATH) {
            Err(Errno::NOENT) => {}
            result => return result.map(drop),
        }
        let make = || {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NONBLOCK;
            self.open_or_make(name, flags, Mode::from_raw_mode(0o644))
        };
        match (make(), path.parent()) {
            (Err(Errno::NOENT), Some(folder)) => {
                let folder = folder.strip_prefix("/").unwrap_or(folder);
                rustix::fs::mkdirat(&self.0, folder, Mode::from_raw_mode(0o755))?;
                make().map(drop)
            }
            (result, _) => result.map(drop),
        }
    }

    /// The folder that holds what a path names, and its name there.
    pub fn parent<'a>(&self, path: &'a OsStr) -> Result<(OwnedFd, &'a OsStr)> {
        let (folder, name) = split(path)?;
        let opened = self.open(folder, FOLDER);
        Ok((opened.context(|| folder.display().to_string())?, name))
    }
}

pub const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY);

/// A path's folder, and the name in it.
pub fn split(path: &OsStr) -> Result<(&OsStr, &OsStr)> {
    let bytes = path.as_bytes();
    let end = bytes
        .iter()
        .rposition(|byte| *byte != b'/')
        .map_or(0, |at| at + 1);
    let trimmed = &bytes[..end];
    let at = trimmed
        .iter()
        .rposition(|byte| *byte == b'/')
        .map_or(0, |at| at + 1);
    let (folder, name) = trimmed.split_at(at);
    if name.is_empty() || name == b"." || name == b".." {
        let message = format!("path: {path:?} names no file of a folder");
        return Err(Status::invalid(message));
    }
    let folder = match folder.is_empty() {
        true => OsStr::new("/"),
        false => OsStr::from_bytes(folder),
    };
    Ok((folder, OsStr::from_bytes(name)))
}
