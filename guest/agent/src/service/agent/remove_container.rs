//! RemoveContainer: kills what still runs, and leaves nothing of the container.

use std::time::Duration;

use super::create_container::remove_bundle;
use crate::agent::Agent;
use crate::proto::grpc::RemoveContainerRequest;
use crate::sandbox::container::Container;
use crate::status::{Code, Result, Status};

pub async fn call(agent: &Agent, request: RemoveContainerRequest) -> Result<()> {
    // One that is being made is removed when it is there.
    agent.sandbox.created(&request.container_id).await;
    let container = agent.sandbox.container_or_internal(&request.container_id)?;
    if container.life.removing.replace(true) {
        let message = format!("container {} is being removed already", container.id);
        return Err(Status::precondition(message));
    }
    if let Err(status) = end(&container, request.timeout).await {
        container.life.removing.set(false);
        return Err(status);
    }
    agent.crun.delete(&container.id).await;
    agent.sandbox.storages.release_all(&container.mounts).await;
    remove_bundle(&container.bundle);
    agent.sandbox.remove(&container.id);
    container.life.gone.set();
    crate::debug!("phase container removed");
    Ok(())
}

/// Kills the container's processes and waits for its init at most so many seconds, 0 for ever.
async fn end(container: &Container, seconds: u32) -> Result<()> {
    container.kill_all()?;
    let exit = container.init.exit.wait();
    if seconds == 0 {
        exit.await;
        return Ok(());
    }
    let limit = Duration::from_secs(seconds.into());
    let ended = tokio::time::timeout(limit, exit).await;
    ended.map(drop).map_err(|_| {
        let message = format!("container {} did not end in {seconds} s", container.id);
        Status::new(Code::DeadlineExceeded, message)
    })
}
