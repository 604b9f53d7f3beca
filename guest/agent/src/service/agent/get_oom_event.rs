//! GetOOMEvent: waits for a container to run out of memory.

use crate::agent::Agent;
use crate::proto::grpc::OomEvent;
use crate::status::Result;

pub async fn call(agent: &Agent) -> Result<OomEvent> {
    let container_id = agent.oom.next().await;
    Ok(OomEvent { container_id })
}
