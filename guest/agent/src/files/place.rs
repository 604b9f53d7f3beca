//! Where something is put: its name in a folder, and what it is called there until it is whole.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;

use super::put::kind_of;
use crate::status::{Result, Status};

/// Of who names no part.
const NEW: &str = "new";

pub struct Place<'a> {
    pub folder: &'a OwnedFd,
    pub name: &'a OsStr,
    pub temporary: OsString,
}

impl<'a> Place<'a> {
    pub fn new(folder: &'a OwnedFd, name: &'a OsStr, part: &str) -> Result<Place<'a>> {
        if part.len() > 32 || !part.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let message = format!("part: {part:?} must be at most 32 hexadecimal digits");
            return Err(Status::invalid(message));
        }
        let part = if part.is_empty() { NEW } else { part };
        Ok(Place {
            folder,
            name,
            temporary: format!(".virtc-{part}").into(),
        })
    }

    /// EXIST where something is that is no file or link.
    pub fn replaceable(&self) -> rustix::io::Result<()> {
        match kind_of(self.folder, self.name)? {
            None | Some(FileType::RegularFile | FileType::Symlink) => Ok(()),
            Some(_) => Err(Errno::EXIST),
        }
    }

    pub fn rename(&self) -> rustix::io::Result<()> {
        self.replaceable()?;
        rustix::fs::renameat(self.folder, &self.temporary, self.folder, self.name)
    }

    /// Takes away what has not got its name.
    pub fn clear(&self) -> rustix::io::Result<()> {
        match rustix::fs::unlinkat(self.folder, &self.temporary, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            result => result,
        }
    }

    /// What has failed leaves nothing.
    pub fn finish(&self, result: rustix::io::Result<()>) -> rustix::io::Result<()> {
        if result.is_err() {
            let _ = self.clear();
        }
        result
    }
}
