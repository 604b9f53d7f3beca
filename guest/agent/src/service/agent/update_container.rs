//! UpdateContainer: new limits for a container that exists.

use crate::agent::Agent;
use crate::proto::grpc::UpdateContainerRequest;
use crate::spec::resources;
use crate::status::{Result, Status};

pub async fn call(agent: &Agent, request: UpdateContainerRequest) -> Result<()> {
    let container = agent.sandbox.container(&request.container_id)?;
    let wanted = request.resources.unwrap_or_default();
    if container.cgroup.is_none() {
        return Err(Status::precondition(
            "this machine has no cgroups that can be used",
        ));
    }
    let scratch = format!("update-{}.json", agent.sandbox.next_serial());
    let scratch = container.bundle.join(scratch);
    let wanted = resources::resources(&wanted);
    agent.crun.update(&container.id, &wanted, &scratch).await
}
