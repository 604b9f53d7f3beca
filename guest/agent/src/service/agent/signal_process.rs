//! SignalProcess: a signal to one process, or SIGKILL to all of a container's or of an exec's.

use crate::agent::Agent;
use crate::process::signal;
use crate::proto::grpc::SignalProcessRequest;
use crate::sandbox::consoles::Consoles;
use crate::sandbox::execs::{Exec, Execs};
use crate::status::{Result, Status};

pub async fn call(agent: &Agent, request: SignalProcessRequest) -> Result<()> {
    let (id, exec_id, number) = (&request.container_id, &request.exec_id, request.signal);
    if id.is_empty() {
        let execs = &agent.sandbox.consoles.execs;
        return send(execs, exec_id, number, || Consoles::no_process(exec_id)).await;
    }
    if exec_id.is_empty() && number == signal::KILL {
        return agent.sandbox.container_or_internal(id)?.kill_all();
    }
    let container = agent.sandbox.container(id)?;
    if container.is_init(exec_id) {
        return signal::send(&container.init, number);
    }
    let unknown = || container.no_process(exec_id);
    send(&container.life.execs, exec_id, number, unknown).await
}

async fn send(
    execs: &Execs,
    exec_id: &str,
    number: u32,
    unknown: impl Fn() -> Status,
) -> Result<()> {
    if number == signal::KILL {
        if execs.kill(exec_id).await? {
            return Ok(());
        }
        execs.kill_first(exec_id);
        return Err(unknown());
    }
    if let Some(Exec::Starting(starting)) = execs.find(exec_id) {
        starting.done.wait().await;
    }
    match execs.find(exec_id) {
        Some(Exec::Live(process)) => signal::send(&process, number),
        _ => Err(unknown()),
    }
}
