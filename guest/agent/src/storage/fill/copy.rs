//! Copies a tree with owners, modes, times, extended attributes, hard links and holes. No link in it is followed.

use std::collections::BTreeMap;
use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Stat, Timespec, Timestamps, Uid, XattrFlags,
};
use rustix::io::{Errno, Result};

use super::{FOLDER, PART, WHOLE, names};

/// What of a file is read at once, and the least that can be a hole.
const PIECE: usize = 256 * 1024;
const BLOCK: usize = 4096;
const MAX_ATTRIBUTES: usize = 64 * 1024;

struct Copy<'a> {
    target: &'a OwnedFd,
    /// Files with more than one name, by device and inode, and where the copy has them.
    linked: BTreeMap<(u64, u64), PathBuf>,
}

/// What is in `source`, and its own attributes, into an empty folder.
pub fn tree(source: &OwnedFd, target: &OwnedFd) -> Result<()> {
    let mut copy = Copy {
        target,
        linked: BTreeMap::new(),
    };
    copy.folder(source, target, Path::new(""))?;
    attributes(source, target)
}

impl Copy<'_> {
    fn folder(&mut self, source: &OwnedFd, target: &OwnedFd, path: &Path) -> Result<()> {
        for name in names(source)? {
            if name != PART && name != WHOLE {
                self.entry(source, target, &name, &path.join(&name))?;
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        source: &OwnedFd,
        target: &OwnedFd,
        name: &OsStr,
        path: &Path,
    ) -> Result<()> {
        let stat = rustix::fs::statat(source, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let kind = FileType::from_raw_mode(stat.st_mode);
        if kind != FileType::Directory && stat.st_nlink > 1 {
            match self.linked.get(&(stat.st_dev, stat.st_ino)) {
                Some(first) => {
                    return rustix::fs::linkat(self.target, first, target, name, AtFlags::empty());
                }
                None => self
                    .linked
                    .insert((stat.st_dev, stat.st_ino), path.to_owned()),
            };
        }
        match kind {
            FileType::Directory => {
                let from = rustix::fs::openat(source, name, FOLDER, Mode::empty())?;
                rustix::fs::mkdirat(target, name, Mode::RWXU)?;
                let to = rustix::fs::openat(target, name, FOLDER, Mode::empty())?;
                self.folder(&from, &to, path)?;
                attributes(&from, &to)
            }
            FileType::RegularFile => {
                let plain = OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let flags = OFlags::RDONLY | OFlags::NONBLOCK | plain;
                let from = rustix::fs::openat(source, name, flags, Mode::empty())?;
                let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | plain;
                let to = rustix::fs::openat(target, name, flags, Mode::RUSR | Mode::WUSR)?;
                let (from, to) = (File::from(from), File::from(to));
                contents(&from, &to).map_err(|error| errno(&error))?;
                attributes(&from, &to)
            }
            FileType::Symlink => {
                let to = rustix::fs::readlinkat(source, name, Vec::new())?;
                rustix::fs::symlinkat(to, target, name)?;
                own_entry(&stat, target, name)
            }
            // A socket belongs to whoever listens.
            FileType::Socket => Ok(()),
            _ => {
                let mode = Mode::from_raw_mode(stat.st_mode & 0o7777);
                match rustix::fs::mknodat(target, name, kind, mode, stat.st_rdev) {
                    // What the host shares may take no devices.
                    Err(Errno::PERM) => return Ok(()),
                    result => result?,
                }
                own_entry(&stat, target, name)?;
                rustix::fs::chmodat(target, name, mode, AtFlags::empty())
            }
        }
    }
}

/// Blocks that are all zeros become holes.
fn contents(mut from: &File, to: &File) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    let mut at = 0;
    loop {
        let length = match from.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let mut start = at;
        for block in piece[..length].chunks(BLOCK) {
            if block.iter().any(|byte| *byte != 0) {
                to.write_all_at(block, start)?;
            }
            start += block.len() as u64;
        }
        at = start;
    }
    to.set_len(at)
}

/// Owner first: a change of it takes set-user-id bits and capabilities away. Times last.
pub fn attributes(from: impl AsFd, to: impl AsFd) -> Result<()> {
    let stat = rustix::fs::fstat(&from)?;
    let (uid, gid) = owner(&stat);
    rustix::fs::fchown(&to, Some(uid), Some(gid))?;
    extended(&from, &to)?;
    rustix::fs::fchmod(&to, Mode::from_raw_mode(stat.st_mode & 0o7777))?;
    rustix::fs::futimens(&to, &times(&stat))
}

fn own_entry(stat: &Stat, target: &OwnedFd, name: &OsStr) -> Result<()> {
    let (uid, gid) = owner(stat);
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    rustix::fs::chownat(target, name, Some(uid), Some(gid), flags)?;
    rustix::fs::utimensat(target, name, &times(stat), flags)
}

fn owner(stat: &Stat) -> (Uid, Gid) {
    (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid))
}

fn times(stat: &Stat) -> Timestamps {
    Timestamps {
        last_access: Timespec {
            tv_sec: stat.st_atime,
            tv_nsec: stat.st_atime_nsec as _,
        },
        last_modification: Timespec {
            tv_sec: stat.st_mtime,
            tv_nsec: stat.st_mtime_nsec as _,
        },
    }
}

/// As far as the volume's file system takes them.
fn extended(from: impl AsFd, to: impl AsFd) -> Result<()> {
    let mut list = vec![0_u8; MAX_ATTRIBUTES];
    let length = match rustix::fs::flistxattr(&from, &mut list[..]) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(()),
        result => result?,
    };
    let mut value = vec![0_u8; MAX_ATTRIBUTES];
    for name in list[..length].split_inclusive(|byte| *byte == 0) {
        let Ok(name) = CStr::from_bytes_with_nul(name) else {
            continue;
        };
        if name.to_bytes().starts_with(b"trusted.overlay.") {
            continue;
        }
        let length = match rustix::fs::fgetxattr(&from, name, &mut value[..]) {
            Err(Errno::NODATA) => continue,
            result => result?,
        };
        match rustix::fs::fsetxattr(&to, name, &value[..length], XattrFlags::empty()) {
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::PERM | Errno::NOSYS) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn errno(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
