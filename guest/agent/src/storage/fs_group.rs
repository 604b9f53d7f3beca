//! The group that a volume belongs to.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::Path;

use super::options::Options;
use crate::proto::grpc::Storage;
use crate::proto::types::FsGroupChangePolicy;
use crate::status::{Context, Result, Status};

const SETGID: u32 = 0o2000;

/// Takes `fsgid=` out of the options.
pub fn take(options: &mut Options) -> Result<Option<u32>> {
    let Some(text) = options.take("fsgid=") else {
        return Ok(None);
    };
    let wrong = |_| Status::invalid(format!("fsgid={text}: not a group id"));
    text.parse().map(Some).map_err(wrong)
}

/// Gives a folder to a group, and what is made in it from then on.
pub fn give(folder: &Path, group: Option<u32>) -> Result<()> {
    let Some(group) = group else {
        return Ok(());
    };
    let what = || format!("group of {}", folder.display());
    lchown(folder, None, Some(group)).context(what)?;
    let mode = fs::metadata(folder).context(what)?.mode();
    fs::set_permissions(folder, Permissions::from_mode(mode | SETGID | 0o070)).context(what)
}

/// Gives the storage's whole tree to its fs_group, or only if the root isn't the group's already.
pub fn apply(storage: &Storage) -> Result<()> {
    let Some(wanted) = &storage.fs_group else {
        return Ok(());
    };
    let root = Path::new(&storage.mount_point);
    let on_mismatch = wanted.group_change_policy == FsGroupChangePolicy::OnRootMismatch as i32;
    let gid = fs::metadata(root)
        .context(|| format!("fs_group of {}", root.display()))?
        .gid();
    match on_mismatch && gid == wanted.group_id {
        true => Ok(()),
        false => give_tree(root, wanted.group_id),
    }
}

fn give_tree(path: &Path, group: u32) -> Result<()> {
    let what = || format!("fs_group of {}", path.display());
    let kind = fs::symlink_metadata(path).context(what)?.file_type();
    if !kind.is_dir() {
        return lchown(path, None, Some(group)).context(what);
    }
    give(path, Some(group))?;
    for entry in fs::read_dir(path).context(what)? {
        give_tree(&entry.context(what)?.path(), group)?;
    }
    Ok(())
}
