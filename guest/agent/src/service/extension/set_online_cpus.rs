//! SetOnlineCpus: exactly so many CPUs in use.

use std::fs;
use std::path::Path;

use crate::agent::Agent;
use crate::device::cpu;
use crate::proto::virtcontainers::{SetOnlineCpusRequest, SetOnlineCpusResponse};
use crate::status::{Result, Status};

pub async fn call(agent: &Agent, request: SetOnlineCpusRequest) -> Result<SetOnlineCpusResponse> {
    let wanted = request.count as usize;
    if wanted == 0 {
        return Err(Status::invalid("count: must be at least 1"));
    }
    let folder = Path::new(cpu::FOLDER);
    let what = format!("{wanted} CPUs");
    let there = agent.devices.wait_for(what, || {
        cpu::bring_total_online(folder, wanted).then_some(())
    });
    there.await?;
    let online = cpu::online(folder);
    for number in online.iter().skip(wanted).rev() {
        let switch = folder.join(format!("cpu{number}/online"));
        fs::write(&switch, "0")
            .map_err(|error| Status::precondition(format!("CPU {number} offline: {error}")))?;
    }
    let online = cpu::online(folder);
    Ok(SetOnlineCpusResponse { online })
}
