//! Null devices for standard streams that lead nowhere.
//!
//! crun gives the standard streams of a process to the process's user, and that user may then set their
//! mode. So none of them is the machine's /dev/null, which others need: each is a node of its own, on a
//! file system in memory that is mounted nowhere, and gone with its last descriptor.

use std::cell::OnceCell;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, makedev};
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags};

use crate::status::{Context, Result};

const NAME: &str = "null";
const FOR_ALL: Mode = Mode::from_raw_mode(0o666);

/// The folder that the nodes are made in, once there is one.
#[derive(Default)]
pub struct NullDevices(OnceCell<OwnedFd>);

impl NullDevices {
    pub fn open(&self) -> Result<OwnedFd> {
        let folder = match self.0.get() {
            Some(folder) => folder,
            None => {
                let made = folder().context(|| "a file system for null devices")?;
                self.0.get_or_init(|| made)
            }
        };
        open_new(folder).context(|| "a null device")
    }
}

fn folder() -> rustix::io::Result<OwnedFd> {
    let memory = rustix::mount::fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
    rustix::mount::fsconfig_create(&memory)?;
    let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    rustix::mount::fsmount(&memory, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

fn open_new(folder: &OwnedFd) -> rustix::io::Result<OwnedFd> {
    rustix::fs::mknodat(
        folder,
        NAME,
        FileType::CharacterDevice,
        FOR_ALL,
        makedev(1, 3),
    )?;
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(folder, NAME, flags, Mode::empty());
    rustix::fs::unlinkat(folder, NAME, AtFlags::empty())?;
    let node = opened?;
    // The mask of new files has been taken off.
    rustix::fs::fchmod(&node, FOR_ALL)?;
    Ok(node)
}
