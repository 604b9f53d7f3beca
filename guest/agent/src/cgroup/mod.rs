//! What the agent itself does with a container's cgroup: reading, freezing, watching.

pub mod freeze;
pub mod oom;
pub mod path;
pub mod pids;
pub mod read;
pub mod stats;
