//! CloseWatch: nobody asks for these changes any more.

use crate::agent::Agent;
use crate::proto::virtcontainers::CloseWatchRequest;
use crate::status::Result;

pub fn call(agent: &Agent, request: &CloseWatchRequest) -> Result<()> {
    let container = agent.sandbox.container(&request.container_id)?;
    container.life.watches.close(&request.watch_id);
    Ok(())
}
