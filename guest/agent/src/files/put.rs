//! Makes files, folders and links in a container.
//!
//! A file or link is made under another name and gets its own when it is whole, so that what was there
//! stays until then. What is there and is no file or link, such as a device, is not replaced.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;

use super::piece;
use super::place::Place;
use super::root::Root;
use crate::proto::virtcontainers::{DropFileRequest, FileKind, PutFileRequest};
use crate::status::{Code, Result, Status};

pub fn put(root: &Root, request: &PutFileRequest) -> Result<()> {
    let (folder, name) = root.parent(OsStr::new(&request.path))?;
    let place = Place::new(&folder, name, &request.part)?;
    let result = match FileKind::try_from(request.kind) {
        Ok(FileKind::Folder) => make_folder(&place, request),
        Ok(FileKind::Link) => make_link(&place, request),
        Ok(FileKind::HardLink) => return make_hard_link(root, &place, request),
        Ok(FileKind::File) => write(&place, request),
        _ => {
            let message = format!("kind: {} is no file, folder or link", request.kind);
            return Err(Status::invalid(message));
        }
    };
    result.map_err(|error| failed(&request.path, error))
}

/// Takes away what there is of a file that is not whole.
pub fn drop_part(root: &Root, request: &DropFileRequest) -> Result<()> {
    let (folder, name) = root.parent(OsStr::new(&request.path))?;
    let place = Place::new(&folder, name, &request.part)?;
    place.clear().map_err(|error| failed(&request.path, error))
}

/// What has no room is told apart: who copies can do something about it.
fn failed(path: &str, error: Errno) -> Status {
    let code = match error {
        Errno::NOSPC | Errno::DQUOT | Errno::FBIG => Code::ResourceExhausted,
        Errno::EXIST => Code::AlreadyExists,
        Errno::PERM | Errno::ACCESS => Code::PermissionDenied,
        _ => Code::Internal,
    };
    match error {
        Errno::EXIST => {
            let what = "there is a folder, a device, a pipe or a socket, which is not replaced";
            Status::new(code, format!("{path}: {what}"))
        }
        _ => Status::new(code, format!("{path}: {error}")),
    }
}

/// One that is there already keeps its mode and owner.
fn make_folder(place: &Place, request: &PutFileRequest) -> rustix::io::Result<()> {
    let made = rustix::fs::mkdirat(place.folder, place.name, Mode::RWXU);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = || rustix::fs::openat(place.folder, place.name, flags, Mode::empty());
    match made {
        Ok(()) => set_owner(&open()?, request),
        Err(Errno::EXIST) => open().map(drop),
        Err(error) => Err(error),
    }
}

fn make_link(place: &Place, request: &PutFileRequest) -> rustix::io::Result<()> {
    place.replaceable()?;
    place.clear()?;
    let target = OsStr::from_bytes(&request.target);
    rustix::fs::symlinkat(target, place.folder, &place.temporary)?;
    let (uid, gid) = (Uid::from_raw(request.uid), Gid::from_raw(request.gid));
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    let owner = rustix::fs::chownat(place.folder, &place.temporary, Some(uid), Some(gid), flags);
    place.finish(owner.and_then(|()| place.rename()))
}

/// A further name of a file; mode, owner and time are the file's.
fn make_hard_link(root: &Root, place: &Place, request: &PutFileRequest) -> Result<()> {
    let (folder, name) = root.parent(OsStr::from_bytes(&request.target))?;
    let what = |error| failed(&request.path, error);
    if kind_of(&folder, name).map_err(what)? != Some(FileType::RegularFile) {
        let target = OsStr::from_bytes(&request.target).display();
        let message = format!("target: {target} is no file that {} could be", request.path);
        return Err(Status::invalid(message));
    }
    let link = || {
        place.replaceable()?;
        place.clear()?;
        let none = AtFlags::empty();
        rustix::fs::linkat(&folder, name, place.folder, &place.temporary, none)?;
        place.finish(place.rename())?;
        // Where the two are one file already, the rename has done nothing.
        place.clear()
    };
    link().map_err(what)
}

/// The first piece begins anew; with the last one the file gets mode, owner, time and its name.
fn write(place: &Place, request: &PutFileRequest) -> rustix::io::Result<()> {
    if request.offset == 0 {
        place.replaceable()?;
        place.clear()?;
    }
    let written = piece::write(place, request).and_then(|file| match file {
        None => Ok(()),
        Some(file) => {
            set_owner(&file, request)?;
            piece::set_time(&file, request.mtime_ms)?;
            match place.rename() {
                // Something is mounted on it: it can be written, but not replaced.
                Err(Errno::BUSY) => {
                    piece::overwrite(place)?;
                    place.clear()
                }
                result => result,
            }
        }
    });
    place.finish(written)
}

/// Owner first: a change of it takes set-user-id bits away.
fn set_owner(made: &OwnedFd, request: &PutFileRequest) -> rustix::io::Result<()> {
    let (uid, gid) = (Uid::from_raw(request.uid), Gid::from_raw(request.gid));
    rustix::fs::fchown(made, Some(uid), Some(gid))?;
    rustix::fs::fchmod(made, Mode::from_raw_mode(request.mode & 0o7777))
}

/// What stands there, and not what a link leads to.
pub fn kind_of(folder: &OwnedFd, name: &OsStr) -> rustix::io::Result<Option<FileType>> {
    match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => Ok(None),
        result => result.map(|stat| Some(FileType::from_raw_mode(stat.st_mode))),
    }
}
