//! Makes files, folders and links in a container.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid};
use rustix::io::Errno;

use super::root::Root;
use crate::proto::virtcontainers::{DropFileRequest, FileKind, PutFileRequest};
use crate::status::{Context, Result, Status};

const SENT_AT_ONCE: usize = 1 << 20;

pub fn put(root: &Root, request: &PutFileRequest) -> Result<()> {
    check_part(&request.part)?;
    let path = OsStr::new(&request.path);
    let what = || request.path.clone();
    let (folder, name) = root.parent(path)?;
    match FileKind::try_from(request.kind) {
        Ok(FileKind::Folder) => make_folder(&folder, name, request).context(what),
        Ok(FileKind::Link) => make_link(&folder, name, request).context(what),
        Ok(FileKind::File) if request.part.is_empty() => {
            write(&folder, name, request).context(what)
        }
        Ok(FileKind::File) => write_part(&folder, name, request).context(what),
        _ => Err(Status::invalid(format!(
            "kind: {} is no file, folder or link",
            request.kind
        ))),
    }
}

/// Takes away what there is of a file that is not whole.
pub fn drop_part(root: &Root, request: &DropFileRequest) -> Result<()> {
    check_part(&request.part)?;
    let (folder, _) = root.parent(OsStr::new(&request.path))?;
    remove(&folder, &unfinished(&request.part)).context(|| request.path.clone())
}

fn check_part(part: &str) -> Result<()> {
    match part.len() <= 32 && part.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(()),
        false => Err(Status::invalid(format!(
            "part: {part:?} must be at most 32 hexadecimal digits"
        ))),
    }
}

/// What a file is called until it is whole.
fn unfinished(part: &str) -> OsString {
    OsString::from(format!(".virtc-{part}"))
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
    match write_piece(&file, request)? {
        true => set_attributes(&file, request),
        false => Ok(()),
    }
}

/// A file that has another name until it is whole.
fn write_part(folder: &OwnedFd, name: &OsStr, request: &PutFileRequest) -> rustix::io::Result<()> {
    let unfinished = unfinished(&request.part);
    let mut flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    if request.offset == 0 {
        assert_no_folder(folder, name)?;
        flags |= OFlags::CREATE | OFlags::EXCL;
    }
    let file = rustix::fs::openat(folder, &unfinished, flags, Mode::RUSR | Mode::WUSR)?;
    if !write_piece(&file, request)? {
        return Ok(());
    }
    set_attributes(&file, request)?;
    match rustix::fs::renameat(folder, &unfinished, folder, name) {
        // Something is mounted on it: it can be written, but not replaced.
        Err(Errno::BUSY) => {
            overwrite(folder, name, &file, request)?;
            remove(folder, &unfinished)
        }
        result => result,
    }
}

fn assert_no_folder(folder: &OwnedFd, name: &OsStr) -> rustix::io::Result<()> {
    match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) if FileType::from_raw_mode(found.st_mode) == FileType::Directory => {
            Err(Errno::ISDIR)
        }
        Ok(_) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error),
    }
}

fn overwrite(
    folder: &OwnedFd,
    name: &OsStr,
    from: &OwnedFd,
    request: &PutFileRequest,
) -> rustix::io::Result<()> {
    let flags =
        OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::TRUNC;
    let to = rustix::fs::openat(folder, name, flags, Mode::empty())?;
    let mut at = 0;
    while rustix::fs::sendfile(&to, from, Some(&mut at), SENT_AT_ONCE)? > 0 {}
    set_attributes(&to, request)
}

/// Whether the file is whole now.
fn write_piece(file: &OwnedFd, request: &PutFileRequest) -> rustix::io::Result<bool> {
    let (mut rest, mut at) = (&request.data[..], request.offset);
    while !rest.is_empty() {
        match rustix::io::pwrite(file, rest, at) {
            Ok(length) => {
                rest = rest.get(length..).unwrap_or_default();
                at += length as u64;
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(at >= request.size)
}

fn set_attributes(file: &OwnedFd, request: &PutFileRequest) -> rustix::io::Result<()> {
    set_owner(file, request)?;
    let time = Timespec {
        tv_sec: request.mtime_ms.div_euclid(1000),
        tv_nsec: request.mtime_ms.rem_euclid(1000) * 1_000_000,
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    rustix::fs::futimens(file, &times)
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
