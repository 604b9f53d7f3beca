//! Makes files, folders and links in a container.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Timespec, Timestamps, Uid};
use rustix::io::Errno;

use super::root::Root;
use crate::proto::virtcontainers::{FileKind, PutFileRequest};
use crate::status::{Context, Result, Status};

pub fn put(root: &Root, request: &PutFileRequest) -> Result<()> {
    let path = OsStr::new(&request.path);
    let what = || request.path.clone();
    let (folder, name) = root.parent(path)?;
    match FileKind::try_from(request.kind) {
        Ok(FileKind::Folder) => make_folder(&folder, name, request).context(what),
        Ok(FileKind::Link) => make_link(&folder, name, request).context(what),
        Ok(FileKind::File) => write(&folder, name, request).context(what),
        _ => Err(Status::invalid(format!(
            "kind: {} is no file, folder or link",
            request.kind
        ))),
    }
}

/// One that is there already gets the mode and owner that are asked for.
fn make_folder(folder: &OwnedFd, name: &OsStr, request: &PutFileRequest) -> rustix::io::Result<()> {
    match rustix::fs::mkdirat(folder, name, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error),
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    set_owner(
        &rustix::fs::openat(folder, name, flags, Mode::empty())?,
        request,
    )
}

fn make_link(folder: &OwnedFd, name: &OsStr, request: &PutFileRequest) -> rustix::io::Result<()> {
    remove(folder, name)?;
    rustix::fs::symlinkat(OsStr::from_bytes(&request.target), folder, name)?;
    let (uid, gid) = (Uid::from_raw(request.uid), Gid::from_raw(request.gid));
    rustix::fs::chownat(
        folder,
        name,
        Some(uid),
        Some(gid),
        AtFlags::SYMLINK_NOFOLLOW,
    )
}

/// A file is made anew with its first piece, and gets mode, owner and time with its last one.
fn write(folder: &OwnedFd, name: &OsStr, request: &PutFileRequest) -> rustix::io::Result<()> {
    let plain = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match request.offset {
        0 => match remove(folder, name) {
            // Something is mounted on it: it can be written, but not replaced.
            Err(Errno::BUSY) => {
                rustix::fs::openat(folder, name, plain | OFlags::TRUNC, Mode::empty())
            }
            Err(error) => Err(error),
            Ok(()) => {
                let flags = plain | OFlags::CREATE | OFlags::EXCL;
                rustix::fs::openat(folder, name, flags, Mode::RUSR | Mode::WUSR)
            }
        },
        _ => rustix::fs::openat(folder, name, plain, Mode::empty()),
    }?;
    let (mut rest, mut at) = (&request.data[..], request.offset);
    while !rest.is_empty() {
        match rustix::io::pwrite(&file, rest, at) {
            Ok(length) => {
                rest = rest.get(length..).unwrap_or_default();
                at += length as u64;
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    if at < request.size {
        return Ok(());
    }
    set_owner(&file, request)?;
    let time = Timespec {
        tv_sec: request.mtime_ms.div_euclid(1000),
        tv_nsec: request.mtime_ms.rem_euclid(1000) * 1_000_000,
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    rustix::fs::futimens(&file, &times)
}

/// Owner first: a change of it takes set-user-id bits away.
fn set_owner(opened: &OwnedFd, request: &PutFileRequest) -> rustix::io::Result<()> {
    let (uid, gid) = (Uid::from_raw(request.uid), Gid::from_raw(request.gid));
    rustix::fs::fchown(opened, Some(uid), Some(gid))?;
    rustix::fs::fchmod(opened, Mode::from_raw_mode(request.mode & 0o7777))
}

/// Takes away what is there; a folder is not replaced.
fn remove(folder: &OwnedFd, name: &OsStr) -> rustix::io::Result<()> {
    match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error),
    }
}
