//! The surroundings of an agent that is an ordinary process: a mount namespace of its own, so that
//! nothing it mounts outlives it, and a view of cgroups that crun accepts.

use std::fs;
use std::path::Path;

use rustix::mount::{MountFlags, MountPropagationFlags};
use rustix::thread::UnshareFlags;

use crate::cgroup::path::{PARENT, ROOT};
use crate::status::{Context, Result};

const CGROUP2_MAGIC: i64 = 0x6367_7270;

/// Gives whether containers can have cgroups.
pub fn isolate() -> Result<bool> {
    // SAFETY: the process has one thread yet, and holds no file descriptor that this affects.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNS) }
        .context(|| "a mount namespace")?;
    let slave = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", slave).context(|| "a mount namespace")?;
    let root = Path::new(ROOT);
    let unified = rustix::fs::statfs(root).is_ok_and(|fs| fs.f_type == CGROUP2_MAGIC);
    if !unified {
        rustix::mount::mount("cgroup2", root, "cgroup2", MountFlags::empty(), c"")
            .context(|| "mount cgroup2")?;
    }
    Ok(unified && usable(root))
}

/// Whether this process may make a group below the root with the controllers that limits need.
fn usable(root: &Path) -> bool {
    let controllers = fs::read_to_string(root.join("cgroup.controllers")).unwrap_or_default();
    let has = |name| controllers.split_whitespace().any(|known| known == name);
    let parent = root.join(PARENT.trim_start_matches('/'));
    has("memory") && has("pids") && fs::create_dir_all(parent).is_ok()
}
