//! CopyFile: files from the host where it shares no folder with the guest.
//!
//! A file is written in parts to `<name>.tmp` and gets its name when it is whole, as a link does. Nothing outside
//! the root of shared files is touched: every folder on the way is opened by itself and may not be
//! a symlink.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;

use crate::agent::Agent;
use crate::files::piece;
use crate::proto::grpc::CopyFileRequest;
use crate::status::{Code, Context, Result, Status};

const KIND: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
const LINK: u32 = 0o120_000;
const FILE: u32 = 0o100_000;

pub async fn call(agent: &Agent, request: CopyFileRequest) -> Result<()> {
    let root = root(agent);
    let what = format!("copy {}", request.path);
    let blocking = &agent.sandbox.storages.blocking;
    blocking.run(&what, move || copy(&root, &request)).await
}

/// Below this folder files are put.
fn root(agent: &Agent) -> PathBuf {
    agent.config.run_dir.join("shared/containers")
}

/// Takes away what was copied, with all that is in it.
pub async fn remove(agent: &Agent, path: String) -> Result<()> {
    let root = root(agent);
    let what = format!("remove {path}");
    let blocking = &agent.sandbox.storages.blocking;
    blocking
        .run(&what, move || remove_below(&root, &path))
        .await
}

fn remove_below(root: &Path, path: &str) -> Result<()> {
    let (folders, name) = split(root, path)?;
    let opened = rustix::fs::openat(CWD, root, FOLDER_FLAGS, Mode::empty());
    let folder = folders
        .iter()
        .try_fold(opened, |above, part| Ok(open_folder(&above?, part)));
    let removed = folder.and_then(|folder| remove_entry(&folder?, name));
    match removed {
        Err(Errno::NOENT) => Ok(()),
        result => result.context(|| format!("remove {path}")),
    }
}

/// No link is followed, on the way or at the end.
fn remove_entry(folder: &OwnedFd, name: &OsStr) -> rustix::io::Result<()> {
    match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
        Err(Errno::ISDIR) => {}
        result => return result,
    }
    let opened = open_folder(folder, name)?;
    let entries: Vec<_> = Dir::read_from(&opened)?.collect::<rustix::io::Result<_>>()?;
    for entry in entries {
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            remove_entry(&opened, OsStr::from_bytes(name))?;
        }
    }
    rustix::fs::unlinkat(folder, name, AtFlags::REMOVEDIR)
}

fn copy(root: &Path, request: &CopyFileRequest) -> Result<()> {
    let (folders, name) = split(root, &request.path)?;
    std::fs::create_dir_all(root).context(|| format!("create {}", root.display()))?;
    let what = || format!("copy {}", request.path);
    let mut folder = open_folder(
        &rustix::fs::openat(CWD, root, FOLDER_FLAGS, Mode::empty()).context(what)?,
        OsStr::new("."),
    )
    .context(what)?;
    for part in folders {
        let mode = Mode::from_raw_mode(request.dir_mode & 0o7777);
        folder = enter(&folder, part, mode).context(what)?;
    }
    match request.file_mode & KIND {
        FOLDER => {
            make_folder(&folder, name, Mode::from_raw_mode(0o700)).context(what)?;
            set_owner(&folder, name, request).context(what)
        }
        LINK => link(&folder, name, request).context(what),
        0 | FILE => part(&folder, name, request),
        _ => Err(Status::invalid(format!(
            "file_mode: {:o} is no file, folder or symlink",
            request.file_mode
        ))),
    }
}

const FOLDER_FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// The folders below the root, and the name in the last of them.
fn split<'a>(root: &Path, path: &'a str) -> Result<(Vec<&'a OsStr>, &'a OsStr)> {
    let below = Path::new(path).strip_prefix(root).ok();
    let plain = |component: Component<'a>| match component {
        Component::Normal(part) => Some(part),
        _ => None,
    };
    let parts = below.and_then(|below| below.components().map(plain).collect::<Option<Vec<_>>>());
    match parts.as_deref() {
        Some([folders @ .., name]) => Ok((folders.to_vec(), name)),
        _ => Err(Status::invalid(format!(
            "path: {path:?} is not below {}",
            root.display()
        ))),
    }
}

fn open_folder(parent: &OwnedFd, name: &OsStr) -> rustix::io::Result<OwnedFd> {
    rustix::fs::openat(parent, name, FOLDER_FLAGS, Mode::empty())
}

fn make_folder(parent: &OwnedFd, name: &OsStr, mode: Mode) -> rustix::io::Result<()> {
    match rustix::fs::mkdirat(parent, name, mode) {
        Ok(()) | Err(Errno::EXIST) => open_folder(parent, name).map(drop),
        Err(error) => Err(error),
    }
}

