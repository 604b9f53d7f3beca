//! ListProcesses: the processes the agent knows.

use crate::agent::Agent;
use crate::agent::health::EXEC_ID;
use crate::process::Process;
use crate::proto::virtcontainers::{ListProcessesRequest, ListProcessesResponse, ProcessState};
use crate::status::Result;

/// The most bytes of arguments in an answer, and what stands before each.
const MOST_ARGS: usize = 1 << 20;
const HEAD: usize = 4;

pub fn call(agent: &Agent, request: &ListProcessesRequest) -> Result<ListProcessesResponse> {
    agent.sandbox.info()?;
    let containers = match request.container_id.as_str() {
        "" => agent.sandbox.containers(),
        id => vec![agent.sandbox.container(id)?],
    };
    let mut processes = Vec::new();
    for container in containers {
        let health = container.life.health.borrow();
        processes.push(ProcessState {
            health: health.as_ref().map(|health| health.state()),
            ..state(&container.init)
        });
        let execs = container.life.execs.live();
        // What the agent runs itself is no client's.
        let others = execs.iter().filter(|exec| exec.exec_id != EXEC_ID);
        processes.extend(others.map(|exec| state(exec)));
    }
    let mut left = MOST_ARGS;
    for process in &mut processes {
        let bytes: usize = process.args.iter().map(|arg| arg.len() + HEAD).sum();
        match left.checked_sub(bytes) {
            Some(rest) => left = rest,
            None => process.args.clear(),
        }
    }
    Ok(ListProcessesResponse { processes })
}

fn state(process: &Process) -> ProcessState {
    ProcessState {
        container_id: process.container_id.clone(),
        exec_id: process.exec_id.clone(),
        pid: process.pid,
        exited: process.exit.get().is_some(),
        exit_status: process.exit.get().unwrap_or(0),
        terminal: process.terminal.is_some(),
        sink: process.stdout.sink.get() as i32,
        exited_at_ns: process.exit.time_ns(),
        args: process.args.clone(),
        started_at_ns: process.started_ns,
        health: None,
    }
}
