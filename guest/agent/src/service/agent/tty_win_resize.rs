//! TtyWinResize: the size of a process's terminal.

use crate::agent::Agent;
use crate::proto::grpc::TtyWinResizeRequest;
use crate::status::{Code, Result, Status};

pub fn call(agent: &Agent, request: TtyWinResizeRequest) -> Result<()> {
    let sandbox = &agent.sandbox;
    let process = sandbox.process(&request.container_id, &request.exec_id)?;
    match &process.terminal {
        Some(terminal) => terminal.resize(request.row, request.column),
        None => Err(Status::new(Code::Unavailable, "no tty")),
    }
}
