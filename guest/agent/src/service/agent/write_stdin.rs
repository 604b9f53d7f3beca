//! WriteStdin: answers when the process's pipe or terminal has taken all bytes.

use crate::agent::Agent;
use crate::proto::grpc::{WriteStreamRequest, WriteStreamResponse};
use crate::status::Result;

pub async fn call(agent: &Agent, request: WriteStreamRequest) -> Result<WriteStreamResponse> {
    let sandbox = &agent.sandbox;
    let process = match request.container_id.as_str() {
        "" => sandbox.consoles.process(&request.exec_id)?,
        id => sandbox
            .container_or_internal(id)?
            .process(&request.exec_id)?,
    };
    process.stdin.write(&request.data).await?;
    Ok(WriteStreamResponse {
        len: u32::try_from(request.data.len()).unwrap_or(u32::MAX),
    })
}
