//! WaitProcess: the exit status of a process, to any number of waiters.

use crate::agent::Agent;
use crate::process::finish;
use crate::proto::grpc::{WaitProcessRequest, WaitProcessResponse};
use crate::status::Result;

pub async fn call(agent: &Agent, request: WaitProcessRequest) -> Result<WaitProcessResponse> {
    let container = agent.sandbox.container(&request.container_id)?;
    let process = container.process(&request.exec_id)?;
    let status = process.exit.wait().await;
    process.waited.set(true);
    finish::forget_if_done(agent, &process);
    Ok(WaitProcessResponse { status })
}
