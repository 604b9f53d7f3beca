//! ExecProcess: a further process in a running container.

use std::rc::Rc;

use crate::agent::{Agent, exec, exit};
use crate::id;
use crate::process::console;
use crate::proto::grpc::ExecProcessRequest;
use crate::status::Result;

pub async fn call(agent: &Rc<Agent>, request: ExecProcessRequest) -> Result<()> {
    if request.container_id.is_empty() {
        return open_console(agent, request);
    }
    let container = agent.sandbox.container_or_internal(&request.container_id)?;
    id::check_exec(&request.exec_id)?;
    let start = container.start_exec(&request.exec_id)?;
    let process = exec::run(agent, &container, &start, request).await?;
    start.finish(process);
    Ok(())
}

/// A program of the guest itself.
fn open_console(agent: &Rc<Agent>, request: ExecProcessRequest) -> Result<()> {
    id::check_exec(&request.exec_id)?;
    let start = agent.sandbox.consoles.start(&request.exec_id)?;
    let wanted = request.process.unwrap_or_default();
    let console = console::open(&agent.crun.reaper, &request.exec_id, wanted)?;
    exit::watch(agent, &console);
    start.finish(console);
    Ok(())
}
