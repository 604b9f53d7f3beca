//! The cgroup v2 tree: containers stand below one group, which leaves the agent room to act.

use std::fs;
use std::io::Result;
use std::path::Path;

use rustix::mount::MountFlags;

use crate::cgroup::path::{PARENT, ROOT};

/// Mounts the tree and lets containers use all controllers.
pub fn enable_all() {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    // favordynmods makes moving a process into a group quick; kernels before 6.0 lack it.
    let attempt = |data| rustix::mount::mount("cgroup2", ROOT, "cgroup2", flags, data);
    let result = attempt(c"nsdelegate,favordynmods").or_else(|_| attempt(c"nsdelegate"));
    if let Err(error) = result {
        return crate::warning!("mount cgroup2 on {ROOT}: {error}");
    }
    if let Err(error) = set_up(Path::new(ROOT)) {
        crate::warning!("cgroups: {error}");
    }
}

fn set_up(root: &Path) -> Result<()> {
    let controllers = fs::read_to_string(root.join("cgroup.controllers"))?;
    let all: Vec<String> = controllers
        .split_whitespace()
        .map(|name| format!("+{name}"))
        .collect();
    let all = all.join(" ");
    fs::write(root.join("cgroup.subtree_control"), &all)?;
    let parent = root.join(PARENT.trim_start_matches('/'));
    fs::create_dir(&parent)?;
    fs::write(parent.join("cgroup.subtree_control"), &all)?;
    // A fork bomb in a container must leave the agent able to start crun.
    let threads = fs::read_to_string("/proc/sys/kernel/threads-max")?;
    let threads: u64 = threads.trim().parse().unwrap_or(1024);
    fs::write(parent.join("pids.max"), (threads - threads / 8).to_string())
}