fn enter(parent: &OwnedFd, name: &OsStr, mode: Mode) -> rustix::io::Result<OwnedFd> {
    match open_folder(parent, name) {
        Err(Errno::NOENT) => {
            make_folder(parent, name, mode)?;
            open_folder(parent, name)
        }
        result => result,
    }
}

fn owner(request: &CopyFileRequest) -> (Option<Uid>, Option<Gid>) {
    let number = |id: i32| u32::try_from(id).ok();
    (
        number(request.uid).map(Uid::from_raw),
        number(request.gid).map(Gid::from_raw),
    )
}

/// Owner first: a change of it takes set-user-id bits away.
fn set_owner(folder: &OwnedFd, name: &OsStr, request: &CopyFileRequest) -> rustix::io::Result<()> {
    let (uid, gid) = owner(request);
    let opened = rustix::fs::openat(
        folder,
        name,
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    rustix::fs::fchown(&opened, uid, gid)?;
    rustix::fs::fchmod(&opened, Mode::from_raw_mode(request.file_mode & 0o7777))
}

/// What a file or link is called until it is whole.
fn temporary(name: &OsStr) -> OsString {
    let mut temporary = name.to_owned();
    temporary.push(".tmp");
    temporary
}

fn link(folder: &OwnedFd, name: &OsStr, request: &CopyFileRequest) -> rustix::io::Result<()> {
    let temporary = temporary(name);
    let _ = rustix::fs::unlinkat(folder, &temporary, AtFlags::empty());
    rustix::fs::symlinkat(OsStr::from_bytes(&request.data), folder, &temporary)?;
    let (uid, gid) = owner(request);
    let owned = rustix::fs::chownat(folder, &temporary, uid, gid, AtFlags::SYMLINK_NOFOLLOW);
    owned.and_then(|()| name_it(folder, &temporary, name))
}

/// Gives what is whole its name; what can't have it does not stay.
fn name_it(folder: &OwnedFd, temporary: &OsStr, name: &OsStr) -> rustix::io::Result<()> {
    let result = rustix::fs::renameat(folder, temporary, folder, name);
    if result.is_err() {
        let _ = rustix::fs::unlinkat(folder, temporary, AtFlags::empty());
    }
    result
}

/// Writes the part that the request holds; with the last one the file gets its name.
fn part(folder: &OwnedFd, name: &OsStr, request: &CopyFileRequest) -> Result<()> {
    let what = || format!("copy {}", request.path);
    let place = |field: &str, number: i64| {
        u64::try_from(number).map_err(|_| Status::invalid(format!("{field}: {number} is negative")))
    };
    let (offset, size) = (
        place("offset", request.offset)?,
        place("file_size", request.file_size)?,
    );
    let temporary = temporary(name);
    let written = write_part(folder, &temporary, &request.data, offset);
    if let Ok(written) = written
        && written != size
    {
        return Ok(());
    }
    written
        .and_then(|_| set_owner(folder, &temporary, request))
        .and_then(|()| name_it(folder, &temporary, name))
        .map_err(|error| {
            let _ = rustix::fs::unlinkat(folder, &temporary, AtFlags::empty());
            let code = match error {
                Errno::NOSPC | Errno::DQUOT => Code::ResourceExhausted,
                _ => Code::Internal,
            };
            Status::new(code, format!("{}: {error}", what()))
        })
}

/// The first part begins a new file; gives its size.
fn write_part(
    folder: &OwnedFd,
    temporary: &OsStr,
    data: &[u8],
    offset: u64,
) -> rustix::io::Result<u64> {
    let mut flags = piece::PLAIN;
    if offset == 0 {
        let _ = rustix::fs::unlinkat(folder, temporary, AtFlags::empty());
        flags |= OFlags::CREATE | OFlags::EXCL;
    }
    let file = rustix::fs::openat(folder, temporary, flags, Mode::RUSR | Mode::WUSR)?;
    piece::ordinary(&file)?;
    piece::write_all(&file, data, offset)?;
    Ok(rustix::fs::fstat(&file)?.st_size.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_below_the_root() {
        let root = Path::new("/run/shared");
        let (folders, name) = split(root, "/run/shared/a/b/c").unwrap();
        assert_eq!((folders.len(), name), (2, OsStr::new("c")));
        for path in [
            "/run/shared",
            "/run/shared/",
            "/run/shared/../x",
            "/run/shared/a/../../x",
            "/etc/passwd",
            "x",
        ] {
            assert!(split(root, path).is_err(), "{path}");
        }
    }
}
