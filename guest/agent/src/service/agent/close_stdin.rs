//! CloseStdin: the end of a process's input.

use crate::agent::Agent;
use crate::proto::grpc::CloseStdinRequest;
use crate::status::Result;

pub async fn call(agent: &Agent, request: CloseStdinRequest) -> Result<()> {
    let container = agent.sandbox.container(&request.container_id)?;
    let process = container.process(&request.exec_id)?;
    process.stdin.finish().await
}
