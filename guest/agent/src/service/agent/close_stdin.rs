//! CloseStdin: the end of a process's input.

use crate::agent::Agent;
use crate::proto::grpc::CloseStdinRequest;
use crate::status::Result;

pub async fn call(agent: &Agent, request: CloseStdinRequest) -> Result<()> {
    let sandbox = &agent.sandbox;
    let process = sandbox.process(&request.container_id, &request.exec_id)?;
    process.stdin.finish().await
}
