//! SignalProcess: a signal to one process, or SIGKILL to all of a container's or of an exec's.

use crate::agent::Agent;
use crate::process::signal;
use crate::proto::grpc::SignalProcessRequest;
use crate::status::Result;

pub fn call(agent: &Agent, request: SignalProcessRequest) -> Result<()> {
    let id = &request.container_id;
    if !id.is_empty() && request.exec_id.is_empty() && request.signal == signal::KILL {
        let container = agent.sandbox.container_or_internal(id)?;
        return container.kill_all();
    }
    let process = agent.sandbox.process(id, &request.exec_id)?;
    match request.signal {
        signal::KILL if !process.exec_id.is_empty() => signal::kill_exec(&process),
        number => signal::send(&process, number),
    }
}
