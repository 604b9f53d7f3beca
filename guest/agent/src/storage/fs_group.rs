//! The group that a volume belongs to.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Gid, Mode, OFlags, chownat, fchmod, fchown, fstat, openat, statat,
};
use rustix::io::Errno;
use rustix::path::Arg;

use super::options::Options;
use crate::proto::grpc::Storage;
use crate::proto::types::FsGroupChangePolicy;
use crate::status::{Context, Result, Status};

/// A folder, and not what a link leads to.
const FOLDER: OFlags = OFlags::DIRECTORY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);
/// Folders below each other, each of which is open meanwhile.
const MAX_DEPTH: usize = 256;

/// Takes `fsgid=` out of the options.
pub fn take_option(options: &mut Options) -> Result<Option<u32>> {
    let Some(text) = options.take("fsgid=") else {
        return Ok(None);
    };
    let wrong = |_| Status::invalid(format!("fsgid={text}: not a group id"));
    text.parse().map(Some).map_err(wrong)
}

/// Gives a folder to a group, and what is made in it from then on.
pub fn set(folder: &Path, group: Option<u32>) -> Result<()> {
    let Some(group) = group else {
        return Ok(());
    };
    let what = || format!("group of {}", folder.display());
    let folder = openat(CWD, folder, FOLDER, Mode::empty()).context(what)?;
    set_folder(&folder, group).context(what)
}

/// Gives the storage's whole tree to its fs_group, or only if the root isn't the group's already.
pub fn apply(storage: &Storage) -> Result<()> {
    let Some(wanted) = &storage.fs_group else {
        return Ok(());
    };
    let root = Path::new(&storage.mount_point);
    let on_mismatch = wanted.group_change_policy == FsGroupChangePolicy::OnRootMismatch as i32;
    let gid = fs::symlink_metadata(root)
        .context(|| format!("fs_group of {}", root.display()))?
        .gid();
    match on_mismatch && gid == wanted.group_id {
        true => Ok(()),
        false => set_tree(root, wanted.group_id),
    }
}

/// By descriptors: who can write the storage could put a link in the place of a folder meanwhile.
fn set_tree(path: &Path, group: u32) -> Result<()> {
    let what = || format!("fs_group of {}", path.display());
    match openat(CWD, path, FOLDER, Mode::empty()) {
        Ok(folder) => set_below(folder, group, MAX_DEPTH).context(what),
        Err(_) if is_device(CWD, path).context(what)? => {
            let message = format!("{}: it is no file or folder", what());
            Err(Status::invalid(message))
        }
        Err(_) => lchown(path, None, Some(group)).context(what),
    }
}

fn set_below(folder: OwnedFd, group: u32, depth: usize) -> rustix::io::Result<()> {
    set_folder(&folder, group)?;
    if depth == 0 {
        return Err(Errno::NAMETOOLONG);
    }
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        match openat(&folder, name, FOLDER, Mode::empty()) {
            Ok(below) => set_below(below, group, depth - 1)?,
            // A device is of the machine, whoever has made this name of it.
            Err(Errno::NOTDIR) if is_device(&folder, name)? => {}
            Err(Errno::NOTDIR | Errno::LOOP) => chownat(
                &folder,
                name,
                None,
                Some(Gid::from_raw(group)),
                AtFlags::SYMLINK_NOFOLLOW,
            )?,
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A device, a pipe or a socket.
fn is_device(folder: impl AsFd, name: impl Arg) -> rustix::io::Result<bool> {
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(!matches!(
        FileType::from_raw_mode(stat.st_mode),
        FileType::RegularFile | FileType::Directory | FileType::Symlink
    ))
}

fn set_folder(folder: &OwnedFd, group: u32) -> rustix::io::Result<()> {
    fchown(folder, None, Some(Gid::from_raw(group)))?;
    let mode = Mode::from_raw_mode(fstat(folder)?.st_mode);
    fchmod(folder, mode | Mode::SGID | Mode::RWXG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_links_lead_to_stays_as_it_is() {
        let base = tempfile::tempdir().unwrap();
        let [root, outside] = ["root", "outside"].map(|name| base.path().join(name));
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::create_dir(&outside).unwrap();
        std::os::unix::fs::symlink(&outside, root.join("a/link")).unwrap();
        rustix::fs::mkfifoat(CWD, root.join("a/pipe"), Mode::RUSR).unwrap();
        let group = rustix::process::getegid().as_raw();
        set_tree(&root, group).unwrap();
        let has_group = |path: &Path| fs::metadata(path).unwrap().mode() & 0o2070 == 0o2070;
        assert!(has_group(&root) && has_group(&root.join("a/b")));
        assert!(!has_group(&outside));

        std::os::unix::fs::symlink(&outside, base.path().join("root.link")).unwrap();
        assert!(set(&base.path().join("root.link"), Some(group)).is_err());
        set_tree(&base.path().join("root.link"), group).unwrap();
        assert!(!has_group(&outside));
    }

    #[test]
    fn devices_keep_their_group() {
        let base = tempfile::tempdir().unwrap();
        let pipe = base.path().join("pipe");
        rustix::fs::mkfifoat(CWD, &pipe, Mode::RUSR).unwrap();
        fs::write(base.path().join("file"), "").unwrap();
        let own = rustix::process::getegid().as_raw();
        // Only root can give what is not of its groups.
        let group = own + u32::from(rustix::process::geteuid().is_root());
        set_tree(base.path(), group).unwrap();
        let group_of = |name: &str| fs::metadata(base.path().join(name)).unwrap().gid();
        assert_eq!((group_of("file"), group_of("pipe")), (group, own));
        assert!(set_tree(&pipe, group).is_err());
        assert_eq!(group_of("pipe"), own);
    }

    #[test]
    fn a_tree_of_no_end_ends() {
        let base = tempfile::tempdir().unwrap();
        let mut path = base.path().to_owned();
        for _ in 0..=MAX_DEPTH {
            path.push("d");
            fs::create_dir(&path).unwrap();
        }
        let group = rustix::process::getegid().as_raw();
        assert!(set_tree(base.path(), group).is_err());
    }
}
