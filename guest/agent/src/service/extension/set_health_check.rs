//! SetHealthCheck: a command that says whether a container works.

use std::rc::Rc;

use crate::agent::Agent;
use crate::proto::virtcontainers::SetHealthCheckRequest;
use crate::sandbox::container::State;
use crate::sandbox::health::{Health, Settings};
use crate::status::{Result, Status};

/// Before the container is started, since that is when it begins.
pub fn call(agent: &Agent, request: SetHealthCheckRequest) -> Result<()> {
    agent.sandbox.info()?;
    let container = agent.sandbox.container(&request.container_id)?;
    if container.state() != State::Created {
        let id = &container.id;
        let message = format!("container {id} was started: its health check is set before");
        return Err(Status::precondition(message));
    }
    let health = Settings::of(request).map(|settings| Rc::new(Health::new(settings)));
    container.life.health.replace(health);
    Ok(())
}
