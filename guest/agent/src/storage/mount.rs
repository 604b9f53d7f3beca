//! Mounting, with the folder made and the file system's module loaded where that is needed.

use std::ffi::CString;
use std::fs;
use std::path::Path;

use rustix::io::Errno;
use rustix::mount::MountFlags;

use super::Undo;
use super::options::Options;
use crate::kernel_modules;
use crate::status::{Context, Result, Status};

pub fn mount(
    source: &str,
    point: &Path,
    fstype: &str,
    options: &Options,
    undo: &mut Vec<Undo>,
) -> Result<()> {
    let what = || format!("mount {source:?} ({fstype}) on {}", point.display());
    let bind = fstype == "bind" || options.flags.contains(MountFlags::BIND);
    make_point(point, bind && Path::new(source).is_file(), undo)?;
    if bind {
        bind_mount(source, point, options).context(what)?;
    } else {
        let data = options.data.join(",");
        let data = CString::new(data).map_err(|_| Status::invalid(format!("{}: NUL", what())))?;
        let attempt = || rustix::mount::mount(source, point, fstype, options.flags, &*data);
        match attempt() {
            // The kernel doesn't know the file system: its module may not be loaded yet.
            Err(Errno::NODEV) if kernel_modules::load(fstype, &[]).is_ok() => attempt(),
            result => result,
        }
        .context(what)?;
    }
    undo.push(Undo::Unmount {
        path: point.to_owned(),
        fstype: if bind { "bind" } else { fstype }.to_owned(),
    });
    if !options.propagation.is_empty() {
        rustix::mount::mount_change(point, options.propagation).context(what)?;
    }
    Ok(())
}

/// A bind mount takes its own flags only when it is mounted again.
fn bind_mount(source: &str, point: &Path, options: &Options) -> rustix::io::Result<()> {
    let recursive = options.flags & MountFlags::REC;
    let none = c"";
    rustix::mount::mount(source, point, "", MountFlags::BIND | recursive, none)?;
    let own = options.flags.difference(MountFlags::BIND | MountFlags::REC);
    match own.is_empty() {
        true => Ok(()),
        false => rustix::mount::mount_remount(point, MountFlags::BIND | own, none),
    }
}

fn make_point(point: &Path, file: bool, undo: &mut Vec<Undo>) -> Result<()> {
    let what = || format!("create {}", point.display());
    if point.exists() {
        return Ok(());
    }
    match (file, point.parent()) {
        (true, Some(parent)) => {
            fs::create_dir_all(parent).context(what)?;
            fs::write(point, "").context(what)?;
            undo.push(Undo::RemoveTree(point.to_owned()));
        }
        _ => {
            fs::create_dir_all(point).context(what)?;
            undo.push(Undo::RemoveFolder(point.to_owned()));
        }
    }
    Ok(())
}
