//! Brings a copy from one state of its source to the next, so that who looks at it meanwhile sees
//! whole files: first what is new, then the links that lead there, last what is gone.
//!
//! A container may be able to write into the copy: no link in it is followed.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Result};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Gid, Mode, OFlags, ResolveFlags, Uid};

use super::scan::{Entry, Kind, Tree};
use crate::files::piece;

/// What is being made has this name until it is whole.
const FRESH: &str = ".virtc-new";

/// `folder` holds the copy under `name`, and only that is seen by containers.
pub fn update(source: &Path, folder: &Path, name: &str, before: &Tree, now: &Tree) -> Result<()> {
    let root = open_folder(CWD, folder)?;
    // What is shared may itself be a link.
    let source = fs::canonicalize(source)?;
    let changed = |(path, entry): &(_, &Entry)| before.0.get(*path) != Some(*entry);
    let is_link = |(_, entry): &(_, &Entry)| matches!(entry.kind, Kind::Link(_));
    let entries = now.0.iter().filter(changed);
    let (links, rest): (Vec<_>, Vec<_>) = entries.partition(is_link);
    for (path, entry) in rest.into_iter().chain(links) {
        put((&source, path), &root, &Path::new(name).join(path), entry)?;
    }
    // The deepest first.
    let gone = before
        .0
        .keys()
        .rev()
        .filter(|path| !now.0.contains_key(*path));
    for path in gone {
        let path = Path::new(name).join(path);
        if let Ok((parent, name)) = parent(&root, &path) {
            remove(&parent, name)?;
        }
    }
    Ok(())
}

/// The folder that a path leads to, and the name in it.
fn parent<'a>(root: &OwnedFd, path: &'a Path) -> Result<(OwnedFd, &'a OsStr)> {
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
    match path.parent() {
        Some(above) if !above.as_os_str().is_empty() => Ok((open_folder(root, above)?, name)),
        _ => Ok((root.try_clone()?, name)),
    }
}

fn open_folder(root: impl AsFd, path: &Path) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::NO_SYMLINKS;
    Ok(rustix::fs::openat2(
        root,
        path,
        flags,
        Mode::empty(),
        resolve,
    )?)
}

fn put(source: (&Path, &Path), root: &OwnedFd, path: &Path, entry: &Entry) -> Result<()> {
    // The one file of a copy may itself be what is mounted, so that it must stay the same.
    let in_place = path
        .parent()
        .is_none_or(|above| above.as_os_str().is_empty());
    let (parent, name) = parent(root, path)?;
    let there = rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW);
    let there = there.map(|stat| FileType::from_raw_mode(stat.st_mode)).ok();
    let is_folder = there == Some(FileType::Directory);
    if there.is_some() && is_folder != (entry.kind == Kind::Folder) {
        remove(&parent, name)?;
    }
    match &entry.kind {
        Kind::Folder => {
            if !is_folder {
                rustix::fs::mkdirat(&parent, name, Mode::RWXU)?;
            }
            set_owner(&open_folder(&parent, Path::new(name))?, entry)
        }
        Kind::Link(to) => {
            let _ = rustix::fs::unlinkat(&parent, FRESH, AtFlags::empty());
            rustix::fs::symlinkat(to.as_os_str(), &parent, FRESH)?;
            let (uid, gid) = (Uid::from_raw(entry.uid), Gid::from_raw(entry.gid));
            let flags = AtFlags::SYMLINK_NOFOLLOW;
            rustix::fs::chownat(&parent, FRESH, Some(uid), Some(gid), flags)?;
            Ok(rustix::fs::renameat(&parent, FRESH, &parent, name)?)
        }
        Kind::File { size, .. } if in_place => write(source, &parent, name, *size, entry),
        Kind::File { size, .. } => {
            let _ = rustix::fs::unlinkat(&parent, FRESH, AtFlags::empty());
            let written = write(source, &parent, OsStr::new(FRESH), *size, entry);
            let result =
                written.and_then(|()| Ok(rustix::fs::renameat(&parent, FRESH, &parent, name)?));
            if result.is_err() {
                let _ = rustix::fs::unlinkat(&parent, FRESH, AtFlags::empty());
            }
            result
        }
    }
}

/// No more of a file is copied than it had when it was looked at.
fn write(
    source: (&Path, &Path),
    parent: &OwnedFd,
    name: &OsStr,
    size: u64,
    entry: &Entry,
) -> Result<()> {
    let mut bytes = Vec::new();
    open_file(source)?.take(size).read_to_end(&mut bytes)?;
    let flags = piece::PLAIN | OFlags::CREATE;
    let file = rustix::fs::openat(parent, name, flags, Mode::RUSR | Mode::WUSR)?;
    // A container that can write into the copy could have put a device there.
    piece::ordinary(&file)?;
    piece::reserve(&file, bytes.len() as u64)?;
    let end = piece::write_all(&file, &bytes, 0)?;
    rustix::fs::ftruncate(&file, end)?;
    set_owner(&file, entry)
}

