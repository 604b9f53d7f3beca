//! Where the groups of containers are.

use std::path::{Path, PathBuf};

pub const ROOT: &str = "/sys/fs/cgroup";
/// The parent of all containers' groups, as seen from the root of cgroups.
pub const PARENT: &str = "/virtc";

/// The container's group, as seen from the root of cgroups.
pub fn of_container(container_id: &str) -> String {
    format!("{PARENT}/{container_id}")
}

/// The folder of the container's group.
pub fn folder_of(container_id: &str) -> PathBuf {
    Path::new(&format!("{ROOT}{PARENT}")).join(container_id)
}
