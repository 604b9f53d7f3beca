//! Gives what stands at a path of a container another path.

use rustix::fs::{FileType, RenameFlags};
use rustix::io::Errno;

use super::put::kind_of;
use super::refusal::{parent, refusal};
use super::root::Root;
use crate::status::Result;

/// In one step: a file or link that is there is replaced, and nothing else.
pub fn rename(root: &Root, from: &str, to: &str) -> Result<()> {
    let (folder, name) = parent(root, from)?;
    let (target, new) = parent(root, to)?;
    let kind = kind_of(&folder, name).map_err(|error| refusal(from, error))?;
    let moved = || {
        let there = kind_of(&target, new)?;
        let plain = matches!(there, Some(FileType::RegularFile | FileType::Symlink));
        match plain && kind != Some(FileType::Directory) {
            true => rustix::fs::renameat(&folder, name, &target, new),
            false => rustix::fs::renameat_with(&folder, name, &target, new, RenameFlags::NOREPLACE),
        }
    };
    match kind {
        None => Err(refusal(from, Errno::NOENT)),
        Some(_) => moved().map_err(|error| refusal(to, error)),
    }
}
