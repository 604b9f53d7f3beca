//! Mounts of one container that another one has too.

use std::ffi::CString;
use std::fs;
use std::io::Result;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::rc::Rc;

use rustix::fs::{CWD, OFlags};
use rustix::io::Errno;
use rustix::mount::{MoveMountFlags, OpenTreeFlags};
use rustix::thread::{LinkNameSpaceType, UnshareFlags};

use super::Sandbox;
use super::container::Container;
use crate::proto::grpc::SharedMount;
use crate::status::{Context, Result as Answer, Status};

/// Puts into the container, which has not been started, what others share with it.
pub async fn add(sandbox: &Sandbox, into: &Container, mounts: &[SharedMount]) -> Answer<()> {
    for mount in mounts.iter().filter(|mount| is(into, &mount.dst_ctr)) {
        let from = find(sandbox, &mount.src_ctr)?;
        if from.init.exit.get().is_some() {
            let message = format!("shared mount {}: {} has ended", mount.name, from.id);
            return Err(Status::precondition(message));
        }
        let what = || format!("shared mount {}", mount.name);
        let source = namespace_of(&from).context(what)?;
        let target = namespace_of(into).context(what)?;
        let (from, to) = (mount.src_path.clone(), mount.dst_path.clone());
        // Only a thread that shares its root folder with no other can change its mount namespace.
        let thread = std::thread::spawn(move || share(&source, &from, &target, &to));
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        let result = joined.context(what)?;
        result
            .map_err(|_| Status::internal(what()))?
            .context(what)?;
    }
    Ok(())
}

/// A container is named by its name in its pod, else by its id.
fn is(container: &Container, name: &str) -> bool {
    container.name.as_deref() == Some(name) || container.id == name
}

/// A name goes before another container's id.
fn find(sandbox: &Sandbox, name: &str) -> Answer<Rc<Container>> {
    let mut containers = sandbox.containers().into_iter();
    let named = containers.find(|container| container.name.as_deref() == Some(name));
    named.map_or_else(|| sandbox.container(name), Ok)
}

/// Refuses what no container could have.
pub fn check(mounts: &[SharedMount]) -> Answer<()> {
    for mount in mounts {
        for (field, path) in [("src_path", &mount.src_path), ("dst_path", &mount.dst_path)] {
            if !path.starts_with('/') || path.split('/').any(|part| part == "..") {
                return Err(Status::invalid(format!(
                    "shared mount {}: {field} {path:?} must be absolute, without ..",
                    mount.name
                )));
            }
        }
    }
    Ok(())
}

fn namespace_of(container: &Container) -> rustix::io::Result<OwnedFd> {
    let folder = container.init.folder().ok_or(Errno::SRCH)?;
    folder.open_at("ns/mnt", OFlags::RDONLY)
}

/// Each path is looked up with the container's root as the root, so that its links end inside.
fn share(source: &OwnedFd, from: &str, target: &OwnedFd, to: &str) -> Result<()> {
    // SAFETY: the thread has no file descriptor or folder that others depend on.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::FS) }?;
    let mount = Some(LinkNameSpaceType::Mount);
    rustix::thread::move_into_link_name_space(source.as_fd(), mount)?;
    let tree = clone(from)?;
    rustix::thread::move_into_link_name_space(target.as_fd(), mount)?;
    make_point(&tree, Path::new(to))?;
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    rustix::mount::move_mount(&tree, c"", CWD, CString::new(to)?.as_c_str(), flags)?;
    Ok(())
}

fn clone(from: &str) -> Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE;
    Ok(rustix::mount::open_tree(CWD, from, flags)?)
}

fn make_point(tree: &OwnedFd, to: &Path) -> Result<()> {
    let stat = rustix::fs::fstat(tree)?;
    let kind = rustix::fs::FileType::from_raw_mode(stat.st_mode);
    if kind.is_dir() {
        return fs::create_dir_all(to);
    }
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    match to.exists() {
        true => Ok(()),
        false => fs::write(to, ""),
    }
}
