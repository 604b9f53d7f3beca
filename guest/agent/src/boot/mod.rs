//! What PID 1 does before it is an agent.

pub mod cgroup;
pub mod isolate;
pub mod mounts;
pub mod network;
pub mod power;

use std::fs;

use rustix::process::{Resource, Rlimit};

/// Open files: the agent holds some for each process, and containers inherit the limit.
const FILES: u64 = 65_536;

/// What the agent itself needs: /proc, /sys, /dev.
pub fn early() {
    power::off_on_panic();
    let files = Rlimit {
        current: Some(FILES),
        maximum: Some(FILES),
    };
    let _ = rustix::process::setrlimit(Resource::Nofile, files);
    mounts::early();
}

/// What containers need.
pub fn late() {
    mounts::late();
    // Waiting for all processors to pass a quiet state, as namespaces and cgroups do, takes
    // tens of milliseconds unless the kernel is told to hurry.
    let _ = fs::write("/sys/kernel/rcu_expedited", "1");
    cgroup::enable_all();
    crate::debug!("phase mounts done");
    if let Err(error) = network::loopback_up() {
        crate::warning!("loopback: {error}");
    }
    crate::debug!("phase loopback up");
}
