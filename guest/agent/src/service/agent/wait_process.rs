//! WaitProcess: the exit status of a process, to any number of waiters.

use crate::agent::Agent;
use crate::proto::grpc::{WaitProcessRequest, WaitProcessResponse};
use crate::status::Result;

pub async fn call(agent: &Agent, request: WaitProcessRequest) -> Result<WaitProcessResponse> {
    let sandbox = &agent.sandbox;
    let process = sandbox.process(&request.container_id, &request.exec_id)?;
    let status = process.exit.wait().await;
    process.waited.set(true);
    process.touch();
    agent.sandbox.forget_if_done(&process);
    Ok(WaitProcessResponse { status })
}
