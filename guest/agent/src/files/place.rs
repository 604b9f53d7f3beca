//! Where something is put: its name in a folder, and what it is called there until it is whole.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;

use super::put::kind_of;
use crate::status::{Result, Status};

/// Of who tells no name.
const TEMPORARY: &str = ".virtc-new";

pub struct Place<'a> {
    pub folder: &'a OwnedFd,
    pub name: &'a OsStr,
    pub temporary: OsString,
}

impl<'a> Place<'a> {
    pub fn new(folder: &'a OwnedFd, name: &'a OsStr, temporary: &str) -> Result<Place<'a>> {
        let temporary = match temporary {
            "" => TEMPORARY,
            name => name,
        };
        // What a client could mean to write over begins otherwise.
        if !temporary.starts_with(".virtc-") || temporary.contains(['/', '\0']) {
            let message = format!("temporary: {temporary:?} is no name that begins with .virtc-");
            return Err(Status::invalid(message));
        }
        Ok(Place {
            folder,
            name,
            temporary: temporary.into(),
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
