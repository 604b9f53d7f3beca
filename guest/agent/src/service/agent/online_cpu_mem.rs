//! OnlineCPUMem: takes into use what has been plugged in.

use std::path::Path;

use crate::agent::Agent;
use crate::device::{cpu, wait};
use crate::proto::grpc::OnlineCpuMemRequest;
use crate::status::Result;

const MEMORY: &str = "/sys/devices/system/memory";

pub async fn call(agent: &Agent, request: OnlineCpuMemRequest) -> Result<()> {
    let wanted = request.nb_cpus as usize;
    let mut done = 0;
    let what = format!("{wanted} offline CPUs");
    wait::until(agent, what, || {
        done += cpu::bring_online(Path::new(cpu::FOLDER), wanted - done);
        (done >= wanted).then_some(())
    })
    .await?;
    if !request.cpu_only {
        cpu::bring_members_online(Path::new(MEMORY), "memory", usize::MAX);
    }
    Ok(())
}
