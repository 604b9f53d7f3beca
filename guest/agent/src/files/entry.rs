//! What stands at a path, and in a folder.

use std::collections::BinaryHeap;
use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{AtFlags, Dir, FileType, OFlags, Stat};
use rustix::io::Errno;

use super::root::Root;
use crate::proto::virtcontainers::{FileEntry, FileKind};
use crate::status::{Context, Result, Status};

/// The most entries of a folder that one answer holds.
pub const MAX_ENTRIES: usize = 1000;
/// The most bytes of a file that one answer holds.
pub const MAX_PIECE: usize = 1 << 20;

/// None if there is nothing.
pub fn stat(root: &Root, path: &OsStr, follow: bool) -> Result<Option<FileEntry>> {
    let mut flags = OFlags::PATH;
    flags.set(OFlags::NOFOLLOW, !follow);
    match root.open(path, flags) {
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        result => {
            let what = || path.display().to_string();
            let found = result.context(what)?;
            describe(&found, OsStr::new(""), b"")
                .map(Some)
                .context(what)
        }
    }
}

/// The entries after a name, in the order of their bytes. No more names are held than are given.
pub fn list(root: &Root, path: &OsStr, after: &[u8], limit: u32) -> Result<Vec<FileEntry>> {
    let what = || path.display().to_string();
    let folder = root
        .open(path, OFlags::RDONLY | OFlags::DIRECTORY)
        .context(what)?;
    let most = MAX_ENTRIES.min(limit as usize).max(1);
    let mut after = after.to_vec();
    loop {
        let names = first(&folder, &after, most).context(what)?;
        let Some(last) = names.last().cloned() else {
            return Ok(Vec::new());
        };
        let mut entries = Vec::new();
        for name in names {
            match describe(&folder, OsStr::from_bytes(&name), &name) {
                // It was removed since.
                Err(Errno::NOENT) => {}
                result => entries.push(result.context(what)?),
            }
        }
        if !entries.is_empty() {
            return Ok(entries);
        }
        // None would mean that there are no more.
        after = last;
    }
}

/// The first names after one.
fn first(folder: &OwnedFd, after: &[u8], most: usize) -> rustix::io::Result<Vec<Vec<u8>>> {
    let mut names = BinaryHeap::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        let full = names.len() == most;
        let late = full
            && names
                .peek()
                .is_some_and(|last: &Vec<u8>| name >= last.as_slice());
        if name == b"." || name == b".." || name <= after || late {
            continue;
        }
        if full {
            names.pop();
        }
        names.push(name.to_vec());
    }
    Ok(names.into_sorted_vec())
}

/// Bytes of a regular file; none at its end.
pub fn read(root: &Root, path: &OsStr, follow: bool, offset: u64, len: u32) -> Result<Vec<u8>> {
    let what = || path.display().to_string();
    let last = match follow {
        true => OFlags::empty(),
        false => OFlags::NOFOLLOW,
    };
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | last;
    let looked = root.open(path, OFlags::PATH | last).context(what)?;
    if !is_file(&rustix::fs::fstat(&looked).context(what)?) {
        return Err(Status::invalid(format!(
            "{}: not a regular file",
            path.display()
        )));
    }
    let file = root.open(path, flags).context(what)?;
    let mut data = vec![0; MAX_PIECE.min(len as usize)];
    let mut filled = 0;
    while filled < data.len() {
        match rustix::io::pread(&file, &mut data[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error).context(what),
        }
    }
    data.truncate(filled);
    Ok(data)
}

fn is_file(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
}

fn describe(folder: &OwnedFd, path: &OsStr, name: &[u8]) -> rustix::io::Result<FileEntry> {
    let stat = rustix::fs::statat(
        folder.as_fd(),
        path,
        AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW,
    )?;
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Folder,
        FileType::Symlink => FileKind::Link,
        _ => FileKind::Other,
    };
    let target = match kind {
        FileKind::Link => rustix::fs::readlinkat(folder, path, Vec::new())?.into_bytes(),
        _ => Vec::new(),
    };
    Ok(FileEntry {
        name: name.to_vec().into(),
        kind: kind.into(),
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        mtime_ms: stat.st_mtime.saturating_mul(1000) + (stat.st_mtime_nsec / 1_000_000) as i64,
        size: match kind {
            FileKind::File => stat.st_size.cast_unsigned(),
            _ => 0,
        },
        target: target.into(),
    })
}
