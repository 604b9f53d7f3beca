//! DestroySandbox: the end of all containers, and after the answer that of the machine.

use crate::agent::{Agent, destroy};
use crate::status::Result;

pub async fn call(agent: &Agent) -> Result<()> {
    destroy::destroy_sandbox(agent).await;
    agent.ending.set();
    Ok(())
}
