//! OnlineCPUMem: takes into use what has been plugged in.

use std::path::Path;

use crate::agent::Agent;
use crate::device::cpu;
use crate::kernel_modules;
use crate::proto::grpc::OnlineCpuMemRequest;
use crate::status::Result;

const MEMORY: &str = "/sys/devices/system/memory";
const DRIVERS: [&str; 2] = ["virtio_balloon", "virtio_mem"];

pub async fn call(agent: &Agent, request: OnlineCpuMemRequest) -> Result<()> {
    // How many shall be in use, not how many are new.
    let wanted = request.nb_cpus as usize;
    let folder = Path::new(cpu::FOLDER);
    let what = format!("{wanted} CPUs");
    let online = agent.devices.wait_for(what, || {
        cpu::bring_total_online(folder, wanted).then_some(())
    });
    online.await?;
    if !request.cpu_only {
        load_drivers();
        cpu::bring_members_online(Path::new(MEMORY), "memory", usize::MAX);
    }
    Ok(())
}

/// What the memory devices need that the host is about to plug in or to move. A kernel that has them
/// built in, or does not know them, needs no module; whether the guest follows is for the host to see.
fn load_drivers() {
    for name in DRIVERS {
        if let Err(error) = kernel_modules::load(name, &[]) {
            crate::debug!("{error}");
        }
    }
}
