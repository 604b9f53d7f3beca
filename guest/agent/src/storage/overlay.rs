//! The overlayfs driver: a container's root over read-only layers.
//!
//! `upperdir` and `workdir` are made if need be. If they are not on a file system of their own,
//! that is if no scratch disk is mounted there, a tmpfs is mounted at `upperdir` and holds both, so
//! that it can be limited (`io.virtcontainers.upper-size=<bytes>`) and released at once. With
//! `io.katacontainers.fs-opt.overlay-rw` they stand beside the mount point.

use std::fs;
use std::path::{Path, PathBuf};

use super::options::{self, Options};
use super::{Undo, mount};
use crate::proto::grpc::Storage;
use crate::status::{Context, Result, Status};

const OVERLAY_RW: &str = "io.katacontainers.fs-opt.overlay-rw";
const UPPER_SIZE: &str = "io.virtcontainers.upper-size=";

pub fn mount(storage: &Storage, undo: &mut Vec<Undo>) -> Result<()> {
    let point = Path::new(&storage.mount_point);
    let mut options = options::parse(&storage.options);
    let mut upper = options.take("upperdir=").map(PathBuf::from);
    let mut work = options.take("workdir=").map(PathBuf::from);
    let beside = options.take(OVERLAY_RW).is_some()
        || storage
            .driver_options
            .iter()
            .any(|option| option == OVERLAY_RW);
    if beside && upper.is_none() {
        let parent = point.parent().unwrap_or(Path::new("/"));
        upper = Some(parent.join("upper"));
        work = Some(parent.join("work"));
    }
    if let Some(upper) = upper {
        let work = work.ok_or_else(|| Status::invalid("overlayfs: upperdir without workdir"))?;
        let (upper, work) = writable(upper, work, size(storage)?, undo)?;
        options.data.push(format!("upperdir={}", upper.display()));
        options.data.push(format!("workdir={}", work.display()));
    }
    mount::mount("overlay", point, "overlay", &options, undo)
}

fn size(storage: &Storage) -> Result<Option<u64>> {
    let mut options = storage.driver_options.iter();
    let Some(text) = options.find_map(|option| option.strip_prefix(UPPER_SIZE)) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(size) if size > 0 => Ok(Some(size)),
        _ => Err(Status::invalid(format!(
            "{UPPER_SIZE}{text}: not a number of bytes"
        ))),
    }
}

/// The folders for changes, on a file system apart from the agent's own.
fn writable(
    upper: PathBuf,
    work: PathBuf,
    size: Option<u64>,
    undo: &mut Vec<Undo>,
) -> Result<(PathBuf, PathBuf)> {
    for folder in [&upper, &work] {
        fs::create_dir_all(folder).context(|| format!("create {}", folder.display()))?;
        undo.push(Undo::RemoveFolder(folder.clone()));
    }
    if size.is_none() && !is_tmpfs(&upper) {
        return Ok((upper, work));
    }
    let limit: Vec<String> = size
        .map(|size| format!("size={size}"))
        .into_iter()
        .collect();
    let options: Options = options::parse(&limit);
    mount::mount("tmpfs", &upper, "tmpfs", &options, undo)?;
    let inside = (upper.join("upper"), upper.join("work"));
    for folder in [&inside.0, &inside.1] {
        fs::create_dir(folder).context(|| format!("create {}", folder.display()))?;
    }
    Ok(inside)
}

fn is_tmpfs(path: &Path) -> bool {
    const TMPFS_MAGIC: i64 = 0x0102_1994;
    rustix::fs::statfs(path).is_ok_and(|fs| fs.f_type == TMPFS_MAGIC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storage(option: &str) -> Storage {
        Storage {
            driver_options: vec![option.to_owned()],
            ..Storage::default()
        }
    }

    #[test]
    fn reads_the_size() {
        let size = |option| size(&storage(option));
        assert_eq!(size("other=1"), Ok(None));
        assert_eq!(
            size("io.virtcontainers.upper-size=1048576"),
            Ok(Some(1_048_576))
        );
        assert!(size("io.virtcontainers.upper-size=1M").is_err());
        assert!(size("io.virtcontainers.upper-size=0").is_err());
    }
}
