//! TtyWinResize: the size of a process's terminal.

use crate::agent::Agent;
use crate::proto::grpc::TtyWinResizeRequest;
use crate::status::{Code, Result, Status};

pub fn call(agent: &Agent, request: TtyWinResizeRequest) -> Result<()> {
    let container = agent.sandbox.container(&request.container_id)?;
    let process = container.process(&request.exec_id)?;
    match &process.terminal {
        Some(terminal) => terminal.resize(request.row, request.column),
        None => Err(Status::new(Code::Unavailable, "no tty")),
    }
}
