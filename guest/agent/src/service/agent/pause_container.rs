//! PauseContainer and ResumeContainer.

use std::path::PathBuf;

use crate::agent::Agent;
use crate::cgroup::freeze;
use crate::proto::grpc::{PauseContainerRequest, ResumeContainerRequest};
use crate::sandbox::container::{Container, State};
use crate::status::{Result, Status};

pub async fn pause(agent: &Agent, request: PauseContainerRequest) -> Result<()> {
    let container = agent.sandbox.container(&request.container_id)?;
    if container.state() == State::Stopped || container.life.paused.get() {
        return Err(wrong_state(&container, "it is not running"));
    }
    container.life.paused.set(true);
    let result = match cgroup(&container) {
        Ok(cgroup) => freeze::set(&agent.poller, &cgroup, true).await,
        Err(status) => Err(status),
    };
    if result.is_err() {
        // Nothing stays paused.
        if let Some(cgroup) = &container.cgroup {
            freeze::release(cgroup);
        }
        container.life.paused.set(false);
    }
    result
}

pub async fn resume(agent: &Agent, request: ResumeContainerRequest) -> Result<()> {
    let container = agent.sandbox.container(&request.container_id)?;
    if !container.life.paused.get() {
        return Err(wrong_state(&container, "it is not paused"));
    }
    freeze::set(&agent.poller, &cgroup(&container)?, false).await?;
    container.life.paused.set(false);
    Ok(())
}

fn cgroup(container: &Container) -> Result<PathBuf> {
    let missing = || Status::precondition("this machine has no cgroups that can be used");
    container.cgroup.clone().ok_or_else(missing)
}

fn wrong_state(container: &Container, why: &str) -> Status {
    Status::internal(format!("container {}: {why}", container.id))
}
