//! GetGuestDetails: what the guest and this agent can do.

use std::path::Path;

use crate::VERSION;
use crate::agent::Agent;
use crate::device;
use crate::process::console;
use crate::proto::grpc::{AgentDetails, GuestDetailsRequest, GuestDetailsResponse};
use crate::status::{Context, Result};
use crate::storage::driver;

const MEMORY: &str = "/sys/devices/system/memory";

pub fn call(agent: &Agent, request: GuestDetailsRequest) -> Result<GuestDetailsResponse> {
    let memory = Path::new(MEMORY);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Ok(GuestDetailsResponse {
        mem_block_size_bytes: match request.mem_block_size {
            true => block_size(memory)?,
            false => 0,
        },
        support_mem_hotplug_probe: request.mem_hotplug_probe && memory.join("probe").exists(),
        agent_details: Some(AgentDetails {
            version: VERSION.to_owned(),
            init_daemon: agent.config.init,
            device_handlers: names(device::container::TYPES),
            storage_handlers: names(driver::DRIVERS),
            supports_seccomp: Path::new("/proc/sys/kernel/seccomp").exists(),
            extra_features: names(&features()),
        }),
    })
}

/// 0 where the guest can't take more memory.
fn block_size(memory: &Path) -> Result<u64> {
    let file = memory.join("block_size_bytes");
    match std::fs::read_to_string(&file) {
        Ok(text) => u64::from_str_radix(text.trim(), 16).context(|| file.display().to_string()),
        Err(_) => Ok(0),
    }
}

/// What a client may use beyond the Kata contract.
fn features() -> Vec<&'static str> {
    let mut names = vec![
        "virtcontainers",
        "offsets",
        "processes",
        "events",
        "cpus",
        "copy",
        "parts",
        "paths",
        "watch",
        "remove",
        "agent-pids",
        "cancel-exec",
        "configure",
        "owner",
        "files",
        "fill",
        "lifetime",
        "health",
    ];
    if console::is_there() {
        names.push("console");
    }
    names
}