/// Opens a file below a folder, or the one file. Since it was looked at, a link, or a pipe that nobody
/// writes, may have come in its place.
fn open_file((source, path): (&Path, &Path)) -> Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let (mode, resolve) = (Mode::empty(), ResolveFlags::NO_SYMLINKS);
    let file = match path.as_os_str().is_empty() {
        true => rustix::fs::openat2(CWD, source, flags, mode, resolve),
        false => rustix::fs::openat2(open_folder(CWD, source)?, path, flags, mode, resolve),
    }?;
    match FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode) {
        FileType::RegularFile => Ok(File::from(file)),
        _ => Err(ErrorKind::InvalidInput.into()),
    }
}

fn set_owner(fd: impl AsFd, entry: &Entry) -> Result<()> {
    let (uid, gid) = (Uid::from_raw(entry.uid), Gid::from_raw(entry.gid));
    rustix::fs::fchown(&fd, Some(uid), Some(gid))?;
    Ok(rustix::fs::fchmod(&fd, Mode::from_raw_mode(entry.mode))?)
}

fn remove(parent: &OwnedFd, name: &OsStr) -> Result<()> {
    let path = Path::new("/proc/self/fd").join(parent.as_raw_fd().to_string());
    let path = path.join(name);
    let result = match fs::symlink_metadata(&path) {
        Ok(there) if there.is_dir() => fs::remove_dir_all(&path),
        Ok(_) => fs::remove_file(&path),
        Err(error) => Err(error),
    };
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::watchable::scan::tree;
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt, symlink};

    #[test]
    fn a_link_that_a_container_has_put_there_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["s/sub", "copy/tree", "outside"] {
            fs::create_dir_all(path(name)).unwrap();
        }
        fs::write(path("outside/key"), "safe").unwrap();
        fs::write(path("s/key"), "new").unwrap();
        fs::write(path("s/sub/key"), "new").unwrap();
        symlink(path("outside/key"), path("copy/tree/key")).unwrap();
        symlink(path("outside"), path("copy/tree/sub")).unwrap();
        let now = tree(&path("s")).unwrap().unwrap();
        let copy = path("copy");
        update(&path("s"), &copy, "tree", &Tree::default(), &now).unwrap();
        assert_eq!(fs::read_to_string(path("outside/key")).unwrap(), "safe");
        assert_eq!(fs::read_to_string(path("copy/tree/key")).unwrap(), "new");
        assert_eq!(
            fs::read_to_string(path("copy/tree/sub/key")).unwrap(),
            "new"
        );
    }

    #[test]
    fn what_is_no_file_is_not_written_and_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("one"), "new").unwrap();
        fs::create_dir(path("copy")).unwrap();
        let pipe = path("copy").join("one");
        rustix::fs::mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
        // Somebody reads it, so that it can be opened.
        let mut reader = File::options()
            .read(true)
            .write(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(&pipe)
            .unwrap();
        let before = fs::metadata(&pipe).unwrap().mode();
        let now = tree(&path("one")).unwrap().unwrap();
        assert!(update(&path("one"), &path("copy"), "one", &Tree::default(), &now).is_err());
        assert_eq!(fs::metadata(&pipe).unwrap().mode(), before);
        let written = reader.read(&mut [0; 8]).map_err(|error| error.kind());
        assert_eq!(written, Err(ErrorKind::WouldBlock));
    }

    #[test]
    fn what_has_come_in_the_place_of_a_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["s/sub", "copy", "outside"] {
            fs::create_dir_all(path(name)).unwrap();
        }
        fs::write(path("outside/key"), "secret").unwrap();
        fs::write(path("s/sub/key"), "public").unwrap();
        let now = tree(&path("s")).unwrap().unwrap();
        let (source, copy, none) = (path("s"), path("copy"), Tree::default());
        let is_refused = || update(&source, &copy, "tree", &none, &now).is_err();
        fs::remove_file(path("s/sub/key")).unwrap();
        symlink(path("outside/key"), path("s/sub/key")).unwrap();
        assert!(is_refused());
        fs::remove_file(path("s/sub/key")).unwrap();
        rustix::fs::mkfifoat(CWD, path("s/sub/key"), Mode::RWXU).unwrap();
        assert!(is_refused());
        fs::remove_dir_all(path("s/sub")).unwrap();
        symlink(path("outside"), path("s/sub")).unwrap();
        assert!(is_refused());
        assert!(!path("copy/tree/sub/key").exists());
    }
}
