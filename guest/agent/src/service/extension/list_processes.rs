//! ListProcesses: the processes the agent knows.

use crate::agent::Agent;
use crate::proto::virtcontainers::{ListProcessesRequest, ListProcessesResponse};
use crate::status::Result;

pub fn call(agent: &Agent, request: &ListProcessesRequest) -> Result<ListProcessesResponse> {
    agent.sandbox.info()?;
    let containers = match request.container_id.as_str() {
        "" => agent.sandbox.containers(),
        id => vec![agent.sandbox.container(id)?],
    };
    let mut processes = Vec::new();
    for container in containers {
        processes.push(container.init.state());
        processes.extend(container.execs().iter().map(|exec| exec.state()));
    }
    Ok(ListProcessesResponse { processes })
}
